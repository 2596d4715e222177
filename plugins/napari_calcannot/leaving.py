"""Figure, report and export, each by the function that the command line calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QInputDialog

from calcannot.batch.export import FORMATS, export
from calcannot.batch.report import write_report
from calcannot.store.case_folder import is_case
from napari_calcannot.apart import run_apart
from napari_calcannot.figure import write_figure
from napari_calcannot.layers import IMAGE
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.save_results import save_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.pipeline.scan import Progress
    from napari_calcannot.controls import Controls
    from napari_calcannot.desk import Desk
    from napari_calcannot.measuring import Measuring

_NOTHING_OPEN = "No image is open. Open one first."
_NOT_MEASURED = "There is no saved measurement yet. Press Measure."


class Leaving(QObject):
    """Joins the tab "Share" with what writes files.

    Parameters
    ----------
    desk, controls, measuring
        What is written, where it is asked for, and what runs it.
    """

    def __init__(self, desk: Desk, controls: Controls, measuring: Measuring) -> None:
        super().__init__(desk)
        self._desk, self._measuring = desk, measuring
        controls.share.figure_asked.connect(self.ask_figure)
        controls.share.report_asked.connect(self.ask_report)
        controls.share.export_asked.connect(self.ask_export)
        controls.share.results_asked.connect(self.ask_results)

    def figure(self, path: str | Path) -> None:
        """Write what is in view."""
        session = self._desk.session
        layer = None if session is None else self._desk.stage.layer(session, IMAGE)
        if session is None or layer is None:
            return
        box = self._desk.stage.camera.visible(layer, session.info.height_px, session.info.width_px)
        if box is None:
            self._desk.say("The image is out of view. Press the house at the bottom left, then ask again.")
            return
        self._run(lambda _: write_figure(session, box, Path(path)), Path(path))

    def report(self, path: str | Path) -> None:
        """Write the report of the case."""
        case = self._case()
        if case is not None:
            self._run(lambda progress: run_apart(write_report, case, Path(path), progress=progress), Path(path))

    def export(self, to: str, folder: str | Path) -> None:
        """Write the newest measurement of each image of the case in a format."""
        case = self._case()
        if case is not None:
            written = Path(folder)
            self._run(
                lambda progress: run_apart(export, case, to, written, progress=progress, is_watched=True), written
            )

    def _case(self) -> Path | None:
        session = self._desk.session
        if session is None or not isinstance(session.drawing, LogDrawing):
            self._desk.say(_NOTHING_OPEN if session is None else _NOT_MEASURED)
            return None
        case = session.drawing.case.path
        if not is_case(case):
            self._desk.say(f"{case.name}: the case is not where it was. Connect its drive again.")
            return None
        return case

    def _run(self, work: Callable[[Progress], object], place: Path) -> None:
        self._measuring.work(work, lambda _: self._desk.say(f"Written: {place}"))

    def results(self, folder: str | Path) -> None:
        """Write the results of all images that are measured as they are now."""
        measured = [session for session in self._desk.sessions if session.is_current]
        self._run(lambda _: save_results(measured, folder), Path(folder))

    def ask_figure(self) -> None:
        """Ask where the figure goes, and write it."""
        if self._desk.session is None:
            self._desk.say(_NOTHING_OPEN)
            return
        path, _ = QFileDialog.getSaveFileName(None, "Figure of the view", "figure.png", "PNG (*.png)")
        if path:
            self.figure(path)

    def ask_report(self) -> None:
        """Ask where the report goes, and write it."""
        if self._case() is None:
            return
        path, _ = QFileDialog.getSaveFileName(None, "Report of the case", "report.html", "HTML (*.html)")
        if path:
            self.report(path)

    def ask_format(self) -> None:
        """Ask for a format, then as ``ask_export``."""
        if self._case() is None:
            return
        names = {f"{name}: {each.holds}": name for name, each in FORMATS.items()}
        chosen, is_given = QInputDialog.getItem(None, "Export for other tools", "Format:", list(names), editable=False)
        if is_given:
            self.ask_export(names[chosen])

    def ask_export(self, to: str) -> None:
        """Ask where files of a format go, and write them."""
        if self._case() is None:
            return
        folder = QFileDialog.getExistingDirectory(None, "Export into a folder")
        if folder:
            self.export(to, folder)

    def ask_results(self) -> None:
        """Ask where tables, masks and overlays go, and write them."""
        if not any(session.is_current for session in self._desk.sessions):
            self._desk.say(_NOTHING_OPEN if self._desk.session is None else _NOT_MEASURED)
            return
        folder = QFileDialog.getExistingDirectory(None, "Save the results in a folder")
        if folder:
            self.results(folder)
