"""The lock of a case: one at a time, and never held by the dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from calcannot.errors import CaseBusyError
from calcannot.store import lock as module
from calcannot.store.lock import FolderLock
from calcannot.store.process import is_running, machine

NAME = ".calcannot-lock"


def held_by(folder, **content):
    (folder / NAME).write_text(json.dumps({"token": "x", **content}), encoding="utf-8")


def test_it_is_gone_afterwards_with_all_its_helpers(tmp_path):
    with FolderLock(tmp_path) as lock:
        assert lock.is_ours()
        assert (tmp_path / NAME).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_waits_and_is_told(tmp_path):
    with FolderLock(tmp_path), pytest.raises(CaseBusyError, match="Try again"):
        FolderLock(tmp_path, wait_s=0.05).__enter__()


def test_only_one_holds_it_at_a_time(tmp_path):
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(5):
            with FolderLock(tmp_path):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 1


def test_a_dead_holder_of_this_machine_is_recognised_at_once(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held_by(tmp_path, machine=machine(), pid=dead.pid, start="")
    began = time.monotonic()
    with FolderLock(tmp_path):
        assert time.monotonic() - began < 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell when a process started")
def test_a_process_number_that_was_used_again_is_recognised(tmp_path):
    held_by(tmp_path, machine=machine(), pid=os.getpid(), start="1")
    with FolderLock(tmp_path, wait_s=1):
        pass


def test_a_living_holder_of_this_machine_keeps_it(tmp_path):
    held_by(tmp_path, machine=machine(), pid=os.getpid(), start="")
    with pytest.raises(CaseBusyError):
        FolderLock(tmp_path, wait_s=0.05).__enter__()


@pytest.mark.parametrize(("age_s", "taken"), [(5, False), (90, True)])
def test_a_holder_on_another_machine_has_a_lease_by_the_clock_of_the_disk(tmp_path, age_s, taken):
    held_by(tmp_path, machine="another", pid=1, start="")
    then = time.time() - age_s
    os.utime(tmp_path / NAME, (then, then))
    if taken:
        with FolderLock(tmp_path, wait_s=1):
            pass
    else:
        with pytest.raises(CaseBusyError):
            FolderLock(tmp_path, wait_s=0.05).__enter__()


def test_a_disk_without_links_has_locks_too(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    with FolderLock(tmp_path) as lock:
        assert lock.is_ours()
        with pytest.raises(CaseBusyError):
            FolderLock(tmp_path, wait_s=0.05).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_killed_before_it_had_content_ends_soon(tmp_path):
    (tmp_path / NAME).touch()
    then = time.time() - module.LEASE_S / 3
    os.utime(tmp_path / NAME, (then, then))
    with FolderLock(tmp_path, wait_s=1):
        pass


def test_what_the_dead_left_half_written_is_removed(tmp_path):
    half = tmp_path / ".calcannot-abc.json"
    half.touch()
    then = time.time() - 2 * module.LEASE_S
    os.utime(half, (then, then))
    held_by(tmp_path, machine=machine(), pid=2**22 + 1, start="")
    with FolderLock(tmp_path):
        assert not half.exists()


def test_who_slept_and_lost_the_lock_must_not_write(tmp_path):
    with FolderLock(tmp_path) as lock:
        held_by(tmp_path, machine="another", pid=1, start="")
        with pytest.raises(CaseBusyError, match="took over"):
            lock.confirm()
    assert (tmp_path / NAME).exists()  # another's is not removed


def test_a_lock_names_no_machine_and_no_user(tmp_path):
    import getpass
    import platform

    with FolderLock(tmp_path):
        content = (tmp_path / NAME).read_text(encoding="utf-8")
    assert platform.node() not in content
    assert f'"{getpass.getuser()}' not in content


def test_running_processes_are_told_from_ended_ones():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert is_running(child.pid)
    child.kill()
    child.wait()
    assert not is_running(child.pid)
    assert not is_running(-1)
