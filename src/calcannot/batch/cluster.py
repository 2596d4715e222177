"""The same batch on a Dask cluster: one image a task, its part written by the worker into the common folder.

An image is the task, not a tile: handing over a tile costs as much as decoding it. A task whose worker dies is given
to another one; a part counts only when it is whole, so a task that runs twice leaves one result.
"""

from __future__ import annotations

import logging
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot.batch.inputs import Input
from calcannot.batch.job import Job, Outcome, Settings, Watch
from calcannot.batch.worker import fault_of, look_round, measure_on_worker, own_facts
from calcannot.errors import CalcannotError, ClusterError, ImageReadError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcannot.batch.parts import Parts

CONNECT_S = 5
# How long the cluster may be without any worker, at the start (processes of a whole cluster load Python from one drive)
# and in the middle of a run.
_FIRST_WORKER_S = 60.0
_NO_WORKER_S = 600.0
_LOOK_UP_S, _PAUSE_S = 0.5, 0.02


def run_on_cluster(
    jobs: Sequence[Job],
    settings: Settings,
    parts: Parts,
    scheduler: str,
    *,
    at_once: int | None = None,
    progress: Watch | None = None,
) -> list[Outcome]:
    """Outcomes in the order of the jobs.

    Parameters
    ----------
    parts
        In a folder that all workers see under the same path.
    scheduler
        Address of the scheduler, or the file that it wrote its address into.
    at_once
        Images in hand at once; as many as the workers have threads unless given.

    Raises
    ------
    ClusterError
        If there is no scheduler or no worker, a worker is of another version or does not see the folder, or the
        scheduler goes away.
    MissingExtraError
        If Dask is not installed.
    """
    # Workers have other working directories.
    shared = replace(parts, results=parts.results.resolve())
    sent = [replace(job, input=Input(job.input.path.resolve(), job.input.name)) for job in jobs]
    with _quiet(), _connected(scheduler) as client:
        _check_workers(client, shared)
        run = _Run(client, sent, settings, shared, at_once)
        try:
            outcomes = run.watch(progress)
        finally:
            with suppress(Exception):
                client.cancel(list(run.in_hand), force=True)
    # Names and paths as they were given, not as workers need them.
    return [replace(outcome, input=job.input) for job, outcome in zip(jobs, outcomes, strict=True)]


class _Run:
    """Jobs that are handed out as workers become free, so that one bad image is not blamed on its neighbours."""

    def __init__(self, client: Any, jobs: Sequence[Job], settings: Settings, parts: Parts, at_once: int | None) -> None:
        self.in_hand: dict[Any, int] = {}
        self._client = client
        self._jobs = jobs
        self._settings = settings
        self._parts = parts
        self._at_once = at_once
        self._waiting = iter(range(len(jobs)))
        self._outcomes: dict[int, Outcome] = {}
        self._worker_seen = time.monotonic()

    def watch(self, progress: Watch | None) -> list[Outcome]:
        if progress:
            progress(self._jobs[0].input, "images", 0, len(self._jobs))  # until one is done there is nothing to tell
        while len(self._outcomes) < len(self._jobs):
            self._hand_out()
            until = time.monotonic() + _LOOK_UP_S
            while time.monotonic() < until and all(each.status == "pending" for each in self.in_hand):
                time.sleep(_PAUSE_S)
            for future in [each for each in self.in_hand if each.status != "pending"]:
                at = self.in_hand.pop(future)
                self._outcomes[at] = self._outcome(future, self._jobs[at])
                if progress:
                    progress(self._jobs[at].input, "images", len(self._outcomes), len(self._jobs))
        return [self._outcomes[at] for at in range(len(self._jobs))]

    def _hand_out(self) -> None:
        try:
            threads = sum(self._client.nthreads().values())
        except OSError as error:
            raise _gone() from error
        if threads:
            self._worker_seen = time.monotonic()
        elif time.monotonic() - self._worker_seen > _NO_WORKER_S:
            what = f"the cluster has had no worker for {_NO_WORKER_S / 60:.0f} minutes"
            raise ClusterError(what, remedy="start workers, then the same command with --resume")
        room = max(1, min(threads, self._at_once or threads)) - len(self.in_hand)
        for _ in range(room):
            at = next(self._waiting, None)
            if at is None:
                return
            future = self._client.submit(
                measure_on_worker,
                self._jobs[at],
                self._settings,
                self._parts,
                own_facts(),
                key=f"calcannot-{self._parts.run}-{at}",
                pure=False,
            )
            self.in_hand[future] = at

    def _outcome(self, future: Any, job: Job) -> Outcome:
        from distributed import KilledWorker

        if future.status == "finished":
            outcome: Outcome = future.result()
            return outcome
        if future.status != "error":  # cancelled or lost: nobody knows of the task any more
            raise _gone()
        error = future.exception()
        if isinstance(error, CalcannotError):
            raise error
        if isinstance(error, KilledWorker):
            what = "the workers that measured it died, one after another"
            remedy = "give them more memory, or measure a region of it"
            return Outcome(job.input, error=ImageReadError(what, path=job.input.path, remedy=remedy))
        what = f"could not be measured ({type(error).__name__}: {error})"
        return Outcome(job.input, error=ImageReadError(what, path=job.input.path, remedy="please report this"))


def _gone() -> ClusterError:
    what = "the scheduler does not answer any more"
    return ClusterError(what, remedy="start it, then the same command with --resume")


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError as error:
        what = "a cluster needs a part that is not installed"
        raise MissingExtraError(what, remedy='install it with: pip install "calcannot[cluster]"') from error

    file = Path(scheduler).is_file()
    place = {"scheduler_file": scheduler} if file else {"address": scheduler}
    try:
        if not file:
            get_address_host_port(scheduler)  # of what is no address a client tries ten seconds to take leave
        client = Client(**place, timeout=CONNECT_S, set_as_default=False, name="calcannot")
    except Exception as error:  # what there is depends on what answers at that address
        what = f"there is no scheduler at {scheduler}"
        remedy = "give the address that dask scheduler prints, as in tcp://10.0.0.1:8786, or the file that it writes"
        raise ClusterError(what, remedy=remedy) from error
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=1)


def _check_workers(client: Any, parts: Parts) -> None:
    until = time.monotonic() + _FIRST_WORKER_S
    while not (found := client.run(look_round, parts, on_error="return")):
        if time.monotonic() > until:
            remedy = "start some with dask worker and the address of the scheduler"
            raise ClusterError("the scheduler has no workers", remedy=remedy)
        time.sleep(_LOOK_UP_S)
    for address, answer in sorted(found.items()):
        if isinstance(answer, BaseException):
            what = f"the worker {address} cannot run calcannot ({type(answer).__name__}: {str(answer)[:80]})"
            raise ClusterError(what, remedy="install the same version everywhere")
        facts, sees = answer
        fault = fault_of(facts, own_facts(), sees=sees)
        if fault:
            raise ClusterError(f"the worker {address} {fault[0]}", remedy=fault[1])


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask warns of versions and logs what it retries; what matters is raised."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
