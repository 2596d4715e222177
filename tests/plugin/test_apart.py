"""Work in another process: its outcome, its errors and its end are those of work done here."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from calcannot.errors import OutputError, ResultsError
from napari_calcannot.apart import run_apart


def write_process(path):
    path.write_text(str(os.getpid()), encoding="utf-8")
    print("a library says something")
    os.write(1, b"and another one does so below Python")


def refuse(path):
    raise ResultsError("is damaged", path=path, remedy="measure it again")


def stumble(_):
    raise ZeroDivisionError("by zero")


def end_at_once(_):
    os._exit(3)


def count(path, *, progress):
    try:
        for number in range(2000):
            progress("counting", number, 2000)
            time.sleep(0.005)
    finally:
        path.write_text("tidied up", encoding="utf-8")


@pytest.fixture(autouse=True)
def _known_there(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(Path(__file__).parent)]))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def quiet(*_):
    pass


def here(function):
    """The same function by the name that another process finds it under."""
    import test_apart

    return getattr(test_apart, function.__name__)


@pytest.mark.slow
def test_done_elsewhere(tmp_path):
    run_apart(here(write_process), tmp_path / "process", progress=quiet)
    assert int((tmp_path / "process").read_text(encoding="utf-8")) != os.getpid()


@pytest.mark.slow
def test_errors_come_back(tmp_path):
    with pytest.raises(ResultsError, match="is damaged") as caught:
        run_apart(here(refuse), tmp_path, progress=quiet)
    assert caught.value.remedy == "measure it again"
    with pytest.raises(RuntimeError, match="ZeroDivisionError: by zero"):
        run_apart(here(stumble), tmp_path, progress=quiet)
    with pytest.raises(OutputError, match="code 3"):
        run_apart(here(end_at_once), tmp_path, progress=quiet)


@pytest.mark.slow
def test_it_can_be_stopped_and_leaves_nothing_half_done(tmp_path):
    seen = []

    def stop(stage, done, total):
        seen.append((stage, done, total))
        if done:
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_apart(here(count), tmp_path / "count", progress=stop, is_watched=True)
    assert time.monotonic() - start < 9  # ten seconds it would take
    assert seen[-1][0] == "counting"
    assert (tmp_path / "count").read_text(encoding="utf-8") == "tidied up"


def test_done_here_where_no_python_can_be_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    run_apart(write_process, tmp_path / "process", progress=quiet)
    assert int((tmp_path / "process").read_text(encoding="utf-8")) == os.getpid()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(ResultsError):
        run_apart(refuse, tmp_path, progress=quiet)
    assert threading.active_count() < 50
