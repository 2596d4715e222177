"""Disks that fill, become read-only and go away, as the system has them and not as a patch of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("full_disk.py")


def may_mount() -> bool:
    """Whether this system gives name spaces in which anybody may mount."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    return (
        subprocess.run(
            ["unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True
        ).returncode
        == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="nobody may mount a disk here")
def test_nothing_is_lost_when_a_disk_fills_becomes_read_only_or_goes_away(tmp_path):
    command = ["unshare", "-Urm", sys.executable, str(PROGRAM), str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("none lost") == 3
