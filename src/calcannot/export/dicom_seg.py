"""The mask as a DICOM segmentation: one segment, coded as calcification, of a radiograph or a tiled slide."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from calcannot.export.dicom_facts import RunFacts, algorithm, calcification, made_by, stamp
from calcannot.export.dicom_reference import is_slide

if TYPE_CHECKING:
    import highdicom as hd
    from pydicom.dataset import Dataset

    from calcannot.model.regions import LabelledRuns

SERIES_NUMBER: Final = 9101
_TILE = 512
_LABEL = "Calcification"


def segmentation_of(reference: Dataset, runs: LabelledRuns, facts: RunFacts) -> hd.seg.Segmentation:
    """Build a binary segmentation that refers to the image it was made from.

    Frames of a slide are tiles of 512 x 512 px; those without mineral are left out (TILED_SPARSE).

    Parameters
    ----------
    reference
        From ``reference_image``.
    runs
        Regions; their union is the segment.
    facts
        The run behind it.
    """
    import highdicom as hd

    category, kind = calcification()
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=_LABEL,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=algorithm(facts),
        tracking_uid=facts.uid("tracking"),
        tracking_id=_LABEL,
    )
    options: dict[str, Any] = {}
    if is_slide(reference):
        options = {
            "pixel_measures": _pixel_measures(reference, facts),
            "tile_pixel_array": True,
            "tile_size": (min(_TILE, runs.height_px), min(_TILE, runs.width_px)),
            "dimension_organization_type": hd.DimensionOrganizationTypeValues.TILED_SPARSE,
        }
    # A slide's mask may be larger than memory: it is drawn into a file of which the system keeps what it needs.
    with tempfile.TemporaryDirectory(prefix="calcannot-") as folder:
        mask = _drawn(runs, Path(folder) / "mask")
        result = hd.seg.Segmentation(
            source_images=[reference],
            pixel_array=mask,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[segment],
            **made_by(facts, "segmentation", SERIES_NUMBER),
            omit_empty_frames=bool(runs.start.size),
            **options,
        )
        del mask
    result.PatientOrientation = reference.get("PatientOrientation", "")
    stamp(result, facts)
    return result


def _pixel_measures(reference: Dataset, facts: RunFacts) -> hd.PixelMeasuresSequence | None:
    """The scale that areas were computed with, not the source's: they differ where the user gave one.

    A projection has none: this macro wants the thickness of a slice. Its scale stands in the algorithm's parameters.
    """
    import highdicom as hd

    shared = reference.get("SharedFunctionalGroupsSequence") or [{}]
    measures = shared[0].get("PixelMeasuresSequence") or [{}]
    thickness = measures[0].get("SliceThickness")
    if facts.calibration is None or thickness is None:
        return None
    spacing = (facts.calibration.um_per_px_row / 1000, facts.calibration.um_per_px_col / 1000)
    return hd.PixelMeasuresSequence(spacing, slice_thickness=float(thickness))


def _drawn(runs: LabelledRuns, path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    shape = (1, runs.height_px, runs.width_px)
    mask = np.memmap(path, np.uint8, "w+", shape=shape) if np.prod(shape) > 2**28 else np.zeros(shape, np.uint8)
    for row in range(0, runs.height_px, _TILE):
        height = min(_TILE, runs.height_px - row)
        if runs.row_start[row] != runs.row_start[row + height]:
            mask[0, row : row + height] = runs.mask(row, 0, height, runs.width_px)
    return mask
