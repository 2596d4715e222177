"""Results as DICOM objects that refer to the image they were measured on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from calcannot.export.dicom_ann import bulk_annotations
from calcannot.export.dicom_facts import RunFacts
from calcannot.export.dicom_reference import read_headers, reference_image
from calcannot.export.dicom_seg import segmentation_of
from calcannot.export.dicom_sr import ReportedValues, structured_report
from calcannot.runs.outlines import trace_outlines

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from pydicom.dataset import Dataset

    from calcannot.batch.export_sources import ExportSource
    from calcannot.model.regions import LabelledRuns
    from calcannot.store.result_item import ResultItem


def dicom_object(kind: str, source: ExportSource, image: Path, *, with_patient: bool = False) -> Dataset:
    """Build a DICOM object of a measured image.

    Parameters
    ----------
    kind
        ``dicom-seg``, ``dicom-sr`` or ``dicom-ann``.
    image
        The DICOM file or folder that the object is to refer to: the measured image, or its DICOM twin of the same size.
    with_patient
        Copy patient, study and specimen from it.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If the image is not DICOM, or is not of the measured size.
    """
    item = source.item
    runs = item.runs
    reference = reference_image(read_headers(image), runs, path=image, with_patient=with_patient)
    facts = _facts(item, with_patient)
    if kind == "dicom-ann":
        return bulk_annotations(reference, *_polygons(runs), facts)
    segmentation = segmentation_of(reference, runs, facts)
    return segmentation if kind == "dicom-seg" else structured_report(reference, segmentation, _values(item), facts)


def _facts(item: ResultItem, with_patient: bool) -> RunFacts:
    made = datetime.fromisoformat(item.finished).astimezone(UTC) if item.finished else datetime.fromtimestamp(0, UTC)
    return RunFacts(
        image_sha256=item.sha256,
        recipe=item.recipe.name,
        fingerprint=item.resolved.fingerprint,
        threshold=item.resolved.threshold,
        calibration=item.calibration,
        made=made,
        with_patient=with_patient,
    )


def _values(item: ResultItem) -> ReportedValues:
    totals = item.totals
    if item.calibration is not None and totals.calcified_area_mm2 is not None:
        return ReportedValues(
            area=totals.calcified_area_mm2,
            long_axis=totals.extent_length_mm,
            short_axis=totals.extent_width_mm,
            region_count=totals.region_count,
            area_low=totals.area_ci95_low_mm2,
            area_high=totals.area_ci95_high_mm2,
        )
    return ReportedValues(
        area=totals.calcified_area_px,
        long_axis=totals.extent_length_px,
        short_axis=totals.extent_width_px,
        region_count=totals.region_count,
        area_low=totals.area_ci95_low_px,
        area_high=totals.area_ci95_high_px,
    )


def _polygons(
    runs: LabelledRuns,
) -> tuple[list[npt.NDArray[np.int32]], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Outer rings, areas in pixels without holes, and region numbers of all polygons."""
    rings, areas, regions = [], [], []
    for number, polygons in enumerate(trace_outlines(runs), start=1):
        for polygon in polygons:
            rings.append(polygon[0])
            areas.append(sum(_shoelace(ring) for ring in polygon))
            regions.append(number)
    return rings, np.array(areas, np.int64), np.array(regions, np.int64)


def _shoelace(ring: npt.NDArray[np.int32]) -> int:
    """Area inside a ring, negative for a hole."""
    x, y = ring[:, 0].astype(np.int64), ring[:, 1].astype(np.int64)
    return int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) // 2
