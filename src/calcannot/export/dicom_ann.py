"""Regions of a slide as DICOM bulk annotations: an outline each, with its area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import UnsupportedImageError
from calcannot.export.dicom_facts import (
    PRIVATE_SCHEME,
    RunFacts,
    algorithm,
    calcification,
    code,
    made_by,
    private_scheme,
    stamp,
)
from calcannot.export.dicom_reference import is_slide

if TYPE_CHECKING:
    from collections.abc import Sequence

    import highdicom as hd
    from pydicom.dataset import Dataset

SERIES_NUMBER: Final = 9103


def bulk_annotations(
    reference: Dataset,
    outlines: Sequence[npt.NDArray[np.number[Any]]],
    area_px: npt.NDArray[np.integer[Any]],
    region: npt.NDArray[np.integer[Any]],
    facts: RunFacts,
) -> hd.ann.MicroscopyBulkSimpleAnnotations:
    """Build the annotations of a slide.

    Parameters
    ----------
    reference
        The slide, from ``reference_image``.
    outlines
        Outer rings, (n, 2) in (x, y): pixels of the whole matrix from its top-left corner. A polygon of DICOM has no
        holes; the areas are those without them.
    area_px, region
        Pixels of each polygon, and number of the region it is of: a region whose parts touch at corners only is
        several polygons.

    Raises
    ------
    UnsupportedImageError
        If the image is not a slide, or there is no region: annotations cannot be empty.
    """
    import highdicom as hd

    if not is_slide(reference):
        what = "bulk annotations are for slides, and the DICOM image is none"
        raise UnsupportedImageError(what, remedy="use dicom-seg and dicom-sr for a radiograph")
    if not outlines:
        raise UnsupportedImageError("no mineral was found, and bulk annotations cannot be empty", remedy="use dicom-sr")
    scale = facts.calibration
    if scale is not None:
        unit = code("mm2", "UCUM", "square millimeter")
        areas = area_px * (scale.um_per_px_row * scale.um_per_px_col / 1e6)
    else:
        unit, areas = code("{pixels}", "UCUM", "pixels"), area_px.astype(np.float64)
    category, kind = calcification()
    group = hd.ann.AnnotationGroup(
        number=1,
        uid=facts.uid("annotation group"),
        label="Calcification",
        description="Outer outlines; the areas are without holes",
        annotated_property_category=category,
        annotated_property_type=kind,
        graphic_type=hd.ann.GraphicTypeValues.POLYGON,
        graphic_data=[np.asarray(ring, dtype=np.float32) for ring in outlines],
        algorithm_type=hd.ann.AnnotationGroupGenerationTypeValues.SEMIAUTOMATIC,
        algorithm_identification=algorithm(facts),
        measurements=[
            hd.ann.Measurements(
                name=code("42798000", "SCT", "Area"), values=np.asarray(areas, dtype=np.float32), unit=unit
            ),
            # No dictionary has a code for it; the scheme is named in the object.
            hd.ann.Measurements(
                name=code("1", PRIVATE_SCHEME, "Region number"),
                values=np.asarray(region, dtype=np.float32),
                unit=code("1", "UCUM", "no units"),
            ),
        ],
    )
    result = hd.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[reference],
        annotation_coordinate_type=hd.ann.AnnotationCoordinateTypeValues.SCOORD,
        pixel_origin_interpretation=hd.ann.PixelOriginInterpretationValues.VOLUME,
        annotation_groups=[group],
        **made_by(facts, "annotations", SERIES_NUMBER),
    )
    result.CodingSchemeIdentificationSequence = [private_scheme()]
    result.Laterality = ""  # of the series: asked for, and not known of a section
    stamp(result, facts)
    return result
