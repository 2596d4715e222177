"""A phantom as files: the image, the truth beside it, and for films the regions of interest."""

from __future__ import annotations

import dataclasses
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from calcannot.phantom.histology import HistologyPhantom
    from calcannot.phantom.radiograph import RadiographPhantom

RENDERED = "Rendered by calcannot from formulas. Not an image of a patient."
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcannot/phantom")
_TIFF, _PICTURE, _DICOM = {".tif", ".tiff"}, {".png", ".jpg", ".jpeg"}, {".dcm"}


def write_histology(phantom: HistologyPhantom, path: str | Path) -> Path:
    """Write a section and ``<path>.truth.json``.

    Parameters
    ----------
    phantom
        The rendered section.
    path
        ``.tif`` or ``.tiff`` keeps the pixel size (OME-TIFF, tiled, lossless); ``.png`` and ``.jpg`` do not.

    Returns
    -------
    Path
        The truth file.
    """
    path = _in_a_folder(path)
    if path.suffix.lower() in _TIFF:
        identity = f"{phantom.spec!r}/{phantom.seed}"
        write_slide(phantom.rgb, path, um_per_px=phantom.spec.um_per_px, identity=identity)
    elif path.suffix.lower() in _PICTURE:
        from PIL import Image

        Image.fromarray(phantom.rgb).save(path, quality=phantom.spec.jpeg_quality or 95)
    else:
        raise _unknown_suffix(path, _TIFF | _PICTURE)
    return write_json(_beside(path, ".truth.json"), histology_truth(phantom))


def write_slide(
    rgb: npt.NDArray[np.uint8],
    path: Path,
    *,
    um_per_px: float,
    identity: str,
    description: str = RENDERED,
    jpeg_quality: int | None = None,
) -> None:
    """Write a rendered slide as tiled OME-TIFF with its pixel size, the same bytes for the same input.

    Parameters
    ----------
    rgb
        uint8, shape (height, width, 3).
    path
        File to write.
    um_per_px
        Pixel size in µm, along rows and columns.
    identity
        What the file's UUID follows from.
    description
        Says that the slide is rendered.
    jpeg_quality
        Quality of JPEG tiles; None stores them without loss.
    """
    import tifffile

    if jpeg_quality is None:
        codec: dict[str, Any] = {"compression": "zlib", "predictor": True}
    else:
        codec = {"compression": "jpeg", "compressionargs": {"level": jpeg_quality}}
    tifffile.imwrite(
        path, rgb, photometric="rgb", tile=(256, 256), ome=True, **codec,
        resolution=(1e4 / um_per_px, 1e4 / um_per_px), resolutionunit="CENTIMETER", software="calcannot",
        metadata={"axes": "YXS", "PhysicalSizeX": um_per_px, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": um_per_px,
                  "PhysicalSizeYUnit": "µm", "Description": description, "Creator": "calcannot",
                  "UUID": f"urn:uuid:{uuid.uuid5(_NAMESPACE, identity)}"},
    )  # fmt: skip


def write_radiograph(phantom: RadiographPhantom, path: str | Path, **options: Any) -> Path:
    """Write a film, ``<path>.truth.json`` and ``<path>.roi.geojson``.

    Parameters
    ----------
    phantom
        The rendered film.
    path
        ``.dcm`` for DICOM DX; ``.tif``, ``.tiff`` or ``.png`` for 16-bit grey without a pixel size.
    **options
        As for ``dicom_film.film_dataset``, for DICOM only.

    Returns
    -------
    Path
        The truth file.
    """
    path = _in_a_folder(path)
    suffix = path.suffix.lower()
    if suffix in _DICOM:
        from calcannot.phantom.dicom_film import write_dicom_film

        write_dicom_film(phantom, path, **options)
    elif suffix in _TIFF:
        import tifffile

        tifffile.imwrite(path, phantom.pixels, photometric="minisblack", compression="zlib", description=RENDERED,
                         software="calcannot", metadata=None)  # fmt: skip
    elif suffix == ".png":
        from PIL import Image

        Image.fromarray(phantom.pixels).save(path)
    else:
        raise _unknown_suffix(path, _TIFF | {".png"} | _DICOM)
    halved = 2 if options.get("spacing") == "non-square" else 1
    write_json(_beside(path, ".roi.geojson"), rois_geojson(phantom, path.name, columns_per_px=halved))
    return write_json(_beside(path, ".truth.json"), radiograph_truth(phantom))


def histology_truth(phantom: HistologyPhantom) -> dict[str, Any]:
    """Everything that is known exactly about a section, ready for JSON."""
    return {
        "rendered": RENDERED,
        "definitions": {
            "area_px": "Sum of the deposits' areas, in units of one pixel's area.",
            "area_by": "formula: of the outline; coverage: sum over pixels of the covered share (16 x 16 points).",
            "count": "Deposits that do not touch, 8-connected; at least 6 px apart unless they were given explicitly.",
            "position": "Centre of mass; pixel (0, 0) is centred on (0, 0), row first.",
        },
        "seed": phantom.seed,
        "spec": _spec(phantom.spec),
        "um_per_px": phantom.spec.um_per_px,
        "area_px": phantom.area_px,
        "area_um2": phantom.area_um2,
        "area_mm2": phantom.area_um2 / 1e6,
        "fraction_of_image": phantom.fraction,
        "count": phantom.count,
        "deposits": [dataclasses.asdict(deposit) for deposit in phantom.deposits],
    }


def radiograph_truth(phantom: RadiographPhantom) -> dict[str, Any]:
    """Everything that is known exactly about a film, ready for JSON."""
    return {
        "rendered": RENDERED,
        "definitions": {
            "object_area_mm2": "Area inside the projected outline in the patient, in the plane of the nodule's centre.",
            "mineral_area_mm2": "The same without septa and without the clear part above a fluid level.",
            "detector_area_mm2": "object_area_mm2 times magnification squared: what the detector's own spacing gives.",
            "length_mm": "Longer axis of the ellipse the outline follows (lobes ripple about it); width_mm the other.",
            "magnification": "SID / (SID - height above the detector).",
            "roi_px": "First row, first column, end row, end column (exclusive): bounding box and 10 mm around.",
            "soft_edge": "An ellipsoid thresholded at the share f of its peak contrast has 1 - f² of its area.",
        },
        "seed": phantom.seed,
        "spec": _spec(phantom.spec),
        "detector_spacing_mm": phantom.spec.spacing_mm,
        "object_area_mm2": phantom.object_area_mm2,
        "count": len(phantom.lesions),
        "lesions": [dataclasses.asdict(lesion) for lesion in phantom.lesions],
    }


def rois_geojson(phantom: RadiographPhantom, image_name: str, *, columns_per_px: int = 1) -> dict[str, Any]:
    """An octagon around each lesion, [x, y] in px from the top-left corner of the image, as QuPath writes them.

    The rectangle ``roi_px`` without its corners, which lie far from the lesion and reach over what a hand goes round.
    """
    features = []
    for number, lesion in enumerate(phantom.lesions, start=1):
        top, left, bottom, right = lesion.roi_px
        left, right = left // columns_per_px, -(-right // columns_per_px)
        across, down = (right - left) // 4, (bottom - top) // 4
        ring = [
            [left + across, top], [right - across, top], [right, top + down], [right, bottom - down],
            [right - across, bottom], [left + across, bottom], [left, bottom - down], [left, top + down],
        ]  # fmt: skip
        features.append(
            {
                "type": "Feature",
                "id": str(uuid.uuid5(_NAMESPACE, f"{image_name}/{phantom.seed}/{number}")),
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
                "properties": {
                    "objectType": "annotation",
                    "name": f"lesion {number}",
                    "classification": {"name": "Region", "color": [255, 200, 0]},
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _spec(spec: Any) -> dict[str, Any]:
    """Fields of a specification; outlines with their kind, since fields alone do not tell an ellipse from a stadium."""
    fields = dataclasses.asdict(spec)
    if getattr(spec, "deposits", None):
        fields["deposits"] = [{"kind": type(shape).__name__, **dataclasses.asdict(shape)} for shape in spec.deposits]
    return fields


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write UTF-8 JSON with sorted keys: the same bytes for the same content."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _in_a_folder(path: str | Path) -> Path:
    path = Path(path)
    if not path.parent.is_dir():
        raise OutputError("the folder to write into does not exist", path=path.parent, remedy="make it first")
    return path


def _unknown_suffix(path: Path, known: set[str]) -> OutputError:
    return OutputError(
        f"no phantom is written as {path.suffix or 'a file without a suffix'}",
        path=path,
        remedy=f"use {', '.join(sorted(known))}",
    )
