"""Shapes that other programs drew: ImageJ's ROIs, ASAP's XML, COCO. Each is rings by the even-odd rule."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError
from calcannot.model.regions import LabelledRuns
from calcannot.runs.components import label_components
from calcannot.runs.outlines import trace_outlines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from calcannot.model.image import ImageInfo

Ring = npt.NDArray[np.float64]

_LARGEST_ROI_BYTES: Final = 1 << 28
_ASAP_AREAS: Final = ("Polygon", "Spline", "Rectangle")


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One shape: its class (empty where there is none), its name, and rings of (x, y) in level-0 pixels."""

    label: str
    name: str
    rings: tuple[Ring, ...]


def imagej_shapes(data: bytes, path: Path) -> list[Shape]:
    """Areas of one ROI or of a RoiSet.zip; points and lines enclose nothing and are passed over.

    Raises
    ------
    AnnotationError
        If an entry is damaged.
    """
    if data.startswith(b"Iout"):
        return _roi(data, path.stem, path)
    shapes: list[Shape] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.file_size > _LARGEST_ROI_BYTES:
                raise AnnotationError(f"entry {entry.filename} is too large", path=path)
            if entry.filename.lower().endswith(".roi"):
                shapes += _roi(archive.read(entry), entry.filename.rpartition("/")[2][:-4], path)
    return shapes


def _roi(data: bytes, name: str, path: Path) -> list[Shape]:
    from roifile import ROI_TYPE, ImagejRoi

    try:
        roi = ImagejRoi.frombytes(data)
        rings = [np.asarray(ring, dtype=np.float64) for ring in roi.coordinates(multi=True)]
    except Exception as error:  # damaged bytes raise anything from struct.error to UnicodeDecodeError
        what = f"ROI {name} is damaged or of a kind that is not read ({type(error).__name__})"
        raise AnnotationError(what, path=path, remedy="save it again in ImageJ") from None
    if roi.roitype not in (ROI_TYPE.POLYGON, ROI_TYPE.RECT, ROI_TYPE.OVAL, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED):
        return []
    return [Shape("", roi.name or name, tuple(map(_open, rings)))]


def asap_shapes(data: bytes, path: Path) -> list[Shape]:
    """Areas of an ASAP file; a spline is taken as the polygon of its points; its group is its class.

    Raises
    ------
    AnnotationError
        If it is not ASAP's XML.
    """
    from xml.etree import ElementTree

    remedy = "export it again from ASAP"
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise AnnotationError("is XML with declarations that ASAP does not write", path=path, remedy=remedy)
    try:
        root = ElementTree.fromstring(data)
        if root.tag != "ASAP_Annotations":
            raise AnnotationError(f"is XML of another program ({root.tag[:40]})", path=path, remedy=remedy)
        shapes = []
        for each in root.iter("Annotation"):
            if each.get("Type") in _ASAP_AREAS:
                corners = sorted(each.iter("Coordinate"), key=lambda point: int(float(point.attrib["Order"])))
                ring = np.array([[_number(p.attrib["X"]), _number(p.attrib["Y"])] for p in corners]).reshape(-1, 2)
                group = each.get("PartOfGroup", "")
                shapes.append(Shape("" if group == "None" else group, each.get("Name", ""), (_open(ring),)))
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise AnnotationError(f"is no ASAP file: {str(error)[:120]}", path=path, remedy=remedy) from None
    return shapes


def _number(text: str) -> float:
    # ASAP writes numbers as the computer's language does.
    return float(text.replace(",", "."))


def coco_shapes(content: dict[str, Any], info: ImageInfo, path: Path) -> list[Shape]:
    """Areas of one image of a COCO file; run-length masks of one category are joined.

    Raises
    ------
    AnnotationError
        If the image is not in the file or has another size there, or an entry is malformed.
    """
    try:
        entry = _coco_image(content["images"], info, path)
        if (int(entry["height"]), int(entry["width"])) != (info.height_px, info.width_px):
            what = f"says {entry['width']} x {entry['height']} px, {info.name} is {info.width_px} x {info.height_px}"
            raise AnnotationError(what, path=path, remedy="these annotations belong to another image")
        names = {each["id"]: str(each["name"]) for each in content.get("categories", [])}
        shapes: list[Shape] = []
        lengths: dict[str, list[npt.NDArray[np.int64]]] = {}
        for each in content["annotations"]:
            if each["image_id"] != entry["id"]:
                continue
            label, drawn = names.get(each.get("category_id"), ""), each["segmentation"]
            if isinstance(drawn, list):
                rings = [np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in drawn]
                shapes += [Shape(label, str(each["id"]), (_open(ring),)) for ring in rings]
                continue
            if list(map(int, drawn["size"])) != [info.height_px, info.width_px]:
                raise AnnotationError(f"annotation {each['id']} has another size than its image", path=path)
            counts = drawn["counts"]
            if isinstance(counts, str | bytes):
                counts = _counts(counts if isinstance(counts, bytes) else counts.encode("ascii"))
            lengths.setdefault(label, []).append(_intervals(np.asarray(counts, dtype=np.int64), info))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"is no COCO file that can be read ({type(error).__name__}: {str(error)[:80]})"
        raise AnnotationError(what, path=path) from None
    for label, parts in lengths.items():
        shapes += [Shape(label, "", rings) for rings in _joined(np.concatenate(parts), info)]
    return shapes


def _coco_image(images: list[dict[str, Any]], info: ImageInfo, path: Path) -> dict[str, Any]:
    stem = info.name.rpartition(".")[0] or info.name
    for wanted in (info.name, stem):
        found = [
            each
            for each in images
            if wanted in (name := str(each["file_name"]).replace("\\", "/").rpartition("/")[2], name.rpartition(".")[0])
        ]
        if len(found) == 1:
            return found[0]
    if len(images) == 1:
        return images[0]
    raise AnnotationError(f"names no image {info.name}", path=path, remedy="give the COCO file of this image")


def _counts(text: bytes) -> list[int]:
    """Run lengths from COCO's text: groups of 5 bits, each run from the third on relative to the one before last."""
    counts: list[int] = []
    place = 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            digit = text[place] - 48
            value |= (digit & 31) << shift
            more = bool(digit & 32)
            place += 1
            shift += 5
            if not more and digit & 16:
                value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts


def _intervals(counts: npt.NDArray[np.int64], info: ImageInfo) -> npt.NDArray[np.int64]:
    """Begin and end of each run of mineral, counted down the columns; int64 (n, 2)."""
    ends = np.cumsum(counts)
    if counts.size and (counts.min() < 0 or ends[-1] != info.height_px * info.width_px):
        message = "run lengths do not fill the image"
        raise ValueError(message)
    return np.stack([ends[0:-1:2], ends[1::2]], axis=1) if counts.size > 1 else np.zeros((0, 2), np.int64)


def _joined(intervals: npt.NDArray[np.int64], info: ImageInfo) -> Iterator[tuple[Ring, ...]]:
    """Polygons of what runs down the columns make together."""
    height = info.height_px
    intervals = intervals[intervals[:, 0] < intervals[:, 1]]
    first, last = intervals[:, 0] // height, (intervals[:, 1] - 1) // height
    spans = last - first + 1
    which = np.repeat(np.arange(len(intervals)), spans)
    col = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans) + first[which]
    begin = np.maximum(intervals[which, 0], col * height)
    end = np.minimum(intervals[which, 1], (col + 1) * height)
    order = np.lexsort((begin, col))
    col, begin, end = col[order], begin[order], end[order]
    if not len(col):
        return
    # Runs of several annotations may overlap or touch: those of one column are one where none lies between.
    reach = np.maximum.accumulate(end)
    new = np.append(True, (begin[1:] > reach[:-1]) | (col[1:] != col[:-1]))
    starts = np.flatnonzero(new)
    stop = np.maximum.reduceat(end, starts)
    col, begin = col[starts], begin[starts]
    row_start = np.searchsorted(col, np.arange(info.width_px + 1)).astype(np.int64)
    start, until = ((values - col * height).astype(np.int32) for values in (begin, stop))
    region, _ = label_components(row_start, start, until, diagonal=True)
    # Rows of these runs are columns of the image.
    turned = LabelledRuns(info.width_px, height, row_start, start, until, region + np.int32(1))
    for polygons in trace_outlines(turned):
        for polygon in polygons:
            yield tuple(ring[:, ::-1].astype(np.float64) for ring in polygon)


def rings_of(runs: LabelledRuns, scale_x: float = 1.0, scale_y: float = 1.0) -> Iterable[tuple[Ring, ...]]:
    """Polygons of a mask in pixels of the image, each an outer ring and its holes."""
    scale = np.array([scale_x, scale_y])
    for polygons in trace_outlines(runs):
        for polygon in polygons:
            yield tuple(ring * scale for ring in polygon)


def _open(ring: Ring) -> Ring:
    """Without the last point where it is the first again."""
    return ring[:-1] if len(ring) > 1 and np.array_equal(ring[0], ring[-1]) else ring
