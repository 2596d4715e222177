"""Masks that other programs wrote: PNG, TIFF, NumPy, OME-Zarr, DICOM segmentations. A pixel that is not 0 is inside."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError, MissingExtraError
from calcannot.runs.from_mask import runs_of_mask

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.model.image import ImageInfo
    from calcannot.model.regions import LabelledRuns

_TO_UM: Final = {"µm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4}
_LARGEST_PX: Final = 1 << 33

Sized = tuple[npt.NDArray[Any], tuple[float, float] | None]
"""Pixels, and µm per pixel (row, column) where the file states it."""


def png_pixels(path: Path) -> Sized:
    """Pixels of a PNG."""
    from PIL import Image

    with Image.open(path) as picture:
        _check_count(picture.width * picture.height, path)
        return np.asarray(picture), None


def tiff_pixels(path: Path) -> Sized:
    """First page of a TIFF, with its size where it is OME-TIFF."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        page: Any = tiff.pages.first
        _check_count(page.imagewidth * page.imagelength, path)
        return page.asarray(), _ome_size(tiff.ome_metadata)


def numpy_pixels(data: bytes, path: Path) -> Sized:
    """The array of a .npy, or the only one of an .npz; never a pickle."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            if len(names) != 1:
                remedy = "save the mask by itself"
                raise AnnotationError(f"holds {len(names)} arrays", path=path, remedy=remedy)
            data = archive.read(names[0])
    return np.load(io.BytesIO(data), allow_pickle=False), None


def zarr_pixels(folder: Path) -> Sized:
    """Full resolution of an OME-Zarr image or label image."""
    try:
        import zarr
    except ImportError:
        what = "reading OME-Zarr needs an extra"
        raise MissingExtraError(what, remedy='install it with: pip install "calcannot[zarr]"') from None
    group = zarr.open_group(folder, mode="r")
    attributes: Any = group.attrs.asdict()
    image = attributes.get("ome", attributes)["multiscales"][0]
    level = image["datasets"][0]
    array: Any = group[level["path"]]
    _check_count(int(np.prod(array.shape)), folder)
    units = {_UNITS.get(str(axis.get("unit"))) for axis in image["axes"] if axis["name"] in "yx"}
    scales = [step["scale"] for step in level["coordinateTransformations"] if step["type"] == "scale"]
    unit = units.pop() if len(units) == 1 else None
    size = (scales[0][-2] * unit, scales[0][-1] * unit) if unit and scales else None
    return np.squeeze(array[...]), size


_UNITS: Final = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3}


def mask_runs(sized: Sized, info: ImageInfo, path: Path) -> tuple[LabelledRuns, float, float]:
    """Runs of a mask, and pixels of the image per pixel of the mask in x and y.

    A mask of a lower resolution is taken where it has the shape of the image and, where both state a size, that size.

    Raises
    ------
    AnnotationError
        If it has several channels, another shape than the image, or another size.
    """
    pixels, size_um = sized
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4) and (pixels[..., :3] == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    if pixels.ndim != 2 or 0 in pixels.shape:
        what = f"has the shape {' x '.join(map(str, pixels.shape))}, and a mask has rows and columns"
        raise AnnotationError(what, path=path, remedy="save one channel of 0 and 1")
    height, width = pixels.shape
    factor_x, factor_y = _factors(height, width, info)
    if not factor_x:
        what = f"is {width} x {height} px, and {info.name} is {info.width_px} x {info.height_px}"
        raise AnnotationError(what, path=path, remedy="this mask belongs to another image, or is a part of one")
    if size_um is not None and info.calibration is not None:
        stated = size_um[0] / info.calibration.um_per_px_row, size_um[1] / info.calibration.um_per_px_col
        if max(abs(stated[0] / factor_y - 1), abs(stated[1] / factor_x - 1)) > 0.02:
            what = (
                f"has {size_um[0]:g} µm a pixel, where {info.name} with {info.calibration.um_per_px_row:g} µm would "
                f"give {info.calibration.um_per_px_row * factor_y:g} µm"
            )
            raise AnnotationError(what, path=path, remedy="this mask belongs to an image of another scale")
    return runs_of_mask(pixels), factor_x, factor_y


def _factors(height: int, width: int, info: ImageInfo) -> tuple[float, float]:
    """Pixels of the image per pixel of the mask in x and y; 0 where the shapes do not fit."""
    x, y = info.width_px / width, info.height_px / height
    whole = max(1, round(x))
    # A picture that is reduced by a whole number drops what is over, or keeps it as one pixel more.
    if all(full // whole <= size <= -(-full // whole)
           for full, size in ((info.width_px, width), (info.height_px, height))):  # fmt: skip
        return float(whole), float(whole)
    if min(x, y) >= 1.5 and abs(x - y) <= x / width + y / height:
        return x, y
    return 0.0, 0.0


def _ome_size(text: str | None) -> tuple[float, float] | None:
    if not text:
        return None
    from xml.etree import ElementTree

    for element in ElementTree.fromstring(text).iter():
        if element.tag.endswith("}Pixels") and {"PhysicalSizeX", "PhysicalSizeY"} <= set(element.attrib):
            units = [_TO_UM.get(element.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "YX"]
            if None not in units:
                sizes = [float(element.attrib[f"PhysicalSize{axis}"]) for axis in "YX"]
                return sizes[0] * (units[0] or 0), sizes[1] * (units[1] or 0)
    return None


def _check_count(pixels: int, path: Path) -> None:
    if pixels > _LARGEST_PX:
        raise AnnotationError(f"has {pixels} pixels, more than are read at once", path=path, remedy="use GeoJSON")
