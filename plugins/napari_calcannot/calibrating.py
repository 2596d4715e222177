"""The pixel size from what lies on the film or is known of it: a line, a coin, a ball, a height, or a number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.io import sha256_of
from calcannot.model.calibration import parse_length_um, parse_pixel_size
from calcannot.pipeline.calibrate import calibrate_height, calibrate_line, calibrate_round
from napari_calcannot.jobs import Runner
from napari_calcannot.scale_row import scale_text
from napari_calcannot.size_dialog import ask_size
from napari_calcannot.tools import Hand, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from qtpy.QtWidgets import QWidget

    from calcannot.model.calibration import Calibration
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_ROUND = {Tool.COIN: "coin", Tool.BALL: "ball"}
_HOW = {
    "line": "Draw from one mark to the other, or along something of known length: press, drag, and let go.",
    "coin": "Click inside the coin. Its edge is found.",
    "ball": "Click inside the ball. Its edge is found.",
}
_TOOLS = {"line": Tool.SCALE_LINE, "coin": Tool.COIN, "ball": Tool.BALL}


class Calibrating(QObject):
    """Joins the ways to calibrate with the session.

    Parameters
    ----------
    desk, hand, window
        Where, what draws, and over what questions are asked.
    """

    measurement_needed = Signal()

    def __init__(self, desk: Desk, hand: Hand, window: QWidget) -> None:
        super().__init__(desk)
        self._desk, self._hand, self._window = desk, hand, window
        self._runner = Runner(self)
        hand.measured.connect(self._on_measured)
        hand.clicked.connect(self._on_clicked)

    def ask(self, way: str) -> None:
        """Begin to calibrate in one of ``WAYS``."""
        if self._desk.session is None:
            return
        if way in _TOOLS:
            self._hand.use(_TOOLS[way])
            self._desk.say(_HOW[way])
        else:
            self._ask_size(way, [])

    def stop(self) -> None:
        """Take nothing more."""
        self._runner.drop()

    def calibrate(self, way: str, points: Sequence[Sequence[float]], answers: Mapping[str, str]) -> None:
        """Take the pixel size found so; where it is refused, that is said. In a thread: a slide is read for its hash.

        Parameters
        ----------
        points
            Ends of the line, or one point inside the coin or ball, or five and more on its edge: (x, y) from the
            image's corner.
        answers
            As ``SizeDialog`` gives them: lengths with their units.
        """
        session = self._desk.session
        if session is None:
            return
        self._desk.say("Finding the pixel size ...")
        self._runner.start(
            lambda _: _signed(session, _found(session, way, points, answers)),
            partial(self._on_found, session),
            self._desk.say,
        )

    def _on_found(self, session: Session, size: Calibration) -> None:
        if session is not self._desk.session:
            self._desk.say(f"{session.info.name} keeps its pixel size, for another image was chosen meanwhile.")
            return
        was_measured = session.analysis is not None
        if not self._desk.change(lambda each: each.set_pixel_size(size)):
            return
        self._hand.use(Tool.MOVE)
        if size.evidence is not None and len(size.evidence.points) > 2:
            self._desk.stage.drawn.outline_chosen(session, [np.array(size.evidence.points, np.float64)])
        self._desk.say(f"{scale_text(session.info)}.")
        if was_measured:
            self.measurement_needed.emit()

    def _on_measured(self, ends: npt.NDArray[np.float64]) -> None:
        if self._hand.tool is Tool.SCALE_LINE:
            # After the mouse is done: a dialog inside its event would keep the button pressed.
            QTimer.singleShot(0, partial(self._ask_size, "line", ends.tolist()))

    def _on_clicked(self, row: float, col: float) -> None:
        way = _ROUND.get(self._hand.tool)
        if way is not None:
            QTimer.singleShot(0, partial(self._ask_size, way, [(col + 0.5, row + 0.5)]))

    def _ask_size(self, way: str, points: Any) -> None:
        answers = ask_size(way, self._window)
        if answers is not None:
            self.calibrate(way, points, answers)


def _found(session: Session, way: str, points: Sequence[Sequence[float]], answers: Mapping[str, str]) -> Calibration:
    source, known = session.source, answers.get("size", "")
    if way == "size":
        return parse_pixel_size(known)
    size_um, others = parse_length_um(known), {k: parse_length_um(v) for k, v in answers.items() if k != "size"}
    margin, beside = others.get("tolerance", 0.0), others.get("height_error")
    if way == "height":
        distance = others.get("source_distance")
        return calibrate_height(source, size_um, source_um=distance, height_error_um=beside)
    if way == "line":
        return calibrate_line(source, points, size_um, tolerance_um=margin, height_error_um=beside)
    return calibrate_round(source, way, points, size_um, tolerance_um=margin, height_error_um=beside)


def _signed(session: Session, size: Calibration) -> Calibration:
    """With who calibrated, when, and on which file."""
    if size.evidence is None:
        return size
    digest = sha256_of(session.path) if session.path.exists() else ""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    signed = replace(size.evidence, image_sha256=digest, user=session.hand.author, time=now)
    return replace(size, evidence=signed)
