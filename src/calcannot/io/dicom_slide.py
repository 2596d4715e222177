"""DICOM slides (VL Whole Slide Microscopy): the levels of one series, each in a file of its own or in several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.errors import CalcannotError, UnsupportedImageError
from calcannot.io import dicom_facts as facts
from calcannot.io.dicom_calibration import of_slide
from calcannot.io.dicom_decode import require_decoder
from calcannot.io.dicom_file import DicomFile
from calcannot.io.dicom_level import LevelReader
from calcannot.io.dicom_pixels import Rule, require_header, rule_of
from calcannot.io.dicom_series import levels_of, member_of, members_in
from calcannot.io.quiet import reading
from calcannot.io.segment_cache import SegmentCache
from calcannot.io.source import Source, polarity_of
from calcannot.model.image import ImageInfo, Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from calcannot.io.dicom_series import Member
    from calcannot.io.scale import Scale
    from calcannot.jpeg_colours import CodedTiles

# Levels of one slide differ in shape by rounding only: a pixel or two, or this share of a side.
_SHAPE_TOLERANCE = 0.02


class SlideSource(Source):
    """A slide.

    Parameters
    ----------
    path, info
        As in `Source`.
    files
        The open files, with their paths; closed with the source.
    readers
        One a level.
    """

    def __init__(
        self,
        path: Path,
        info: ImageInfo,
        files: Sequence[tuple[DicomFile, Path]],
        readers: Sequence[LevelReader],
        cache: SegmentCache,
    ) -> None:
        super().__init__(path, info, files=[place for _, place in files])
        self._dicom_files = files
        self._readers = readers
        self._cache = cache

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        return self._readers[level].read(row, col, height, width)

    def _coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        return self._readers[0].coded_tiles(places)

    def close(self) -> None:
        """Release the files. May be called twice."""
        self._cache.clear()
        for file, _ in self._dicom_files:
            file.close()


def open_slide(file: DicomFile, rule: Rule, path: Path) -> Source:
    """Open a slide by one of its files; smaller levels are taken from the same series in the same folder.

    Raises
    ------
    ImageReadError
        If its tiles do not make up the picture.
    UnsupportedImageError
        If it is a picture of the label or of the whole glass, or has several focal planes or optical paths.
    """
    header = file.header
    shown = facts.picture_of_glass(header)
    if shown:
        what = f"this is the {shown} picture of a slide, not the tissue"
        raise UnsupportedImageError(what, path=path, remedy="give the file of the slide whose image type is VOLUME")
    _require_plane(header, path)
    opened = [(file, path)]
    cache = SegmentCache()
    try:
        levels, larger = _family(header, path)
        first = LevelReader(_open_parts(levels[0], opened), rule, cache)
        readers, warnings = [first], larger
        for parts in levels[1:]:
            reader, problem = _smaller(parts, opened, rule, first, cache)
            readers += [] if reader is None else [reader]
            warnings += problem
        info = _info(file, rule, path, readers, warnings)
        return SlideSource(path, info, opened, readers, cache)
    except BaseException:
        for each, _ in opened[1:]:  # the caller closes the first
            each.close()
        raise


def _family(header: Any, path: Path) -> tuple[list[tuple[Member, ...]], tuple[str, ...]]:
    """Files of the file's own level and of those below it, and a warning where there is a level above."""
    member = member_of(header, path)
    assert member is not None  # the caller knows that it is tissue of a slide
    levels = levels_of(member, members_in(path.parent) if path.parent.is_dir() else [member])
    own = next(at for at, parts in enumerate(levels) if any(part.level == member.level for part in parts))
    if own == 0:
        return levels, ()
    height, width = levels[0][0].size
    name = levels[0][0].path.name
    return levels[own:], (
        f"this is not the full resolution of the slide: {name} in the same folder has {height} x {width} px",
    )


def _open_parts(parts: tuple[Member, ...], opened: list[tuple[DicomFile, Path]]) -> list[tuple[DicomFile, Path]]:
    """Open the files of a level that are not open yet."""
    files = []
    for part in parts:
        known = next((each for each in opened if each[1].name == part.path.name), None)
        if known is None:
            with reading(part.path, "the DICOM header cannot be read", "export the slide again", detail=False):
                known = DicomFile(part.path), part.path
                opened.append(known)
                require_header(known[0].header, part.path)
                require_decoder(known[0], part.path)
        files.append(known)
    return files


def _smaller(
    parts: tuple[Member, ...],
    opened: list[tuple[DicomFile, Path]],
    rule: Rule,
    first: LevelReader,
    cache: SegmentCache,
) -> tuple[LevelReader | None, tuple[str, ...]]:
    """Reader of a level below the first, or a reason why it is left alone: nothing is measured on it."""
    path = parts[0].path
    try:
        files = _open_parts(parts, opened)
        own = rule_of(files[0][0].header, path)
        reader = LevelReader(files, own, cache)
    except CalcannotError as error:
        return None, (f"the level in {path.name} is not used: {error.what}",)
    alike = (own.channels, own.dtype) == (rule.channels, rule.dtype)
    factor = first.width / reader.width
    slack = 2 + _SHAPE_TOLERANCE * reader.height
    if not alike or abs(first.height / factor - reader.height) > slack:
        return None, (f"the level in {path.name} is not used: it is another picture than the full resolution",)
    return reader, ()


def _info(
    file: DicomFile, rule: Rule, path: Path, readers: Sequence[LevelReader], warnings: tuple[str, ...]
) -> ImageInfo:
    header, first = file.header, readers[0]
    modality = facts.modality_of(header, rule.channels)
    scale = _scale(header, (first.height, first.width))
    warnings = scale.warnings + facts.warnings_of(header, modality, scale.calibration is not None) + warnings
    if first.missing:
        warnings += (f"{first.missing} tiles are not in the file and are read as white background",)
    return ImageInfo(
        name=path.name,
        format="DICOM slide",
        modality=modality,
        height_px=first.height,
        width_px=first.width,
        channels=rule.channels,
        dtype=rule.dtype,
        value_range=rule.value_range,
        levels=tuple(
            Level(each.height, each.width, (first.height / each.height + first.width / each.width) / 2)
            for each in readers
        ),
        tile_height_px=first.tile[0],
        tile_width_px=first.tile[1],
        calibration=scale.calibration,
        polarity=polarity_of(rule.channels, modality),
        warnings=warnings,
        metadata=facts.metadata_of(file, rule),
    )


def _scale(header: Any, size: tuple[int, int]) -> Scale:
    measures = facts.first_item(header, "SharedFunctionalGroupsSequence")
    measures = facts.first_item(measures, "PixelMeasuresSequence") if measures is not None else None
    return of_slide(
        facts.numbers(measures, "PixelSpacing") if measures is not None else None,
        (facts.number(header, "ImagedVolumeHeight"), facts.number(header, "ImagedVolumeWidth")),
        size,
    )


def _require_plane(header: Any, path: Path) -> None:
    for keyword, axis in (
        ("TotalPixelMatrixFocalPlanes", "focal planes (Z)"),
        ("NumberOfOpticalPaths", "channels (C)"),
    ):
        count = facts.number(header, keyword) or 1
        if count > 1:
            what = f"the slide is a stack of {count:g} {axis}, and one flat picture is measured at a time"
            raise UnsupportedImageError(what, path=path, remedy="export one of them")
