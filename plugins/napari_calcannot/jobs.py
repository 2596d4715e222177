"""Work in a thread, one job at a time: the latest, which can be cancelled, or one after the other."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, QThreadPool, QTimer, Signal

from calcannot.errors import CalcannotError
from calcannot.pipeline.scan import Progress
from napari_calcannot.memory import give_back
from napari_calcannot.wording import sentence

Work = Callable[[Progress], Any]
_POLL_MS = 100
_END_S, _LOOK_S = 5.0, 0.002


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised inside a job to stop it."""


class _Job:
    def __init__(self, work: Work, done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        self.work, self.done, self.failed = work, done, failed
        self.stop, self.ended = threading.Event(), threading.Event()
        self.outcome: tuple[Any, str | None] = (None, "")
        self.progress: tuple[str, int, int] | None = None

    def run(self) -> _Job:
        """Work, in the thread. Never raises, so that napari has no traceback to show."""
        try:
            self.outcome = (self.work(self._report), None)
        except Cancelled:
            self.outcome = (None, "")
        except CalcannotError as error:
            self.outcome = (None, sentence(error))
        except MemoryError:
            self.outcome = (None, "It does not fit into memory. Close other programs, or measure a region of it.")
        except Exception as error:
            self.outcome = (None, f"Something went wrong ({type(error).__name__}: {error}). Please report this.")
        finally:
            give_back()
            self.ended.set()
        return self

    def release(self) -> None:
        """Hold nothing any more: napari keeps every worker, and with it the job, for as long as it runs."""
        self.work = self.done = self.failed = _nothing
        self.outcome = (None, "")

    def _report(self, stage: str, done: int, total: int) -> None:
        if self.stop.is_set():
            raise Cancelled
        self.progress = (stage, done, total)
        if done >= total:
            give_back()  # what a stage leaves behind in small pieces; the next one needs large ones


def _nothing(*_: object) -> None:
    """What is left of a job that is over."""


_started: WeakSet[_Job] = WeakSet()


@atexit.register
def end_all() -> None:
    """Stop what still runs when the program ends, and wait for it.

    The window closes without waiting, and a worker that outlives Qt has nothing left to signal with: an error.
    """
    if not _started:
        return
    for job in list(_started):
        job.stop.set()
    pool, end = QThreadPool.globalInstance(), time.monotonic() + _END_S
    while pool.activeThreadCount() and time.monotonic() < end:
        time.sleep(_LOOK_S)


class Runner(QObject):
    """Runs the latest job; one that is started takes the place of the one before.

    Progress is looked up by a timer instead of being signalled: only a worker's own ``returned`` crosses threads.
    """

    progressed = Signal(str, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: _Job | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return self._job is not None

    def start(self, work: Work, done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Run ``work(progress)`` in a thread, then here ``done(result)`` or ``failed(message)``.

        The message is empty where the job was cancelled.
        """
        self.drop()
        self._job = _Job(work, done, failed)
        _started.add(self._job)
        worker = create_worker(self._job.run, _start_thread=False)
        worker.returned.connect(self._on_returned)
        self._timer.start()
        worker.start()

    def cancel(self) -> None:
        """Ask the job to stop; ``failed`` is called when it has."""
        if self._job is not None:
            self._job.stop.set()

    def drop(self) -> None:
        """Stop the job and forget it: neither ``done`` nor ``failed`` is called."""
        if self._job is not None:
            self._job.stop.set()
            self._finish()

    def wait(self) -> None:
        """Wait for the job, without letting the window work, and take what came of it."""
        job = self._job
        if job is not None:
            job.ended.wait()
            self._on_returned(job)

    def _poll(self) -> None:
        if self._job is not None and self._job.progress is not None:
            self.progressed.emit(*self._job.progress)

    def _on_returned(self, job: _Job) -> None:
        (result, message), done, failed = job.outcome, job.done, job.failed
        job.release()
        if job is not self._job:
            return  # another one has taken its place
        self._finish()
        if message is None:
            done(result)
        else:
            failed(message)

    def _finish(self) -> None:
        self._job = None
        self._timer.stop()


class JobQueue:
    """Does one thing after the other, where two at once would write into the same folder.

    Parameters
    ----------
    parent
        Of what runs them.
    """

    def __init__(self, parent: QObject) -> None:
        self._runner = Runner(parent)
        self._waiting: deque[tuple[Work, Callable[[Any], object], Callable[[str], object]]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether something runs or waits."""
        return self._runner.is_busy or bool(self._waiting)

    def add(self, work: Work, done: Callable[[Any], object], failed: Callable[[str], object]) -> None:
        """Run ``work`` when what was added before has ended; as ``Runner.start``."""
        self._waiting.append((work, done, failed))
        self._next()

    def finish(self) -> None:
        """Wait until all has ended, without letting the window work."""
        while self.is_busy:
            self._runner.wait()

    def drop(self) -> None:
        """Stop, and forget what waits."""
        self._waiting.clear()
        self._runner.drop()

    def _next(self) -> None:
        if self._waiting and not self._runner.is_busy:
            work, done, failed = self._waiting.popleft()
            self._runner.start(work, partial(self._end, done), partial(self._end, failed))

    def _end(self, tell: Callable[[Any], object], outcome: Any) -> None:
        try:
            tell(outcome)
        finally:
            self._next()
