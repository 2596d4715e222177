"""The pixel size in force, how sure it is, and the ways to find a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from calcannot.report.numbers import plane_text, uncertainty_text
from calcannot.report.tables import source_text
from napari_calcannot.layers import UM_PER_UNIT, length_unit

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from napari_calcannot.session import Session

WAYS: Final = {
    "size": "Type the pixel size...",
    "line": "From a line, or two marks of a ruler...",
    "coin": "From a coin...",
    "ball": "From a ball...",
    "height": "From the height of the lesion above the detector...",
}
"""Ways to calibrate; the last three are for films."""
_OF_FILMS: Final = ("coin", "ball", "height")


class ScaleRow(QWidget):
    """One line below the messages."""

    calibrate_asked = Signal(str)
    """One of ``WAYS``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton("Calibrate")
        self.button.setToolTip("Find the pixel size anew. Every length and area follows; undo takes it back.")
        self.menu = QMenu(self.button)
        self.actions_of = {
            way: self.menu.addAction(title, lambda way=way: self.calibrate_asked.emit(way))
            for way, title in WAYS.items()
        }
        self.button.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)

    def show_session(self, session: Session | None) -> None:
        """Show the scale of an image."""
        self.setVisible(session is not None)
        if session is None:
            return
        self.text.setText(scale_text(session.info))
        size = session.info.calibration
        self.text.setToolTip("" if size is None else size.note)
        for way in _OF_FILMS:
            self.actions_of[way].setVisible(session.info.channels == 1)


def scale_text(info: ImageInfo) -> str:
    """Pixel size with its plane, origin and uncertainty; what that is not known where there is none."""
    size = info.calibration
    if size is None:
        return "Scale: not known"
    unit = length_unit(info)
    row, col = (each / UM_PER_UNIT[unit] for each in (size.um_per_px_row, size.um_per_px_col))
    pixel = f"{row:.4g}" if row == col else f"{row:.4g} x {col:.4g}"
    behind = plane_text(size)
    return f"{pixel} {'µm' if unit == 'um' else unit} a pixel{behind}: {source_text(size)}; {uncertainty_text(size)}"
