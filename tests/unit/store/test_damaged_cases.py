"""Damaged cases: an error that names the place, nothing overwritten, nothing touched outside.

The long version, with time and memory, is ``python benchmarks/damaged_cases.py``.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from damaged_cases import KINDS, Damage, damage, sound_case, use, write_everywhere

from calcannot.errors import CalcannotError

# A damage names its field, line, feature, byte, entry or member; a size or the file itself where there is no more.
PLACE = re.compile(
    r"\b(field|line|feature|byte|entry|member|name|key|larger|large|format|folder|nested|levels|images)\b"
)


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    return sound_case(tmp_path_factory.mktemp("sound") / "case")


def copy_of(sound: Path, folder: Path) -> Path:
    """The case with what lies beside it."""
    shutil.copytree(sound.parent, folder / "there")
    return folder / "there" / sound.name


def contents(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """Size and first megabyte of every file below a folder, links not followed."""
    found = {}
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not each.is_symlink():
            with each.open("rb") as file:
                found[each.relative_to(folder)] = (each.stat().st_size, file.read(1 << 20))
    return found


def message_of(case: Path, done: Damage) -> str:
    """What the error says that using a case ends in."""
    try:
        use(case)
    except CalcannotError as error:
        return str(error)
    pytest.fail(f"{done}: taken for sound")


def check(case: Path, seed: int) -> str:
    """Damage a case, use it and write into it; gives the message of the error."""
    done = damage(case, seed)
    outside, before = contents(case.parent / "outside"), contents(case)
    message = message_of(case, done)
    assert PLACE.search(message), f"{done}: {message}"
    if done.file != ".":
        assert Path(done.file).name in message, f"{done}: {message}"
    assert contents(case) == before, f"{done}: reading changed the case"
    write_everywhere(case)
    assert contents(case.parent / "outside") == outside, f"{done}: touched what is outside"
    after = contents(case)
    if done.file != ".":
        size, data = before[Path(done.file)]
        # A journal may have a line appended, behind damage that is still there.
        assert after[Path(done.file)][1][: len(data)] == data, f"{done}: overwritten"
        assert after[Path(done.file)][0] >= size
        message_of(case, done)
        (case / done.file).unlink()  # not every disk keeps a gigabyte of nothing for nothing
    return f"{done.kind}: {message}"


def test_the_case_is_sound_before_it_is_damaged(sound, tmp_path):
    use(copy_of(sound, tmp_path))


@pytest.mark.parametrize("seed", range(6 * len(KINDS)))
def test_a_damaged_case_is_an_error_that_names_the_place_and_nothing_is_lost(sound, tmp_path, seed):
    check(copy_of(sound, tmp_path), seed)
