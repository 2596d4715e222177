"""napari's way in: images, and case folders with their regions of interest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from calcannot.errors import CalcannotError, ImageReadError
from calcannot.io import sniff
from calcannot.io.open import head_of
from calcannot.model.annotation import Annotations
from calcannot.store.geojson import read_annotations
from napari_calcannot.layers import LayerData, image_layer, regions_layer
from napari_calcannot.session import Session
from napari_calcannot.wording import sentence

Paths = str | Path | Sequence[str | Path]
_CASE = "case.json"
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
    """Open an image, or every image of a case folder.

    Raises
    ------
    CalcannotError
        If it cannot be opened. In a case, an image that fails is an error of the whole: it would be missed silently.
    """
    path = Path(path)
    if not (path / _CASE).is_file():
        return [Session.open(path)]  # a folder can be one image too
    sessions: list[Session] = []
    try:
        for file, role in _case_images(path):
            drawn = path / "annotations" / f"{file}.geojson"
            annotations = read_annotations(drawn) if drawn.exists() else Annotations()
            sessions.append(Session.open(path / file, annotations, role=role))
    except BaseException:
        for session in sessions:
            session.close()
        raise
    return sessions


def layers_of(sessions: Sequence[Session]) -> list[LayerData]:
    """Image and regions of each; the first is visible, for images of different scale lie on top of each other."""
    layers = []
    for number, session in enumerate(sessions):
        layers.append(image_layer(session, visible=number == 0))
        if session.annotations.strokes:
            layers.append(regions_layer(session, visible=number == 0))
    return layers


def _case_images(folder: Path) -> list[tuple[str, str]]:
    """Relative path and role of every image of a case."""
    try:
        record = json.loads((folder / _CASE).read_text(encoding="utf-8"))
        images = [(str(each["path"]), str(each.get("role", ""))) for each in record["images"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"the case record cannot be read ({type(error).__name__})"
        raise ImageReadError(what, path=folder / _CASE, remedy="repair it or open a single image") from None
    if not images:
        raise ImageReadError("the case has no images", path=folder)
    root = folder.resolve()
    for file, _ in images:
        if not (folder / file).resolve().is_relative_to(root):
            raise ImageReadError(f"the case names an image outside its folder: {file}", path=folder / _CASE)
    return images


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return (path / _CASE).is_file()
    try:
        head = head_of(path)
    except CalcannotError:
        return False
    return any(recognise(head) for recognise in _RECOGNISED)


def _listed(path: Paths) -> list[str | Path]:
    return [path] if isinstance(path, str | Path) else list(path)
