"""Training folders from measured images: finds the pixels, and moves the folder into place when it is whole."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from calcannot.batch.export_sources import ExportSource, find_sources
from calcannot.errors import OutputError
from calcannot.export.manifest import RECORD
from calcannot.export.selection import TrainingOptions
from calcannot.export.training import TrainingReport, write_training_folder
from calcannot.export.training_plan import TrainingImage
from calcannot.io import open_image
from calcannot.segment.channels import channel_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcannot.batch.export import Watch
    from calcannot.model.image import ImageInfo, ImageSource

_OPEN_AT_ONCE: Final = 16


def export_training(
    sources: str | Path | Sequence[str | Path],
    to: str,
    output: str | Path,
    options: TrainingOptions | None = None,
    *,
    images: Sequence[str] = (),
    image_folder: str | Path | None = None,
    cases: str | Path | None = None,
    licence: str = "",
    progress: Watch | None = None,
) -> TrainingReport:
    """Cut measured images into tiles to train a model on.

    Parameters
    ----------
    sources
        Case folders and folders of results. A case is one patient; so is a folder of results, unless ``cases`` says
        more.
    to
        One of ``png``, ``yolo``, ``nnunet``, ``numpy``.
    output
        A new or empty folder, or one that an earlier export made.
    images
        Names of images to take; all unless given.
    image_folder
        Where the images of folders of results lie.
    cases
        CSV with the columns ``image`` and ``case``: which image is of which patient.
    licence
        Of the images; that of the case unless given.

    Raises
    ------
    OutputError
        If there is something else at ``output``, or the images do not belong into one folder.
    ImageReadError
        If an image is not found, or is not the one that was measured.
    """
    output = Path(output)
    _check_free(output)
    paths = [sources] if isinstance(sources, str | Path) else list(sources)
    found = find_sources(paths, images, licence)
    if cases is not None:
        found = _with_cases(found, Path(cases))
    place = Path(image_folder) if image_folder is not None else None
    with _OpenImages() as opened:
        chosen = [_training_image(each, each.image_path(place), opened) for each in found]
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".calcannot-", dir=output.parent) as temporary:
            fresh = Path(temporary) / "folder"
            fresh.mkdir()
            report = write_training_folder(fresh, to, chosen, options or TrainingOptions(), progress)
            if output.exists():
                shutil.rmtree(output)
            fresh.rename(output)
    return report


def _training_image(source: ExportSource, path: Path, opened: _OpenImages) -> TrainingImage:
    item = source.item
    at_most = item.resolved.tissue_at_most
    with opened(path) as image:
        info = image.info
    tissue = None if at_most is None or info.channels != 3 else partial(_tissue_share, info, at_most)
    return TrainingImage(item.name, source.case, source.licence, source.subject, partial(opened, path), tissue)


def _tissue_share(info: ImageInfo, at_most: float, pixels: np.ndarray[Any, Any]) -> float:
    return float(np.mean(channel_of("glass", info).values(pixels) <= at_most))


def _check_free(output: Path) -> None:
    if not output.exists() or (output.is_dir() and (not any(output.iterdir()) or (output / RECORD).is_file())):
        return
    what = "is there and was not made by an earlier export of tiles"
    raise OutputError(what, path=output, remedy="give a new folder with -o")


def _with_cases(found: list[ExportSource], table: Path) -> list[ExportSource]:
    remedy = "give a CSV with the columns image and case, one row an image"
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = {row["image"]: row["case"].strip() for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error):
        raise OutputError("cannot be read as a table of cases", path=table, remedy=remedy) from None
    for each in found:
        if not rows.get(each.item.name):
            raise OutputError(f"says no case for {each.item.name}", path=table, remedy=remedy)
    return [replace(each, case=rows[each.item.name]) for each in found]


class _OpenImages:
    """Keeps the images open that were used last: a draw over a study goes to and fro between them."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, ImageSource] = OrderedDict()

    @contextmanager
    def __call__(self, path: Path) -> Iterator[ImageSource]:
        if path not in self._open:
            self._open[path] = open_image(path)
        self._open.move_to_end(path)
        if len(self._open) > _OPEN_AT_ONCE:
            self._open.popitem(last=False)[1].close()
        yield self._open[path]

    def __enter__(self) -> _OpenImages:
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._open.values():
            source.close()
        self._open.clear()
