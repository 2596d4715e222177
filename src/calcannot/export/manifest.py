"""What a training folder says of itself: a row a tile, and how the tiles were made."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from calcannot._version import __version__
from calcannot.errors import OutputError
from calcannot.export.tiles import RESAMPLING

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.export.layouts import Kind
    from calcannot.export.selection import TrainingOptions
    from calcannot.export.subject import Subject
    from calcannot.export.tiles import TileGrid

MANIFEST: Final = "manifest"
RECORD: Final = "training.json"


# In this order; text unless it is among the numbers below.
COLUMNS: Final = (
    "tile", "split", "image_file", "mask_file", "index", "image", "sha256", "case", "modality", "row_px", "col_px",
    "height_px", "width_px", "tile_px", "um_per_px_row", "um_per_px_col", "image_um_per_px_row", "image_um_per_px_col",
    "calibration_source", "value_low", "value_high", "mineral_px", "mineral_fraction", "tissue_fraction", "lost_px",
    "recipe", "recipe_fingerprint", "calcannot",
)  # fmt: skip
_WHOLE: Final = ("index", "row_px", "col_px", "tile_px", "mineral_px", "lost_px")
_REAL: Final = (
    "height_px", "width_px", "um_per_px_row", "um_per_px_col", "image_um_per_px_row", "image_um_per_px_col",
    "value_low", "value_high", "mineral_fraction", "tissue_fraction",
)  # fmt: skip


def manifest_fields(
    subject: Subject, grid: TileGrid, row: int, col: int, value_range: tuple[float, float]
) -> dict[str, Any]:
    """What joins a tile to its image, place, scale, case and rule."""
    origin = subject.origin()
    scale = subject.calibration
    return {
        "image": subject.name,
        "sha256": subject.sha256,
        "case": subject.case,
        "modality": subject.modality,
        "row_px": row,
        "col_px": col,
        "height_px": grid.box_height,
        "width_px": grid.box_width,
        "tile_px": grid.size_px,
        "um_per_px_row": None if scale is None else scale.um_per_px_row * grid.factor_row,
        "um_per_px_col": None if scale is None else scale.um_per_px_col * grid.factor_col,
        "image_um_per_px_row": origin["um_per_px_row"],
        "image_um_per_px_col": origin["um_per_px_col"],
        "calibration_source": origin["calibration_source"],
        "value_low": value_range[0],
        "value_high": value_range[1],
        "recipe": subject.recipe,
        "recipe_fingerprint": subject.fingerprint,
        "calcannot": __version__,
    }


def write_manifest(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``manifest.csv`` and ``manifest.parquet``, one row a tile.

    Raises
    ------
    OutputError
        If there is no tile.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not rows:
        what = "no tile holds mineral, so there is nothing to train on"
        raise OutputError(what, remedy="check the results, or give a smaller --um-per-px")
    rows = [row | {"mineral_fraction": row["mineral_px"] / row["tile_px"] ** 2} for row in rows]
    types = {name: pa.float64() if name in _REAL else pa.int64() if name in _WHOLE else pa.string() for name in COLUMNS}
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))
    csv.write_csv(table, folder / f"{MANIFEST}.csv", csv.WriteOptions(quoting_style="needed"))
    parquet.write_table(table, folder / f"{MANIFEST}.parquet", compression="zstd")


def write_record(
    folder: Path, layout: str, options: TrainingOptions, kind: Kind, report: dict[str, Any], facts: dict[str, str]
) -> None:
    """Write ``training.json``: options, resampling, counts."""
    record = {
        **facts,
        "layout": layout,
        "options": asdict(options),
        "kind": asdict(kind),
        "resampling": RESAMPLING,
        "report": report,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8", newline="\n")
