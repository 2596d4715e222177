"""Walk through the plugin with real mouse and key events, from a section never seen to a corrected, exported case.

Takes a picture at each step into ``walk`` (or the folder given), and checks what each step must have done. It needs
xdotool, and a window manager for the keyboard. With ``--clicks`` it ends when the first measurement is saved, and only
says how many clicks that took:

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/images/make_walk.py [FOLDER | --clicks]
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from walker import WORK, Walk, place_on  # first of all: napari must find the settings of the walk

# isort: split
import numpy as np
import tifffile
from napari.qt import QtViewer
from PIL import Image
from qtpy.QtCore import QPoint

from calcannot.batch.verify import verify
from calcannot.model.annotation import StrokeKind
from napari_calcannot.camera import Camera

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_images"
FIND, CORRECT, READ, SHARE = range(4)


def main(folder: Path) -> None:
    """The walk."""
    walk = Walk(folder)
    section = shutil.copyfile(SAMPLES / "section.tif", WORK / "section.tif")
    find(walk, section)
    correct(walk)
    read(walk)
    share(walk)
    kept = walk.session.drawing.case.path, walk.session.mask.area_px, len(walk.session.annotations.strokes)
    align(walk, section)
    case(walk)
    film(walk)
    calibrate(walk)
    walk.end()
    check(section, *kept)
    shutil.rmtree(WORK, ignore_errors=True)


def find(walk: Walk, section: Path) -> None:
    """Open, look at thresholds, measure; pick a rule from examples; leave a part out."""
    controls = walk.controls
    walk.open_by_hand(section)
    session = walk.session
    automatic = session.threshold
    walk.picture("1-open")

    walk.click(controls.rule.slider, QPoint(60, controls.rule.slider.height() // 2))
    walk.at_rest()
    assert session.threshold_by_hand is not None
    walk.picture("2-threshold")
    assert walk.title == "calcannot - section.tif - saved", "the threshold is kept, too"
    walk.click(controls.rule.automatic)
    assert session.threshold == automatic

    measure(walk)
    walk.picture("3-measured")
    assert walk.title == "calcannot - section.tif - saved"

    walk.click(controls.examples.mineral)
    for place in ((1300, 1200), (900, 800), (1000, 1500)):
        walk.click_at(*place)
    walk.click(controls.examples.other)
    for place in ((700, 600), (1600, 400), (300, 1700), (1700, 2200)):
        walk.click_at(*place)
    walk.click(controls.examples.pick)
    walk.at_rest()
    assert session.chosen is not None
    assert "from your examples" in controls.message.text()
    walk.picture("4-examples")
    walk.key("ctrl+z")
    assert session.chosen is None, "undo has the rule back"

    where = controls.regions
    walk.choose(where.shape, where.shape.findText("rectangle"))
    walk.choose(where.reason, where.reason.findText("fold"))
    walk.click(where.exclude)
    walk.drag((1100, 100), (1300, 300), (1550, 500))
    walk.until(lambda: session.annotations.of(StrokeKind.EXCLUDE), "left out")
    walk.at_rest()
    walk.picture("5-exclude")
    assert [each.reason for each in session.annotations.of(StrokeKind.EXCLUDE)] == ["fold"]
    measure(walk)


def correct(walk: Walk) -> None:
    """Every tool, undo and redo."""
    controls, session = walk.controls, walk.session
    walk.tab(CORRECT)
    walk.click(controls.correct.buttons["brush"])
    before = session.mask.area_px
    walk.drag((1500, 1900), (1500, 1950), (1540, 2000), (1580, 2040))
    painted = session.mask.area_px
    assert painted > before, "the brush adds"
    walk.picture("6-brush")
    walk.point_at(1400, 1900)
    walk.key("ctrl+z")
    assert session.mask.area_px == before, "undo has it back"
    walk.key("ctrl+shift+z")
    assert session.mask.area_px == painted, "redo does it again"

    walk.key("e")
    walk.drag((900, 1000), (900, 1300))
    assert session.mask.area_px < painted, "the eraser takes away"
    walk.picture("7-eraser")

    for key, act, grows in (
        ("l", lambda: walk.drag(*ring(1620, 1500, 90)), True),
        ("x", lambda: walk.drag(*ring(1640, 1500, 40)), False),
        ("f", lambda: walk.click_at(1640, 1500), True),
        ("d", lambda: walk.click_at(1500, 1925), False),
    ):
        area = session.mask.area_px
        walk.key(key)
        act()
        walk.rest(0.3)
        assert (session.mask.area_px > area) == grows, f"{key}: {area} to {session.mask.area_px}"
        assert session.mask.area_px != area, key
    walk.picture("8-tools")
    walk.key("v")
    walk.until(lambda: session.is_current, "numbers follow by themselves")
    walk.at_rest()


def read(walk: Walk) -> None:
    """From the table to a region, and the review."""
    controls, session = walk.controls, walk.session
    walk.tab(READ)
    table = controls.results.table
    walk.click(table.viewport(), QPoint(40, 30))
    assert controls.results.chosen is not None
    walk.picture("9-region")
    reviewed = session.review.reviewed
    walk.point_at(*walk.middle)
    walk.key("a")
    walk.key("r")
    kinds = [stroke.kind for stroke in session.annotations.strokes]
    assert kinds.count(StrokeKind.ACCEPT) == 1
    assert controls.results.progress.text().startswith(f"{reviewed + 2} of ")
    walk.until(lambda: session.is_current, "the rejected region is gone")
    walk.at_rest()
    walk.picture("10-review")


def share(walk: Walk) -> None:
    """Everything that leaves the window, through its dialogs."""
    buttons = walk.controls.share
    walk.tab(SHARE)
    measure(walk)
    (WORK / "export").mkdir()
    walk.press_and_answer(buttons.figure, str(WORK / "figure.png"))
    walk.press_and_answer(buttons.report, str(WORK / "report.html"))
    walk.choose(buttons.formats, buttons.formats.findData("geojson"))
    walk.press_and_answer(buttons.export, str(WORK / "export"))
    walk.picture("11-share")
    assert Image.open(WORK / "figure.png").info["dpi"][0] > 299
    assert "<html" in (WORK / "report.html").read_text(encoding="utf-8")
    assert list((WORK / "export").glob("*.geojson"))


def align(walk: Walk, section: Path) -> None:
    """Beside it the next section, which lies turned: two places that are the same in both turn it back."""
    beside, panel = walk.controls.beside, walk.panel
    pixels = tifffile.imread(section)
    turned = WORK / "next-section.tif"
    tifffile.imwrite(turned, np.rot90(pixels), photometric="rgb", resolution=(1e4, 1e4), resolutionunit="centimeter")
    walk.open_by_hand(turned)
    walk.choose(walk.controls.images, 0)
    walk.at_rest()
    walk.choose(beside.images, 1)
    walk.at_rest()
    walk.click(beside.align)
    other = next(each for each in panel.window().findChildren(QtViewer) if each.viewer is panel.beside.model)
    for row, col in ((900, 1000), (700, 1800)):
        walk.click_at(row, col)
        view = Camera(panel.beside.model).view(panel.beside.image)
        point = place_on(other.canvas.native, view, pixels.shape[1] - 1 - col, row)
        walk.x("mousemove", point.x(), point.y())
        walk.x("click", 1)
        walk.rest(0.5)
    walk.picture("12-align")
    assert "Turned by 90" in walk.controls.message.text() or "Turned by 89" in walk.controls.message.text()
    assert panel.beside.is_linked
    walk.click(beside.align)
    walk.choose(beside.images, 0)


def case(walk: Walk) -> None:
    """The sample case: its film measured, its section beside it."""
    beside = walk.controls.beside
    walk.open_by_hand(shutil.copytree(SAMPLES, WORK / "case"))
    assert walk.session.info.name == "radiograph.dcm"
    measure(walk)
    walk.choose(
        beside.images, next(k for k in range(beside.images.count()) if "histology" in beside.images.itemText(k))
    )
    walk.at_rest()
    walk.picture("13-case")
    assert walk.panel.beside.session.info.name == "section.tif"
    walk.choose(beside.images, 0)


def film(walk: Walk) -> None:
    """A film that nobody has drawn on: a click on each lesion grows it."""
    truth = json.loads((SAMPLES / "radiograph.dcm.truth.json").read_text(encoding="utf-8"))
    walk.open_by_hand(shutil.copyfile(SAMPLES / "radiograph.dcm", WORK / "film.dcm"))
    session = walk.session
    walk.tab(FIND)
    walk.point_at(*walk.middle)
    walk.key("g")
    for number, lesion in enumerate(truth["lesions"], 1):
        walk.click_at(lesion["row_px"], lesion["col_px"])
        walk.until(lambda number=number: len(session.annotations.clicks) == number, "grown")
    walk.until(lambda: session.is_current, "measured")
    walk.at_rest()
    walk.picture("14-film")
    true_mm2 = sum(each["mineral_area_mm2"] for each in truth["lesions"])
    print("film:", session.analysis.totals.calcified_area_mm2, "of", true_mm2, "mm²", flush=True)


def calibrate(walk: Walk) -> None:
    """A picture without a pixel size, and a line of known length on it."""
    bare = WORK / "from-a-slide-talk.png"
    Image.open(SAMPLES / "section.tif").save(bare)
    walk.open_by_hand(bare)
    session, scale = walk.session, walk.controls.scale
    assert session.info.calibration is None
    assert scale.isVisible()
    walk.picture("15-no-pixel-size")
    walk.click(scale.line)
    walk.answer("250um")
    walk.drag((1700, 1000), (1700, 1200), (1700, 1500))
    walk.until(lambda: session.info.calibration is not None, "calibrated")
    walk.at_rest()
    walk.picture("16-calibrated")
    assert abs(session.info.calibration.mean_um_per_px - 0.5) < 0.01
    assert not scale.isVisible()


def check(section: Path, case: Path, area_px: int, strokes: int) -> None:
    """The command line derives the same, and the image opens as it was left."""
    from napari_calcannot.reader import open_path

    assert not verify([case]).differences
    (again,) = open_path(section)
    assert len(again.annotations.strokes) == strokes
    again.measure()
    assert again.mask.area_px == area_px
    again.close()


def measure(walk: Walk) -> None:
    """Press Measure, and wait until it is saved."""
    walk.click(walk.controls.measure)
    walk.until(lambda: walk.session.is_saved, "measured and saved")
    walk.at_rest()


def ring(row: float, col: float, radius: float) -> list[tuple[float, float]]:
    """Places around one."""
    turns = np.linspace(0, 2 * np.pi, 13)
    return [(row + radius * np.sin(each), col + radius * np.cos(each)) for each in turns]


def clicks() -> None:
    """From a slide never seen to a saved measurement, by the mouse alone."""
    walk = Walk(WORK)
    walk.open_by_hand(shutil.copyfile(SAMPLES / "section.tif", WORK / "section.tif"))
    walk.click(walk.controls.measure)
    walk.until(lambda: walk.session.is_saved, "measured and saved")
    assert (walk.session.saved_to / "regions.csv").exists()
    print("clicks:", walk.clicks, flush=True)
    walk.at_rest()
    walk.end()


if __name__ == "__main__":
    if sys.argv[1:] == ["--clicks"]:
        clicks()
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "walk")
