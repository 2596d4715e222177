"""A file is whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from calcannot.errors import OutputError, TileError
from calcannot.store.atomic import replacing, write_text

WRITER = """
import sys
from pathlib import Path
from calcannot.store.atomic import write_text
path = Path(sys.argv[1])
texts = [letter * 3_000_000 for letter in "ab"]
print("ready", flush=True)
while True:
    for text in texts:
        write_text(path, text)
"""


def test_text_is_utf_8_with_line_feeds(tmp_path):
    write_text(tmp_path / "å µ²" / "text.txt", "µm²\n日本\n")
    assert (tmp_path / "å µ²" / "text.txt").read_bytes() == "µm²\n日本\n".encode()


def test_an_image_that_cannot_be_read_meanwhile_is_not_blamed_on_the_folder(tmp_path):
    bad = TileError("the tile at row 0, column 0 is cut short", path="slide.svs")
    with pytest.raises(TileError) as caught, replacing(tmp_path / "overlay.png"):
        raise bad
    assert caught.value is bad
    assert not list(tmp_path.iterdir())


def test_a_failure_inside_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_the_temporary_file_lies_beside_its_target_under_a_name_of_its_own(tmp_path):
    with replacing(tmp_path / "mask.ome.tif") as one, replacing(tmp_path / "mask.ome.tif") as other:
        assert one.parent == other.parent == tmp_path
        assert one != other
        assert one.suffix == ".tif"
        assert one.name.startswith(".")
        one.write_text("1")
        other.write_text("2")
    assert [each.name for each in tmp_path.iterdir()] == ["mask.ome.tif"]


def test_a_full_disk_is_an_error_of_ours_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with (
        pytest.raises(OutputError, match=r"table\.csv: cannot be written \(No space left on device\)"),
        replacing(path),
    ):
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_a_file_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "table.csv", "x")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_an_error_of_ours(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            write_text(tmp_path / "table.csv", "x")
    finally:
        tmp_path.chmod(0o700)


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append("fsync"), fsync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("replace"), replace(*paths))[1])
    write_text(tmp_path / "table.csv", "x")
    assert order[:2] == ["fsync", "replace"]


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_killed_writer_leaves_the_old_file_or_the_new_one_whole(tmp_path):
    path = tmp_path / "table.csv"
    for round_ in range(4):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(0.02 + 0.03 * round_)
            writer.send_signal(signal.SIGKILL)
        if path.exists():
            text = path.read_text()
            assert len(text) == 3_000_000
            assert len(set(text)) == 1
    assert path.exists()


def test_readers_never_see_half_a_file(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "0" * 50_000)
    stop = threading.Event()

    def write():
        for number in range(40):
            write_text(path, str(number % 10) * 50_000)
        stop.set()

    thread = threading.Thread(target=write)
    thread.start()
    reads = 0
    while not stop.is_set() or reads == 0:
        text = path.read_text()
        assert len(text) == 50_000
        assert len(set(text)) == 1
        reads += 1
    thread.join()
