"""One frame of a multi-frame DICOM file as a DICOM file of its own: what is measured is one flat picture."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import sniff
from calcannot.io.dicom_decode import frame_bytes
from calcannot.io.open import head_of
from calcannot.io.quiet import reading

if TYPE_CHECKING:
    from pathlib import Path


def one_frame(path: Path, number: int) -> bytes:
    """Bytes of a DICOM file that holds one frame, with its header and its stored pixels as they are.

    Parameters
    ----------
    number
        Of the frame, from 1 as DICOM counts.

    Raises
    ------
    ImageReadError
        If the file is not there or damaged, or has no pixels.
    UnsupportedImageError
        If it is not DICOM, has no such frame, or its frames do not begin at whole bytes.
    """
    import pydicom
    from pydicom.encaps import encapsulate, get_frame
    from pydicom.uid import generate_uid

    head = head_of(path)
    if not (sniff.is_dicom(head) or sniff.is_bare_dicom(head)):
        raise UnsupportedImageError("is not a DICOM file", path=path, remedy="measure it as it is")
    with reading(path, "the DICOM file cannot be read", "the file is damaged; copy or export it again", detail=False):
        data = pydicom.dcmread(path, force=True)
        if "PixelData" not in data or "Rows" not in data:
            raise ImageReadError("the DICOM file has no pixel data", path=path, remedy="give an image")
        count = int(data.get("NumberOfFrames") or 1)
        if not 1 <= number <= count:
            what = f"there is no frame {number}"
            remedy = f"choose one of 1 to {count}" if count > 1 else "the file has one frame: measure it as it is"
            raise UnsupportedImageError(what, path=path, remedy=remedy)
        if data.file_meta.TransferSyntaxUID.is_encapsulated:
            data.PixelData = encapsulate([get_frame(data.PixelData, number - 1, number_of_frames=count)])
        else:
            if int(data.BitsAllocated) % 8:
                what = f"frames of {data.BitsAllocated} bit a pixel are not parted"
                raise UnsupportedImageError(what, path=path, remedy="export the frame as an image of its own")
            size = frame_bytes(data)
            data.PixelData = data.PixelData[(number - 1) * size : number * size]
            if len(data.PixelData) < size:
                raise ImageReadError("the file ends inside the frame", path=path, remedy="copy it again")
            data.PixelData += b"\0" * (size % 2)
        for table in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "FrameIncrementPointer"):
            if table in data:
                delattr(data, table)
        if data.get("PerFrameFunctionalGroupsSequence"):
            data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[number - 1]]
        data.NumberOfFrames = 1
        data.DerivationDescription = f"Frame {number} of {count}"
        data.SOPInstanceUID = generate_uid(entropy_srcs=[str(data.get("SOPInstanceUID", "")), str(number)])
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        written = BytesIO()
        data.save_as(written, enforce_file_format=True)
        return written.getvalue()
