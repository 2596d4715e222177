"""The DICOM image that an exported object refers to, without the patient.

What may be copied is a list of names, and everything else stays behind: a list of what to remove is never complete.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from calcannot.errors import ImageReadError, UnsupportedImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from calcannot.model.regions import LabelledRuns

SLIDE: Final = "1.2.840.10008.5.1.4.1.1.77.1.6"

# Without these an object does not say to which image it belongs, where its pixels lie, or how large they are.
_TECHNICAL: Final = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "Modality",
    "ImageType", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PatientOrientation",
    "ImageLaterality", "ImagePositionPatient", "ImageOrientationPatient", "PositionReferenceIndicator",
    "TotalPixelMatrixColumns", "TotalPixelMatrixRows", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide",
    "ImagedVolumeWidth", "ImagedVolumeHeight", "ImagedVolumeDepth", "DimensionOrganizationSequence",
    "DimensionIndexSequence", "DimensionOrganizationType", "NumberOfOpticalPaths", "TotalPixelMatrixFocalPlanes",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
_ALSO_INSIDE: Final = (
    "PixelMeasuresSequence", "PixelSpacing", "SpacingBetweenSlices", "SliceThickness", "PlanePositionSlideSequence",
    "XOffsetInSlideCoordinateSystem", "YOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem",
    "ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix", "DimensionOrganizationUID",
    "DimensionIndexPointer", "FunctionalGroupPointer", "FrameContentSequence", "DimensionIndexValues",
    "PlanePositionSequence", "PlaneOrientationSequence", "OpticalPathIdentificationSequence", "OpticalPathIdentifier",
)  # fmt: skip
_PATIENT: Final = (
    "SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate",
    "StudyTime", "AccessionNumber", "ReferringPhysicianName", "ContainerIdentifier", "IssuerOfPatientID",
    "IssuerOfTheContainerIdentifierSequence", "ContainerTypeCodeSequence", "SpecimenDescriptionSequence",
)  # fmt: skip
_SLIDE_MUST_HAVE: Final = (
    "FrameOfReferenceUID", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide", "SharedFunctionalGroupsSequence",
)  # fmt: skip
_MUST_BE_THERE: Final = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip


def reference_image(headers: Sequence[Dataset], runs: LabelledRuns, *, path: Path, with_patient: bool) -> Dataset:
    """Header of the one instance whose pixels were measured, with nothing of the patient unless asked for.

    Parameters
    ----------
    headers
        Headers of all instances of the image.
    runs
        What was found; its size decides which level of a slide is meant.
    with_patient
        Copy name, number, birth date, sex, study and specimen of the source, for an archive that files by them.

    Raises
    ------
    UnsupportedImageError
        If no instance, or more than one, has the size of the measured image.
    """
    size = (runs.height_px, runs.width_px)
    fitting = [header for header in headers if matrix_size(header) == size]
    if not fitting:
        sizes = ", ".join(f"{width} x {height}" for height, width in sorted({matrix_size(h) for h in headers}))
        what = f"the DICOM image has {sizes} px, and {size[1]} x {size[0]} px were measured"
        raise UnsupportedImageError(what, path=path, remedy="name the DICOM of the image that was measured")
    if len(fitting) > 1:
        what = f"{len(fitting)} DICOM instances hold the measured level, and an object can refer to one"
        raise UnsupportedImageError(what, path=path, remedy="join the concatenation into one instance")
    lacking = [keyword for keyword in _needed(fitting[0]) if keyword not in fitting[0]]
    if lacking:
        what = f"the DICOM image has no {lacking[0]}, and nothing can be placed on it without"
        raise UnsupportedImageError(what, path=path, remedy="convert it with a program that writes whole headers")
    return _without_patient(fitting[0], with_patient)


def _needed(header: Dataset) -> tuple[str, ...]:
    series = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    return (*series, *_SLIDE_MUST_HAVE) if is_slide(header) else series


def read_headers(path: Path) -> list[Dataset]:
    """Headers of a DICOM file, or of every DICOM file in a folder, without their pixels.

    Raises
    ------
    ImageReadError
        If there is no DICOM.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    headers: list[Dataset] = []
    for file in files:
        try:
            header = pydicom.dcmread(file, stop_before_pixels=True, force=not path.is_dir())
        except (InvalidDicomError, OSError, ValueError, AttributeError):
            continue
        if "SOPInstanceUID" in header and "Rows" in header:
            headers.append(header)
    if not headers:
        what = "is not a DICOM image, and a DICOM object has to refer to one"
        remedy = "convert the image to DICOM, and name that file with --dicom-source"
        raise ImageReadError(what, path=path, remedy=remedy)
    return headers


def matrix_size(header: Dataset) -> tuple[int, int]:
    """Rows and columns of the whole image, tiled or not."""
    if "TotalPixelMatrixRows" in header:
        return int(header.TotalPixelMatrixRows), int(header.TotalPixelMatrixColumns)
    return int(header.Rows), int(header.Columns)


def is_slide(header: Dataset) -> bool:
    """Whether the image is a tiled slide, whose pixels are counted over the whole matrix."""
    return str(header.SOPClassUID) == SLIDE


def _without_patient(header: Dataset, with_patient: bool) -> Dataset:
    from pydicom.dataset import Dataset

    kept = Dataset()
    for keyword in (*_TECHNICAL, *(_PATIENT if with_patient else ())):
        if keyword in header:
            kept[keyword] = copy.deepcopy(header[keyword])
    for keyword in _MUST_BE_THERE:
        if keyword not in kept:
            setattr(kept, keyword, "")
    if not with_patient:
        for keyword in _TECHNICAL:
            if keyword in kept and kept[keyword].VR == "SQ":
                for item in kept[keyword].value:
                    _keep_technical(item)
    return kept


def _keep_technical(item: Dataset) -> None:
    for element in list(item):
        if element.keyword not in _TECHNICAL and element.keyword not in _ALSO_INSIDE:
            del item[element.tag]
        elif element.VR == "SQ":
            for inner in element.value:
                _keep_technical(inner)
