"""Make ``plugin.png``, ``plugin-film.png``, ``plugin-deposit.png`` and ``record.png``.

A section measured, lesions of a film grown, the form of the record.

Run it from the checkout, with a screen or under xvfb-run: python docs/images/make_screenshot.py
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
# Settings and cases of the person who runs this are neither used nor changed.
WORK = Path(tempfile.mkdtemp())
os.environ["NAPARI_CONFIG"] = str(WORK / "settings.yaml")
os.environ["CALCANNOT_CASES"] = str(WORK / "cases")

import napari  # noqa: E402
from PIL import Image  # noqa: E402
from qtpy.QtWidgets import QApplication  # noqa: E402

from calcannot.phantom.nodules import Nodule  # noqa: E402
from calcannot.phantom.radiograph import render_radiograph  # noqa: E402
from calcannot.phantom.radiograph_spec import RadiographSpec  # noqa: E402
from calcannot.phantom.write import write_radiograph  # noqa: E402
from napari_calcannot.tools import Tool  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_calcannot.widget import CalcificationPanel

PATIENCE_S = 120
FIND, READ = 0, 2


def rest(seconds: float) -> None:
    """Let the window work."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def until(done: Callable[[], object], what: str) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        rest(0.1)
        assert time.monotonic() < end, f"never came true: {what}"
    rest(1.5)


def picture(viewer: napari.Viewer, name: str, colours: int, width_px: int) -> None:
    """Take a picture of the window."""
    rest(1.5)
    shot = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)).convert("RGB")
    if shot.width > width_px:
        shot = shot.resize((width_px, round(shot.height * width_px / shot.width)), Image.Resampling.LANCZOS)
    shot.quantize(colours, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)


def turn_to(panel: CalcificationPanel, tab: int, widget: QWidget) -> None:
    """A tab, scrolled to one of its widgets."""
    panel.controls.tabs.setCurrentIndex(tab)
    rest(0.5)
    panel.controls.tabs.currentWidget().ensureWidgetVisible(widget)


def record_picture(viewer: napari.Viewer) -> None:
    """The form alone, narrow and high."""
    _, record = viewer.window.add_plugin_dock_widget("calcannot", "Record of a case")
    rest(1)
    record.open_case(shutil.copytree(HERE.parents[1] / "sample_images", WORK / "case"))
    record.page.setCurrentIndex(record.page.findText("Lesion mass-1"))
    record.page.activated.emit(record.page.currentIndex())
    rest(1)
    record.grab().save(str(WORK / "record.png"))
    shot = Image.open(WORK / "record.png").convert("RGB")
    shot.quantize(64, dither=Image.Dither.NONE).save(HERE / "record.png", optimize=True)
    record.close()


def main() -> None:
    """Open, measure, take the picture; then the same of a film."""
    viewer = napari.Viewer(title="calcannot")
    viewer.window.resize(1600, 1000)
    _, panel = viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
    panel.open_path(HERE.parents[1] / "sample_images" / "section.tif")
    until(lambda: not panel.desk.runner.is_busy, "opened")
    panel.measure()
    until(lambda: panel.session.is_saved and not panel.desk.is_working, "measured and saved")
    panel.controls.tabs.setCurrentIndex(READ)
    picture(viewer, "plugin", 192, 1600)

    viewer.layers.clear()
    nodules = (Nodule(0, -26, 11, 9, 7), Nodule(2, 26, 12, 8, 7))
    film = render_radiograph(RadiographSpec(nodules=nodules, size_mm=(80, 110), spacing_mm=0.2), 1)
    write_radiograph(film, WORK / "film.dcm")
    panel.open_path(WORK / "film.dcm")
    until(lambda: not panel.desk.runner.is_busy, "opened")
    session = panel.session
    for number, lesion in enumerate(film.lesions, start=1):
        panel.hand.use(Tool.GROW)
        panel.hand.clicked.emit(lesion.row_px, lesion.col_px)
        until(lambda number=number: len(session.annotations.clicks) == number, "grown")
        until(lambda: session.is_current and not panel.desk.is_working, "measured")
    panel.hand.use(Tool.MOVE)
    turn_to(panel, FIND, panel.controls.regions)
    picture(viewer, "plugin-film", 96, 1000)
    panel.reading.step(1)
    turn_to(panel, READ, panel.controls.results.side)
    picture(viewer, "plugin-deposit", 96, 1000)
    viewer.layers.clear()
    record_picture(viewer)
    panel.close()
    viewer.close()
    shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
