"""A rendered film as a DICOM DX file, with every way of telling (or not telling) the size of its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calcannot.phantom.detector import BITS_STORED

if TYPE_CHECKING:
    from calcannot.phantom.radiograph import RadiographPhantom

Photometric = Literal["MONOCHROME1", "MONOCHROME2"]
Intent = Literal["FOR PROCESSING", "FOR PRESENTATION"]
SpacingCase = Literal[
    "detector", "detector-equal", "magnification", "distances", "fiducial", "geometry", "pixel-spacing-only", "zero",
    "none", "non-square",
]  # fmt: skip
SPACING_CASES: tuple[str, ...] = get_args(SpacingCase)
RENDERED = "Rendered by calcannot from formulas. Not an image of a patient."
_SOP_CLASS = {
    "FOR PRESENTATION": "1.2.840.10008.5.1.4.1.1.1.1",
    "FOR PROCESSING": "1.2.840.10008.5.1.4.1.1.1.1.1",
}
_UNSHARP_MM = 2.0


def film_dataset(
    film: RadiographPhantom,
    *,
    photometric: Photometric = "MONOCHROME2",
    intent: Intent = "FOR PROCESSING",
    spacing: SpacingCase = "distances",
    window: tuple[int, int] | None = None,
    description: str = RENDERED,
) -> Any:
    """Build the data set of a film.

    Parameters
    ----------
    film
        The rendered film.
    photometric
        ``MONOCHROME1`` stores 4095 minus the pixels of its ``MONOCHROME2`` twin, bit for bit.
    intent
        ``FOR PRESENTATION`` sharpens edges (radius 2 mm, amount 1) and asks for a sigmoid window, as consoles do.
    spacing
        Which attributes tell the pixel size. ``detector``: ImagerPixelSpacing alone; ``detector-equal``: PixelSpacing
        too, the same; ``magnification``: with EstimatedRadiographicMagnificationFactor; ``distances``: with
        DistanceSourceToDetector and DistanceSourceToPatient; ``fiducial`` and ``geometry``: PixelSpacing corrected to
        the height of the first nodule; ``pixel-spacing-only``; ``zero``; ``none``; ``non-square``: columns twice as
        wide, the pixels averaged in pairs.
    window
        Darkest and brightest grey level to show, of the MONOCHROME2 film; None for the 1st and 99.5th percentile.
    description
        ImageComments.

    Returns
    -------
    pydicom.FileDataset
        Uncompressed, with file meta, UIDs that follow from the specification and seed, and no patient.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    pixels = _processed(film) if intent == "FOR PRESENTATION" else film.pixels
    if spacing == "non-square":
        even = pixels[:, : pixels.shape[1] // 2 * 2].astype(np.uint32)
        pixels = ((even[:, ::2] + even[:, 1::2] + 1) // 2).astype(np.uint16)
    shown = [int(value) for value in (window or np.percentile(pixels, (1, 99.5)))]
    if photometric == "MONOCHROME1":
        pixels = (2**BITS_STORED - 1 - pixels).astype(np.uint16)
        shown = [2**BITS_STORED - 1 - value for value in reversed(shown)]
    seeds = [repr(film.spec), str(film.seed), photometric, intent, spacing]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_SOP_CLASS[intent])
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["instance", *seeds])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["calcannot phantom"])
    meta.ImplementationVersionName = "CALCANNOT"
    data: Any = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=["study", *seeds[:2]])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=["series", *seeds])
    _identify(data, description, intent)
    _fill_pixels(data, pixels, photometric, shown, sigmoid=intent == "FOR PRESENTATION")
    _tell_spacing(data, film, spacing)
    return data


def write_dicom_film(film: RadiographPhantom, path: str | Path, *, rle: bool = False, **options: Any) -> None:
    """Write a film as DICOM DX.

    Parameters
    ----------
    film
        The rendered film.
    path
        File to write.
    rle
        Compress without loss (RLE, which every reader of DICOM decodes).
    **options
        As for ``film_dataset``.
    """
    data = film_dataset(film, **options)
    if rle:
        from pydicom.uid import RLELossless

        data.compress(RLELossless, generate_instance_uid=False)
    data.save_as(Path(path), enforce_file_format=True)


def _processed(film: RadiographPhantom) -> npt.NDArray[np.uint16]:
    """Pixels after unsharp masking: halos move edges, which is why such a film needs a warning."""
    grey = film.pixels.astype(np.float64)
    sharp = 2 * grey - ndimage.gaussian_filter(grey, _UNSHARP_MM / film.spec.spacing_mm, mode="nearest")
    pixels: npt.NDArray[np.uint16] = np.rint(np.clip(sharp, 0, 2**BITS_STORED - 1)).astype(np.uint16)
    return pixels


def _identify(data: Any, description: str, intent: str) -> None:
    """Who, what and how: nobody, a rendered film, from front to back."""
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "PHANTOM", "PHANTOM", "", ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "No patient was imaged: the film is rendered"
    data.StudyDate = data.StudyTime = data.AccessionNumber = data.StudyID = data.ReferringPhysicianName = ""
    data.SeriesDescription = "RENDERED, NOT A PATIENT"
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.ImageType = ["DERIVED", "PRIMARY"]
    data.DerivationDescription = RENDERED
    data.ImageComments = description
    data.Modality, data.PresentationIntentType = "DX", intent
    data.Manufacturer, data.ManufacturerModelName = "calcannot", "phantom"
    data.BodyPartExamined, data.ViewPosition, data.ImageLaterality = "PELVIS", "AP", "U"
    data.PatientOrientation = ["L", "F"]  # rows run towards the patient's left, columns towards the feet
    data.BurnedInAnnotation, data.LossyImageCompression = "NO", "00"
    data.DetectorType, data.KVP = "SCINTILLATOR", 80


def _fill_pixels(
    data: Any, pixels: npt.NDArray[np.uint16], photometric: Photometric, window: list[int], *, sigmoid: bool
) -> None:
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, photometric
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, BITS_STORED, BITS_STORED - 1, 0
    # The sign says whether a higher pixel value means more exposure (1) or less (-1).
    data.PixelIntensityRelationship = "LOG"
    data.PixelIntensityRelationshipSign = 1 if photometric == "MONOCHROME1" else -1
    data.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = 0, 1, "US"
    data.WindowCenter, data.WindowWidth = sum(window) // 2, max(window[1] - window[0], 1)
    data.VOILUTFunction = "SIGMOID" if sigmoid else "LINEAR"
    data.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()


def _tell_spacing(data: Any, film: RadiographPhantom, spacing: SpacingCase) -> None:
    """Write the attributes of one case; row spacing first."""
    side, sid = film.spec.spacing_mm, film.spec.sid_mm
    height = film.lesions[0].height_mm if film.lesions else 0.0
    scale = sid / (sid - height)
    if spacing not in ("pixel-spacing-only", "none"):
        data.ImagerPixelSpacing = {"zero": [0, 0], "non-square": [side, 2 * side]}.get(spacing, [side, side])
    if spacing in ("detector-equal", "pixel-spacing-only"):
        data.PixelSpacing = [side, side]
    if spacing == "magnification":
        data.EstimatedRadiographicMagnificationFactor = _decimal(scale)
    if spacing == "distances":
        data.DistanceSourceToDetector, data.DistanceSourceToPatient = _decimal(sid), _decimal(sid - height)
    if spacing in ("fiducial", "geometry"):
        data.PixelSpacing = [_decimal(side / scale)] * 2
        data.PixelSpacingCalibrationType = spacing.upper()
        data.PixelSpacingCalibrationDescription = f"rendered object plane {height:g} mm above the detector"


def _decimal(value: float) -> str:
    """Write a number within the 16 characters of a DICOM decimal string."""
    return f"{value:.10g}"
