"""A case on a disk that fills, becomes read-only, and goes away: run as ``unshare -Urm python full_disk.py FOLDER``.

In a name space of its own it may mount; prints a line for each thing that held, and fails at the first that does not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calcannot.errors import CalcannotError, OutputError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from calcannot.store.journal_writer import SaveState

if TYPE_CHECKING:
    from calcannot.store.stroke_log import StrokeLog


def main(place: str) -> None:
    """Go through all three."""
    disk = Path(place) / "disk"
    disk.mkdir()
    sh("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk))
    case = CaseFolder.create(disk / "case", id="x", author="Ada")
    entry = CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)
    case.update(lambda record: record.model_copy(update={"images": (entry,)}), author="Ada")
    with case.stroke_log("film", author="Ada") as log:
        log.add([stroke("first")])
        log.save()
        full(case, log, disk)
        read_only(case, log, disk)
    gone(Path(place))


def full(case: CaseFolder, log: StrokeLog, disk: Path) -> None:
    """Fill the disk while strokes are drawn; then make room."""
    ballast = disk / "ballast"
    fill(ballast)
    before = files(case.path)
    drawn = 1
    while log.problem is None and drawn < 20_000:
        log.add([stroke(f"s{drawn}")])
        drawn += 1
        time.sleep(0.002)
    refused(log, "No space left on device", "free space")
    assert len(log.annotations.strokes) == drawn
    refuses(lambda: case.update(lambda record: record.model_copy(update={"note": "n"})), "No space left")
    refuses(log.save, "No space left")
    kept = files(case.path)
    assert {name: kept[name] for name in before if "journal" not in name} == {
        name: data for name, data in before.items() if "journal" not in name
    }
    journals = [name for name in kept if name.endswith(".jsonl")]
    assert all(kept[name].startswith(before.get(name, b"")) for name in journals)
    assert CaseFolder.open(case.path).annotations("film").strokes
    ballast.unlink()
    saved(case, log, drawn)
    print(f"full disk: {drawn} strokes, none lost")


def read_only(case: CaseFolder, log: StrokeLog, disk: Path) -> None:
    """Take the right to write away while strokes are drawn; then give it back."""
    count = len(log.annotations.strokes)
    before = files(case.path)
    sh("mount", "-o", "remount,ro", str(disk))
    log.add([stroke("late")])
    refused(log, "Read-only file system", "rights")
    refuses(lambda: case.update(lambda record: record.model_copy(update={"note": "n"})), "Read-only")
    refuses(log.save, "Read-only")
    assert files(case.path) == before
    with CaseFolder.open(case.path).stroke_log("film", author="Bea") as other:
        assert len(other.annotations.strokes) == count
    sh("mount", "-o", "remount,rw", str(disk))
    saved(case, log, count + 1)
    print("read-only: none lost")


def gone(place: Path) -> None:
    """Take a share away while strokes are drawn; then bring it back."""
    server, share = place / "server", place / "share"
    server.mkdir()
    share.mkdir()
    sh("mount", "--bind", str(server), str(share))
    case = CaseFolder.create(share / "case", id="x", author="Ada")
    entry = CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)
    case.update(lambda record: record.model_copy(update={"images": (entry,)}), author="Ada")
    with case.stroke_log("film", author="Ada") as log:
        log.add([stroke("first")])
        log.save()
        sh("umount", str(share))
        log.add([stroke("second")])
        refused(log, "the case is not where it was", "drive")
        refuses(lambda: case.update(lambda record: record.model_copy(update={"note": "n"})), "")
        refuses(log.save, "")
        assert files(share) == {}, "wrote into the empty folder that a share leaves"
        sh("mount", "--bind", str(server), str(share))
        saved(case, log, 2)
    print("share gone: none lost")


def refused(log: StrokeLog, what: str, remedy: str) -> None:
    deadline = time.monotonic() + 10
    while log.problem is None:
        assert time.monotonic() < deadline, "a stroke that is not on disk was called saved"
        time.sleep(0.01)
    assert log.state is SaveState.NOT_SAVED
    assert what in str(log.problem), log.problem
    assert remedy in log.problem.remedy, log.problem


def refuses(do: object, what: str) -> None:
    try:
        do()  # type: ignore[operator]
    except OutputError as error:
        assert what in str(error), error
    except CalcannotError as error:
        assert not what, error
    else:
        raise AssertionError(f"was written all the same, without: {what}")


def saved(case: CaseFolder, log: StrokeLog, count: int) -> None:
    """What was in memory reaches the disk by itself, and all that was drawn is there."""
    deadline = time.monotonic() + 10
    while log.state is not SaveState.SAVED:
        assert time.monotonic() < deadline, log.problem
        time.sleep(0.05)
    assert len(CaseFolder.open(case.path).annotations("film").strokes) == count
    log.save()
    assert len(CaseFolder.open(case.path).annotations("film").strokes) == count
    case.update(lambda record: record.model_copy(update={"note": f"{count}"}))
    case.history()
    assert not list(case.path.glob(".calcannot-*"))


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def files(folder: Path) -> dict[str, bytes]:
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.suffix != ".held"
    }


def stroke(name: str) -> Stroke:
    return Stroke(name, StrokeKind.REGION, (np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float),))


def sh(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
