"""What in an image file could tell whose it is: attributes, texts, label pictures. Names only, never values."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from calcannot.io import sniff
from calcannot.io.dicom_identifiers import identifiers_in_dicom
from calcannot.io.open import head_of
from calcannot.io.quiet import reading
from calcannot.model.identifier import Identifier, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Baseline, EXIF and Hamamatsu tags of TIFF.
_TAGS: Final = {
    "Artist": "person", "CameraOwnerName": "person", "XPAuthor": "person", "HostComputer": "place",
    "DocumentName": "free text", "PageName": "free text", "XPComment": "free text", "XPTitle": "free text",
    "XPSubject": "free text", "UserComment": "free text", "DateTime": "date", "DateTimeOriginal": "date",
    "DateTimeDigitized": "date", "BodySerialNumber": "device", "CameraSerialNumber": "device", "GPSTag": "place",
    "GPSInfo": "place", "Copyright": "person", "ImageUniqueID": "unique number",
}  # fmt: skip
_NDPI: Final = {65427: ("number", "Reference"), 65442: ("device", "serial number")}
# Fields of an Aperio description, and of the XML of Philips, Ventana, Hamamatsu and OME.
_APERIO: Final = {
    "ScanScope ID": "device", "Filename": "file name", "Title": "free text", "Date": "date", "Time": "date",
    "User": "person", "Parmset": "free text", "ImageID": "number", "DSR ID": "device", "Barcode": "number",
    "Patient": "person", "Case": "number", "Slide": "number",
}  # fmt: skip
_XML: Final = {
    "Experimenter": "person", "AcquisitionDate": "date", "DICOM_ACQUISITION_DATETIME": "date",
    "DICOM_DEVICE_SERIAL_NUMBER": "device", "PIM_DP_UFS_BARCODE": "number", "PIM_DP_SCANNER_OPERATOR_ID": "staff",
    "PIM_DP_SCANNER_RACK_NUMBER": "device", "UnitNumber": "device", "BuildDate": "date", "BarCode1D": "number",
    "Barcode1D": "number", "Barcode2D": "number", "UserName": "person", "JP2FileName": "file name",
}  # fmt: skip
_LABEL = re.compile(r"(?i)\b(label|macro)\b")


def identifiers_in(path: Path) -> list[Identifier]:
    """What could identify in an image file or the folder of one slide.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    """
    if path.is_dir():
        found: dict[Identifier, None] = {}
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            if sniff.is_dicom(head_of(file)):
                found |= dict.fromkeys(identifiers_in_dicom(file))
        return list(found)
    head = head_of(path)
    if sniff.is_dicom(head) or (sniff.is_bare_dicom(head) and not sniff.is_tiff(head)):
        return identifiers_in_dicom(path)
    with reading(path, "the header cannot be read", "copy or export it again", detail=False):
        if sniff.is_tiff(head):
            return list(dict.fromkeys(_in_tiff(path)))
        if sniff.is_png(head) or sniff.is_jpeg(head):
            return list(dict.fromkeys([*_in_picture(path), *_in_slide(path)]))
        return list(dict.fromkeys(_in_slide(path)))


def _in_tiff(path: Path) -> Iterator[Identifier]:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        for page in tiff.pages:
            if not isinstance(page, tifffile.TiffPage):
                page = page.aspage()  # noqa: PLW2901
            for tag in page.tags:
                if tag.name in _TAGS and tag.value not in (None, "", b""):
                    yield Identifier(_TAGS[tag.name], tag.name, _weight(_TAGS[tag.name]))
                elif tag.code in _NDPI and tag.value:
                    group, name = _NDPI[tag.code]
                    yield Identifier(group, name, Weight.IDENTIFIES)
                elif tag.name == "ExifTag" and isinstance(tag.value, dict):
                    for name in tag.value:
                        if name in _TAGS:
                            yield Identifier(_TAGS[name], name, _weight(_TAGS[name]))
            yield from _in_description(str(page.description or ""))
        with suppress(Exception):  # the series of a damaged file; its pages were looked at
            for series in tiff.series:
                if _LABEL.search(series.name or ""):
                    yield _label(series.name.lower())


def _in_description(text: str) -> Iterator[Identifier]:
    first = text.partition("|")[0]
    if text.lstrip().startswith("<"):
        for name, group in _XML.items():
            if re.search(rf'<{name}\b[^>]*[^/>\s]|Name="{name}"[^>]*>[^<]|\b{name}="[^"]', text):
                yield Identifier(group, name, _weight(group))
        return
    for line in text.splitlines():
        if _LABEL.match(line.strip()):
            yield _label(line.split()[0].lower())
    for field in text.split("|")[1:]:
        name, equals, value = (part.strip() for part in field.partition("="))
        if equals and value and name in _APERIO:
            yield Identifier(_APERIO[name], f"ImageDescription {name}", _weight(_APERIO[name]))
    if first.strip() and "Aperio" not in first and "ImageJ" not in first and '"shape"' not in first:
        yield Identifier("free text", "ImageDescription", Weight.MAY)


def _in_picture(path: Path) -> Iterator[Identifier]:
    from PIL import ExifTags, Image

    with Image.open(path) as picture:
        exif = picture.getexif()
        names = [ExifTags.TAGS.get(tag, "") for tag in exif]
        names += [ExifTags.TAGS.get(tag, "") for tag in exif.get_ifd(ExifTags.IFD.Exif)]
        for name in names:
            if name in _TAGS:
                yield Identifier(_TAGS[name], f"EXIF {name}", _weight(_TAGS[name]))
        if exif.get_ifd(ExifTags.IFD.GPSInfo):
            yield Identifier("place", "EXIF GPSInfo", Weight.IDENTIFIES)
        texts: Any = getattr(picture, "text", {})
        for name in texts:
            yield Identifier("free text", f"text {name[:40]}", Weight.MAY)
        if "comment" in picture.info:
            yield Identifier("free text", "comment", Weight.MAY)


def _in_slide(path: Path) -> Iterator[Identifier]:
    """Label and overview of formats that OpenSlide knows, where it is installed."""
    try:
        import openslide
    except ImportError:
        return
    if openslide.OpenSlide.detect_format(path) is None:
        return
    with openslide.OpenSlide(path) as slide:
        for name in slide.associated_images:
            if _LABEL.search(name):
                yield _label(name)
        for name in slide.properties:
            if re.search(r"(?i)(barcode|slide_?name|slide_?id|user|date|serial)", name):
                yield Identifier("number", f"property {name[:60]}", Weight.MAY)


def _label(name: str) -> Identifier:
    return Identifier("pixels", f"the file holds a {name} picture of the slide", Weight.IDENTIFIES)


def _weight(group: str) -> Weight:
    return Weight.MAY if group in ("free text", "unique number", "file name") else Weight.IDENTIFIES
