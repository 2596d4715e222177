"""Lines on the image: how long they are, and the pixel size from one of known length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QInputDialog

from calcannot.errors import CalcannotError
from calcannot.model.calibration import parse_length_um
from calcannot.pipeline.calibrate import calibrate_line
from calcannot.report.numbers import significant
from napari_calcannot.tools import Hand, Tool
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    import numpy.typing as npt

    from calcannot.model.image import ImageInfo
    from napari_calcannot.desk import Desk


class Lines(QObject):  # type: ignore[misc]
    """Measures and calibrates.

    Parameters
    ----------
    desk, hand
        Where, and what draws.
    """

    def __init__(self, desk: Desk, hand: Hand) -> None:
        super().__init__(desk)
        self._desk, self._hand = desk, hand
        hand.stretched.connect(self._on_stretched)
        hand.measured.connect(self._on_measured)
        hand.tool_changed.connect(self._on_tool)

    def ask_for_scale(self) -> None:
        """Let the user draw a line of known length."""
        self._hand.use(Tool.SCALE_LINE)
        self._desk.say("Draw a line along something of known length: press, drag, and let go.")

    def calibrate(self, ends: npt.NDArray[np.float64], length: str) -> bool:
        """Take the pixel size from a line of this length, for example ``100um``; False where it is refused."""
        session = self._desk.session
        if session is None:
            return False
        try:
            size = calibrate_line(session.source, ends.tolist(), parse_length_um(length))
        except CalcannotError as error:
            self._desk.say(sentence(error))
            return False
        return self._desk.change(lambda each: each.set_pixel_size(size))

    def _on_tool(self, tool: str) -> None:
        session = self._desk.session
        if session is not None and Tool(tool) not in (Tool.RULER, Tool.SCALE_LINE):
            self._desk.stage.drawn.show_line(session, None)

    def _on_stretched(self, ends: npt.NDArray[np.float64]) -> None:
        session = self._desk.session
        if session is not None:
            self._desk.stage.drawn.show_line(session, ends)
            self._desk.say(length_text(session.info, ends))

    def _on_measured(self, ends: npt.NDArray[np.float64]) -> None:
        self._on_stretched(ends)
        if self._hand.tool is Tool.SCALE_LINE:
            # After the mouse is done: a dialog inside its event would keep the button pressed.
            QTimer.singleShot(0, lambda: self._ask_length(ends))

    def _ask_length(self, ends: npt.NDArray[np.float64]) -> None:
        asked = "Length of the line, with its unit:"
        text, is_given = QInputDialog.getText(None, "Calibrate from a line", asked, text="100um")
        if is_given and self.calibrate(ends, text):
            self._hand.use(Tool.MOVE)


def length_text(info: ImageInfo, ends: npt.NDArray[np.float64]) -> str:
    """How long a line is, between two places in (x, y)."""
    across, down = (abs(float(each)) for each in ends[1] - ends[0])
    size = info.calibration
    if size is None:
        return f"{significant(float(np.hypot(across, down)))} px"
    um = float(np.hypot(across * size.um_per_px_col, down * size.um_per_px_row))
    return f"{significant(um / 1e3)} mm" if um >= 1e3 else f"{significant(um)} µm"
