"""Totals as a DICOM structured report, TID 1500: area, long and short axis, number of regions, by their codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calcannot._version import __version__
from calcannot.export.dicom_facts import MANUFACTURER, RunFacts, calcification, code, stamp

if TYPE_CHECKING:
    import highdicom as hd
    from highdicom.sr import Measurement
    from pydicom.dataset import Dataset

SERIES_NUMBER: Final = 9102


@dataclass(frozen=True, slots=True)
class ReportedValues:
    """What the report holds: areas in mm² and lengths in mm where there is a scale, else both in pixels.

    ``area_low`` and ``area_high`` are the ends of the 95 % interval, None where it is not known. ``side`` is ``left``,
    ``right`` or ``both``, None where nobody said.
    """

    area: float
    long_axis: float | None
    short_axis: float | None
    region_count: int
    area_low: float | None = None
    area_high: float | None = None
    side: str | None = None


def structured_report(
    reference: Dataset, segmentation: Dataset, values: ReportedValues, facts: RunFacts
) -> hd.sr.Comprehensive3DSR:
    """Build the report on a segmented image.

    Parameters
    ----------
    reference
        The image, from ``reference_image``.
    segmentation
        Its segmentation, which the measurements are of.
    """
    import highdicom as hd

    context = hd.sr.ObservationContext(
        observer_device_context=hd.sr.ObserverContext(
            observer_type=code("121007", "DCM", "Device"),
            observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
                uid=facts.uid("device"), name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=__version__
            ),
        )
    )
    category, kind = calcification()
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(facts.uid("tracking"), "Calcification"),
        referenced_segment=_segment(reference, segmentation),
        finding_type=kind,
        finding_category=category,
        algorithm_id=hd.sr.AlgorithmIdentification(
            name=MANUFACTURER,
            version=__version__,
            parameters=[f"{name}: {value}" for name, value in facts.all_parameters().items()],
        ),
        measurements=_measurements(values, facts),
        qualitative_evaluations=_evaluations(values),
    )
    content = hd.sr.MeasurementReport(
        observation_context=context,
        procedure_reported=code("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[group],
        title=code("126000", "DCM", "Imaging Measurement Report"),
    )
    result = hd.sr.Comprehensive3DSR(
        evidence=[reference, segmentation],
        content=content[0],
        series_instance_uid=facts.uid("report series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=facts.uid("report"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description="Calcification, measurements",
    )
    stamp(result, facts)
    return result


def _segment(reference: Dataset, segmentation: Dataset) -> Any:
    import highdicom as hd

    reference_to_it = hd.sr.ReferencedSegmentationFrame(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        frame_number=1,
        segment_number=1,
        source_image=hd.sr.SourceImageForSegmentation(reference.SOPClassUID, reference.SOPInstanceUID),
    )
    # Frames and segments exclude each other (PS3.3 table 10-3); the segment is meant, in all frames that hold it.
    del reference_to_it[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    return reference_to_it


def _measurements(values: ReportedValues, facts: RunFacts) -> list[Measurement]:
    import highdicom as hd

    calibrated = facts.calibration is not None
    area_unit = code("mm2", "UCUM", "square millimeter") if calibrated else code("{pixels}", "UCUM", "pixels")
    length_unit = code("mm", "UCUM", "millimeter") if calibrated else code("{pixels}", "UCUM", "pixels")
    area = code("42798000", "SCT", "Area")
    properties = None
    if values.area_low is not None and values.area_high is not None and values.area > 0:
        # The template wants these without a unit: shares of the value.
        properties = hd.sr.MeasurementProperties(
            upper_measurement_uncertainty=round(values.area_high / values.area - 1, 6),
            lower_measurement_uncertainty=round(1 - values.area_low / values.area, 6),
        )
    found = [hd.sr.Measurement(name=area, value=values.area, unit=area_unit, properties=properties)]
    axes = (
        (values.long_axis, code("103339001", "SCT", "Long axis")),
        (values.short_axis, code("103340004", "SCT", "Short axis")),
    )
    found += [hd.sr.Measurement(name=name, value=value, unit=length_unit) for value, name in axes if value is not None]
    count = code("111038", "DCM", "Number of calcifications")
    return [*found, hd.sr.Measurement(name=count, value=values.region_count, unit=code("{counts}", "UCUM", "counts"))]


def _evaluations(values: ReportedValues) -> list[Any] | None:
    import highdicom as hd

    sides = {"left": ("7771000", "Left"), "right": ("24028007", "Right"), "both": ("51440002", "Right and left")}
    if values.side not in sides:
        return None
    value, meaning = sides[values.side]
    laterality = code("272741003", "SCT", "Laterality")
    return [hd.sr.QualitativeEvaluation(name=laterality, value=code(value, "SCT", meaning))]
