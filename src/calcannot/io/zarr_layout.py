"""What the metadata of an OME-Zarr image says: its levels, its axes, its scale. No pixels, and no zarr library.

OME-Zarr 0.4 keeps it in ``.zattrs``, 0.5 in ``zarr.json`` under ``ome``. Versions before 0.4 state no scale.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.quiet import reading
from calcannot.io.scale import Scale, checked
from calcannot.model.calibration import CalibrationSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FILES = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
_UM = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3, "centimeter": 1e4, "meter": 1e6, "angstrom": 1e-4}
_OLD_AXES = ("t", "c", "z", "y", "x")
_RGB = ("FF0000", "00FF00", "0000FF")
_DAMAGED = "the folder is damaged; copy or export it again"


@dataclass(frozen=True, slots=True)
class Layout:
    """One image.

    Attributes
    ----------
    root
        Folder whose metadata lists the levels.
    paths
        Of the levels below ``root``, as they are listed.
    axes
        Names of the axes, as they are stored.
    scale
        Pixel size of the first level.
    colours
        What the metadata says about the colours of the channels, upper-case hexadecimal; empty when nothing.
    version
        Of OME-Zarr, empty when not stated.
    """

    root: Path
    paths: tuple[str, ...]
    axes: tuple[str, ...]
    scale: Scale
    colours: tuple[str, ...]
    version: str

    @property
    def is_rgb(self) -> bool | None:
        """Whether three channels are red, green and blue; None when nothing says so."""
        return self.colours == _RGB if self.colours else None


def is_zarr(folder: Path) -> bool:
    """Whether a folder has the metadata of a Zarr group or array."""
    return folder.is_dir() and any((folder / name).is_file() for name in _FILES)


def layout_of(folder: Path) -> Layout:
    """Find the one image of an OME-Zarr folder.

    Raises
    ------
    ImageReadError
        If the metadata is damaged.
    UnsupportedImageError
        If it is a plate, several images, or no OME-Zarr.
    """
    with reading(folder, "the OME-Zarr metadata cannot be read", _DAMAGED):
        metadata = _metadata(folder)
        if "plate" in metadata or "well" in metadata:
            _refuse(folder, "this is a plate of many images", "give one image in it, for example A/1/0")
        if "multiscales" not in metadata:
            # bioformats2raw writes each picture of a file into a folder with a number.
            inside = sorted(each.name for each in folder.iterdir() if each.name.isdigit() and is_zarr(each))
            if "bioformats2raw.layout" not in metadata or not inside:
                _refuse(folder, "this is a Zarr folder that holds no OME-Zarr image", "give a folder with multiscales")
            if len(inside) > 1:
                _refuse(folder, f"the folder holds {len(inside)} images", f"give one of them, for example {inside[0]}")
            return layout_of(folder / inside[0])
        images = metadata["multiscales"]
        if len(images) != 1:
            _refuse(folder, f"the folder holds {len(images)} images", "save the one to measure as a folder of its own")
        return _layout(folder, images[0], metadata)


def _layout(folder: Path, image: dict[str, Any], metadata: dict[str, Any]) -> Layout:
    axes = image.get("axes") or _OLD_AXES
    names = tuple(axis if isinstance(axis, str) else str(axis["name"]) for axis in axes)
    units = tuple("" if isinstance(axis, str) else str(axis.get("unit", "")) for axis in axes)
    paths = tuple(str(level["path"]) for level in image["datasets"])
    if not paths:
        what = "the OME-Zarr image has no levels"
        raise ImageReadError(what, path=folder, remedy=_DAMAGED)
    root = folder.resolve()
    if any(not (folder / path).resolve().is_relative_to(root) for path in paths):
        what = "the OME-Zarr metadata names pixels outside its folder"
        raise ImageReadError(what, path=folder, remedy=_DAMAGED)
    if "y" not in names or "x" not in names:
        _refuse(folder, f"the image has axes {', '.join(names)}, and no y and x", "export it with spatial axes")
    factors = _factors(image["datasets"][0], image, len(names))
    channels = (metadata.get("omero") or {}).get("channels") or ()
    return Layout(
        root=folder,
        paths=paths,
        axes=names,
        scale=_scale(names, units, factors),
        colours=tuple(str(channel.get("color", "")).upper() for channel in channels),
        version=str(metadata.get("version") or image.get("version") or ""),
    )


def _metadata(folder: Path) -> dict[str, Any]:
    """Attributes of the group; those of OME in version 0.5."""
    for name in ("zarr.json", ".zattrs"):
        if (folder / name).is_file():
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            attributes = found.get("attributes", {}) if name == "zarr.json" else found
            inner = attributes.get("ome", attributes)
            if not isinstance(inner, dict):
                break
            return inner
    return {}


def _factors(level: dict[str, Any], image: dict[str, Any], axes: int) -> list[float] | None:
    """Scale of each axis: that of the level times that of all levels; None when neither is stated."""
    factors = None
    for owner in (level, image):
        for step in owner.get("coordinateTransformations") or ():
            if step.get("type") == "scale" and len(step.get("scale", ())) == axes:
                values = [float(value) for value in step["scale"]]
                factors = values if factors is None else [a * b for a, b in zip(factors, values, strict=True)]
    return factors


def _scale(names: Sequence[str], units: Sequence[str], factors: Sequence[float] | None) -> Scale:
    if factors is None:
        return Scale()
    sizes = []
    for axis in "yx":
        at = list(names).index(axis)
        if units[at] not in _UM:
            stated = f"in {units[at]!r}, which is no length" if units[at] else "without a unit"
            # Without a unit it is usually the level's downsampling, 1 for the first.
            plain = not units[at] and factors[at] == 1
            return Scale() if plain else Scale(warnings=(f"the OME-Zarr scale is {stated}: it is not used",))
        sizes.append(factors[at] * _UM[units[at]])
    return checked(sizes[0], sizes[1], CalibrationSource.OME, "scale of the y and x axes of the OME-Zarr metadata")


def _refuse(folder: Path, what: str, remedy: str) -> NoReturn:
    raise UnsupportedImageError(what, path=folder, remedy=remedy)
