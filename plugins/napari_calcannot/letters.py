"""Fields with letters as large as the preferences say: napari's style leaves theirs at the size of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.settings import get_settings
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QAbstractSlider, QLineEdit
from superqt import QLabeledDoubleSlider

from napari_calcannot.docks import let_shrink

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


_STYLED_MS = 200
_WIDEST_PX = 400


class Letters:
    """Follows the size of letters in napari's preferences.

    Parameters
    ----------
    inside
        Its fields are kept at that size.
    """

    def __init__(self, inside: QWidget) -> None:
        self._inside = inside
        self._events = get_settings().appearance.events.font_size
        self._events.connect(self.apply)
        # When the style has reached all widgets, which is after this.
        self._soon = QTimer(singleShot=True, interval=_STYLED_MS)
        self._soon.timeout.connect(self._fit)
        self._events.connect(self._start)
        self.apply()

    def apply(self, _: object = None) -> None:
        """Set the size, of fields that were added since too."""
        points = int(get_settings().appearance.font_size)
        for field in self._inside.findChildren(QLineEdit):
            font = field.font()
            # The number of a slider has the room that it had at first: larger letters would make 1e+02 of 132.
            is_number = isinstance(field.parent(), QAbstractSlider)
            if not is_number and font.pointSize() != points:
                font.setPointSize(points)
                field.setFont(font)

    def stop(self) -> None:
        """Follow no more."""
        self._events.disconnect(self.apply)
        self._events.disconnect(self._start)
        self._soon.stop()

    def _start(self, _: object = None) -> None:
        self._soon.start()

    def _fit(self) -> None:
        """Give numbers of sliders the room that they need now, and the docks no more than they do."""
        for slider in self._inside.findChildren(QLabeledDoubleSlider):
            number = slider.findChild(QLineEdit)
            number.setFixedWidth(_WIDEST_PX)  # in too little room it would be written as 1e+02, and fitted to that
            slider.setDecimals(slider.decimals())
        let_shrink(self._inside)
