"""Strokes in memory, and how they are done again in a case."""

import numpy as np

from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.store.case_folder import CaseFolder
from calcannot.store.setting import SettingEdit
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.log_drawing import LogDrawing


def stroke(name):
    return Stroke(name, StrokeKind.ADD, (np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 5.0]]),))


def test_what_changes_nothing_is_no_action_and_undo_is_the_same_in_a_case(sample_case):
    memory = MemoryDrawing()
    memory.change([stroke("a")], what="brush")
    memory.change([stroke("a")], what="the same again")
    memory.change(remove=["not there"], what="delete")
    memory.change(settings=[SettingEdit("rule", 1, 1)], what="recipe")
    memory.change([stroke("b")], what="lasso")
    memory.undo()
    assert (memory.next_undo, memory.next_redo) == ("brush", "lasso")
    case = CaseFolder.open(sample_case)
    log = LogDrawing(case, case.images[-1].id, author="A. Reader")
    memory.replay(log)
    assert [each.id for each in log.annotations.strokes] == ["a"]
    assert (log.next_undo, log.next_redo) == ("brush", "lasso")
    log.close()


def test_what_was_taken_back_and_changed_nothing_takes_back_no_more_in_a_case(sample_case):
    memory = MemoryDrawing()
    memory.change([stroke("a")], what="brush")
    memory.change(remove=["not there"], what="delete")
    memory.undo()
    case = CaseFolder.open(sample_case)
    log = LogDrawing(case, case.images[-1].id, author="A. Reader")
    memory.replay(log)
    assert log.annotations.strokes == memory.annotations.strokes
    log.close()


def test_what_somebody_else_drew_is_said_once(sample_case):
    case = CaseFolder.open(sample_case)
    mine, other = (LogDrawing(case, case.images[-1].id, author=name) for name in ("A. Reader", "B. Reader"))
    mine.change([stroke("mine")])
    for names, said in ((["a"], "changed a stroke of this image"), (["b", "c"], "changed 2 strokes of this image")):
        other.change([stroke(name) for name in names])
        other.save()
        assert said in mine.look()
        assert mine.look() == ""
    assert {each.id for each in mine.annotations.strokes} == {"mine", "a", "b", "c"}
    mine.close()
    other.close()


def test_a_stroke_that_is_taken_away_and_drawn_again_is_on_top():
    memory = MemoryDrawing()
    memory.change([stroke("a"), stroke("b")])
    memory.change([stroke("a")], remove=["a"])
    assert [each.id for each in memory.annotations.strokes] == ["b", "a"]
