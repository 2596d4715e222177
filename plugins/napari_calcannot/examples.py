"""Pick from examples: places that are clicked, and the rule that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from calcannot.errors import CalcannotError
from calcannot.report.numbers import significant
from calcannot.segment.examples import pick_rule, recipe_of
from napari_calcannot.tools import Hand, Tool
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    import numpy.typing as npt

    from calcannot.model.recipe import Recipe
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_REACH_PX = 2  # a click stands for the square around it


class Examples(QObject):
    """Collects places of the image in hand.

    Parameters
    ----------
    desk, hand
        Where, and what clicks.
    """

    counted = Signal(int, int)
    """Places of mineral and of other things."""

    def __init__(self, desk: Desk, hand: Hand) -> None:
        super().__init__(desk)
        self._desk, self._hand = desk, hand
        self._of: Session | None = None
        self._places: dict[Tool, list[tuple[int, int]]] = {}
        self.clear()
        hand.clicked.connect(self._on_clicked)
        desk.state_changed.connect(self._tell)

    def clear(self) -> None:
        """Forget all places."""
        self._places = {Tool.MINERAL_EXAMPLE: [], Tool.OTHER_EXAMPLE: []}
        self._tell()

    def pick(self) -> None:
        """Take the rule that tells them apart best."""
        session = self._desk.session
        if session is None:
            return
        try:
            mineral, other = (self._pixels(session, tool) for tool in self._places)
            rule = pick_rule(session.info, mineral, other)
            recipe = recipe_of(rule, session.info, _base(session))
        except CalcannotError as error:
            self._desk.say(sentence(error))
            return
        self._hand.use(Tool.MOVE)
        if self._desk.change(lambda each: each.set_recipe(recipe)):
            side = "at or below" if rule.mineral == "dark" else "above"
            said = f"Mineral: {rule.channel} {side} {significant(rule.threshold, 4)}, from your examples."
            if rule.errors:
                said += f" {significant(100 * rule.errors, 2)} % of them are on the wrong side of it."
            self._desk.say(said)

    def _on_clicked(self, row: float, col: float) -> None:
        session, tool = self._desk.session, self._hand.tool
        if session is None or tool not in self._places:
            return
        if session is not self._of:
            self.clear()
            self._of = session
        self._places[tool].append((round(row), round(col)))
        self._tell()

    def _tell(self) -> None:
        """Those of another image are kept, but are none of this one."""
        mineral, other = (len(places) for places in self._places.values())
        self.counted.emit(*((mineral, other) if self._desk.session is self._of else (0, 0)))

    def _pixels(self, session: Session, tool: Tool) -> npt.NDArray[np.generic]:
        info = session.info
        depth = (3,) if info.channels == 3 else ()
        parts = [np.empty((0, *depth), info.dtype)]
        for row, col in self._places[tool] if session is self._of else []:
            top, left = max(0, row - _REACH_PX), max(0, col - _REACH_PX)
            bottom, right = min(info.height_px, row + _REACH_PX + 1), min(info.width_px, col + _REACH_PX + 1)
            if bottom > top and right > left:
                parts.append(session.source.read(top, left, bottom - top, right - left).reshape(-1, *depth))
        return np.concatenate(parts)


def _base(session: Session) -> Recipe | None:
    """The recipe whose cleanup and reference area are kept."""
    try:
        recipe = session.automatic_recipe
    except CalcannotError:
        return None
    return recipe if recipe.background is None else None
