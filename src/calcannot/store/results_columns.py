"""Read back the table of regions of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import ResultsError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

MEASURE_AGAIN: Final = "measure the image again"
_COUNTS = {
    "region", "area_px", "filled_area_px", "hole_count",
    "bbox_row_min_px", "bbox_col_min_px", "bbox_row_max_px", "bbox_col_max_px",
}  # fmt: skip


def region_columns(path: Path, name: str) -> dict[str, npt.NDArray[Any]]:
    """Columns of one image, by name; from Parquet where there is one, which can be asked for them.

    Raises
    ------
    ResultsError
        If the table is not there, or is damaged.
    """
    import pyarrow as pa
    from pyarrow import compute, csv, parquet

    beside = path.with_suffix(".parquet")
    try:
        if beside.exists():
            table = parquet.read_table(beside, filters=[("image", "==", name)])
        else:
            options = csv.ConvertOptions(column_types={"image": pa.string()})
            table = csv.read_csv(path, convert_options=options)
            table = table.filter(compute.equal(table["image"], name))
    except (OSError, pa.ArrowException) as error:
        missing = isinstance(error, FileNotFoundError)
        what = "is not there" if missing else f"is damaged: {str(error).splitlines()[0][:120]}"
        raise ResultsError(what, path=beside if beside.exists() else path, remedy=MEASURE_AGAIN) from None
    if not {"region", "area_px"} <= set(table.column_names):
        raise ResultsError("has no columns region and area_px", path=path, remedy=MEASURE_AGAIN)
    return {column: _array(column, table[column]) for column in table.column_names if column != "image"}


def _array(name: str, column: Any) -> npt.NDArray[Any]:
    import pyarrow as pa

    # A table of text does not say whether 1 is a length of 1.0 that was rounded.
    if name not in _COUNTS and not pa.types.is_boolean(column.type):
        column = column.cast(pa.float64())
    array: npt.NDArray[Any] = column.to_numpy()
    return array
