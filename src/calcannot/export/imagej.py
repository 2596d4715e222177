"""Regions as ImageJ's ROIs: one a region in a RoiSet.zip, or all of them as one selection."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.export.subject import CLASS_NAME, COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from roifile import ImagejRoi

    from calcannot.export.subject import Progress, Subject
    from calcannot.runs.outlines import Ring

LARGEST_POLYGON_PX: Final = 32_767
"""ImageJ's polygons have corners of 16 bits; beyond, a region is a composite, whose corners are floats."""

LARGEST_PX: Final = 1 << 24
"""Up to here a float of 32 bits holds every corner."""

_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)


def write_roi_set(path: Path, subject: Subject, progress: Progress | None = None) -> None:
    """Write a RoiSet.zip with one ROI a region, named by its number.

    A region of one ring is a traced polygon, any other a composite: holes stay holes.
    """
    total = subject.region_count
    digits = max(4, len(str(total)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for region, polygons in enumerate(subject.outlines, start=1):
            name = f"{region:0{digits}d}"
            rings = [ring for polygon in polygons for ring in polygon]
            entry = zipfile.ZipInfo(f"{name}.roi", _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _roi(rings, name).tobytes())
            if progress and (region % 1000 == 0 or region == total):
                progress(region, total)


def write_roi(path: Path, subject: Subject, progress: Progress | None = None) -> None:
    """Write one .roi with all regions as one selection."""
    rings = [ring for polygons in subject.outlines for polygon in polygons for ring in polygon]
    path.write_bytes(_composite(rings, CLASS_NAME).tobytes())
    if progress:
        progress(1, 1)


def _roi(rings: list[Ring], name: str) -> ImagejRoi:
    if len(rings) > 1 or rings[0].max() > LARGEST_POLYGON_PX:
        return _composite(rings, name)
    from roifile import ROI_TYPE, ImagejRoi

    roi = ImagejRoi.frompoints(rings[0], name=name)
    roi.roitype = ROI_TYPE.TRACED
    roi.stroke_color = _colour()
    return roi


def _composite(rings: Iterable[Ring], name: str) -> ImagejRoi:
    from roifile import ROI_TYPE, ImagejRoi

    parts = [_path(ring) for ring in rings]
    roi = ImagejRoi()
    roi.roitype = ROI_TYPE.RECT
    roi.name = name
    roi.stroke_color = _colour()
    roi.multi_coordinates = np.concatenate([np.zeros(0, np.float32), *parts]).astype(np.float32)
    roi.shape_roi_size = roi.multi_coordinates.size
    corners = [part[:-1].reshape(-1, 3)[:, 1:] for part in parts]
    if corners:
        # ImageJ takes the place of a composite from its path; the box is 16 bits and only good for small images.
        low, high = np.concatenate(corners).min(axis=0), np.concatenate(corners).max(axis=0)
        roi.left, roi.top = (int(min(v, LARGEST_POLYGON_PX)) for v in low)
        roi.right, roi.bottom = (int(min(v, LARGEST_POLYGON_PX)) for v in high)
    return roi


def _path(ring: Ring) -> npt.NDArray[np.float64]:
    steps = np.empty((len(ring), 3))
    steps[:, 0] = _LINE
    steps[0, 0] = _MOVE
    steps[:, 1:] = ring
    return np.append(steps, _CLOSE)


def _colour() -> Any:
    return bytes((255, *COLOUR))
