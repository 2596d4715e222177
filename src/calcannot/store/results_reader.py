"""Read back what a run left: its record, masks and tables, held against each other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from calcannot.errors import CalcannotError, ResultsError
from calcannot.model.analysis import Totals
from calcannot.model.calibration import Calibration
from calcannot.model.recipe_file import recipe_from_dict
from calcannot.model.resolved import ResolvedRecipe
from calcannot.store.json_file import load_json
from calcannot.store.result_item import ResultItem
from calcannot.store.results_columns import MEASURE_AGAIN

if TYPE_CHECKING:
    from collections.abc import Mapping


RUN_FORMAT = 1
"""Newest form of ``run.json`` that is understood."""

_LARGEST_RECORD_BYTES = 512 << 20  # of a study of a hundred thousand images
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Results:
    """A folder of results.

    Attributes
    ----------
    folder
        Where it is.
    items
        Measured images in the order of the tables.
    failed
        Name and error of each image that could not be measured.
    record
        Contents of ``run.json``.
    """

    folder: Path
    items: tuple[ResultItem, ...]
    failed: dict[str, str]
    record: Mapping[str, Any]


def read_results(folder: str | Path) -> Results:
    """Open a folder that ``measure`` or a run of a case wrote.

    Raises
    ------
    ResultsError
        If there is no readable ``run.json`` in it, or one of a newer calcannot.
    """
    folder = Path(folder)
    path = folder / "run.json"
    record = _read_record(path)
    items, failed = [], {}
    for entry in record["images"]:
        if "error" in entry:
            failed[str(entry["image"])] = str(entry["error"])
        else:
            items.append(_item(folder, path, record, entry))
    return Results(folder, tuple(items), failed, record)


def read_newest(path: str | Path) -> tuple[Results, ...]:
    """Open a folder of results, or the newest run of each image of a case folder.

    Raises
    ------
    ResultsError
        As ``read_results``, and if the folder is neither.
    """
    path = Path(path)
    runs = path / "runs"
    if (path / "run.json").exists() or not runs.is_dir():
        return (read_results(path),)
    newest = []
    for image in sorted(each for each in runs.iterdir() if each.is_dir()):
        of_image = [read_results(each) for each in sorted(image.iterdir()) if (each / "run.json").exists()]
        if of_image:
            newest.append(max(of_image, key=when_made))
    if not newest:
        raise ResultsError("the case holds no run", path=path, remedy="run it first: calcannot run CASE")
    return tuple(newest)


def when_made(run: Results) -> tuple[str, int, str]:
    """When a run was made: of two within the second that the record tells, the one that was written later."""
    return str(run.record.get("finished", "")), (run.folder / "run.json").stat().st_mtime_ns, run.folder.name


def _read_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        what = "cannot be read (no such file), so the folder is not known to hold results"
        raise ResultsError(what, path=path, remedy="give the folder that calcannot measure wrote")
    record = load_json(path, ResultsError, largest_bytes=_LARGEST_RECORD_BYTES)
    if not (isinstance(record, dict) and isinstance(record.get("format"), int) and "calcannot" in record):
        raise ResultsError("is not the record of a run of calcannot", path=path, remedy=MEASURE_AGAIN)
    if record["format"] > RUN_FORMAT:
        what = f"has format {record['format']}, this calcannot knows up to {RUN_FORMAT}"
        raise ResultsError(what, path=path, remedy="update calcannot")
    images = record.get("images")
    if not isinstance(images, list) or not all(isinstance(each, dict) and "image" in each for each in images):
        raise ResultsError("does not list its images", path=path, remedy=MEASURE_AGAIN)
    return record


def _item(folder: Path, path: Path, record: Mapping[str, Any], entry: Mapping[str, Any]) -> ResultItem:
    try:
        scale = entry["calibration"]
        return ResultItem(
            folder=folder,
            name=str(entry["image"]),
            sha256=str(entry["sha256"]),
            format=str(entry["format"]),
            modality=str(entry["modality"]),
            polarity=str(entry["polarity"]),
            metadata=dict(entry["metadata"]),
            height_px=int(entry["size_px"]["height"]),
            width_px=int(entry["size_px"]["width"]),
            calibration=None if scale is None else _value(Calibration, scale),
            recipe=recipe_from_dict(entry["recipe"]),
            resolved=_value(ResolvedRecipe, entry["resolved"]),
            regions_of_interest=int(entry["regions_of_interest"]),
            left_out=tuple(str(each["reason"]) for each in entry.get("excluded_by_image", ())),
            foci=entry.get("foci"),
            # A field that the run did not know yet does not exist for its images.
            totals=_value(Totals, dict.fromkeys(each.name for each in fields(Totals)) | entry["totals"]),
            warnings=tuple(str(each) for each in entry["warnings"]),
            mask_path=_inside(folder, entry["mask"]),
            overlay_path=_inside(folder, entry["overlay"]),
            software=str(record["calcannot"]),
            finished=str(record.get("finished", "")),
        )
    except (KeyError, TypeError, ValueError, CalcannotError) as error:
        fault = f"{error.args[0]} is missing" if isinstance(error, KeyError) else _first_line(error)
        what = f"is damaged in its entry for {entry['image']}: {fault}"
        raise ResultsError(what, path=path, remedy=MEASURE_AGAIN) from None


def _value(kind: type[T], content: object) -> T:
    """Plain values as one of our frozen types, checked field by field."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(content)


def _first_line(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f"{error.title}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error).rstrip(".")


def _inside(folder: Path, relative: object) -> Path:
    if not isinstance(relative, str):
        message = f"{str(relative)[:40]} is no file name"
        raise TypeError(message)
    path = folder / relative
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"{relative} lies outside of the folder"
        raise ValueError(message)
    return path
