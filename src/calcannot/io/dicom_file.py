"""A DICOM file as its header and the places of its frames; pixel data stays on disk until it is asked for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.byte_file import ByteFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

_PIXEL_DATA = (0x7FE0, 0x0010)
_UNDEFINED = 0xFFFFFFFF
_ITEM = 0xFFFEE000
_DEFLATED = "1.2.840.10008.1.2.1.99"
_CUT = "copy the file again from where it was made"


class DicomFile:
    """Header and frames of a DICOM image.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    header
        The ``pydicom.Dataset`` without its pixels.
    syntax
        Transfer syntax, a ``pydicom.uid.UID``.
    frames
        How many there are.
    """

    def __init__(self, path: Path) -> None:
        import pydicom

        self._path = path
        self._inflated: bytes | None = None
        with path.open("rb") as file:
            self._file: BinaryIO = file
            self.header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            self.syntax = _syntax(self.header, path)
            if self.syntax == _DEFLATED:
                # The pixels are deflated together with the header: there is nothing to seek to.
                self._inflate()
            self.frames = int(self.header.get("NumberOfFrames") or 1)
            self._start, self._length = self._find_pixels()
            self._table = self._fragments() if self.syntax.is_encapsulated else []
            self._size = self._file.seek(0, io.SEEK_END)
        self._bytes = ByteFile(path)

    def coded_bytes(self) -> int:
        """Bytes of pixel data that are in the file."""
        if self._table:
            return sum(size for frame in self._table for _, size in frame)
        return min(self._length, self._size - self._start)

    def frame(self, index: int, native_bytes: int) -> bytes:
        """Stored bytes of one frame.

        Parameters
        ----------
        index
            From 0.
        native_bytes
            Size of an uncompressed frame; not used for compressed ones.

        Raises
        ------
        ImageReadError
            If the file ends before the frame does.
        """
        parts = []
        for offset, size in self._pieces(index, native_bytes):
            part = self._read_at(offset, size)
            if len(part) < size:
                what = f"the pixel data of frame {index + 1} is cut short"
                raise ImageReadError(what, path=self._path, remedy=_CUT)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def ahead(self, frames: Sequence[int], native_bytes: int) -> AbstractContextManager[None]:
        """Within this block, the calling thread reads these frames at once as far as they lie near each other."""
        return self._bytes.ahead([piece for index in frames for piece in self._pieces(index, native_bytes)])

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._bytes.close()

    def _pieces(self, index: int, native_bytes: int) -> list[tuple[int, int]]:
        """Place and size of what a frame is made of."""
        if self.syntax.is_encapsulated:
            return self._table[index]
        return [(self._start + index * native_bytes, native_bytes)]

    def _read_at(self, offset: int, count: int) -> bytes:
        if self._inflated is not None:
            return self._inflated[offset : offset + count]
        return self._bytes.read_at(offset, count)

    def _inflate(self) -> None:
        import pydicom

        self._file.seek(0)
        whole = pydicom.dcmread(self._file, force=True)
        plain = io.BytesIO()
        whole.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        whole.save_as(plain, enforce_file_format=True)
        self._file, self._inflated = plain, plain.getvalue()
        plain.seek(0)
        self.header = pydicom.dcmread(plain, stop_before_pixels=True)
        self.syntax = self.header.file_meta.TransferSyntaxUID

    def _find_pixels(self) -> tuple[int, int]:
        """Place and length of the value of Pixel Data: pydicom stopped in front of it."""
        order = "little" if self.syntax.is_little_endian else "big"
        start = self._file.read(8)
        group, element = (int.from_bytes(start[at : at + 2], order) for at in (0, 2))  # type: ignore[arg-type]
        if len(start) < 8 or (group, element) != _PIXEL_DATA:
            kinds = {0x0008: "float", 0x0009: "double float"}
            kind = kinds.get(element, "") if group == _PIXEL_DATA[0] else ""
            if kind:
                what = f"the pixels are {kind} numbers, which are not measured"
                raise UnsupportedImageError(what, path=self._path, remedy="export them as integers")
            what = "the DICOM file has no pixel data"
            raise ImageReadError(what, path=self._path, remedy="give an image, not a report, an annotation or a header")
        length = int.from_bytes(start[4:8], order)  # type: ignore[arg-type]
        if not self.syntax.is_implicit_VR:
            length = int.from_bytes(self._file.read(4), order)  # type: ignore[arg-type]
        return self._file.tell(), length

    def _fragments(self) -> list[list[tuple[int, int]]]:
        """Place and size of the fragments of every frame."""
        if self._length != _UNDEFINED:
            what = "the pixel data is compressed, and has a length as if it were not"
            raise ImageReadError(what, path=self._path, remedy="the file is damaged; export it again")
        items, offsets = self._items()
        table = items.pop(0) if items else (0, 0)
        if not items:
            what = "the pixel data is cut short" if self.frames else "the DICOM file has no frames"
            raise ImageReadError(what, path=self._path, remedy=_CUT)
        if self.frames == 1:
            return [items]
        if len(items) == self.frames:
            return [[item] for item in items]
        starts = self._basic_offsets(table)
        if len(starts) != self.frames:
            what = f"{self.frames} frames are stated, and nothing says which of the {len(items)} pieces make up which"
            raise ImageReadError(what, path=self._path, remedy="export the image again")
        base = offsets[1]
        frame_of = {start: number for number, start in enumerate(starts)}
        frames: list[list[tuple[int, int]]] = []
        for offset, item in zip(offsets[1:], items, strict=True):
            if offset - base in frame_of:
                frames.append([])
            frames[-1].append(item)
        return frames

    def _items(self) -> tuple[list[tuple[int, int]], list[int]]:
        """(place, size) of every item's value, and the place of its tag."""
        self._file.seek(0, io.SEEK_END)
        size = self._file.tell()
        items, tags, at = [], [], self._start
        while at + 8 <= size:
            self._file.seek(at)
            start = self._file.read(8)
            tag = int.from_bytes(start[0:2], "little") << 16 | int.from_bytes(start[2:4], "little")
            length = int.from_bytes(start[4:8], "little")
            if tag != _ITEM:
                break
            items.append((at + 8, length))
            tags.append(at)
            at += 8 + length
        return items, tags

    def _basic_offsets(self, table: tuple[int, int]) -> list[int]:
        self._file.seek(table[0])
        block = self._file.read(table[1])
        return [int.from_bytes(block[at : at + 4], "little") for at in range(0, len(block) - 3, 4)]


def _syntax(header: Any, path: Path) -> Any:
    """Transfer syntax; for a data set without file header, the one pydicom found it to be read by."""
    from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    stated = header.file_meta.get("TransferSyntaxUID") if hasattr(header, "file_meta") else None
    if stated:
        uid = UID(stated)
        if not uid.is_transfer_syntax or uid.is_private:
            what = f"the DICOM transfer syntax {uid} is not known"
            raise UnsupportedImageError(what, path=path, remedy="export it as Explicit VR Little Endian")
        return uid
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian
