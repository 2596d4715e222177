"""What a DICOM header says about a picture besides its pixels: kind, scale, warnings, technical metadata.

Nothing here reads who the patient is, when or where: no names, dates, places or unique identifiers leave the header.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from calcannot.errors import UnsupportedImageError
from calcannot.io.dicom_calibration import Spacing, decide
from calcannot.io.pixels import ICC_WARNING
from calcannot.model.image import Modality

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.io.dicom_file import DicomFile
    from calcannot.io.dicom_pixels import Rule
    from calcannot.io.scale import Scale

_RADIOGRAPHS = {"CR", "DX", "MG", "RG", "IO", "PX"}
_SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
_NOT_TISSUE = {"LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER", "MACRO"}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_DERIVED_OBJECTS = {"SEG": "a segmentation", "SR": "a report", "ANN": "annotations", "KO": "a list of images"}
_SIDES = {"L": "left", "R": "right"}
_RECORDED = {
    "presentation_intent": "PresentationIntentType",
    "presentation_lut_shape": "PresentationLUTShape",
    "pixel_intensity_relationship": "PixelIntensityRelationship",
    "pixel_intensity_sign": "PixelIntensityRelationshipSign",
    "pixel_padding_value": "PixelPaddingValue",
    "rescale_type": "RescaleType",
    "patient_orientation": "PatientOrientation",
    "source_to_detector_mm": "DistanceSourceToDetector",
    "source_to_patient_mm": "DistanceSourceToPatient",
}


def is_slide(header: Any) -> bool:
    """Whether it is a VL whole-slide microscopy image."""
    return text(header, "SOPClassUID") == _SLIDE_CLASS or numbers(header, "TotalPixelMatrixRows") is not None


def picture_of_glass(header: Any) -> str:
    """What a picture of a slide shows instead of tissue at full size (label, overview); empty for tissue."""
    kinds = {str(kind).upper() for kind in header.get("ImageType") or ()}
    return ", ".join(sorted(kinds & _NOT_TISSUE)).lower()


def modality_of(header: Any, channels: int) -> Modality:
    """Kind of picture: colour and slides are histology, plain radiographs are what they say."""
    if channels == 3 or is_slide(header):
        return Modality.HISTOLOGY
    return Modality.RADIOGRAPH if text(header, "Modality") in _RADIOGRAPHS else Modality.UNKNOWN


def require_picture(file: DicomFile, path: Path) -> None:
    """Raise UnsupportedImageError for objects that are no picture and for stacks."""
    header = file.header
    kind = text(header, "Modality")
    if kind in _DERIVED_OBJECTS:
        what = f"this DICOM file is {_DERIVED_OBJECTS[kind]}, not an image"
        raise UnsupportedImageError(what, path=path, remedy="give the image that it was made from")
    if not is_slide(header) and file.frames != 1:
        what = f"the DICOM {kind or 'image'} is a stack of {file.frames} frames (T or Z)"
        raise UnsupportedImageError(what, path=path, remedy="choose one: calcannot frame FILE 1 -o frame.dcm")


def scale_of(header: Any) -> Scale:
    """Pixel size of an image that is not a slide."""
    return decide(
        Spacing(
            pixel=numbers(header, "PixelSpacing"),
            imager=numbers(header, "ImagerPixelSpacing"),
            nominal=numbers(header, "NominalScannedPixelSpacing"),
            calibration_type=text(header, "PixelSpacingCalibrationType"),
            magnification=number(header, "EstimatedRadiographicMagnificationFactor"),
            source_to_detector=number(header, "DistanceSourceToDetector"),
            source_to_patient=number(header, "DistanceSourceToPatient"),
        )
    )


def bone_is_dark(header: Any, rule: Rule) -> bool:
    """Whether the header says that, in the pixels as read, more X-rays mean higher values.

    Only asked of images that are not mirrored: makers of MONOCHROME1 files write the sign of the displayed values as
    often as that of the stored ones, and bone is bright in all of them once mirrored.
    """
    sign = number(header, "PixelIntensityRelationshipSign")
    return not rule.mirrored and sign == (-1.0 if rule.falling else 1.0)


def warnings_of(header: Any, modality: Modality, calibrated: bool) -> tuple[str, ...]:
    """Sentences for the user."""
    found = []
    kind = text(header, "Modality")
    if modality is Modality.UNKNOWN:
        found.append(
            f"a DICOM image of modality {kind or '(none)'} is not a plain radiograph: its grey may mean anything"
        )
    if modality is Modality.RADIOGRAPH and text(header, "PresentationIntentType") == "FOR PRESENTATION":
        found.append("the image was processed FOR PRESENTATION: grey is not thickness, and edges may be enhanced")
    if text(header, "BurnedInAnnotation") == "YES":
        found.append("the header says that text is burned into the picture: it may show who the patient is")
    if text(header, "SOPClassUID") == _SECONDARY_CAPTURE and calibrated:
        found.append("this is a secondary capture, whose pixel size is not reliable: check it against a known length")
    ratio = numbers(header, "PixelAspectRatio")
    if ratio and len(ratio) == 2 and ratio[0] != ratio[1] and not calibrated:
        found.append(
            f"pixels are not square ({ratio[0]:g}:{ratio[1]:g}, height to width): lengths in pixels are distorted"
        )
    if has_profile(header):
        found.append(ICC_WARNING)
    return tuple(found)


def metadata_of(file: DicomFile, rule: Rule) -> dict[str, Any]:
    """Technical facts worth recording."""
    header = file.header
    facts: dict[str, Any] = {
        "transfer_syntax": str(file.syntax.name),
        "photometric": str(header.PhotometricInterpretation),
        "bits_stored": int(header.BitsStored),
        "mirrored": rule.mirrored,
        "icc_profile": has_profile(header),
    }
    detector = numbers(header, "ImagerPixelSpacing")
    if detector and len(detector) == 2 and all(math.isfinite(each) and each > 0 for each in detector):
        facts["detector_spacing_mm"] = list(detector)  # row, column
    side = _SIDES.get(text(header, "ImageLaterality") or text(header, "Laterality"))
    if side is not None:
        facts["side"] = side
    for name, keyword in _RECORDED.items():
        value = number(header, keyword)
        shown = value if value is not None and math.isfinite(value) else text(header, keyword)
        if shown != "":
            facts[name] = shown
    return facts


def has_profile(header: Any) -> bool:
    """Whether an ICC profile is embedded, in the image or in its optical path."""
    path = first_item(header, "OpticalPathSequence")
    return bool(header.get("ICCProfile")) or bool(path is not None and path.get("ICCProfile"))


def first_item(header: Any, keyword: str) -> Any:
    """First item of a sequence, or None."""
    try:
        items = header.get(keyword)
        return items[0] if items else None
    except Exception:  # pydicom raises anything on a damaged sequence; here that is the same as its absence
        return None


def text(header: Any, keyword: str) -> str:
    """A value as upper-case text, empty when absent or unreadable."""
    try:
        value = header.get(keyword)
    except Exception:  # as above: a value that does not parse is a value that is not there
        return ""
    return "" if value is None else str(value).strip().upper()


def numbers(header: Any, keyword: str) -> tuple[float, ...] | None:
    """Values as numbers (NaN for those that are none), or None when absent."""
    try:
        value = header.get(keyword)
    except Exception:  # pydicom refuses a decimal string that is no number: it is there, and it is not one
        return (math.nan,)
    if value is None or value in ("", b""):
        return None
    several = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return tuple(_float(item) for item in several) or None


def number(header: Any, keyword: str) -> float | None:
    """The first value as a number, or None when absent."""
    found = numbers(header, keyword)
    return found[0] if found else None


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
