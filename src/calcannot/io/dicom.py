"""DICOM radiographs, colour pictures and slides, through pydicom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.errors import ImageReadError
from calcannot.io import dicom_facts as facts
from calcannot.io.decoded_source import BAND_ROWS, DecodedSource
from calcannot.io.dicom_decode import decode, frame_bytes, require_decoder
from calcannot.io.dicom_file import DicomFile
from calcannot.io.dicom_pixels import Rule, require_header, rule_of
from calcannot.io.dicom_slide import open_slide
from calcannot.io.film import look_at_film
from calcannot.io.limits import check_piece
from calcannot.io.pixels import require_finite
from calcannot.io.quiet import reading
from calcannot.io.source import polarity_of
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from calcannot.io.source import Source
    from calcannot.model.annotation import Stroke


def open_dicom(path: Path) -> Source:
    """Open a DICOM picture of one frame, or one level of a DICOM slide.

    Raises
    ------
    ImageReadError
        If it is damaged or has no pixels.
    UnsupportedImageError
        If it is a stack, or no picture, or compressed in a way that is not known.
    """
    with reading(path, "the DICOM header cannot be read", "the file is damaged; copy or export it again", detail=False):
        file = DicomFile(path)
        try:
            facts.require_picture(file, path)
            require_header(file.header, path)
            require_decoder(file, path)
            rule = rule_of(file.header, path)
            _check_bytes(file, path)
            return open_slide(file, rule, path) if facts.is_slide(file.header) else _single(file, rule, path)
        except BaseException:
            file.close()
            raise


def _single(file: DicomFile, rule: Rule, path: Path) -> Source:
    header = file.header
    modality = facts.modality_of(header, rule.channels)
    scale = facts.scale_of(header)
    height, width = int(header.Rows), int(header.Columns)
    polarity, warnings = polarity_of(rule.channels, modality), scale.warnings
    excluded: tuple[Stroke, ...] = ()
    pixels = None
    if modality is Modality.RADIOGRAPH and rule.channels == 1:
        film = look_at_film(file, rule, path)
        rule, pixels, polarity, excluded = film.rule, film.pixels, film.polarity, film.excluded
        warnings += film.warnings
    info = ImageInfo(
        name=path.name,
        format=f"DICOM {facts.text(header, 'Modality')}".strip(),
        modality=modality,
        height_px=height,
        width_px=width,
        channels=rule.channels,
        dtype=rule.dtype,
        value_range=rule.value_range,
        levels=(Level(height, width, 1.0),),
        tile_height_px=min(height, BAND_ROWS),
        tile_width_px=width,
        calibration=scale.calibration,
        polarity=polarity,
        warnings=warnings + facts.warnings_of(header, modality, scale.calibration is not None),
        metadata=facts.metadata_of(file, rule),
        excluded=excluded,
    )
    return DicomSource(path, info, file, rule, pixels)


class DicomSource(DecodedSource):
    """A DICOM picture of one frame; ``pixels`` where they were decoded already."""

    def __init__(
        self, path: Path, info: ImageInfo, file: DicomFile, rule: Rule, pixels: npt.NDArray[Any] | None = None
    ) -> None:
        def decoded() -> npt.NDArray[Any]:
            return require_finite(rule.convert(decode(file, 0, path, "the pixel data")), path)

        super().__init__(path, info, decoded)
        self._pixels = pixels
        self._file = file

    def close(self) -> None:
        """Release the file. May be called twice."""
        super().close()
        self._file.close()


def _check_bytes(file: DicomFile, path: Path) -> None:
    """Compare what the header claims with what is stored, before anything is decoded."""
    header = file.header
    size = int(header.Rows), int(header.Columns)
    stored = file.coded_bytes()
    if file.syntax.is_encapsulated:
        px_bytes = int(header.SamplesPerPixel) * int(header.BitsAllocated) / 8
        check_piece(path, size, px_bytes, stored)
        return
    needed = frame_bytes(header) * file.frames
    if needed > stored:
        what = f"the header says {size[0]} x {size[1]} px in {needed} bytes, and there are {stored}"
        raise ImageReadError(what, path=path, remedy="copy the file again from where it was made")
