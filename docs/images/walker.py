"""A window of the plugin, a hand on mouse and keyboard (xdotool), and a camera."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

WORK = Path(tempfile.mkdtemp())
# Settings and cases of the person who runs this are neither used nor changed.
os.environ["NAPARI_CONFIG"] = str(WORK / "settings.yaml")
os.environ["CALCANNOT_CASES"] = str(WORK / "cases")

import napari  # noqa: E402
from PIL import Image  # noqa: E402
from qtpy.QtCore import QPoint, QRect, QTimer  # noqa: E402
from qtpy.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QScrollArea, QTreeView  # noqa: E402

from napari_calcannot.layers import IMAGE  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QModelIndex
    from qtpy.QtWidgets import QDialog, QPushButton, QWidget

WIDTH_PX = 1000
PATIENCE_S = 120
_LOOK_MS = 150


class Walk:
    """What a person does at the window, and what is seen of it; pictures go into ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manager = subprocess.Popen(["openbox"]) if shutil.which("openbox") else None
        self.viewer = napari.Viewer(title="calcannot")
        self.viewer.window.resize(1580, 960)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
        self.controls = self.panel.controls
        self.clicks = 0
        self.rest(2)

    @property
    def session(self) -> Any:
        """The image in hand."""
        return self.panel.session

    # Waiting

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
            assert time.monotonic() < end, f"never came true: {what}; said: {self.controls.message.text()}"

    def at_rest(self) -> None:
        """Until no job runs and everything is saved."""
        self.rest(0.4)
        panel = self.panel
        self.until(
            lambda: not (panel.desk.runner.is_busy or panel.desk.is_working or panel.keeping.is_writing), "at rest"
        )
        self.rest(0.4)

    # Mouse and keyboard

    def x(self, *words: object) -> None:
        """One xdotool command."""
        done = subprocess.Popen(["xdotool", *map(str, words)])
        while done.poll() is None:
            QApplication.processEvents()
            time.sleep(0.005)
        self.rest(0.15)

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click into a widget, in its middle unless a place is given; one out of sight is scrolled to."""
        self._scroll_to(widget)
        point = widget.mapToGlobal(place or widget.rect().center())
        self.x("mousemove", point.x(), point.y())
        self.x("click", 1)
        self.clicks += 1

    def choose(self, box: QComboBox, row: int) -> None:
        """Click on a line of a box."""
        self.click(box)
        self.rest(0.5)
        view = box.view()
        self.click(view.viewport(), view.visualRect(box.model().index(row, 0)).center())

    def tab(self, number: int) -> None:
        """Click on a tab."""
        bar = self.controls.tabs.tabBar()
        self.click(bar, bar.tabRect(number).center())

    def key(self, name: str) -> None:
        """Press a key where the mouse is."""
        self.x("key", name)

    def point_at(self, row: float, col: float) -> None:
        """Move the mouse to a pixel of the image."""
        point = self.canvas(row, col)
        self.x("mousemove", point.x(), point.y())

    def click_at(self, row: float, col: float) -> None:
        """Click on a pixel of the image."""
        self.point_at(row, col)
        self.x("click", 1)

    def drag(self, *places: tuple[float, float]) -> None:
        """Press at the first pixel, move over the others, let go."""
        self.point_at(*places[0])
        self.x("mousedown", 1)
        for place in places[1:]:
            self.point_at(*place)
        self.x("mouseup", 1)

    # Menus and dialogs: they have loops of their own, from which a click comes back when they are closed.

    def open_by_hand(self, path: Path) -> None:
        """Open, Image... or Case folder..., and the file or folder in the dialog."""
        os.chdir(path.parent)
        before = len(self.panel.desk.sessions)

        def choose_file(dialog: QDialog) -> None:
            if path.is_dir():
                self._type_and_accept(dialog, str(path))
                return
            files = dialog.findChild(QTreeView, "treeView")
            self.until(lambda: _row_of(files, path.name) is not None, "the file is listed")
            self.click(files.viewport(), files.visualRect(_row_of(files, path.name)).center())
            self.click(dialog.findChild(QDialogButtonBox).buttons()[0])

        def choose_item(menu: QWidget) -> None:
            self._when(QApplication.activeModalWidget, choose_file)
            item = menu.actions()[1 if path.is_dir() else 0]
            self.click(menu, menu.actionGeometry(item).center())

        self._when(QApplication.activePopupWidget, choose_item)
        self.click(self.controls.open)
        self.until(lambda: len(self.panel.desk.sessions) > before, "opened")
        self.at_rest()

    def press_and_answer(self, button: QPushButton, text: str) -> None:
        """Press a button, and type into the dialog that it opens."""
        self.answer(text)
        self.click(button)
        self.until(lambda: QApplication.activeModalWidget() is None, "answered")
        self.at_rest()

    def answer(self, text: str) -> None:
        """Type this into the dialog that opens next."""
        self._when(QApplication.activeModalWidget, lambda dialog: self._type_and_accept(dialog, text))

    def _type_and_accept(self, dialog: QDialog, text: str) -> None:
        self.rest(0.5)
        self.x("key", "ctrl+a")
        self.x("type", "--delay", 5, text)
        for _ in range(3):  # the first Return may end what completes a name
            if QApplication.activeModalWidget() is dialog:
                self.x("key", "Return")
                self.rest(0.5)

    def _when(self, there: Callable[[], Any], act: Callable[[Any], None]) -> None:
        def look() -> None:
            found = there()
            if found is None:
                QTimer.singleShot(_LOOK_MS, look)
            else:
                self.rest(0.5)
                act(found)

        QTimer.singleShot(_LOOK_MS, look)

    # Looking

    def canvas(self, row: float, col: float) -> QPoint:
        """Place on the screen of a pixel of the image in hand."""
        native = self.viewer.window._qt_viewer.canvas.native  # a person sees where the canvas is; a script has to ask
        camera, layer = self.panel.stage.camera, self.panel.stage.layer(self.session, IMAGE)
        return place_on(native, camera.view(layer), row, col)

    @property
    def middle(self) -> tuple[float, float]:
        """Pixel of the image in the middle of the view."""
        top, left, bottom, right = self.panel.stage.camera.view(self.panel.stage.layer(self.session, IMAGE))
        return (top + bottom) / 2, (left + right) / 2

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

    def _scroll_to(self, widget: QWidget) -> None:
        """Turn the wheel until a widget of a tab is in sight."""
        area = next((each for each in self.panel.findChildren(QScrollArea) if each.isAncestorOf(widget)), None)
        if area is None or widget in (area.verticalScrollBar(), area.viewport()):
            return
        view = area.viewport()
        edge = view.mapToGlobal(QPoint(1, view.height() // 2))  # beside the widgets, which the wheel would change
        for _ in range(30):
            at = widget.mapTo(view, widget.rect().center()).y()
            if 8 <= at <= view.height() - 8:
                return
            self.x("mousemove", edge.x(), edge.y())
            self.x("click", 5 if at > view.height() / 2 else 4)


def place_on(native: QWidget, view: tuple[float, float, float, float], row: float, col: float) -> QPoint:
    """Place on the screen of a pixel, in a canvas that shows ``view`` (top, left, bottom, right) of the image."""
    rect = QRect(native.mapToGlobal(QPoint(0, 0)), native.size())
    top, left, bottom, right = view
    return QPoint(
        round(rect.x() + (col - left) / (right - left) * rect.width()),
        round(rect.y() + (row - top) / (bottom - top) * rect.height()),
    )


def _row_of(files: QTreeView, name: str) -> QModelIndex | None:
    model, root = files.model(), files.rootIndex()
    rows = (model.index(row, 0, root) for row in range(model.rowCount(root)))
    return next((each for each in rows if each.data() == name), None)
