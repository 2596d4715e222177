"""What runs on a worker of a cluster. Functions of a module, so that they are sent by name."""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from calcannot._version import __version__
from calcannot.batch.job import Job, Outcome, Report, Settings
from calcannot.batch.results import library_versions
from calcannot.errors import ClusterError, ImageReadError

if TYPE_CHECKING:
    from calcannot.batch.parts import Parts

# A network drive shows new files to other machines a few seconds late.
_TRIES, _PAUSE_S = 20, 0.5
_ASK_EVERY_S = 1.0


class Facts(NamedTuple):
    """What must be the same everywhere, for results to be: names and versions, calcannot first."""

    versions: tuple[tuple[str, str], ...]


@cache
def own_facts() -> Facts:
    """Of this process. Python's last number decides nothing; the libraries are those that ``run.json`` names."""
    python = ".".join(platform.python_version_tuple()[:2])
    return Facts((("calcannot", __version__), ("Python", python), *library_versions().items()))


def look_round(parts: Parts) -> tuple[Facts, bool]:
    """Facts of this worker, and whether it sees the folder of the results."""
    for _ in range(_TRIES):
        if parts.is_current():
            return own_facts(), True
        time.sleep(_PAUSE_S)
    return own_facts(), False


def measure_on_worker(job: Job, settings: Settings, parts: Parts, expected: Facts) -> Outcome:
    """Measure one image into the common folder; a worker of another version measures nothing.

    Raises
    ------
    ClusterError
        If this worker is of another version, or does not see the folder of the results.
    OutputError
        If the disk is full.
    """
    from distributed import get_worker

    from calcannot.batch.one import measure_job

    worker = get_worker()
    facts, sees = look_round(parts)
    fault = fault_of(facts, expected, sees=sees)
    if fault:
        raise ClusterError(f"the worker {worker.name} {fault[0]}", remedy=fault[1])
    if not job.input.path.exists():
        what = f"the worker {worker.name} does not see this file"
        remedy = "put the images where all machines find them under one path"
        return Outcome(job.input, error=ImageReadError(what, path=job.input.path, remedy=remedy))
    # To Dask a thread is a processor, and this is in one of its threads.
    return measure_job(job, replace(settings, workers=settings.workers or 1), parts, _until_ended(parts))


def fault_of(facts: Facts, expected: Facts, *, sees: bool) -> tuple[str, str] | None:
    """What is wrong with a worker and what to do, or None."""
    for (name, there), (_, here) in zip(facts.versions, expected.versions, strict=True):
        if there != here:
            return f"has {name} {there}, and this is {here}", "install the same versions everywhere"
    if not sees:
        return "does not see the folder of the results", "choose a folder with -o that all machines share"
    return None


def _until_ended(parts: Parts) -> Report:
    """Stop the measurement of an image soon after its run was stopped or taken over."""
    asked = time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal asked
        if time.monotonic() - asked > _ASK_EVERY_S:
            asked = time.monotonic()
            if not parts.is_current():
                raise ClusterError("the run has ended", remedy="start it again with --resume")

    return report
