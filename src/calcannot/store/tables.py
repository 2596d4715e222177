"""``images.csv``: one row an image, the same bytes on every machine: ten significant digits, a missing field empty."""

from __future__ import annotations

import csv
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from calcannot.model.foci import FOCUS_COLUMNS, Side
from calcannot.store.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from calcannot.model.analysis import Analysis
    from calcannot.model.resolved import ResolvedRecipe

DIGITS = 10

IMAGE_COLUMNS = (
    "image", "sha256", "modality", "width_px", "height_px", "um_per_px_row", "um_per_px_col", "calibration_source",
    "recipe", "recipe_fingerprint", "threshold", "region_count", "calcified_area_px", "calcified_area_mm2",
    "reference_area_px", "reference_area_mm2", "calcified_fraction", "largest_area_mm2", "extent_length_mm",
    "extent_width_mm", "area_low_mm2", "area_high_mm2", "area_low_px", "area_high_px", "warnings",
    "largest_area_px", "extent_length_px", "extent_width_px", "error", "calibration_relative_uncertainty",
    "area_ci95_low_px", "area_ci95_high_px", "area_ci95_low_mm2", "area_ci95_high_mm2",
    "focus_count", "focus_joining_mm", "focus_joining_px", "left_area_px", "right_area_px", "left_area_mm2",
    "right_area_mm2", "side_asymmetry", "peak_fraction_low", "peak_fraction_high",
)  # fmt: skip


def image_row(name: str, sha256: str, analysis: Analysis) -> dict[str, Any]:
    """The row of a measured image."""
    info, calibration = analysis.info, analysis.info.calibration
    totals = {key: value for key, value in asdict(analysis.totals).items() if key in IMAGE_COLUMNS}
    return {
        "image": name,
        "sha256": sha256,
        "modality": info.modality.value,
        "width_px": info.width_px,
        "height_px": info.height_px,
        "um_per_px_row": calibration.um_per_px_row if calibration else None,
        "um_per_px_col": calibration.um_per_px_col if calibration else None,
        "calibration_source": calibration.source.value if calibration else "none",
        "calibration_relative_uncertainty": calibration.relative_uncertainty if calibration else None,
        "recipe": analysis.recipe.name,
        "recipe_fingerprint": analysis.resolved.fingerprint,
        "threshold": analysis.resolved.threshold if analysis.resolved.found else None,
        "warnings": " ".join(analysis.warnings),
        **totals,
        **_foci_fields(analysis),
        **peak_fraction_fields(analysis.resolved),
    }


def peak_fraction_fields(resolved: ResolvedRecipe) -> dict[str, Any]:
    """Smallest and largest share of the peak at which the outlines are drawn; None without a local background."""
    shares = resolved.peak_fractions
    return {
        "peak_fraction_low": min(shares) if shares else None,
        "peak_fraction_high": max(shares) if shares else None,
    }


def _foci_fields(analysis: Analysis) -> dict[str, Any]:
    foci, calibration = analysis.foci, analysis.info.calibration
    if foci is None:
        return {}
    left, right = (foci.area_px_of(side) if side.value in foci.side else None for side in (Side.LEFT, Side.RIGHT))

    def mm2(pixels: int | None) -> float | None:
        return None if pixels is None or calibration is None else pixels * calibration.pixel_area_um2 / 1e6

    return {
        "focus_count": len(foci),
        "focus_joining_mm": foci.joining / 1e3 if foci.scaled else None,
        "focus_joining_px": None if foci.scaled else foci.joining,
        "left_area_px": left,
        "right_area_px": right,
        "left_area_mm2": mm2(left),
        "right_area_mm2": mm2(right),
        "side_asymmetry": foci.asymmetry,
    }


def failed_row(name: str, error: str) -> dict[str, Any]:
    """The row of an image that could not be measured: its name and why."""
    return {"image": name, "error": error}


def write_images_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``images.csv``, one row an image in the given order."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(IMAGE_COLUMNS)
        for row in rows:
            writer.writerow([_field(row.get(column)) for column in IMAGE_COLUMNS])


def write_foci_table(path: Path, images: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> None:
    """Write ``foci.csv``: names of images and the rows of each, as ``focus_rows`` gives them."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", *FOCUS_COLUMNS))
        for name, rows in images:
            writer.writerows([name, *(_field(row.get(column)) for column in FOCUS_COLUMNS)] for row in rows)


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)
