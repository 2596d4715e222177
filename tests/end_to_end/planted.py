"""A film and a slide with planted identifiers, and a search that finds them wherever a file can hold them."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

SAMPLE = Path(__file__).parents[2] / "sample_images"
_CODES = ("utf-8", "utf-16-le", "utf-16-be")
WORD, DAY, LABEL = "ZQX7", "19510203", (250, 3, 247)
PLANTED = """
PatientName PatientID OtherPatientNames PatientBirthDate PatientBirthName PatientMotherBirthName PatientAddress
PatientTelephoneNumbers MedicalRecordLocator ResponsiblePerson Occupation EthnicGroup PatientComments
AdditionalPatientHistory MilitaryRank CountryOfResidence AccessionNumber StudyID AdmissionID RequestedProcedureID
PerformedProcedureStepID ReferringPhysicianName ReferringPhysicianAddress PhysiciansOfRecord PerformingPhysicianName
NameOfPhysiciansReadingStudy OperatorsName RequestingPhysician InstitutionName InstitutionAddress
InstitutionalDepartmentName StationName DeviceSerialNumber DetectorID PlateID StudyDate SeriesDate AcquisitionDate
ContentDate InstanceCreationDate StudyDescription SeriesDescription ProtocolName ImageComments DerivationDescription
SpecimenIdentifier
""".split()  # noqa: SIM905 (a list to read)


def plant_film(path: Path) -> None:
    """A part of the sample film with an identifier in every tag of the list, in a sequence and in a private tag."""
    film = pydicom.dcmread(SAMPLE / "radiograph.dcm")
    pixels = film.pixel_array[560:816, 300:620]
    film.Rows, film.Columns = pixels.shape
    film.PixelData = pixels.tobytes()
    film["PixelData"].VR = "OW"
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in PLANTED:
        value = {"DA": DAY, "PN": f"{WORD}^Jane"}.get(dictionary_VR(keyword), f"{WORD} {len(keyword)}")
        setattr(film, keyword, value)
    item = Dataset()
    item.RequestedProcedureID, item.ReasonForTheRequestedProcedure = f"{WORD} deep", f"{WORD} reason"
    film.RequestAttributesSequence = [item]
    film.private_block(0x0029, f"{WORD} MAKER", create=True).add_new(0x10, "LO", f"{WORD} private")
    film.save_as(path, enforce_file_format=True)


def plant_slide(path: Path) -> None:
    """A slide as Aperio writes it, with names in its description and a label picture of one loud colour."""
    section = tifffile.imread(SAMPLE / "section.tif")[400:912, 400:912]
    label = np.full((64, 64, 3), LABEL, np.uint8)
    about = (
        "Aperio Image Library v11.2.1\n512x512 [0,0 512x512] (256x256)|AppMag = 20|MPP = 1.0|"
        f"User = {WORD}|Filename = {WORD} Jane|ScanScope ID = {WORD}|Date = 02/03/51|Title = {WORD}|Barcode = {WORD}"
    )
    with tifffile.TiffWriter(path) as tiff:
        options: dict[str, Any] = {"photometric": "rgb", "metadata": None}
        named = [("HostComputer", 2, 0, f"{WORD}-PC", True), ("Artist", 2, 0, WORD, True)]
        options |= {"description": about, "datetime": "1951:02:03 01:02:03", "extratags": named}
        tiff.write(section, tile=(256, 256), compression="zlib", **options)
        options = {"photometric": "rgb", "metadata": None}
        tiff.write(label, description=f"Aperio Image Library v11.2.1\nlabel 64x64|User = {WORD}", **options)


def planted_in(name: str, content: bytes, needles: list[str]) -> list[str]:
    """Needles found in a file, also inside of what is packed, and the colour of the label in pictures."""
    found = [f"{name}: {needle}" for needle in needles if _holds(content, needle)]
    for inner, data in _unpacked(name, content):
        found += planted_in(f"{name}/{inner}", data, needles)
    if _is_picture(content):
        found += [f"{name}: the label"] if _shows_label(content) else []
    return found


def _holds(content: bytes, needle: str) -> bool:
    if needle.isdigit() and len(needle) == 4:  # a year, and not four digits of an area
        whole = re.compile(rf"(?<![\d.]){needle}(?!\d)")
        return any(whole.search(content.decode(code, "ignore")) for code in _CODES)
    return any(needle.encode(code) in content for code in _CODES)


def _unpacked(name: str, content: bytes) -> list[tuple[str, bytes]]:
    parts: list[tuple[str, bytes]] = []
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts += [(each, archive.read(each)) for each in archive.namelist()]
    elif content[:2] == b"\x1f\x8b":
        parts.append(("gunzipped", gzip.decompress(content)))
    elif content[:4] == b"PAR1":
        from pyarrow import parquet

        table = parquet.read_table(io.BytesIO(content))
        parts.append(("rows", repr((table.to_pylist(), table.schema.metadata)).encode()))
    elif _is_picture(content):
        with Image.open(io.BytesIO(content)) as picture:
            parts.append(("info", repr(picture.info).encode()))
    elif content[:4] in (b"II*\0", b"MM\0*", b"II+\0"):
        with tifffile.TiffFile(io.BytesIO(content)) as tiff:
            parts += [("tags", str(tag.value).encode()) for page in tiff.pages for tag in page.tags]
    elif name.endswith(".html"):
        pictures = re.findall(rb"data:[\w/+.-]+;base64,([A-Za-z0-9+/=]+)", content)
        parts += [(f"picture {k}", base64.b64decode(each)) for k, each in enumerate(pictures)]
    return parts


def _is_picture(content: bytes) -> bool:
    return content[:8] == b"\x89PNG\r\n\x1a\n" or content[:3] == b"\xff\xd8\xff"


def _shows_label(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return bool((np.abs(pixels - LABEL).max(axis=-1) < 12).sum() > 8)
