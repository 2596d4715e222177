"""napari's way in: images, and case folders with their regions of interest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from calcannot.errors import CalcannotError, ImageReadError
from calcannot.io import open_image, sniff
from calcannot.io.folder import is_image_folder
from calcannot.io.open import head_of
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.case_record import RECORD
from napari_calcannot.case_home import find_own_case, resume
from napari_calcannot.layers import LayerData, image_layer, regions_layer
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.painting import Hand
from napari_calcannot.pending import read_pending
from napari_calcannot.preferences import user_name
from napari_calcannot.session import Session
from napari_calcannot.wording import sentence

Paths = str | Path | Sequence[str | Path]
_RECOGNISED = (sniff.is_dicom, sniff.is_tiff, sniff.is_png, sniff.is_jpeg, sniff.is_bare_dicom)


def get_reader(path: Paths) -> Callable[[Paths], list[Any]] | None:
    """Give a reader if all of these are images or cases of ours, else None. Looks at the first kilobyte only."""
    return read if all(_is_ours(Path(each)) for each in _listed(path)) else None


def read(path: Paths) -> list[Any]:
    """Layers of images or cases. What cannot be read is said in a notification, and the rest is opened."""
    layers: list[Any] = []
    for each in _listed(path):
        try:
            layers += layers_of(open_path(each))
        except CalcannotError as error:
            from napari.utils.notifications import show_error

            show_error(sentence(error))
    return layers or [(None,)]  # napari's sign for: read, and nothing to show


def open_path(path: str | Path) -> list[Session]:
    """Open an image, or every image of a case folder, with what was drawn on it at earlier times.

    Raises
    ------
    CalcannotError
        If it cannot be opened. In a case, an image that fails is an error of the whole: it would be missed silently.
    """
    path = Path(path)
    author = user_name()
    if not is_case(path) and path.name != RECORD:
        session = Session.open(path)  # a folder can be one image too
        session.hand = Hand(author)
        try:
            kept = find_own_case(path, author=author)
            if kept is not None:
                session.notice = resume(session, kept)
            _bring_back(session)
        except BaseException:
            session.close()
            raise
        return [session]
    case = CaseFolder.open(path)
    if not case.images:
        raise ImageReadError("the case has no images", path=path, remedy="add one with calcannot case add")
    sessions: list[Session] = []
    try:
        for entry in case.images:
            size = None if entry.calibration is None else entry.calibration.to_calibration()
            source = open_image(case.image_path(entry.id), calibration=size)
            sessions.append(Session(source, role=entry.role))
            sessions[-1].hand = Hand(author)
            sessions[-1].notice = resume(sessions[-1], LogDrawing(case, entry.id, author=author))
            _bring_back(sessions[-1])
    except BaseException:
        for session in sessions:
            session.close()
        raise
    return sessions


def _bring_back(session: Session) -> None:
    left = read_pending(session)
    if left is not None:
        left.bring_back(session)


def layers_of(sessions: Sequence[Session]) -> list[LayerData]:
    """Image and regions of each; the first is visible, for images of different scale lie on top of each other."""
    layers = []
    for number, session in enumerate(sessions):
        layers.append(image_layer(session, visible=number == 0))
        if session.annotations.strokes:
            layers.append(regions_layer(session, visible=number == 0))
    return layers


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return is_case(path) or is_image_folder(path)
    try:
        head = head_of(path)
    except CalcannotError:
        return False
    return any(recognise(head) for recognise in _RECOGNISED)


def _listed(path: Paths) -> list[str | Path]:
    return [path] if isinstance(path, str | Path) else list(path)
