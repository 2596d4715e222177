"""Lines on the image: how long they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from calcannot.report.numbers import significant
from napari_calcannot.tools import Hand, Tool

if TYPE_CHECKING:
    import numpy.typing as npt

    from calcannot.model.image import ImageInfo
    from napari_calcannot.desk import Desk


class Lines(QObject):
    """Shows and measures what is drawn with the ruler, or to calibrate.

    Parameters
    ----------
    desk, hand
        Where, and what draws.
    """

    def __init__(self, desk: Desk, hand: Hand) -> None:
        super().__init__(desk)
        self._desk, self._hand = desk, hand
        hand.stretched.connect(self._on_stretched)
        hand.measured.connect(self._on_stretched)
        hand.tool_changed.connect(self._on_tool)

    def _on_tool(self, tool: str) -> None:
        session = self._desk.session
        if session is not None and Tool(tool) not in (Tool.RULER, Tool.SCALE_LINE):
            self._desk.stage.drawn.show_line(session, None)

    def _on_stretched(self, ends: npt.NDArray[np.float64]) -> None:
        session = self._desk.session
        if session is not None:
            self._desk.stage.drawn.show_line(session, ends)
            self._desk.say(length_text(session.info, ends))


def length_text(info: ImageInfo, ends: npt.NDArray[np.float64]) -> str:
    """How long a line is, between two places in (x, y)."""
    across, down = (abs(float(each)) for each in ends[1] - ends[0])
    size = info.calibration
    if size is None:
        return f"{significant(float(np.hypot(across, down)))} px"
    um = float(np.hypot(across * size.um_per_px_col, down * size.um_per_px_row))
    return f"{significant(um / 1e3)} mm" if um >= 1e3 else f"{significant(um)} µm"
