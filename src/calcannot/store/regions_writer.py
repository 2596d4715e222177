"""``regions.csv``: one row a region, written image by image and joined; Parquet beside it where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import OutputError
from calcannot.model.regions import REGION_COLUMNS
from calcannot.store.atomic import replacing
from calcannot.store.tables import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

PARQUET_FROM_ROWS = 10_000
_BLOCK = 1 << 20


def write_regions(path: Path, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write the regions of one image; columns as ``region_columns`` gives them."""
    import pyarrow as pa
    from pyarrow import csv

    size = len(next(iter(columns.values())))
    data = {"image": pa.array([name] * size, pa.string())}
    table = pa.table(data | {column: _array(values) for column, values in columns.items()})
    # Arrow quotes all text or none; only the image's name is text, and few names need it.
    style = "needed" if any(character in name for character in ',"\r\n') else "none"
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_header(columns))
        csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style=style))


def merge_regions(parts: Sequence[Path], path: Path) -> None:
    """Join tables of images in the given order, with Parquet beside from 10,000 rows."""
    header = _header(REGION_COLUMNS)
    rows = 0
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        for part in parts:
            with part.open("rb") as table:
                if table.readline() != header:
                    what = "the region table of a finished image has other columns"
                    raise OutputError(what, path=part, remedy="measure again without --resume")
                while block := table.read(_BLOCK):
                    rows += block.count(b"\n")
                    file.write(block)
    beside = path.with_suffix(".parquet")
    beside.unlink(missing_ok=True)
    if rows >= PARQUET_FROM_ROWS:
        _write_parquet(path, beside)


def _write_parquet(path: Path, target: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    types = {"image": pa.string()} | {name: pa.type_for_alias(kind) for name, kind in REGION_COLUMNS.items()}
    with (
        csv.open_csv(path, convert_options=csv.ConvertOptions(column_types=types)) as batches,
        replacing(target) as temporary,
        parquet.ParquetWriter(temporary, pa.schema(types), compression="zstd") as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)


def _header(columns: Iterable[str]) -> bytes:
    return (",".join(("image", *columns)) + "\n").encode()


def _array(values: npt.NDArray[Any]) -> Any:
    import pyarrow as pa

    if values.dtype.kind == "f":
        return pa.array(_rounded(values.astype(np.float64)), pa.float64(), from_pandas=True)  # NaN becomes empty
    if values.dtype.kind == "b":
        return pa.array(values, pa.bool_())
    return pa.array(values.astype(np.int64), pa.int64())


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """To ten significant digits: beyond them machines differ, and no measurement reaches."""
    # Through text and not through powers of ten, so that a number prints as short as it was rounded.
    return np.array([float(f"{value:.{DIGITS}g}") for value in values], dtype=np.float64)
