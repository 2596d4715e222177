"""What a person does with other images: a section that lies turned, a case, a film, a picture without a pixel size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from walker import WORK, Walk, place_on  # first of all: napari must find the settings of the walk

# isort: split
import numpy as np
import tifffile
from napari.qt import QtViewer
from PIL import Image
from walk_section import measure

from napari_calcannot.camera import Camera

SAMPLES = Path(__file__).resolve().parents[2] / "sample_images"
FIND = 0


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
    assert abs(session.analysis.totals.calcified_area_mm2 / true_mm2 - 1) < 0.2, "over bone a growth is no nearer"


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
