"""Images side by side: order, progress in the caller's thread, and a stop that does not wait."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from calcannot import Annotations
from calcannot.batch import threads
from calcannot.batch.inputs import Input
from calcannot.batch.job import Job, Outcome
from calcannot.batch.threads import run_side_by_side

JOBS = [Job(Input(Path(name), name), Annotations()) for name in "abcdef"]


def test_outcomes_come_in_the_order_of_the_jobs_whoever_is_done_first():
    turns = [threading.Event() for _ in JOBS]

    def work(job, report):
        at = JOBS.index(job)
        if at % 2 == 0:  # the even ones wait for the odd one behind them
            assert turns[at + 1].wait(10)
        turns[at].set()
        return Outcome(job.input)

    outcomes = run_side_by_side(JOBS, work, 2, None)
    assert [outcome.input for outcome in outcomes] == [job.input for job in JOBS]


@pytest.mark.parametrize("side_by_side", [1, 3, 9])
def test_as_many_run_at_once_as_were_asked_for(side_by_side):
    expected = min(side_by_side, len(JOBS))
    together = threading.Barrier(expected)

    def work(job, report):
        together.wait(10)
        return Outcome(job.input)

    assert len(run_side_by_side(JOBS, work, side_by_side, None)) == 6
    assert together.n_waiting == 0


def test_progress_is_told_in_the_thread_of_the_caller_and_counts_images():
    told = []

    def work(job, report):
        report("classify", 3, 7)
        return Outcome(job.input)

    def progress(image, stage, done, total):
        assert threading.current_thread() is threading.main_thread()
        told.append((image.name, stage, done, total))

    run_side_by_side(JOBS[:2], work, 1, progress)
    assert told == [
        ("a", "classify", 3, 7), ("a", "images", 1, 2), ("b", "classify", 3, 7), ("b", "images", 2, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_what_stops_one_stops_all_and_nothing_new_begins(error):
    begun, ended = [], []

    def work(job, report):
        begun.append(job.input.name)
        if job.input.name == "b":
            raise error
        try:
            while True:
                report("classify", 0, 1)
                time.sleep(0.001)
        finally:
            ended.append(job.input.name)

    with pytest.raises(error):
        run_side_by_side(JOBS, work, 2, None)
    assert (begun, ended) == (["a", "b"], ["a"])


def test_an_image_that_does_not_listen_is_given_up(monkeypatch):
    monkeypatch.setattr(threads, "PATIENCE_S", 0.05)
    go_on = threading.Event()

    def work(job, report):
        report("classify", 0, 1)
        go_on.wait(10)
        return Outcome(job.input)

    def progress(*_):
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_side_by_side(JOBS, work, 1, progress)
    assert time.monotonic() - start < 2
    go_on.set()
