"""Strokes while they are drawn: on disk at once, undone without limit, and nobody's strokes lost to anybody else's."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from calcannot.errors import AnnotationError, CalcannotError, CaseError, OutputError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store import annotation_file, journal, journal_writer
from calcannot.store.case_folder import CaseFolder
from calcannot.store.geojson import read_annotations
from calcannot.store.journal import _change
from calcannot.store.record_text import record_lines
from calcannot.store.stroke_log import StrokeLog


def square(id, at=0.0, side=10.0, kind=StrokeKind.REGION, **more):
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], float) + at
    return Stroke(id, kind, (corners,), **more)


@pytest.fixture
def case(tmp_path):
    folder = CaseFolder.create(tmp_path / "case", author="Ada")
    entry = CaseImage(id="film", role="radiograph", path="../film.dcm", sha256="0" * 64)
    folder.update(lambda record: record.model_copy(update={"images": (entry,)}), author="Ada")
    return folder


@pytest.fixture
def log(case):
    with case.stroke_log("film", author="Ada") as opened:
        yield opened


def ids(annotations):
    return [stroke.id for stroke in annotations.strokes]


def on_disk(case):
    return ids(case.annotations("film"))


def test_a_stroke_is_on_disk_within_a_second_without_saving(case, log):
    log.add([square("a")])
    deadline = time.monotonic() + 1.0
    while on_disk(case) != ["a"] and time.monotonic() < deadline:
        time.sleep(0.005)
    assert on_disk(case) == ["a"]
    assert not (case.path / "annotations/film.geojson").exists()


def test_author_and_time_are_filled_in_and_what_was_given_stays(log):
    log.add([square("a"), square("b", author="Bea", time="2020-01-01T00:00:00")])
    first, second = log.annotations.strokes
    assert first.author == "Ada"
    assert first.time.startswith("20")
    assert (second.author, second.time) == ("Bea", "2020-01-01T00:00:00")


def test_every_field_comes_back(case, log):
    drawn = square("a", kind=StrokeKind.EXCLUDE, reason="ink", name="lésion 石", author="Ada", time="2026-01-01")
    rings = (drawn.rings[0], drawn.rings[0] / 4 + 2, drawn.rings[0] + 100)  # a hole, and an island
    log.add([replace(drawn, rings=rings)])
    log.save()
    for found in (case.annotations("film"), read_annotations(case.path / "annotations/film.geojson")):
        (again,) = found.strokes
        assert (again.id, again.kind, again.reason, again.name) == ("a", StrokeKind.EXCLUDE, "ink", "lésion 石")
        assert (again.author, again.time) == ("Ada", "2026-01-01")
        assert sorted(ring.tolist() for ring in again.rings) == sorted(ring.tolist() for ring in rings)


def test_undo_and_redo_reach_back_to_the_first_stroke_through_save_and_reopening(case):
    names = [f"s{n}" for n in range(40)]
    with case.stroke_log("film", author="Ada") as log:
        for name in names[:20]:
            log.add([square(name)])
        log.save()
        for name in names[20:]:
            log.add([square(name)])
    with case.stroke_log("film", author="Ada") as log:
        assert ids(log.annotations) == names
        for left in range(39, -1, -1):
            assert log.undo()
            assert ids(log.annotations) == names[:left]
        assert log.next_undo is None
        assert not log.undo()
        log.save()
    assert on_disk(case) == []
    with case.stroke_log("film", author="Ada") as log:
        while log.redo():
            pass
        assert ids(log.annotations) == names
        log.add([square("new")])
        assert log.next_redo is None


def test_what_is_taken_back_returns_to_its_place(log):
    log.add([square(name) for name in "abcdef"])
    log.remove(["e", "b", "c", "nobody"])
    assert ids(log.annotations) == ["a", "d", "f"]
    log.undo()
    assert ids(log.annotations) == list("abcdef")
    log.remove("abcdef")
    log.undo()
    assert ids(log.annotations) == list("abcdef")


def test_a_stroke_drawn_under_the_same_id_takes_its_place(case, log):
    log.add([square("a"), square("b")])
    log.add([square("a", side=5)])
    assert ids(log.annotations) == ["a", "b"]
    assert log.annotations.strokes[0].rings[0].max() == 5
    log.undo()
    assert log.annotations.strokes[0].rings[0].max() == 10
    log.save()
    assert case.annotations("film").strokes[0].rings[0].max() == 10


@pytest.mark.parametrize(
    "change",
    [{"side": "left"}, {"morphology": "lobulated"}, {"name": "hip"}, {"reason": "ink"}, {"kind": StrokeKind.EXCLUDE}],
)
def test_a_word_about_a_stroke_is_a_change_of_it(case, log, change):
    log.add([square("a")])
    log.add([replace(log.annotations.strokes[0], **change)])
    log.save()
    (kept,) = case.annotations("film").strokes
    assert {key: getattr(kept, key) for key in change} == change
    log.undo()
    (before,) = log.annotations.strokes
    assert {key: getattr(before, key) for key in change} != change


def test_what_is_taken_back_after_saving_is_gone_however_its_rings_lie(case, log):
    outer, far, hole = (square("x", at, side).rings[0] for at, side in ((0, 10), (50, 10), (3, 2)))
    log.add([Stroke("c", StrokeKind.EXCLUDE, (np.vstack([outer, outer[:1]]), far, hole), reason="INK")])
    log.save()
    log.undo()
    log.save()
    assert on_disk(case) == []
    assert log.conflicts == ()


def test_a_stroke_that_says_what_no_stroke_says_is_refused_and_the_journal_stays_whole(case, log):
    with pytest.raises(AnnotationError, match="has the side 'port'"):
        log.add([replace(square("a"), side="port")])
    log.add([square("b")])
    log.save()
    assert on_disk(case) == ["b"]


def test_an_outline_that_crosses_itself_keeps_its_inside(log):
    bow_tie = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], float)
    log.add([Stroke("a", StrokeKind.REGION, (bow_tie,))])
    (stroke,) = log.annotations.strokes
    assert sum(map(_area, stroke.rings)) == pytest.approx(50)  # two triangles of 10 by 5


def _area(ring):
    x, y = ring.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_what_encloses_nothing_is_refused_and_nothing_of_it_taken(log):
    line = np.array([[0, 0], [5, 5], [10, 10]], float)
    with pytest.raises(AnnotationError, match="encloses nothing"):
        log.add([square("a"), Stroke("b", StrokeKind.REGION, (line,))])
    assert ids(log.annotations) == []


def test_two_writers_see_and_keep_each_other(case):
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.add([square("a1")])
        bea.add([square("b1")])
        ada.save()
        bea.add([square("b2")])
        bea.save()
        bea.remove(["a1"])
        bea.save()
        ada.add([square("a2")])
        changes = ada.foreign_changes()
        assert set(changes.added) == {"b1", "b2"}
        assert changes.removed == ("a1",)
        assert not ada.foreign_changes()
        ada.save()
        bea.foreign_changes()
        assert set(ids(ada.annotations)) == set(ids(bea.annotations)) == {"a2", "b1", "b2"}
    assert set(on_disk(case)) == {"a2", "b1", "b2"}


def test_undo_takes_back_ones_own_and_not_the_others(case):
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.add([square("a")])
        ada.save()
        bea.add([square("b")])
        bea.save()
        ada.foreign_changes()
        ada.undo()
        assert ids(ada.annotations) == ["b"]
        assert ada.next_undo is None
        ada.save()
    assert on_disk(case) == ["b"]


def test_two_who_change_one_stroke_both_keep_theirs_and_are_told(case):
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
        log.save()
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.add([square("a", side=5)])
        bea.add([square("a", side=7)])
        ada.flush()
        bea.flush()
        ada.save()
        bea.save()
        ada.foreign_changes()
        for each in (ada, bea):
            sides = {stroke.rings[0].max() for stroke in each.annotations.strokes}
            assert sides == {5, 7}
            (conflict,) = each.conflicts
            assert (conflict.id, conflict.kept_as in ids(each.annotations)) == ("a", True)
        (shown,) = [line for line in record_lines(case) if "conflict" in line]
        assert f"changed by two: both kept, as {conflict.kept_as}" in shown
        strokes = case.annotations("film").strokes
        assert sorted(stroke.rings[0].max() for stroke in strokes) == [5, 7]
        bea.remove([conflict.kept_as])
        bea.save()
        ada.foreign_changes()
        assert ada.conflicts == bea.conflicts == ()
        bea.undo()
        assert bea.conflicts == (conflict,)


def test_what_others_add_is_read_without_reading_all_again(case, monkeypatch):
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.add([square(f"a{k}") for k in range(5)])
        ada.add([square("b")])
        ada.flush()
        bea.foreign_changes()
        read = []
        monkeypatch.setattr(journal, "_change", lambda *arguments: read.append(arguments[1]) or _change(*arguments))
        ada.add([square("c")])
        ada.flush()
        assert bea.foreign_changes().added == ("c",)
        assert read == [4], "the header, two changes, and then the new one"


def test_a_journal_that_is_full_is_followed_by_another(case, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST_JOURNAL_BYTES", 1500)
    with case.stroke_log("film", author="Ada") as log:
        for name in "abcdef":
            log.add([square(name)])
            log.flush()
        log.undo()
        log.flush()
        assert ids(log.annotations) == on_disk(case) == list("abcde")
    paths = list((case.path / "journal/film").glob("*.jsonl"))
    assert len(paths) > 1
    assert all(path.stat().st_size <= 1500 for path in paths)


def test_edits_of_one_millisecond_keep_their_order_in_whatever_journal_they_stand(case, monkeypatch):
    moment = "2026-05-30T10:00:00.000+00:00"
    monkeypatch.setattr(journal_writer, "now", lambda: moment)
    monkeypatch.setattr(journal, "LARGEST_JOURNAL_BYTES", 2000)
    with case.stroke_log("film", author="Ada") as log:
        for name in "abcdef":
            log.add([square(name)])
            log.flush()
            log.undo()
            log.redo()
            log.flush()
        log.undo()
        log.flush()
    times = [each.time for each in sorted_changes(case)]
    assert times == sorted(set(times))
    assert on_disk(case) == list("abcde")


def sorted_changes(case):
    journals = case.strokes("film").read().journals.values()
    assert len(journals) > 2
    return sorted((change for each in journals for change in each.changes), key=lambda change: change.time)


def test_one_action_too_large_for_any_journal_is_said(case, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST_JOURNAL_BYTES", 1500)
    log = case.stroke_log("film", author="Ada")
    log.add([square(f"a{k}") for k in range(20)])
    with pytest.raises(OutputError, match="one action has more than"):
        log.flush()
    assert len(log.annotations.strokes) == 20
    monkeypatch.setattr(journal, "LARGEST_JOURNAL_BYTES", 1 << 20)
    log.close()
    assert len(on_disk(case)) == 20


def test_strokes_too_large_to_be_read_again_stay_in_the_journal(case, log, monkeypatch):
    monkeypatch.setattr(annotation_file, "LARGEST_FILE_BYTES", 500)
    log.add([square("a"), square("b"), square("c")])
    with pytest.raises(OutputError, match="would be larger than"):
        log.save()
    assert on_disk(case) == ["a", "b", "c"]
    assert not (case.path / "annotations").exists() or not list((case.path / "annotations").iterdir())


def test_a_journal_that_is_shorter_than_before_is_read_anew(case):
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
        log.add([square("b")])
    files = case.strokes("film")
    assert ids(files.read().state.annotations()) == ["a", "b"]
    (path,) = (case.path / "journal/film").glob("*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert ids(files.read().state.annotations()) == ["a"]


def test_a_stroke_that_one_removes_while_another_changes_it_is_kept(case):
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
        log.save()
    with case.stroke_log("film", author="Ada") as ada, case.stroke_log("film", author="Bea") as bea:
        ada.add([square("a", side=5)])
        ada.save()
        bea.remove(["a"])
        bea.save()
    (stroke,) = case.annotations("film").strokes
    assert stroke.rings[0].max() == 5


def test_a_second_window_of_the_same_person_writes_a_journal_of_its_own(case):
    with case.stroke_log("film", author="Ada") as one, case.stroke_log("film", author="Ada") as two:
        one.add([square("a")])
        two.add([square("b")])
        one.save()
        two.save()
    assert len(list((case.path / "journal/film").glob("*.jsonl"))) == 2
    assert sorted(on_disk(case)) == ["a", "b"]


def test_strokes_are_added_by_one_thread_while_another_saves(case):
    names = [f"s{n}" for n in range(300)]
    with case.stroke_log("film", author="Ada") as log:
        stop = threading.Event()

        def save():
            while not stop.is_set():
                log.save()

        saver = threading.Thread(target=save)
        saver.start()
        for name in names:
            log.add([square(name)])
        stop.set()
        saver.join()
        log.save()
        assert ids(log.annotations) == names
        assert log.is_merged
    assert ids(read_annotations(case.path / "annotations/film.geojson")) == names


def test_what_others_programs_wrote_of_a_feature_is_written_back(case):
    path = case.path / "annotations/film.geojson"
    path.parent.mkdir()
    ring = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    theirs = {
        "type": "FeatureCollection",
        "crs": "none",
        "features": [
            {
                "type": "Feature", "id": "q", "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"classification": {"name": "Region", "color": [1, 2, 3]}, "measurements": {"x": 1}},
            },
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [3, 4]}, "properties": {"name": "here"}},
        ],
    }  # fmt: skip
    path.write_text(json.dumps(theirs), encoding="utf-8")
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
        log.save()
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["crs"] == "none"
    assert theirs["features"][0] in content["features"]
    assert theirs["features"][1] in content["features"]
    assert on_disk(case) == ["q", "a"]


def test_a_file_that_another_program_wrote_is_taken_as_it_is(case):
    """QuPath leaves our member out; what was in the journals already must not come again."""
    path = case.path / "annotations/film.geojson"
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a"), square("b")])
        log.add([square("a", side=5)])
        log.add([square("a", side=6)])
        log.save()
    content = json.loads(path.read_text(encoding="utf-8"))
    kept = [each for each in content["features"] if each["id"] == "a"]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": kept}), encoding="utf-8")
    strokes = case.annotations("film").strokes
    assert [(s.id, s.rings[0].max()) for s in strokes] == [("a", 6)]


@pytest.mark.parametrize("damage", ["truncate", "flip", "member"])
def test_a_damaged_file_is_an_error_and_stays_as_it_is(case, damage):
    path = case.path / "annotations/film.geojson"
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a", side=12.5)])
        log.save()
    content = path.read_bytes()
    harm = {
        "truncate": content[: len(content) // 2],
        "flip": content.replace(b"12.5", b"13.5"),
        "member": content.replace(b'"format": 1', b'"format": 9'),
    }[damage]
    path.write_bytes(harm)
    with pytest.raises(AnnotationError, match=r"film\.geojson: "):
        case.stroke_log("film", author="Ada")
    assert path.read_bytes() == harm


def test_a_line_that_a_crash_cut_off_is_passed_over_and_the_journal_goes_on(case):
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
        log.add([square("b")])
    (journal,) = (case.path / "journal/film").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-40])
    with case.stroke_log("film", author="Ada") as log:
        assert ids(log.annotations) == ["a"]
        log.add([square("c")])
    assert on_disk(case) == ["a", "c"]
    assert len(list((case.path / "journal/film").glob("*.jsonl"))) == 1


@pytest.mark.parametrize("line", [0, 1])
def test_a_journal_with_a_changed_line_is_an_error_that_names_it(case, line):
    with case.stroke_log("film", author="Ada") as log:
        log.add([square("a")])
    (journal,) = (case.path / "journal/film").glob("*.jsonl")
    lines = journal.read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b"Ada", b"Eve")
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(CaseError, match=f"line {line + 1} is damaged"):
        case.annotations("film")


def test_where_nothing_can_be_written_the_strokes_stay_in_memory_until_they_can(case, monkeypatch):
    def full(handle, data):
        raise OSError(28, "No space left on device")

    with case.stroke_log("film", author="Ada") as log:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            log.add([square("a")])
            with pytest.raises(OutputError, match="No space left"):
                log.flush()
            assert log.state == "not saved"
            assert "No space left" in str(log.problem)
            log.add([square("b")])
            assert ids(log.annotations) == ["a", "b"]
            with pytest.raises(CalcannotError):
                log.close()
        log.flush()
        assert log.state == "saved"
        assert log.problem is None
    assert on_disk(case) == ["a", "b"]


def test_a_disk_that_fills_in_the_middle_of_a_line_leaves_no_half_line(case, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data)[:20]) if _left else _raise())
    _left = [1, 2]

    def _raise():
        raise OSError(28, "No space left on device")

    with case.stroke_log("film", author="Ada") as log:
        _left.clear()
        log.add([square("a")])
        with pytest.raises(OutputError):
            log.flush()
        monkeypatch.undo()
        log.flush()
    assert on_disk(case) == ["a"]


def test_a_log_that_is_closed_takes_nothing_more(case):
    log = case.stroke_log("film", author="Ada")
    log.close()
    log.close()
    with pytest.raises(AnnotationError, match="closed"):
        log.add([square("a")])
    assert isinstance(log, StrokeLog)
