"""Tables as CSV and Parquet, the same bytes on every machine: ten significant digits, a missing field empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calcannot.model.analysis import Analysis
from calcannot.store.atomic import replacing

PARQUET_FROM_ROWS = 10_000
_DIGITS = 10

IMAGE_COLUMNS = (
    "image", "sha256", "modality", "width_px", "height_px", "um_per_px_row", "um_per_px_col", "calibration_source",
    "recipe", "recipe_fingerprint", "threshold", "region_count", "calcified_area_px", "calcified_area_mm2",
    "reference_area_px", "reference_area_mm2", "calcified_fraction", "largest_area_mm2", "extent_length_mm",
    "extent_width_mm", "area_low_mm2", "area_high_mm2", "area_low_px", "area_high_px", "warnings",
    "largest_area_px", "extent_length_px", "extent_width_px", "error",
)  # fmt: skip
_WHOLE = {
    "width_px", "height_px", "region_count", "calcified_area_px", "reference_area_px", "area_low_px", "area_high_px",
    "largest_area_px",
}  # fmt: skip
_TEXT = {"image", "sha256", "modality", "calibration_source", "recipe", "recipe_fingerprint", "warnings", "error"}


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
        "recipe": analysis.recipe.name,
        "recipe_fingerprint": analysis.resolved.fingerprint,
        "threshold": analysis.resolved.threshold if analysis.resolved.found else None,
        "warnings": " ".join(analysis.warnings),
        **totals,
    }


def failed_row(name: str, error: str) -> dict[str, Any]:
    """The row of an image that could not be measured: its name and why."""
    return {"image": name, "error": error}


def write_images_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``images.csv``, one row an image in the given order."""
    import pyarrow as pa
    from pyarrow import csv

    columns = {}
    for column in IMAGE_COLUMNS:
        kind = pa.string() if column in _TEXT else pa.int64() if column in _WHOLE else pa.float64()
        values = [row.get(column) for row in rows]
        if kind == pa.float64():
            values = [None if v is None else float(_rounded(np.array([v], np.float64))[0]) for v in values]
        columns[column] = pa.array(values, kind)
    with replacing(path) as temporary:
        csv.write_csv(pa.table(columns), temporary, _csv_options())


class RegionsWriter:
    """Writes ``regions.csv`` image by image, so that memory does not grow with their number; Parquet at the end.

    Nothing stands under the real name before ``finish``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer: Any = None
        self._schema: Any = None
        self._stack = ExitStack()
        self._temporary: Path | None = None

    def add(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Append the regions of one image."""
        import pyarrow as pa
        from pyarrow import csv

        size = len(next(iter(columns.values())))
        data = {"image": pa.array([name] * size, pa.string())}
        table = pa.table(data | {column: _array(values) for column, values in columns.items()})
        if self._writer is None:
            self._temporary = self._stack.enter_context(replacing(self.path))
            self._schema = table.schema
            self._writer = csv.CSVWriter(self._temporary, self._schema, write_options=_csv_options())
        self._writer.write_table(table)
        self.rows += size

    def finish(self) -> None:
        """Move the table into place."""
        from pyarrow import csv
        from pyarrow import parquet as pq

        if self._writer is None:
            return
        self._writer.close()
        beside = self.path.with_suffix(".parquet")
        if self.rows >= PARQUET_FROM_ROWS:
            types = csv.ConvertOptions(column_types=self._schema)
            with csv.open_csv(self._temporary, convert_options=types) as batches, replacing(beside) as temporary:
                with pq.ParquetWriter(temporary, self._schema, compression="zstd") as parquet:
                    for batch in batches:
                        parquet.write_batch(batch)
        else:
            beside.unlink(missing_ok=True)
        self._stack.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        try:
            with self._stack:
                raise _AbandonedError
        except _AbandonedError:
            pass


class _AbandonedError(Exception):
    """Makes ``replacing`` drop its file."""


def _array(values: npt.NDArray[Any]) -> Any:
    import pyarrow as pa

    if values.dtype.kind == "f":
        return pa.array(_rounded(values.astype(np.float64)), pa.float64(), from_pandas=True)  # NaN becomes empty
    if values.dtype.kind == "b":
        return pa.array(values, pa.bool_())
    return pa.array(values.astype(np.int64), pa.int64())


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """To ten significant digits: beyond them machines differ, and no measurement reaches."""
    # Through text and not through powers of ten, so that the result prints as short as it was rounded.
    return np.array([float(f"{value:.{_DIGITS}g}") for value in values], dtype=np.float64)


def _csv_options() -> Any:
    from pyarrow import csv

    return csv.WriteOptions(quoting_style="needed")
