"""Measurements of regions as one table over all images, as CSV or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from calcannot.export.subject import Progress, Subject


def write_csv(path: Path, subjects: Iterable[Subject], progress: Progress | None = None) -> None:
    """Write one row a region with the image, its case, scale and rule in front; a missing field is empty."""
    from pyarrow import csv

    writer = None
    with path.open("wb") as file:
        for table in _tables(subjects, progress):
            if writer is None:
                writer = csv.CSVWriter(file, table.schema, write_options=csv.WriteOptions(quoting_style="needed"))
            writer.write_table(table)
        if writer is not None:
            writer.close()


def write_parquet(path: Path, subjects: Iterable[Subject], progress: Progress | None = None) -> None:
    """Write the same table as Parquet, one row group an image."""
    from pyarrow import parquet

    writer = None
    for table in _tables(subjects, progress):
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _tables(subjects: Iterable[Subject], progress: Progress | None) -> Iterator[Any]:
    import pyarrow as pa

    schema = None
    for subject in subjects:
        if not subject.columns:
            continue
        table = _table(subject)
        schema = schema or table.schema
        if table.schema.names != schema.names:
            what = "has other columns than the images before it: it was measured by another version"
            raise OutputError(what, path=subject.name, remedy="measure all images with one version")
        yield table.cast(schema)
        if progress:
            progress(subject.region_count, subject.region_count)
    if schema is None:
        yield pa.table({"image": pa.array([], pa.string())})


def _table(subject: Subject) -> Any:
    import pyarrow as pa

    size = subject.region_count
    origin = subject.origin()
    text = {
        "image": subject.name, "sha256": subject.sha256, "case": subject.case, "recipe": subject.recipe,
        "recipe_fingerprint": subject.fingerprint, "calibration_source": origin["calibration_source"],
    }  # fmt: skip
    table = pa.table({name: pa.array([value] * size, pa.string()) for name, value in text.items()})
    for name in ("um_per_px_row", "um_per_px_col"):
        table = table.append_column(name, pa.array([origin[name]] * size, pa.float64()))
    for name, values in subject.columns.items():
        table = table.append_column(name, pa.array(values, from_pandas=True))
    return table
