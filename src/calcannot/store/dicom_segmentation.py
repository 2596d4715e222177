"""Read the mask of a DICOM segmentation, ours or anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import AnnotationError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class DicomMask:
    """Union of the segments of a DICOM segmentation.

    Attributes
    ----------
    mask
        bool (height, width): the whole matrix of a slide, or the one frame of a radiograph.
    labels
        Names of the segments, as their author gave them.
    instances
        SOP instance UIDs of the images it refers to.
    """

    mask: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    instances: tuple[str, ...]


def read_segmentation(path: Path) -> DicomMask:
    """Read a segmentation of a radiograph or a slide.

    A fractional one counts where it is at least one half.

    Raises
    ------
    AnnotationError
        If it is not a DICOM segmentation, or one of a stack of images.
    """
    import highdicom as hd
    from pydicom.errors import InvalidDicomError

    try:
        found = hd.seg.segread(path)
        labels = tuple(str(segment.SegmentLabel) for segment in found.SegmentSequence)
        instances = tuple(sorted({str(uid) for _, _, uid in found.get_source_image_uids()}))
        pixels = found.get_total_pixel_matrix() if found.is_tiled else _one_frame(found, instances, path)
    except AnnotationError:
        raise
    except (InvalidDicomError, OSError, ValueError, TypeError, AttributeError, KeyError, RuntimeError) as error:
        what = f"cannot be read as a DICOM segmentation ({' '.join(str(error).split())[:120] or type(error).__name__})"
        raise AnnotationError(what, path=path, remedy="give a file of the kind SEG") from None
    mask = np.asarray((pixels >= 0.5).any(axis=-1), dtype=np.bool_)
    return DicomMask(mask, labels, instances)


def _one_frame(found: Any, instances: tuple[str, ...], path: Path) -> npt.NDArray[Any]:
    if len(instances) != 1:
        what = f"is a segmentation of {len(instances)} images, and one image is measured"
        raise AnnotationError(what, path=path, remedy="give a segmentation of one radiograph or one slide")
    pixels: npt.NDArray[Any] = found.get_pixels_by_source_instance(
        list(instances), assert_missing_frames_are_empty=True
    )[0]
    return pixels
