"""``regions.csv``: one row a region, written image by image; Parquet beside it where there are many."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from calcannot.store.atomic import replacing
from calcannot.store.tables import DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARQUET_FROM_ROWS = 10_000


class RegionsWriter:
    """Appends the regions of one image after another, so that memory does not grow with their number.

    Nothing stands under the real name before ``finish``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._schema: Any = None
        self._stack = ExitStack()
        self._temporary = path
        self._file: BinaryIO | None = None

    def add(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Append the regions of one image; columns as ``region_columns`` gives them."""
        import pyarrow as pa
        from pyarrow import csv

        size = len(next(iter(columns.values())))
        data = {"image": pa.array([name] * size, pa.string())}
        table = pa.table(data | {column: _array(values) for column, values in columns.items()})
        if self._file is None:
            self._temporary = self._stack.enter_context(replacing(self.path))
            self._file = self._temporary.open("wb")
            self._file.write((",".join(table.schema.names) + "\n").encode())
            self._schema = table.schema
        # Arrow quotes all text or none; only the image's name is text, and few names need it.
        style = "needed" if any(character in name for character in ',"\r\n') else "none"
        csv.write_csv(table, self._file, csv.WriteOptions(include_header=False, quoting_style=style))
        self.rows += size

    def finish(self) -> None:
        """Move the table into place, with Parquet beside it from 10,000 rows."""
        beside = self.path.with_suffix(".parquet")
        beside.unlink(missing_ok=True)
        if self._file is None:
            self.path.unlink(missing_ok=True)
            return
        self._file.close()
        if self.rows >= PARQUET_FROM_ROWS:
            self._write_parquet(beside)
        self._stack.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            error = RuntimeError("abandoned")
            # Told of an error, ``replacing`` drops its file and raises the error again.
            try:
                self._stack.__exit__(RuntimeError, error, None)
            except RuntimeError:
                self._file = None

    def _write_parquet(self, path: Path) -> None:
        from pyarrow import csv, parquet

        options = csv.ConvertOptions(column_types=self._schema)
        with (
            csv.open_csv(self._temporary, convert_options=options) as batches,
            replacing(path) as temporary,
            parquet.ParquetWriter(temporary, self._schema, compression="zstd") as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)


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
