"""The edits that an action comes to, as the strokes stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.store.stroke_state import Edit, StrokeState, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.model.annotation import Stroke


def edits_of(state: StrokeState, drawn: Iterable[Stroke], removed: Iterable[str]) -> tuple[Edit, ...]:
    """Take strokes away by their ids, then draw others; empty where all is so already.

    Parameters
    ----------
    drawn
        On top of the others; one whose id is there already takes that one's place.
    removed
        Ids that are not there are passed over.
    """
    removals = _removals(state, removed)
    gone = {each.id for each in removals}
    edits = list(removals)
    for stroke in {stroke.id: stroke for stroke in drawn}.values():
        before = None if stroke.id in gone else state.strokes.get(stroke.id)
        if before is None or not same(before, stroke):
            edits.append(Edit(stroke.id, before, stroke))
    return tuple(edits)


def _removals(state: StrokeState, ids: Iterable[str]) -> list[Edit]:
    """The lowest first, each with the stroke that it would return on top of."""
    present = {each for each in ids if each in state.strokes}
    edits: list[Edit] = []
    behind = ""
    for name in state.order if present else ():
        if name in present:
            edits.append(Edit(name, state.strokes[name], None, behind))
        else:
            behind = name
    return edits
