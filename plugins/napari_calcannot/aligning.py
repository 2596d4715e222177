"""Clicks on places that are the same in the image in hand and in the one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from calcannot.report.numbers import significant
from napari_calcannot import layers as convert
from napari_calcannot.alignment import pairs_of, plain_pairs
from napari_calcannot.linking import are_of_one_case, keep_pairs, kept_pairs
from napari_calcannot.tools import Hand, Tool

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_calcannot.alignment import Fit
    from napari_calcannot.beside import Beside
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_FIRST = "Click a place in one of the two images, and the same place in the other. A drag moves the view."
_OTHER = "Now the same place in the other image."
_SHIFTED = "Both move together. A second place, far from the first, turns the image beside too. Align ends it."
_MORE = "More places make it surer, three tell a section that was turned over. Align ends it."


class Aligning(QObject):
    """Joins the tool "Align" with the image beside.

    Parameters
    ----------
    desk, hand, beside
        Where, what clicks, and what is turned.
    """

    changed = Signal()

    def __init__(self, desk: Desk, hand: Hand, beside: Beside) -> None:
        super().__init__(desk)
        self._desk, self._hand, self._beside = desk, hand, beside
        self._here: list[complex] = []
        self._there: list[complex] = []
        self._of: tuple[Session | None, Session | None] = (None, None)
        self._kept = 0
        """Pairs of these that are in the record."""
        desk.state_changed.connect(self._on_state)
        hand.clicked.connect(self._on_clicked)
        hand.tool_changed.connect(self._on_tool)
        beside.opened.connect(self._on_opened)

    @property
    def is_on(self) -> bool:
        """Whether clicks are places."""
        return self._hand.tool is Tool.ALIGN

    def use(self, *, on: bool) -> None:
        """Begin with new places, or end."""
        self._hand.use(Tool.ALIGN if on and self._beside.session is not None else Tool.MOVE)

    def _on_tool(self, tool: str) -> None:
        on = Tool(tool) is Tool.ALIGN
        if on or self._here or self._there:
            self._here, self._there, self._kept = [], [], 0
            self._show_marks()
            self._of = (self._desk.session, self._beside.session) if on else (None, None)
            self._desk.say(_FIRST if on else "")
        self.changed.emit()

    def _on_opened(self) -> None:
        """A view is there: hear its clicks."""
        model = self._beside.model
        assert model is not None
        model.mouse_drag_callbacks.append(self._on_press)

    def _on_press(self, _: object, event: Any) -> Generator[None, None, None]:
        layer = self._beside.image
        if not self.is_on or layer is None or event.button != 1:
            return
        row, col = (float(each) for each in layer.world_to_data(event.position)[-2:])
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged:
            self._take(complex(col, row), self._there, self._here)

    def _on_clicked(self, row: float, col: float) -> None:
        if self.is_on:
            self._take(complex(col, row), self._here, self._there)

    def _take(self, place: complex, mine: list[complex], other: list[complex]) -> None:
        if self._of != (self._desk.session, self._beside.session):
            self.use(on=False)
            return
        if len(mine) > len(other):
            mine[-1] = place  # of two clicks in a row the second is meant
        else:
            mine.append(place)
        self._show_marks()
        pairs = list(zip(self._here, self._there, strict=False))
        if len(self._here) != len(self._there):
            self._desk.say(_OTHER)
            return
        session, beside = self._of
        assert session is not None
        assert beside is not None
        found = self._beside.align(pairs)
        if found is None:
            return
        # One place does not tell a turn that was found by earlier ones: those stay in the record until there are two.
        if not are_of_one_case(session, beside) or (len(pairs) == 1 and found.alignment.is_turned):
            self._desk.state_changed.emit()
        elif not self._desk.change(lambda each: keep_pairs(each, beside, pairs)):
            return
        else:
            self._kept = len(pairs)
        self._desk.say(f"{_told(found, len(pairs), session)} {_SHIFTED if len(pairs) == 1 else _MORE}")

    def _on_state(self) -> None:
        """Let go of places that undo took back."""
        session, beside = self._of
        if not self._kept or session is None or beside is None:
            return
        mine = pairs_of(plain_pairs(list(zip(self._here, self._there, strict=False))))
        kept = kept_pairs(session, beside)
        if kept != mine[: self._kept]:
            self._kept = len(kept) if kept == mine[: len(kept)] else 0
            del self._here[self._kept :], self._there[self._kept :]
            self._show_marks()

    def _show_marks(self) -> None:
        model, (session, beside) = self._beside.model, self._of
        if session is None:
            session, beside = self._desk.session, self._beside.session
        if session in self._desk.sessions and session is not None:
            stage = self._desk.stage
            stage.drop(session, convert.MARKS)
            if self._here:
                active = stage.viewer.layers.selection.active
                stage.add([convert.marks_layer(session, [(each.imag, each.real) for each in self._here])])
                stage.viewer.layers.selection.active = active
        if model is None:
            return
        for layer in [each for each in model.layers if each.metadata.get(convert.ROLE) == convert.MARKS]:
            model.layers.remove(layer)
        if self._there and beside is not None:
            data = convert.marks_layer(beside, [(each.imag, each.real) for each in self._there])
            model.add_layer(self._beside.placed(Layer.create(*data)))


def _told(found: Fit, count: int, session: Session) -> str:
    if count == 1:
        return "Shifted."
    over = ", turned over" if found.alignment.mirrored else ""
    unit = "µm" if session.info.calibration is not None else "px"
    way = "clockwise" if found.alignment.angle_deg > 0 else "anticlockwise"
    turned = f"Turned by {abs(found.alignment.angle_deg):.1f}° {way}{over}"
    return f"{turned}; the places fit to {significant(found.apart, 2)} {unit}."
