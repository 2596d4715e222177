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
_EXACT_POWERS = 22  # the largest power of ten that is a double
_POWERS = np.array([float(10**power) for power in range(_EXACT_POWERS + 1)])
_DOUBT = 1e-4  # of the tenth digit; a product of ten digits errs by 1e-6
_BLOCK = 1 << 20


def write_regions(path: Path, name: str, blocks: Iterable[Mapping[str, npt.NDArray[Any]]]) -> None:
    """Write the regions of one image; blocks of columns as ``region_blocks`` gives them, or ``region_columns`` one."""
    import pyarrow as pa
    from pyarrow import csv

    # Arrow quotes all text or none; only the image's name is text, and few names need it.
    style = "needed" if any(character in name for character in ',"\r\n') else "none"
    options = csv.WriteOptions(include_header=False, quoting_style=style)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_header(REGION_COLUMNS))
        for columns in blocks:
            data = {"image": pa.array([name] * len(columns["region"]), pa.string())}
            table = pa.table(data | {column: _array(columns[column]) for column in REGION_COLUMNS})
            csv.write_csv(table, file, options)


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
    """To ten significant digits: beyond them machines differ, and no measurement reaches.

    Each is the double nearest to a decimal number of ten digits, so that it prints as short as it was rounded: a whole
    number of ten digits and a power of ten up to 10^22 are exact, so their quotient is the nearest double. A product's
    last bit can hide on which side of a half it lies; those few go through text.
    """
    result = values.copy()
    plain = np.isfinite(values) & (values != 0)
    size = np.abs(np.where(plain, values, 1.0))
    shift = DIGITS - 1 - np.floor(np.log10(size)).astype(np.int64)
    known = np.abs(shift) <= _EXACT_POWERS
    power = _POWERS[np.where(known, np.abs(shift), 0)]
    scaled = np.where(shift >= 0, size * power, size / power)
    whole = np.rint(scaled)
    lowest, highest = 10.0 ** (DIGITS - 1), 10.0**DIGITS
    known &= (whole >= lowest) & (whole <= highest) & (np.abs(np.abs(scaled - np.floor(scaled)) - 0.5) > _DOUBT)
    rounded = np.copysign(np.where(shift >= 0, whole / power, whole * power), values)
    result[plain & known] = rounded[plain & known]
    for place in np.flatnonzero(plain & ~known):
        result[place] = float(f"{values[place]:.{DIGITS}g}")
    return result
