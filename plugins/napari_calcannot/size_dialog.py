"""What is asked of a person to calibrate: a known size, and how exactly it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

Field = tuple[str, str, str]
"""Name of the answer, label, and what an empty field means."""

_TOLERANCE: Final = ("tolerance", "Known to (95 %)", "exactly")
_BESIDE: Final = ("height_error", "Its height is that of the lesion to (95 %)", "10mm")
FIELDS: Final[dict[str, tuple[str, tuple[Field, ...]]]] = {
    "size": ("Size of one pixel, with its unit; rows x columns where they differ.",
             (("size", "Pixel size", "0.143mm or 0.5umx0.6um"),)),
    "line": ("How long is what you drew along?", (("size", "Length", "100mm"), _TOLERANCE, _BESIDE)),
    "coin": ("A tilted coin casts an ellipse: its long axis is taken. It must lie at the height of the lesion.",
             (("size", "Diameter", "24.5mm"), _TOLERANCE, _BESIDE)),
    "ball": ("A ball casts an ellipse away from the central ray: its short axis is taken.",
             (("size", "Diameter", "25mm"), _TOLERANCE, _BESIDE)),
    "height": ("How far was the lesion from the detector? The pixel size at the detector is that of the header.",
               (("size", "Height of the lesion", "75mm"),
                ("source_distance", "X-ray source to detector", "as in the header"),
                ("height_error", "Height known to (95 %)", "as published for estimates"))),
}  # fmt: skip
"""For each way to calibrate, what is said and what is asked."""


class SizeDialog(QDialog):
    """A few lengths with their units.

    Parameters
    ----------
    way
        One of ``FIELDS``.
    """

    def __init__(self, way: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        said, fields = FIELDS[way]
        self.setWindowTitle("Calibrate")
        form = QFormLayout(self)
        text = QLabel(said)
        text.setWordWrap(True)
        form.addRow(text)
        self.fields = {name: QLineEdit() for name, _, _ in fields}
        for name, label, empty in fields:
            self.fields[name].setPlaceholderText(empty)
            form.addRow(label, self.fields[name])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def answers(self) -> Mapping[str, str]:
        """What was typed, by name; without empty fields."""
        typed = {name: field.text().strip() for name, field in self.fields.items()}
        return {name: text for name, text in typed.items() if text}


def ask_size(way: str, parent: QWidget | None = None) -> Mapping[str, str] | None:
    """Ask, and give what was typed; None where it was cancelled."""
    dialog = SizeDialog(way, parent)
    return dialog.answers() if dialog.exec() else None
