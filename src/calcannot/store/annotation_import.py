"""Annotations of other programs and of other observers, whatever the format: one door.

Formats are told by their bytes and not by their names.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from calcannot.errors import AnnotationError, CalcannotError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.store import foreign_masks, foreign_shapes
from calcannot.store.dicom_segmentation import read_segmentation
from calcannot.store.foreign_shapes import Shape, rings_of
from calcannot.store.geojson import LARGEST_FILE_BYTES, features_in
from calcannot.store.geojson_feature import stroke_of
from calcannot.store.sound import sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.model.image import ImageInfo

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GZIP: Final = b"\x1f\x8b"
_OF_US: Final = "calcified"


def read_any(
    path: str | Path,
    info: ImageInfo,
    kind: StrokeKind = StrokeKind.ADD,
    *,
    only: str | None = None,
    author: str = "",
    reason: str = "",
) -> Annotations:
    """Read annotations of an image.

    GeoJSON (also ``.gz``), ImageJ's ``.roi`` and RoiSet.zip, ASAP's XML, COCO, and masks as PNG, TIFF, OME-TIFF, NumPy,
    OME-Zarr or a DICOM segmentation.

    Parameters
    ----------
    info
        The image that they are said to belong to: places, size and scale are held against it.
    kind
        What each shape becomes. A class of GeoJSON that excludes still excludes.
    only
        Class to take, where shapes have classes.
    author, reason
        Of each stroke; what a file says of its own strokes stays.

    Returns
    -------
    Annotations
        Empty where a mask or a file holds nothing: to see no mineral is a finding too.

    Raises
    ------
    AnnotationError
        If the file is of no known kind or damaged, has several classes and none was chosen, or cannot belong to the
        image.
    """
    path = Path(path)
    try:
        strokes = _read(path, info, kind, only)
    except CalcannotError:
        raise
    except OSError as error:
        raise AnnotationError(f"cannot be read ({error.strerror or type(error).__name__})", path=path) from None
    except MemoryError:
        raise AnnotationError("does not fit into memory", path=path, remedy="use GeoJSON") from None
    except Exception as error:  # decoders of damaged files raise anything
        what = f"is damaged or of a kind that is not read ({type(error).__name__})"
        raise AnnotationError(what, path=path, remedy="export it again") from error
    named = [sound(replace(each, reason=each.reason or reason, author=each.author or author)) for each in strokes]
    for number, stroke in enumerate(named, start=1):
        _check_place(stroke, number, info, path)
    return Annotations(tuple(named))


def _read(path: Path, info: ImageInfo, kind: StrokeKind, only: str | None) -> list[Stroke]:
    if path.is_dir():
        return _of_mask(foreign_masks.zarr_pixels(path), info, kind, path)
    with path.open("rb") as file:
        head = file.read(132)
    if head.startswith(_PNG):
        return _of_mask(foreign_masks.png_pixels(path), info, kind, path)
    if head.startswith(_TIFF):
        return _of_mask(foreign_masks.tiff_pixels(path), info, kind, path)
    if head[128:] == b"DICM":
        return _of_mask((read_segmentation(path).mask, None), info, kind, path)
    if head.startswith(b"\x93NUMPY"):
        return _of_mask(foreign_masks.numpy_pixels(path.read_bytes(), path), info, kind, path)
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise AnnotationError("the annotation file is larger than 512 MiB", path=path)
    data = path.read_bytes()
    if head.startswith(_GZIP):
        data = _unzipped(data, path)
    if data.startswith(b"PK"):
        if any(name.endswith(".npy") for name in zipfile.ZipFile(path).namelist()):
            return _of_mask(foreign_masks.numpy_pixels(data, path), info, kind, path)
        return _of_shapes(foreign_shapes.imagej_shapes(data, path), kind, only, path)
    if data.startswith(b"Iout"):
        return _of_shapes(foreign_shapes.imagej_shapes(data, path), kind, only, path)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _of_shapes(foreign_shapes.asap_shapes(data, path), kind, only, path)
    return _of_json(data, info, kind, only, path)


def _unzipped(data: bytes, path: Path) -> bytes:
    with gzip.open(path) as file:
        data = file.read(LARGEST_FILE_BYTES + 1)
    if len(data) > LARGEST_FILE_BYTES:
        raise AnnotationError("is larger than 512 MiB when it is unpacked", path=path)
    return data


def _of_json(data: bytes, info: ImageInfo, kind: StrokeKind, only: str | None, path: Path) -> list[Stroke]:
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        what = "is of no kind that is read: GeoJSON, ImageJ, ASAP, COCO, or a mask"
        raise AnnotationError(what, path=path, remedy="see docs/exports.md") from None
    if isinstance(content, dict) and {"images", "annotations"} <= set(content):
        return _of_shapes(foreign_shapes.coco_shapes(content, info, path), kind, only, path)
    if isinstance(content, dict):
        _check_origin(content.get("calcannot"), info, path)
    features = features_in(content, path)
    labels = [_label(feature) for feature in features]
    taken = [(feature, label, stroke_of(feature, number, path, kind))
             for number, (feature, label) in enumerate(zip(features, labels, strict=True), start=1)]  # fmt: skip
    # What excludes does so whatever is asked for, and is no class to choose.
    free = [label for _, label, stroke in taken if stroke is not None and stroke.kind is kind]
    chosen = _chosen(free, only, path)
    return [stroke for _, label, stroke in taken if stroke is not None and (stroke.kind is not kind or chosen(label))]


def _label(feature: dict[str, Any]) -> str:
    properties = feature.get("properties")
    found = properties.get("classification") if isinstance(properties, dict) else None
    name = found.get("name") if isinstance(found, dict) else found
    return str(name or "")


def _of_shapes(shapes: list[Shape], kind: StrokeKind, only: str | None, path: Path) -> list[Stroke]:
    chosen = _chosen([shape.label for shape in shapes], only, path)
    return [_stroke(shape.rings, shape.name, kind) for shape in shapes if chosen(shape.label)]


def _of_mask(sized: foreign_masks.Sized, info: ImageInfo, kind: StrokeKind, path: Path) -> list[Stroke]:
    runs, factor_x, factor_y = foreign_masks.mask_runs(sized, info, path)
    return [_stroke(rings, "", kind) for rings in rings_of(runs, factor_x, factor_y)]


def _stroke(rings: tuple[foreign_shapes.Ring, ...], name: str, kind: StrokeKind) -> Stroke:
    # The place is the identity: the same file imported twice gives the same strokes.
    content = b"".join(np.ascontiguousarray(ring, dtype="<f8").tobytes() + b";" for ring in rings)
    return Stroke(hashlib.sha256(kind.value.encode() + content).hexdigest()[:32], kind, rings, name=name)


def _chosen(labels: list[str], only: str | None, path: Path) -> Callable[[str], bool]:
    """Which classes to take: the one asked for, else the only one, else the one that is calcification."""
    there = sorted(set(labels))
    if only is not None:
        if only.casefold() not in {label.casefold() for label in there}:
            known = ", ".join(label or "(none)" for label in there) or "none"
            raise AnnotationError(f"holds no class {only!r}", path=path, remedy=f"its classes are: {known}")
        return lambda label: label.casefold() == only.casefold()
    if len(there) > 1:
        mineral = [label for label in there if label.casefold() == _OF_US]
        if not mineral:
            known = ", ".join(label or "(none)" for label in there)
            what = f"holds shapes of {len(there)} classes: {known}"
            raise AnnotationError(what, path=path, remedy="say which with --class")
        return lambda label: label == mineral[0]
    return lambda label: True


def _check_origin(member: object, info: ImageInfo, path: Path) -> None:
    """A file that calcannot exported says of which image it is."""
    if not isinstance(member, dict) or "width_px" not in member:
        return
    if (member.get("height_px"), member.get("width_px")) != (info.height_px, info.width_px):
        what = (
            f"is of {member.get('image')}, {member['width_px']} x {member.get('height_px')} px, and {info.name} is "
            f"{info.width_px} x {info.height_px}"
        )
        raise AnnotationError(what, path=path, remedy="these annotations belong to another image")


def _check_place(stroke: Stroke, number: int, info: ImageInfo, path: Path) -> None:
    """Refuse what lies mostly outside of the image: it was drawn on another one, or at another scale."""
    x_min, y_min, x_max, y_max = stroke.bounds()
    inside_x = min(x_max, info.width_px) - max(x_min, 0)
    inside_y = min(y_max, info.height_px) - max(y_min, 0)
    if min(inside_x, inside_y) <= 0 or inside_x * inside_y < 0.5 * (x_max - x_min) * (y_max - y_min):
        what = (
            f"shape {number} reaches from ({x_min:g}, {y_min:g}) to ({x_max:g}, {y_max:g}), and {info.name} is "
            f"{info.width_px} x {info.height_px} px"
        )
        raise AnnotationError(what, path=path, remedy="it was drawn on another image, or at another resolution")
