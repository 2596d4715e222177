"""Settings between the strokes: one order of undo over both, on disk, and nothing to an older reader."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from calcannot.errors import CaseError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from calcannot.store.setting import WAITING, SettingEdit


def square(id, at=0.0):
    return Stroke(id, StrokeKind.REGION, (np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float) + at,))


def setting(name, before, after):
    return (SettingEdit(name, before, after),)


@pytest.fixture
def case(tmp_path):
    folder = CaseFolder.create(tmp_path / "case", author="Ada")
    entry = CaseImage(id="film", role="radiograph", path="../film.dcm", sha256="0" * 64)
    folder.update(lambda record: record.model_copy(update={"images": (entry,)}), author="Ada")
    return folder


def look(log):
    return [s.id for s in log.annotations.strokes], {name: kept.value for name, kept in log.settings.items()}


def test_one_order_over_strokes_and_settings_through_save_and_reopening(case):
    seen = []
    with case.stroke_log("film", author="Ada") as log:
        log.change([square("a")], what="brush")
        seen.append(look(log))
        log.change(settings=setting("rule", None, {"threshold": 90}), what="threshold")
        seen.append(look(log))
        log.change([square("b")], ["a"], what="regions")
        log.save()
        seen.append(look(log))
        log.change(settings=setting("rule", {"threshold": 90}, {"threshold": 101}), what="threshold")
        seen.append(look(log))
    assert seen[1:] == [
        (["a"], {"rule": {"threshold": 90}}), (["b"], {"rule": {"threshold": 90}}),
        (["b"], {"rule": {"threshold": 101}}),
    ]  # fmt: skip
    with case.stroke_log("film", author="Ada") as log:
        assert look(log) == seen[3]
        for what, state in (("threshold", seen[2]), ("regions", seen[1])):
            assert log.next_undo.what == what
            assert log.undo().what == what
            assert look(log) == state
    with case.stroke_log("film", author="Ada") as log:
        assert look(log) == seen[1], "what was taken back stays so"
        assert [log.redo().what, log.redo().what] == ["regions", "threshold"], "taken away and drawn is one action"
        assert look(log) == seen[3]
        while log.undo():
            pass
        assert look(log) == ([], {"rule": None})


def test_a_setting_that_does_not_change_is_no_action(case):
    with case.stroke_log("film", author="Ada") as log:
        log.change(settings=setting("rule", 1, 1))
        assert log.next_undo is None


def test_a_note_is_on_disk_and_undo_and_redo_pass_over_it(case):
    with case.stroke_log("film", author="Ada") as log:
        log.change([square("a")], what="brush")
        log.change([square("b")], what="lasso")
        log.undo()
        log.change(settings=setting(WAITING, None, [1, 2]))
        assert log.next_redo.what == "lasso", "to note something ends no redo"
        assert log.next_undo.what == "brush"
    with case.stroke_log("film", author="Ada") as log:
        assert log.own_settings[WAITING].value == [1, 2]
        assert log.redo().what == "lasso"
        assert [log.undo().what, log.undo().what, log.undo()] == ["lasso", "brush", None]
        log.change(settings=(*setting(WAITING, [1, 2], []), *setting("rule", 1, 2)), what="rule")
        assert log.next_undo.what == "rule", "together with an action it is part of that"


def test_a_setting_is_no_reason_to_write_the_strokes_anew(case):
    with case.stroke_log("film", author="Ada") as log:
        log.change([square("a")])
        log.save()
        revision = len(case.history())
        log.change(settings=setting("rule", None, 5))
        log.flush()
        assert log.is_merged
        log.save()
    assert len(case.history()) == revision


def test_what_somebody_else_sets_is_told_and_is_there_on_the_next_day(case):
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.change(settings=setting("rule", None, 90))
        ada.flush()
        assert bea.foreign_changes().settings == ("rule",)
        assert not bea.foreign_changes()
        bea.change(settings=setting("rule", 90, 120))
        bea.flush()
        assert ada.foreign_changes().settings == ("rule",)
    with case.stroke_log("film", author="Ada") as ada:
        assert ada.settings["rule"].value == 120
        assert ada.settings["rule"].author == "Bea"
        ada.undo()
        assert ada.settings["rule"].value is None, "one's own last action, whatever the other did"


def lines_of(case):
    (path,) = (case.path / "journal/film").glob("*.jsonl")
    return path, path.read_bytes().splitlines()


def test_an_older_calcannot_finds_in_the_journal_what_it_knows(case):
    """What it reads of a change: number, time, author, kind and edits, which are never left out."""
    with case.stroke_log("film", author="Ada") as log:
        log.change(settings=setting("rule", None, 90), what="threshold")
        log.change([square("a")])
    _, lines = lines_of(case)
    records = [json.loads(line) for line in lines[1:]]
    assert [(r["number"], r["kind"], len(r["edits"])) for r in records] == [(1, "do", 0), (2, "do", 1)]
    assert "settings" not in records[1]
    assert "what" not in records[1]


def test_a_journal_without_settings_is_read_as_before(case):
    with case.stroke_log("film", author="Ada") as log:
        log.change([square("a")])
    with case.stroke_log("film", author="Ada") as log:
        assert log.next_undo.settings == ()
        assert log.next_undo.what == ""
        assert log.settings == {}


@pytest.mark.parametrize(
    "damage", [{"settings": [{"name": 3, "before": 1, "after": 2}]}, {"settings": [{}]}, {"what": 1}]
)
def test_a_setting_that_is_none_is_damage_and_not_passed_over(case, damage):
    with case.stroke_log("film", author="Ada") as log:
        log.change(settings=setting("rule", None, 90))
    path, lines = lines_of(case)
    record = json.loads(lines[1])
    del record["crc"]
    body = json.dumps(record | damage).encode()
    line = b'{"crc":"%08x",' % zlib.crc32(body) + body[1:]
    path.write_bytes(lines[0] + b"\n" + line + b"\n")
    with pytest.raises(CaseError, match="line 2"):
        case.stroke_log("film", author="Ada")
