"""Which pages of a TIFF are the picture: one image and its pyramid, never a label, a macro or one of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.errors import UnsupportedImageError

if TYPE_CHECKING:
    from pathlib import Path

# Pictures of the glass, not of the tissue; a label may show a patient's name.
_ASSOCIATED = ("label", "macro", "thumbnail", "overview", "map", "associated")
_XMP = 700
_AXES = {"Z": "focal planes (Z)", "T": "time points (T)", "C": "channels (C)", "I": "pages (I)", "Q": "pages (Q)"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Pages to read.

    Attributes
    ----------
    pages
        tifffile pages, one a level, largest first.
    kind
        tifffile's name of the dialect, for example ``svs`` or ``ome``.
    image
        Index of the image among those of the file.
    ignored
        Names of the associated pictures that are left alone.
    """

    pages: tuple[Any, ...]
    kind: str
    image: int
    ignored: tuple[str, ...]


def has_overlapping_tiles(tif: Any) -> bool:
    """Whether it is a slide whose tiles overlap or are several fields: laid side by side they would count twice.

    Ventana BIF, Leica SCN (one file, several areas) and Trestle.
    """
    page = tif.pages.first
    packet = page.tags.valueof(_XMP)
    if isinstance(packet, bytes) and b"<iScan" in packet:  # Ventana, whichever program wrote it
        return True
    return bool(tif.is_bif or tif.is_scn or str(page.software).startswith("MedScan"))


def choose(tif: Any, path: Path) -> Layout:
    """Find the one picture of an open ``tifffile.TiffFile``.

    Raises
    ------
    UnsupportedImageError
        If it holds a volume, or several pictures of which none is the obvious one.
    """
    series = list(tif.series)
    kept = [index for index, item in enumerate(series) if index == 0 or not _is_associated(item)]
    if series[0].name == "Baseline":  # tifffile's name for the slide itself in SVS, NDPI and their like
        kept = [0]
    if len(kept) > 1:
        sizes = ", ".join(_size(series[index]) for index in kept[:4]) + (", …" if len(kept) > 4 else "")
        what = f"the file holds {len(kept)} pictures ({sizes} px), and does not say which one is meant"
        raise UnsupportedImageError(what, path=path, remedy="save the one to measure as a file of its own")
    chosen = series[kept[0]]
    _require_plane(chosen, path)
    pages = [level.keyframe for level in chosen.levels]
    if any(page.parent is not tif for page in pages):
        what = "the pixels are in another file than this one"
        raise UnsupportedImageError(what, path=path, remedy="open that file, or save the image as one OME-TIFF")
    names = [item.name or _size(item) for index, item in enumerate(series) if index not in kept]
    return Layout(tuple(_pyramid(pages)), chosen.kind, kept[0], tuple(names))


def _is_associated(series: Any) -> bool:
    page = series.keyframe
    named = any(word in series.name.lower() for word in _ASSOCIATED)
    return named or bool(page.is_reduced) or bool(page.is_mask)


def _size(series: Any) -> str:
    page = series.keyframe
    return f"{page.imagelength} x {page.imagewidth}"


def _require_plane(series: Any, path: Path) -> None:
    extra = [(axis, size) for axis, size in zip(series.axes, series.shape, strict=False) if axis not in "YXS"]
    extra = [(axis, size) for axis, size in extra if size != 1]
    if not extra:
        return
    axes = " and ".join(f"{size} {_AXES.get(axis, f'planes along axis {axis}')}" for axis, size in extra)
    what = f"the image is a stack of {axes}, and one flat picture is measured at a time"
    raise UnsupportedImageError(what, path=path, remedy="save the plane to measure, or a projection, as its own file")


def _pyramid(pages: list[Any]) -> list[Any]:
    """Level 0 and those after it that are the same picture smaller."""
    first = pages[0]
    kept = [first]
    for page in pages[1:]:
        smaller = page.imagelength < kept[-1].imagelength and page.imagewidth <= kept[-1].imagewidth
        alike = (page.photometric, page.samplesperpixel, page.dtype, page.bitspersample) == (
            first.photometric,
            first.samplesperpixel,
            first.dtype,
            first.bitspersample,
        )
        if smaller and alike:
            kept.append(page)
    return kept
