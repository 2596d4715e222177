"""One order of undo over strokes, marks, rule and pixel size, that a process takes up where another was killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from itertools import pairwise

import pytest

pytest.importorskip("qtpy")

from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.annotation import Annotations
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.write import write_radiograph
from calcannot.store.case_folder import CaseFolder
from calcannot.store.geojson import to_geojson
from napari_calcannot.case_home import own_case_of
from napari_calcannot.pending import Pending, pending_path, read_pending, write_pending
from napari_calcannot.reader import open_path
from napari_calcannot.securing import let_go, secure
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_rule, plain_size

WORK = textwrap.dedent("""
    import json, sys, time
    import numpy as np
    from pathlib import Path
    from calcannot.model.annotation import StrokeKind
    from napari_calcannot.case_home import make_own_case
    from napari_calcannot.painting import brush_rings, pixel_ring
    from napari_calcannot.reader import open_path
    from napari_calcannot.settings import given_size, plain_rule, plain_size
    (session,) = open_path(Path(sys.argv[1]))
    def dab(x):
        return [session.hand.stroke(StrokeKind.ADD, brush_rings(np.array([[float(x), 300.0]]), 8.0))]
    def in_a_case():
        session.keep_in(make_own_case(session.path, role="histology", calibration=None, author=""))
    def drag():
        for value in (90, 95, 99, 101):
            session.set_threshold(value)
        session.settle()
    steps = [
        lambda: session.set_threshold(80) or session.settle(),
        lambda: session.draw(dab(100), "brush"),
        in_a_case,
        lambda: session.set_recipe("alizarin-red"),
        lambda: session.draw(dab(200), "brush"),
        lambda: session.set_pixel_size("0.5um"),
        lambda: session.draw([session.hand.stroke(StrokeKind.REJECT, (pixel_ring(5, 5),))], "reject"),
        lambda: session.set_recipe(None),
        drag,
        lambda: session.set_pixel_size("0.25umx0.3um"),
        lambda: session.set_threshold(None),
        lambda: session.draw(dab(300), "brush"),
    ]
    def state():
        ids = [stroke.id for stroke in session.annotations.strokes]
        return [ids, plain_rule(session.rule), plain_size(given_size(session.source))]
    states = [state()]
    for step in steps:
        step()
        if step is not in_a_case:
            states.append(state())
    session.undo()
    session.undo()
    session.drawing._log.flush()
    print(json.dumps(states), flush=True)
    time.sleep(60)
""")


GROW = textwrap.dedent("""
    import json, sys
    from dataclasses import replace
    from pathlib import Path
    from calcannot.pipeline.grow import at_share, grow
    from napari_calcannot.case_home import make_own_case
    from napari_calcannot.growing import recipe_for
    from napari_calcannot.reader import open_path
    (session,) = open_path(Path(sys.argv[1]))
    session.keep_in(make_own_case(session.path, role="radiograph", calibration=None, author=""))
    row, col = float(sys.argv[2]), float(sys.argv[3])
    growth = grow(session.source, recipe_for(session), row, col, session.annotations)
    for number in range(100_000):
        share = 0.4 + 0.002 * (number % 100)
        moved = at_share(session.source, recipe_for(session), growth, share, session.annotations)
        session.draw([replace(moved.stroke, name="region 1")], "grow")
        if number < 5:
            session.drawing._log.flush()
            print(json.dumps([[each.id, each.peak_fraction] for each in session.annotations.clicks]), flush=True)
""")


def clicks(session):
    return [[each.id, each.peak_fraction] for each in session.annotations.clicks]


@pytest.mark.slow
def test_nothing_that_was_grown_is_lost_when_it_is_killed_while_more_is_grown(tmp_path):
    spec = RadiographSpec(nodules=(Nodule(0, 0, 6, 5, 4),), size_mm=(60, 60), spacing_mm=0.35)
    phantom = render_radiograph(spec, 1)
    film = tmp_path / "film.dcm"
    write_radiograph(phantom, film)
    place = [str(each) for each in (phantom.lesions[0].row_px, phantom.lesions[0].col_px)]
    with subprocess.Popen([sys.executable, "-c", GROW, str(film), *place], stdout=subprocess.PIPE) as process:
        states = [json.loads(process.stdout.readline()) for _ in range(5)]
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
    assert [len(each) for each in states] == [1] * 5, "one lesion, at another share each time"
    assert len({each[0][1] for each in states}) == 5
    (session,) = open_path(film)
    seen = [clicks(session)]
    while session.next_undo == "grow":
        session.undo()
        seen.append(clicks(session))
    assert session.next_undo is None
    seen.reverse()
    assert seen[0] == []
    assert seen[1:6] == states, "each growth that was on the disk, in order; of the later ones no half"
    assert all(len(each) == 1 for each in seen[1:])
    for each in seen[1:]:
        assert session.redo() == "grow"
        assert clicks(session) == each
    session.close()


def state(session):
    ids = [stroke.id for stroke in session.annotations.strokes]
    return json.loads(json.dumps([ids, plain_rule(session.rule), plain_size(given_size(session.source))]))


@pytest.mark.slow
def test_everything_can_be_taken_back_after_kill_minus_nine(sample_case, own_cases):
    image = sample_case / "section.tif"
    with subprocess.Popen([sys.executable, "-c", WORK, str(image)], stdout=subprocess.PIPE, env=os.environ) as process:
        states = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
    assert len(states) == 12
    assert all(before != after for before, after in pairwise(states))
    (session,) = open_path(image)
    assert state(session) == states[9], "ten actions in force, of which a drag is one"
    assert session.redo() == "threshold"
    assert state(session) == states[10]
    secure(session)
    kept = CaseFolder.open(own_case_of(image)).images[0].calibration
    assert kept.um_per_px_col == 0.3, "the command line measures with the pixel size that was killed before it was kept"
    for number in range(9, 3, -1):
        assert session.undo()
        assert state(session) == states[number], number
    let_go(session)
    session.close()
    (again,) = open_path(image)
    for number in range(3, -1, -1):
        assert again.undo()
        assert state(again) == states[number], number
    assert again.undo() == ""
    assert again.next_undo is None
    secure(again)
    assert CaseFolder.open(own_case_of(image)).images[0].calibration is None, "back at that of the file"
    for number in range(1, 12):
        assert again.next_redo
        again.redo()
        assert state(again) == states[number], number
    assert again.redo() == ""
    again.close()


def test_the_names_of_what_is_taken_back_are_those_of_an_earlier_day(sample_case):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.set_recipe("von-kossa-stain")
    session.set_threshold(0.4)
    assert session.next_undo == "threshold"
    session.set_pixel_size("2um")
    let_go(session)
    session.close()
    (again,) = open_path(image)
    assert again.next_undo == "pixel size"
    assert [again.undo() for _ in range(4)] == ["pixel size", "threshold", "recipe", ""]
    assert again.info.calibration.um_per_px_row == 1, "that of the file"
    again.close()


@pytest.mark.parametrize("added_again", [False, True])
def test_a_pixel_size_that_the_command_line_gave_later_is_the_one_in_force(sample_case, added_again):
    from calcannot.batch.case_images import add_image, set_pixel_size

    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.set_pixel_size("2um")
    let_go(session)
    session.close()
    case = CaseFolder.open(own_case_of(image))
    if added_again:
        add_image(case, image, id=case.images[0].id, role="histology", pixel_size="3um", replace=True)
    else:
        set_pixel_size(case, case.images[0].id, "3um")
    (again,) = open_path(image)
    assert again.info.calibration.um_per_px_row == 3
    again.close()


def test_a_rule_of_a_later_version_is_said_and_the_image_opens(sample_case, monkeypatch):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.set_recipe("von-kossa-stain")
    session.set_pixel_size("2um")
    let_go(session)
    session.close()

    def newer(content, **_):
        raise RecipeError("the recipe has schema version 9, this calcannot knows up to 1", remedy="update calcannot")

    monkeypatch.setattr("napari_calcannot.settings.recipe_from_dict", newer)
    (again,) = open_path(image)
    assert "schema version 9" in again.notice
    assert "pdate calcannot" in again.notice
    assert again.rule.chosen is None
    assert again.info.calibration.um_per_px_row == 2
    again.undo()
    again.undo()
    with pytest.raises(RecipeError):
        again.redo()
    assert again.next_redo == "recipe", "it is still there for a calcannot that can read it"
    again.close()


def test_what_was_pending_and_cannot_be_read_is_said_in_sentences_apart(sample_case):
    (session,) = open_path(sample_case / "section.tif")
    found = Pending(Annotations(), {RULE: {"threshold": 5}, PIXEL_SIZE: "half a mile"})
    found.bring_back(session)
    assert session.notice.count("is not the one that you left: ") == 2
    assert ". The pixel size is not" in session.notice
    session.close()
    path = pending_path(session)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**to_geojson(Annotations()), "calcannot_settings": ["rule"]}), encoding="utf-8")
    with pytest.raises(AnnotationError, match="calcannot_settings"):
        read_pending(session)


def test_settings_that_a_crash_left_before_there_was_a_case_are_there_again(sample_case):
    image = sample_case / "section.tif"
    (session,) = open_path(image)
    session.set_threshold(97)
    session.settle()
    write_pending(session)
    session.close()  # as it is: what a crash leaves is the file of what was pending
    (again,) = open_path(image)
    assert again.threshold_by_hand == 97
    assert again.undo()
    assert again.threshold_by_hand is None
    again.close()
