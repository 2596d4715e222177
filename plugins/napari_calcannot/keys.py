"""Keys of the panel: one table that binds them, lists them in the panel, and that the documents are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut

from calcannot.model.annotation import StrokeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from qtpy.QtWidgets import QWidget

# napari's own keys for the layers that are in use are left alone: 1 to 7, Delete, Space, Escape. Of its letters that
# go to a layer before they come to the viewer (X and O on an image) ours take the place, on layers of ours.
KEYS: Final[dict[str, tuple[str, str]]] = {
    "V": ("move", "Move the view, click a region to choose it"),
    "B": ("brush", "Brush: paint mineral"),
    "E": ("eraser", "Eraser: take mineral away"),
    "L": ("lasso", "Lasso: draw around mineral"),
    "X": ("cut", "Cut: draw around what is no mineral"),
    "F": ("fill", "Fill the gap that is clicked"),
    "D": ("delete", "Delete the region that is clicked"),
    "G": ("grow", "Grow the lesion that is clicked, on a film"),
    "[": ("smaller", "Smaller brush"),
    "]": ("larger", "Larger brush"),
    "Control-Z": ("undo", "Undo, without a limit in number"),
    "Control-Shift-Z": ("redo", "Redo"),
    "M": ("measure", "Measure, or cancel"),
    "N": ("next", "Next region of the table"),
    "P": ("previous", "Previous region of the table"),
    "A": (StrokeKind.ACCEPT.value, "Accept the chosen region and go to the next"),
    "R": (StrokeKind.REJECT.value, "Reject the chosen region and go to the next"),
    "H": ("hide", "Hide or show the overlay"),
    "O": ("outline", "Outline or fill"),
}


def bind(target: Any, actions: Mapping[str, Callable[[], object]]) -> None:
    """Bind all keys to a viewer or a layer."""
    for key, (name, _) in KEYS.items():
        target.bind_key(key, _calling(actions[name]), overwrite=True)


def add_shortcuts(widget: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """The same keys while a table or a button of the panel has the keyboard; fields for text keep their letters."""
    for key, (name, _) in KEYS.items():
        shortcut = QShortcut(QKeySequence(key.replace("Control", "Ctrl").replace("-", "+")), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(actions[name])


def unbind(target: Any) -> None:
    """Let go of all keys."""
    for key in KEYS:
        target.bind_key(key, None)


def _calling(action: Callable[[], object]) -> Callable[[Any], None]:
    def pressed(_: Any) -> None:
        action()

    return pressed
