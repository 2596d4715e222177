"""Opening images, cases and folders: from dialogs, and from what is dropped on the panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QFileDialog

from calcannot.errors import CalcannotError
from calcannot.io.folder import is_image_folder
from calcannot.store.case_folder import is_case
from napari_calcannot.layers import IMAGE
from napari_calcannot.reader import layers_of, open_path
from napari_calcannot.waiting import waiting_text
from napari_calcannot.wording import sentence
from napari_calcannot.worklist import Worklist

if TYPE_CHECKING:
    from napari_calcannot.controls import Controls
    from napari_calcannot.desk import Desk
    from napari_calcannot.following import Following
    from napari_calcannot.keeping import Keeping
    from napari_calcannot.session import Session

_SAVING_MS = 100
_LAID_OUT_MS = 250  # until a window that has just been opened has its size


class Opening(QObject):
    """Opens what the user names.

    Parameters
    ----------
    desk, controls, following, keeping
        Where it is shown, where it is asked for, what takes it over, and what writes what is closed.
    """

    def __init__(self, desk: Desk, controls: Controls, following: Following, keeping: Keeping) -> None:
        super().__init__(desk)
        self._desk, self._controls, self._following, self._keeping = desk, controls, following, keeping
        self.worklist: Worklist | None = None
        self._listed: Session | None = None
        controls.open_image_asked.connect(self._ask_image)
        controls.open_case_asked.connect(lambda: self._ask_folder("Open a case folder"))
        controls.open_folder_asked.connect(lambda: self._ask_folder("Open a folder of images"))
        controls.worklist.place_asked.connect(self.go_to)
        controls.setAcceptDrops(True)
        controls.installEventFilter(self)

    def open(self, path: str | Path) -> bool:
        """Open an image, a case or a folder of images; what goes wrong is said, and False given back."""
        path = Path(path)
        try:
            if path.is_dir() and not is_case(path) and not is_image_folder(path):
                return self._open_folder(path)
        except (CalcannotError, OSError) as error:
            self._desk.say(sentence(error) if isinstance(error, CalcannotError) else str(error))
            return False
        self.worklist = self._listed = None
        self._controls.worklist.show_worklist(None)
        return self._open(path)

    def go_to(self, place: int) -> bool:
        """Open another image of the folder; the one in hand is saved and closed."""
        if self.worklist is None or self._desk.is_working:
            return False
        if self._keeping.is_writing:  # it reads the image that would be closed
            self._desk.say("Saving ...")
            QTimer.singleShot(_SAVING_MS, lambda: self.go_to(place))
            return False
        before = self._listed
        if not self._open(self.worklist.go_to(place)):
            self._controls.worklist.show_worklist(self.worklist)
            return False
        self._listed = self._desk.session
        self._controls.worklist.show_worklist(self.worklist)
        if before is not None:
            self._close(before)
        return True

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        """Take files that are dropped on the panel."""
        if event.type() == QEvent.Type.DragEnter and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop:
            for url in event.mimeData().urls():
                self.open(url.toLocalFile())
            return True
        return False

    def _open_folder(self, folder: Path) -> bool:
        self.worklist, self._listed = Worklist(folder), None
        # Where one cannot be read the arrows still lead on to the next.
        return self.go_to(0)

    def _open(self, path: Path) -> bool:
        try:
            sessions = open_path(path)
        except CalcannotError as error:
            self._desk.say(sentence(error))
            return False
        told = [text for each in sessions for text in (each.notice, waiting_text(each)) if text]
        self._desk.say(" ".join(told))
        for session in sessions:
            session.pixels.waits = not session.pixels.is_large
        self._desk.stage.add(layers_of(sessions))
        self._following.take_layers()
        self._desk.choose(sessions[0])
        self._following.show_chosen()
        self._desk.state_changed.emit()
        # Once more when the window has been laid out: a canvas that is still growing would be fitted too small.
        QTimer.singleShot(_LAID_OUT_MS, self._following.show_chosen)
        return True

    def _close(self, session: Session) -> None:
        layer = self._desk.stage.layer(session, IMAGE)
        if layer is not None:
            self._desk.stage.viewer.layers.remove(layer)

    def _ask_image(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._controls, "Open an image")
        if path:
            self.open(path)

    def _ask_folder(self, title: str) -> None:
        path = QFileDialog.getExistingDirectory(self._controls, title)
        if path:
            self.open(path)
