"""Walk through the plugin with real mouse and key events, from a section never seen to a corrected, exported case.

Takes a picture at each step into ``walk`` (or the folder given), and checks what each step must have done. It needs
xdotool, and a window manager for the keyboard. With ``--clicks`` it ends when the first measurement is saved, and only
says how many clicks that took:

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/images/make_walk.py [FOLDER | --clicks]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
WORK = Path(tempfile.mkdtemp())
# Settings and cases of the person who runs this are neither used nor changed.
os.environ["NAPARI_CONFIG"] = str(WORK / "settings.yaml")
os.environ["CALCANNOT_CASES"] = str(WORK / "cases")

import napari  # noqa: E402
from PIL import Image  # noqa: E402
from qtpy.QtCore import QPoint, QRect, QTimer  # noqa: E402
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QTreeView  # noqa: E402

from calcannot.batch.verify import verify  # noqa: E402
from calcannot.model.annotation import StrokeKind  # noqa: E402
from napari_calcannot.layers import IMAGE  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QModelIndex
    from qtpy.QtWidgets import QWidget

WIDTH_PX = 1000
PATIENCE_S = 120


class Walk:
    """A window, a hand on mouse and keyboard, and a camera."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manager = subprocess.Popen(["openbox"]) if shutil.which("openbox") else None
        self.viewer = napari.Viewer(title="calcannot")
        self.viewer.window.resize(1580, 960)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
        self.clicks = 0
        self.rest(2)

    def rest(self, seconds: float = 0.5) -> None:
        """Let the window work."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def until(self, done: Callable[[], object], what: str) -> None:
        """Let the window work until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            self.rest(0.1)
            assert time.monotonic() < end, f"never came true: {what}"

    def at_rest(self) -> None:
        """Until no job runs and everything is saved."""
        self.rest(0.4)
        self.until(
            lambda: (
                not self.panel.desk.runner.is_busy
                and not self.panel.desk.is_working
                and not self.panel.keeping.is_writing
            ),
            "at rest",
        )
        self.rest(0.4)

    def x(self, *words: object) -> None:
        """One xdotool command."""
        done = subprocess.Popen(["xdotool", *map(str, words)])
        while done.poll() is None:
            QApplication.processEvents()
            time.sleep(0.005)
        self.rest(0.15)

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click into a widget, in its middle unless a place is given."""
        point = widget.mapToGlobal(place or widget.rect().center())
        self.x("mousemove", point.x(), point.y())
        self.x("click", 1)
        self.clicks += 1

    def open_by_hand(self, image: Path) -> None:
        """Open, Image..., and the file in the dialog."""
        os.chdir(image.parent)
        controls = self.panel.controls

        def choose() -> None:
            self.until(QApplication.activeModalWidget, "the dialog is there")
            self.rest(1)
            dialog = QApplication.activeModalWidget()
            files = dialog.findChild(QTreeView, "treeView")
            self.until(lambda: _row_of(files, image.name) is not None, "the file is listed")
            self.click(files.viewport(), files.visualRect(_row_of(files, image.name)).center())
            self.click(dialog.findChild(QDialogButtonBox).buttons()[0])

        def choose_item() -> None:
            menu = controls.open_menu
            self.click(menu, menu.actionGeometry(menu.actions()[0]).center())

        # Menu and dialog have loops of their own, from which the script comes back when they are closed.
        QTimer.singleShot(1500, choose_item)
        QTimer.singleShot(3000, choose)
        self.click(controls.open)
        self.until(lambda: self.panel.session is not None, "opened")
        self.at_rest()

    def tab(self, number: int) -> None:
        """Click on a tab."""
        bar = self.panel.controls.tabs.tabBar()
        self.click(bar, bar.tabRect(number).center())

    def key(self, name: str) -> None:
        """Press a key over the image."""
        self.x("key", name)

    def canvas(self, row: float, col: float) -> QPoint:
        """Place on the screen of a pixel of the image."""
        stage, session = self.panel.stage, self.panel.session
        top, left, bottom, right = stage.camera.view(stage.layer(session, IMAGE))
        native = self.viewer.window._qt_viewer.canvas.native  # a person sees where the canvas is; a script has to ask
        rect = QRect(native.mapToGlobal(QPoint(0, 0)), native.size())
        return QPoint(
            round(rect.x() + (col - left) / (right - left) * rect.width()),
            round(rect.y() + (row - top) / (bottom - top) * rect.height()),
        )

    def point_at(self, row: float, col: float) -> None:
        """Move the mouse to a pixel."""
        point = self.canvas(row, col)
        self.x("mousemove", point.x(), point.y())

    def drag(self, *places: tuple[float, float]) -> None:
        """Press at the first pixel, move over the others, let go."""
        self.point_at(*places[0])
        self.x("mousedown", 1)
        for place in places[1:]:
            self.point_at(*place)
        self.x("mouseup", 1)

    def picture(self, name: str) -> None:
        """Take a picture of the window."""
        self.rest(0.5)
        shot = Image.fromarray(self.viewer.screenshot(canvas_only=False, flash=False)).convert("RGB")
        shot = shot.resize((WIDTH_PX, round(shot.height * WIDTH_PX / shot.width)), Image.Resampling.LANCZOS)
        self.folder.mkdir(parents=True, exist_ok=True)
        shot.quantize(128, dither=Image.Dither.NONE).save(self.folder / f"{name}.png", optimize=True)
        print(name, flush=True)

    def end(self) -> None:
        """Close everything."""
        self.panel.close()
        self.viewer.close()
        if self.manager is not None:
            self.manager.terminate()
            self.manager.wait()


def main(folder: Path) -> None:
    """The walk."""
    walk = Walk(folder)
    panel, controls = walk.panel, walk.panel.controls
    image = WORK / "section.tif"
    shutil.copyfile(HERE.parents[1] / "sample_images" / "section.tif", image)

    walk.open_by_hand(image)
    session = panel.session
    automatic = session.threshold
    walk.picture("1-open")

    walk.click(controls.rule.slider, QPoint(60, controls.rule.slider.height() // 2))
    walk.at_rest()
    assert session.threshold_by_hand is not None
    walk.picture("2-threshold")
    assert panel.stage.viewer.title == "calcannot - section.tif - saved", "the threshold is kept, too"
    walk.click(controls.rule.automatic)
    assert session.threshold == automatic

    walk.click(controls.measure)
    walk.until(lambda: session.is_saved, "measured and saved")
    walk.at_rest()
    walk.picture("3-measured")
    assert panel.stage.viewer.title == "calcannot - section.tif - saved"
    area = session.mask.area_px

    walk.tab(1)
    walk.click(controls.correct.buttons["brush"])
    walk.drag((1500, 1900), (1500, 1950), (1540, 2000), (1580, 2040))
    assert session.mask.area_px > area, "the brush adds"
    painted = session.mask.area_px
    walk.picture("4-brush")

    walk.point_at(1400, 1900)
    walk.key("ctrl+z")
    assert session.mask.area_px == area, "undo has it back"
    walk.key("ctrl+shift+z")
    assert session.mask.area_px == painted, "redo does it again"
    walk.key("e")
    walk.drag((900, 1000), (900, 1300))
    assert session.mask.area_px < painted, "the eraser takes away"
    walk.picture("5-eraser")
    walk.key("v")
    walk.until(lambda: session.is_current, "numbers follow by themselves")
    walk.at_rest()

    walk.tab(2)
    table = controls.results.table
    walk.click(table.viewport(), QPoint(40, 30))
    assert controls.results.chosen is not None
    walk.rest(0.5)
    walk.picture("6-region")
    walk.point_at(*(sum(each) / 2 for each in zip(*_edges(walk), strict=True)))
    walk.key("a")
    walk.key("r")
    kinds = [stroke.kind for stroke in session.annotations.strokes]
    assert kinds.count(StrokeKind.ACCEPT) == 1
    assert kinds.count(StrokeKind.REJECT) == 1
    assert controls.results.progress.text().startswith("2 of ")
    walk.until(lambda: session.is_current, "the rejected region is gone")
    walk.at_rest()
    walk.picture("7-review")

    walk.tab(3)
    walk.click(controls.measure)
    walk.until(lambda: session.is_saved, "saved")
    walk.at_rest()
    panel.leaving.figure(WORK / "figure.png")
    walk.at_rest()
    panel.leaving.report(WORK / "report.html")
    walk.at_rest()
    panel.leaving.export("geojson", WORK / "export")
    walk.at_rest()
    walk.picture("8-share")
    assert Image.open(WORK / "figure.png").info["dpi"][0] > 299
    assert "<html" in (WORK / "report.html").read_text(encoding="utf-8")
    assert list((WORK / "export").glob("*.geojson"))
    case, mask, strokes = session.drawing.case.path, session.mask.area_px, len(session.annotations.strokes)
    walk.until(lambda: session.drawing.state == "saved", "strokes saved")
    panel.stage.viewer.layers.clear()
    panel.open_path(shutil.copytree(HERE.parents[1] / "sample_images", WORK / "case"))
    walk.at_rest()
    walk.click(controls.measure)
    walk.until(lambda: panel.session.is_saved, "the film is measured")
    section = next(each for each in panel.desk.sessions if each.info.name == "section.tif" and each is not session)
    panel.controls.beside.asked.emit(section)
    walk.rest(2)
    walk.picture("9-beside")
    walk.end()

    verdict = verify([case])
    assert not verdict.differences, "the command line derives the same"
    from napari_calcannot.reader import open_path

    (again,) = open_path(image)
    assert len(again.annotations.strokes) == strokes
    again.measure()
    assert again.mask.area_px == mask
    again.close()
    shutil.rmtree(WORK, ignore_errors=True)


def clicks() -> None:
    """From a slide never seen to a saved measurement, by the mouse alone."""
    walk = Walk(WORK)
    image = WORK / "section.tif"
    shutil.copyfile(HERE.parents[1] / "sample_images" / "section.tif", image)
    walk.open_by_hand(image)
    walk.click(walk.panel.controls.measure)
    walk.until(lambda: walk.panel.session.is_saved, "measured and saved")
    assert (walk.panel.session.saved_to / "regions.csv").exists()
    print("clicks:", walk.clicks, flush=True)
    walk.at_rest()
    walk.end()


def _row_of(files: QTreeView, name: str) -> QModelIndex | None:
    model, root = files.model(), files.rootIndex()
    rows = (model.index(row, 0, root) for row in range(model.rowCount(root)))
    return next((each for each in rows if each.data() == name), None)


def _edges(walk: Walk) -> tuple[tuple[float, float], tuple[float, float]]:
    stage, session = walk.panel.stage, walk.panel.session
    top, left, bottom, right = stage.camera.view(stage.layer(session, IMAGE))
    return (top, left), (bottom, right)


if __name__ == "__main__":
    if sys.argv[1:] == ["--clicks"]:
        clicks()
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "walk")
