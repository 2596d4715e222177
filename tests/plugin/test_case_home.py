"""Where strokes go: into the case, or into one of the user's own, and back from there after a crash."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytest.importorskip("qtpy")

from calcannot.batch.case_run import write_run
from calcannot.batch.verify import verify
from calcannot.errors import CalcannotError
from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.pipeline.analyse import analyse
from calcannot.store.case_folder import CaseFolder
from napari_calcannot.case_home import find_own_case, make_own_case, own_case_of
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.painting import brush_rings
from napari_calcannot.pending import pending_path, write_pending
from napari_calcannot.reader import open_path
from napari_calcannot.securing import let_go


def dab(session, x, y, kind=StrokeKind.ADD):
    return session.hand.stroke(kind, brush_rings(np.array([[x, y]], np.float64), 12.0))


def test_an_image_that_is_only_looked_at_leaves_nothing_behind(sample_case, own_cases):
    (session,) = open_path(sample_case / "section.tif")
    session.close()
    assert not own_cases.exists()
    before = sorted(sample_case.rglob("*"))
    for session in open_path(sample_case):
        session.close()
    assert sorted(sample_case.rglob("*")) == before


def test_what_was_drawn_on_an_image_without_a_case_is_there_again(sample_case, own_cases):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.draw([dab(session, 100, 100)], "brush")
    session.draw([dab(session, 200, 100)], "brush")
    session.undo()
    session.keep_in(make_own_case(image, role="histology", calibration=None, author=session.hand.author))
    session.draw([dab(session, 300, 100, StrokeKind.ERASE)], "eraser")
    drawn = [(s.id, s.kind) for s in session.annotations.strokes]
    session.close()
    assert own_case_of(image).parent == own_cases
    assert sorted(p.name for p in image.parent.glob("section*")) == ["section.tif", "section.tif.truth.json"]
    (again,) = open_path(image)
    assert [(s.id, s.kind) for s in again.annotations.strokes] == drawn
    again.undo()
    assert [(s.id, s.kind) for s in again.annotations.strokes] == drawn[:1], "undo goes on where it ended"
    again.redo()
    assert len(again.annotations.strokes) == 2
    again.close()


def test_a_measured_case_is_verified_by_the_command_line(sample_case):
    sessions = open_path(sample_case)
    section = next(each for each in sessions if each.info.name == "section.tif")
    section.set_threshold(101)
    section.draw([dab(section, 300, 1500)], "brush")
    analysis = section.measure()
    drawing = section.drawing
    write_run(
        drawing.case, drawing.image_id, drawing.case.record.image(drawing.image_id).sha256, section.source, analysis
    )
    for session in sessions:
        session.close()
    verdict = verify([sample_case])
    assert verdict.runs == 1
    assert not verdict.differences
    reopened = open_path(sample_case)
    again = next(each for each in reopened if each.info.name == "section.tif")
    assert again.rule.threshold == 101, "the threshold by hand is there again"
    assert again.recipe == section.recipe
    for session in reopened:
        session.close()


def test_strokes_survive_a_process_that_is_killed(sample_case, own_cases):
    image = sample_case / "section.tif"
    code = textwrap.dedent("""
        import sys, time
        import numpy as np
        from pathlib import Path
        from calcannot.model.annotation import Annotations, StrokeKind
        from napari_calcannot.case_home import make_own_case
        from napari_calcannot.painting import brush_rings
        from napari_calcannot.reader import open_path
        image = Path(sys.argv[1])
        (session,) = open_path(image)
        session.keep_in(make_own_case(image, role="histology", calibration=None, author=session.hand.author))
        for x in range(20):
            ring = brush_rings(np.array([[100.0 + 20 * x, 300.0]]), 8.0)
            session.draw([session.hand.stroke(StrokeKind.ADD, ring)], "brush")
        time.sleep(1.0)
        print("drawn", flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code, str(image)], stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout.readline().strip() == b"drawn"
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
    (session,) = open_path(image)
    assert len(session.annotations.strokes) == 20
    expected = analyse(session.source, session.recipe, session.annotations)
    session.measure()
    assert session.mask.area_px == expected.totals.calcified_area_px
    session.undo()
    assert len(session.annotations.strokes) == 19
    session.close()


def test_a_damaged_case_is_said_and_never_taken_for_empty(sample_case):
    image = sample_case / "section.tif"
    make_own_case(image, role="histology", calibration=None, author="me").close()
    record = own_case_of(image) / "case.json"
    record.write_text(record.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(CalcannotError, match=r"case\.json"):
        open_path(image)


def test_two_windows_on_one_image_keep_the_strokes_of_both(sample_case):
    image = sample_case / "section.tif"
    first, second = (open_path(image)[0] for _ in range(2))
    for session in (first, second):
        session.keep_in(make_own_case(image, role="histology", calibration=None, author=session.hand.author))
    first.draw([dab(first, 100, 100)], "brush")
    second.draw([dab(second, 500, 500)], "brush")
    first.drawing.save()
    second.drawing.save()
    assert "a stroke of this image" in first.drawing.look()
    assert len(first.annotations.strokes) == len(second.annotations.strokes) == 2
    first.undo()
    assert len(first.annotations.strokes) == 1, "one's own stroke, not that of the other"
    first.close()
    second.close()
    found = find_own_case(image, author="")
    assert len(found.annotations.strokes) == 1
    case = CaseFolder.open(own_case_of(image))
    content = json.loads((case.path / "annotations" / f"{found.image_id}.geojson").read_text(encoding="utf-8"))
    assert len(content["features"]) == 1


def test_strokes_drawn_before_there_is_a_case_are_there_after_a_crash(sample_case):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.draw([dab(session, 100, 100)], "brush")
    write_pending(session)
    session.close()  # as it is: what a crash leaves is the file of pending strokes
    (again,) = open_path(image)
    assert [s.id for s in again.annotations.strokes] == [s.id for s in session.annotations.strokes]
    let_go(again)
    assert not pending_path(again).exists()
    again.close()
    (last,) = open_path(image)
    assert len(last.annotations.strokes) == 1
    last.close()


def test_strokes_that_came_with_an_image_go_into_its_case(sample_case):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    given = dab(session, 100, 100)
    session.drawing = MemoryDrawing(Annotations((given,)))
    session.draw([dab(session, 300, 300)], "brush")
    let_go(session)
    session.close()
    (again,) = open_path(image)
    assert len(again.annotations.strokes) == 2
    again.close()
