"""Regions as an OME-Zarr 0.5 label image, in an image of that format or as one of its own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import MissingExtraError, OutputError
from calcannot.export.label_tiff import label_bands, label_dtype, level_shapes
from calcannot.export.subject import COLOUR

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.export.subject import Progress, Subject

LABEL_NAME: Final = "calcified"
VERSION: Final = "0.5"
_CHUNK: Final = 512
_ROWS: Final = 512


def write_zarr_labels(folder: Path, subject: Subject, progress: Progress | None = None) -> None:
    """Write a pyramid of region numbers with colours and areas of the regions.

    Where ``folder`` is an OME-Zarr 0.5 image of the same size, the labels become its ``labels/calcified``; one of that
    name is replaced. Where it is not there, the label image is written under that name by itself.

    Raises
    ------
    OutputError
        If something else is there, or the image has another size or version.
    MissingExtraError
        If zarr is not installed.
    """
    factors = _image_factors(folder, subject)
    if factors is None:
        shutil.rmtree(folder, ignore_errors=True)
        levels = len(level_shapes(subject.runs.height_px, subject.runs.width_px))
        _write_image(folder, subject, [1 << level for level in range(levels)], progress, within=False)
        return
    labels = folder / "labels"
    target = labels / LABEL_NAME
    fresh = labels / f".{LABEL_NAME}-new"
    shutil.rmtree(fresh, ignore_errors=True)
    _write_image(fresh, subject, factors, progress, within=True)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
    _list_label(labels)


def _image_factors(folder: Path, subject: Subject) -> list[int] | None:
    """Reduction of each level of the image that is there: its labels must have as many.

    None where nothing is there, or labels that stand by themselves and are to be replaced.
    """
    if not folder.exists():
        return None
    remedy = "give a new name, or an OME-Zarr 0.5 of the image that was measured"
    try:
        ome = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))["attributes"]["ome"]
        paths = [each["path"] for each in ome["multiscales"][0]["datasets"]]
        arrays = [json.loads((folder / path / "zarr.json").read_text(encoding="utf-8")) for path in paths]
        heights, widths = zip(*(array["shape"][-2:] for array in arrays), strict=True)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        raise OutputError("is there and is no OME-Zarr 0.5 image", path=folder, remedy=remedy) from None
    if (heights[0], widths[0]) != (subject.runs.height_px, subject.runs.width_px):
        what = f"is {widths[0]} x {heights[0]} px, the mask is {subject.runs.width_px} x {subject.runs.height_px}"
        raise OutputError(what, path=folder, remedy=remedy)
    if "image-label" in ome:
        return None
    longer = heights if heights[0] >= widths[0] else widths
    return [round(longer[0] / size) for size in longer]


def _write_image(
    folder: Path, subject: Subject, factors: list[int], progress: Progress | None, *, within: bool
) -> None:
    try:
        import zarr
    except ImportError:
        what = "writing OME-Zarr needs an extra"
        raise MissingExtraError(what, remedy='install it with: pip install "calcannot[zarr]"') from None
    runs = subject.runs
    shapes = [(-(-runs.height_px // factor), -(-runs.width_px // factor)) for factor in factors]
    dtype = label_dtype(subject)
    group = zarr.create_group(folder, zarr_format=3, attributes={"ome": _metadata(subject, factors, within=within)})
    total = sum(-(-height // _ROWS) for height, _ in shapes)
    done = 0
    for level, (factor, shape) in enumerate(zip(factors, shapes, strict=True)):
        chunks = (min(_CHUNK, shape[0]), min(_CHUNK, shape[1]))
        array = group.create_array(
            str(level), shape=shape, dtype=dtype, chunks=chunks, fill_value=0, dimension_names=("y", "x")
        )
        for band, pixels in enumerate(label_bands(runs, factor, _ROWS, dtype)):
            if pixels.any():
                array[band * _ROWS : band * _ROWS + len(pixels)] = pixels
            done += 1
            if progress:
                progress(done, total)


def _metadata(subject: Subject, factors: list[int], *, within: bool) -> dict[str, Any]:
    scale = subject.calibration
    unit = {} if scale is None else {"unit": "micrometer"}
    rows, cols = (1.0, 1.0) if scale is None else (scale.um_per_px_row, scale.um_per_px_col)
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [rows * factor, cols * factor]},
                # The centre of a level's first pixel lies within level 0, not on the centre of its first pixel.
                {"type": "translation", "translation": [(factor - 1) / 2 * rows, (factor - 1) / 2 * cols]},
            ],
        }
        for level, factor in enumerate(factors)
    ]
    axes = [{"name": name, "type": "space", **unit} for name in ("y", "x")]
    return {
        "version": VERSION,
        "multiscales": [{"name": LABEL_NAME, "axes": axes, "datasets": datasets, "metadata": subject.origin()}],
        "image-label": _label_metadata(subject) | ({"source": {"image": "../../"}} if within else {}),
    }


def _label_metadata(subject: Subject) -> dict[str, Any]:
    areas = subject.area_px.tolist()
    pixel_um2 = None if subject.calibration is None else subject.calibration.pixel_area_um2
    properties = [
        {"label-value": n, "area_px": area}
        | ({} if pixel_um2 is None else {"area_um2": float(f"{area * pixel_um2:.10g}")})
        for n, area in enumerate(areas, start=1)
    ]
    colours = [{"label-value": n, "rgba": [*COLOUR, 255]} for n in range(1, len(areas) + 1)]
    # The schema wants at least one entry in either list.
    return {"colors": colours, "properties": properties} if areas else {}


def _list_label(labels: Path) -> None:
    path = labels / "zarr.json"
    content: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    if path.exists():
        content = json.loads(path.read_text(encoding="utf-8"))
    ome = content.setdefault("attributes", {}).setdefault("ome", {"version": VERSION})
    names = [name for name in ome.get("labels", []) if name != LABEL_NAME]
    ome["labels"] = [*names, LABEL_NAME]
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
