"""Writers that are killed, and two that draw at once: what was drawn more than a second ago is there, all files open.

The long version is ``python benchmarks/kill_writers.py``.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder

WRITER = Path(__file__).with_name("killed_writer.py")


def new_case(folder):
    case = CaseFolder.create(folder, id="x")
    entry = CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)
    case.update(lambda record: record.model_copy(update={"images": (entry,)}))
    return case


# Another machine, for all that a lock can see: other numbers of processes and another name.
ELSEWHERE = ("unshare", "-Urpu", "--fork", "--mount-proc", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh")


def writer(case, author, seed, *more, before=(), **options):
    command = [*before, sys.executable, str(WRITER), str(case.path), author, str(seed), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", **options)


def drawn(output):
    """Id and time of every whole line."""
    lines = output[: output.rfind("\n") + 1].splitlines()
    return {name: float(when) for when, name in (line.split() for line in lines)}


def kill(case, seed, chance, authors=("Ada", "Bea", "Cy", "Dan", "Eve")):
    """Start writers, kill each at a random moment after its first stroke.

    Returns the strokes that had to be kept, those drawn more than a second before, and all that were drawn.
    """
    processes = [writer(case, author, seed) for author in authors]
    firsts = [each.stdout.readline() for each in processes]
    safe, everything = set(), set()
    for each, first in zip(processes, firsts, strict=True):
        time.sleep(chance.uniform(0, 0.8))
        killed = time.time()
        each.kill()
        strokes = drawn(first + each.communicate()[0])
        safe |= {name for name, when in strokes.items() if when < killed - 1.0}
        everything |= set(strokes)
    return safe, everything


def kill_again_and_again(folder, rounds, seed):
    """Kill five writers a round and hold the case against what they drew; the numbers of kills and of safe strokes."""
    chance = random.Random(seed)
    case = new_case(folder)
    must, may = set(), set()
    safe_before_kill = 0
    for number in range(rounds):
        safe, everything = kill(case, f"{seed}.{number}", chance)
        must, may = must | safe, may | everything
        safe_before_kill += len(safe)
        found = {stroke.id for stroke in CaseFolder.open(case.path).annotations("film").strokes}
        assert must <= found, f"lost: {sorted(must - found)[:5]}"
        # A stroke may be on disk before its writer could say so, and an undo may be cut off before it is written.
        assert {each.removesuffix("-x") for each in found} - may <= {_next(each) for each in may}
        must = {each for each in found if not each.endswith("-x")}  # what was seen once stays
        case.history()
    with case.stroke_log("film", author="Ada") as log:
        log.save()
        assert must <= {stroke.id for stroke in log.annotations.strokes}
    return 5 * rounds, safe_before_kill


def _next(name):
    head, _, number = name.rpartition("-")
    return f"{head}-{int(number) + 1}"


@pytest.mark.slow
def test_what_was_drawn_a_second_before_a_kill_is_there_and_every_file_opens(tmp_path):
    kills, safe = kill_again_and_again(tmp_path / "case", rounds=3, seed=25)
    assert kills == 15
    assert safe > 50


def draw_at_once(folder, seconds, elsewhere=()):
    """Let two processes draw and save in one case; gives the number of strokes, after holding them against both."""
    case = new_case(folder)
    both = [writer(case, author, 1, str(seconds), before=way) for author, way in (("Ada", ()), ("Bea", elsewhere))]
    outputs = [each.communicate(timeout=60 + 2 * seconds)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    wanted = set().union(*(drawn(output) for output in outputs))
    strokes = CaseFolder.open(case.path).annotations("film").strokes
    assert {stroke.id for stroke in strokes} == wanted
    assert len(strokes) == len(wanted)
    revisions = [event.to_revision for event in case.history() if event.file == "case.json"]
    assert revisions == sorted(set(revisions))
    assert CaseFolder.open(case.path).record.revision == revisions[-1]
    return len(wanted)


@pytest.mark.slow
def test_two_processes_draw_into_one_case_and_nothing_of_either_is_lost(tmp_path):
    assert draw_at_once(tmp_path / "case", 8) > 100


def may_be_elsewhere():
    """Whether this system gives name spaces to anybody."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    return subprocess.run([*ELSEWHERE, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not may_be_elsewhere(), reason="no name spaces here")
def test_two_machines_draw_into_one_case_and_nothing_of_either_is_lost(tmp_path):
    assert draw_at_once(tmp_path / "case", 6, ELSEWHERE) > 50
    journals = CaseFolder.open(tmp_path / "case").strokes("film").read().journals.values()
    assert len({each.header.machine for each in journals}) == 2
