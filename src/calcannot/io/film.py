"""What the picture of a film says of itself: where it shows no patient, what is written on it, where its air is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.io.dicom_decode import decode
from calcannot.io.dicom_facts import bone_is_dark
from calcannot.io.dicom_pixels import Rule, rule_of
from calcannot.io.film_borders import fields_of, flat_border_mask, padding_mask
from calcannot.io.film_frame import find_frame
from calcannot.io.film_markers import DOUBT, FRAME, Marker, find_markers
from calcannot.io.film_polarity import Air, air_of
from calcannot.io.mask_rings import rings_of
from calcannot.io.pixels import require_finite
from calcannot.io.source import DENSER, UNKNOWN
from calcannot.model.annotation import Stroke, StrokeKind

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.io.dicom_file import DicomFile
    from calcannot.io.glyphs import Box

Mask = npt.NDArray[np.bool_]

_MOST_NAMED: Final = 3
TEXT_WARNING: Final = (
    "text or a marker is in the picture ({places}) and is left out of the measurement: it may show who the patient is"
)
DOUBT_WARNING: Final = (
    "something that may be a marker is in the picture ({places}) and is measured like all else: if it is no mineral, "
    "draw an exclusion round it"
)


TURNED_WARNING: Final = (
    "the header says that bone is dark in these pixels (PixelIntensityRelationshipSign) and the air is bright: they "
    "were turned round, so that denser is brighter"
)
DARK_WARNING: Final = (
    "the header says that bone is dark in these pixels (PixelIntensityRelationshipSign), and the picture does not "
    "show whether it is: check them"
)
CONTRADICTED: Final = "; its air is dark, as it would be were bone bright"
BRIGHT_AIR_WARNING: Final = (
    "what looks like air at the border is bright, and the header says that bone is: check which is dense"
)


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film as it was decoded and looked at.

    Attributes
    ----------
    rule, pixels
        How stored values become pixels, and the pixels: denser is brighter where ``polarity`` says so.
    polarity
        As in `ImageInfo`.
    excluded
        Exclusions with the reason padding, shutter, collimator, border, frame, text or marker, for
        `ImageInfo.excluded`.
    warnings
        Sentences for the user.
    """

    rule: Rule
    pixels: npt.NDArray[Any]
    polarity: str
    excluded: tuple[Stroke, ...]
    warnings: tuple[str, ...]


def look_at_film(file: DicomFile, rule: Rule, path: Path) -> Film:
    """Decode a film and look at it.

    The header decides which side of grey is dense. Where it says that bone is dark in what ought to be shown bright,
    and the air is seen to be bright, the film is turned round; where the two disagree, a warning says so.
    """
    stored = decode(file, 0, path, "the pixel data")
    pixels = require_finite(rule.convert(stored), path)
    borders = _borders(pixels, stored, file.header)
    air = air_of(pixels, borders.padding | borders.flat)
    polarity, warnings = DENSER, [*borders.warnings]
    if bone_is_dark(file.header, rule):
        if air is Air.BRIGHT:
            rule = rule_of(file.header, path, turned=True)
            pixels = rule.convert(stored)
            warnings.append(TURNED_WARNING)
        else:
            polarity = UNKNOWN
            warnings.append(DARK_WARNING + (CONTRADICTED if air is Air.DARK else ""))
    elif air is Air.BRIGHT:
        polarity = UNKNOWN
        warnings.append(BRIGHT_AIR_WARNING)
    excluded = list(borders.excluded)
    # Where it is not known which side is dense, nothing is known of what a frame or a letter of lead looks like.
    if polarity == DENSER:
        ignored = borders.padding | borders.flat
        frame = find_frame(pixels, ignored)
        if frame.strips.any():
            excluded.append(_exclusion(FRAME, 1, rings_of(frame.strips | frame.corners)))
        markers, said = _markers(pixels, ignored | frame.strips, frame.strips)
        excluded += markers
        warnings += said
    return Film(rule, pixels, polarity, tuple(excluded), tuple(warnings))


class _Borders(NamedTuple):
    padding: Mask
    flat: Mask
    excluded: list[Stroke]
    warnings: list[str]


def _borders(grey: npt.NDArray[Any], stored: npt.NDArray[Any], header: Any) -> _Borders:
    """Where the film shows no patient.

    Parameters
    ----------
    grey
        Pixels as they are measured, shape (height, width).
    stored
        The same as they are stored, which is what the header's padding value speaks of.
    header
        Of the DICOM file.
    """
    height, width = grey.shape
    padding = padding_mask(stored, header)
    flat = flat_border_mask(grey) & ~padding
    fields, warnings = fields_of(header, height, width)
    strokes = [_exclusion("padding", 1, rings_of(padding))] if padding.any() else []
    if flat.any():
        strokes.append(_exclusion("border", 1, rings_of(flat)))
    frame = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    strokes += [_exclusion(name, number, (frame, ring)) for number, (name, ring) in enumerate(fields, 1)]
    return _Borders(padding, flat, strokes, warnings)


def _markers(grey: npt.NDArray[Any], ignored: Mask, frame: Mask) -> tuple[list[Stroke], list[str]]:
    """Exclusions of text and markers, and what to tell of them and of what may be one."""
    markers = find_markers(grey, ignored, frame)
    corners = [marker for marker in markers if marker.kind == FRAME]
    certain = [marker for marker in markers if marker.kind not in (DOUBT, FRAME)]
    doubtful = [marker for marker in markers if marker.kind == DOUBT]
    strokes = [_exclusion(FRAME, number, (_ring(marker.box),)) for number, marker in enumerate(corners, 2)]
    strokes += [_exclusion(marker.kind, number, (_ring(marker.box),)) for number, marker in enumerate(certain, 1)]
    told = [TEXT_WARNING.format(places=_places(certain))] if certain else []
    if doubtful:
        told.append(DOUBT_WARNING.format(places=_places(doubtful)))
    return strokes, told


def _exclusion(reason: str, number: int, rings: tuple[npt.NDArray[np.float64], ...]) -> Stroke:
    return Stroke(id=f"image-{reason}-{number}", kind=StrokeKind.EXCLUDE, rings=rings, reason=reason, name=reason)


def _ring(box: Box) -> npt.NDArray[np.float64]:
    left, top, right, bottom = float(box.col), float(box.row), float(box.end_col), float(box.end_row)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _places(markers: list[Marker]) -> str:
    shown = [
        f"row {marker.box.row} to {marker.box.end_row}, column {marker.box.col} to {marker.box.end_col}"
        for marker in markers[:_MOST_NAMED]
    ]
    more = len(markers) - _MOST_NAMED
    return "; ".join(shown) + (f"; {more} more" if more > 0 else "")
