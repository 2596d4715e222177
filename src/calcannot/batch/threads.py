"""Several images side by side in threads of this process, until one says stop."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from calcannot.batch.job import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calcannot.batch.job import Job, Report, Watch

# Seconds that images in hand have to end by themselves after a stop; what is not done then is given up.
PATIENCE_S = 1.5
# Windows does not wake a thread that waits when Ctrl-C is pressed: it looks up this often.
_LOOK_UP_S = 0.2


class _Stopped(BaseException):
    """Raised in the threads of images when the run was stopped."""


def run_side_by_side(
    jobs: Sequence[Job], work: Callable[[Job, Report], Outcome], side_by_side: int, progress: Watch | None
) -> list[Outcome]:
    """Outcomes in the order of the jobs.

    ``progress`` is called from the calling thread, which does nothing else: a stop is seen at once.

    Parameters
    ----------
    work
        Measures one image; called in threads, ``side_by_side`` at a time.

    Raises
    ------
    BaseException
        Whatever ``work`` or ``progress`` raises, or Ctrl-C; the images in hand are stopped first.
    """
    run = _Run(jobs, work)
    threads = [
        threading.Thread(target=run.loop, name=f"calcannot-image-{n}", daemon=True)
        for n in range(min(side_by_side, len(jobs)))
    ]
    try:
        for each in threads:
            each.start()
        run.watch(progress)
    finally:
        run.stop.set()
        until = time.monotonic() + PATIENCE_S
        for each in threads:
            each.join(max(0.0, until - time.monotonic()))
    return [run.outcomes[at] for at in range(len(jobs))]


class _Stage(NamedTuple):
    name: str
    done: int
    total: int


class _Run:
    """Jobs that threads take one after another, and what they tell."""

    def __init__(self, jobs: Sequence[Job], work: Callable[[Job, Report], Outcome]) -> None:
        self.stop = threading.Event()
        self.outcomes: dict[int, Outcome] = {}
        self._jobs = jobs
        self._work = work
        self._waiting = iter(range(len(jobs)))
        self._lock = threading.Lock()
        self._told: SimpleQueue[tuple[int, _Stage | Outcome | BaseException]] = SimpleQueue()

    def loop(self) -> None:
        while not self.stop.is_set():
            with self._lock:
                at = next(self._waiting, None)
            if at is None:
                return
            try:
                self._told.put((at, self._work(self._jobs[at], self._reporter(at))))
            except _Stopped:
                return
            except BaseException as error:
                self._told.put((at, error))
                return

    def watch(self, progress: Watch | None) -> None:
        """Pass on what the threads tell until every job has an outcome."""
        while len(self.outcomes) < len(self._jobs):
            try:
                at, told = self._told.get(timeout=_LOOK_UP_S)
            except Empty:
                continue
            if isinstance(told, BaseException):
                raise told
            if isinstance(told, Outcome):
                self.outcomes[at] = told
                told = _Stage("images", len(self.outcomes), len(self._jobs))
            if progress:
                progress(self._jobs[at].input, told.name, told.done, told.total)

    def _reporter(self, at: int) -> Report:
        def report(stage: str, done: int, total: int) -> None:
            if self.stop.is_set():
                raise _Stopped
            self._told.put((at, _Stage(stage, done, total)))

        return report
