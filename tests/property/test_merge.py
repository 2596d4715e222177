"""Three people edit two copies of a case at random: merged, nobody's strokes are lost, and both copies end the same."""

from __future__ import annotations

import random
import shutil

import numpy as np
import pytest

from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from calcannot.store.case_merge import merge_strokes
from calcannot.store.stroke_state import digest


def square(name, side):
    return Stroke(name, StrokeKind.ADD, (np.array([[0, 0], [side, 0], [side, side], [0, side]], float),))


def edit(log, author, chance, number):
    """One of the things that a person does."""
    ids = [stroke.id for stroke in log.annotations.strokes]
    do = chance.choices(("draw", "change", "remove", "undo", "redo", "save", "look"), (7, 4, 3, 2, 1, 1, 1))[0]
    if do == "draw":
        log.add([square(f"{author}{number}", chance.randint(3, 30))])
    elif do == "change" and ids:
        log.add([square(chance.choice(ids), chance.randint(3, 60))])
    elif do == "remove" and ids:
        log.remove([chance.choice(ids)])
    elif do == "undo":
        log.undo()
    elif do == "redo":
        log.redo()
    elif do == "save":
        log.save()
    else:
        log.foreign_changes()


def state_of(case):
    return case.strokes("film").read().state


def said(state):
    return sorted(digest(stroke) for stroke in state.strokes.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_two_copies_edited_apart_become_one_and_lose_nothing(tmp_path, seed):
    chance = random.Random(seed)
    here = CaseFolder.create(tmp_path / "here", id="x")
    film = CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)
    here.update(lambda record: record.model_copy(update={"images": (film,)}))
    with here.stroke_log("film", author="Ada") as log:
        log.add([square(f"s{k}", 10 + k) for k in range(3)])
        log.save()
    there = CaseFolder.open(shutil.copytree(here.path, tmp_path / "there"))
    who = (("Ada", here), ("Bea", there), ("Cy", here))
    logs = [(author, case.stroke_log("film", author=author)) for author, case in who]
    for number in range(chance.randint(3, 14)):
        author, log = chance.choice(logs)
        edit(log, author, chance, number)
    for _, log in logs:
        log.close()
    before = {case: state_of(case) for case in (here, there)}
    merge_strokes(here, there)
    merge_strokes(there, here)
    merge_strokes(here, there)
    assert said(state_of(here)) == said(state_of(there))
    for case, other in ((here, there), (there, here)):
        removed = before[other].removed.values()
        missing = set(said(before[case])) - set(said(state_of(here)))
        assert missing <= set(removed), "gone, though nobody removed it"
