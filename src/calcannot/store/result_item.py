"""One measured image of a folder of results: its facts, and its pixels and table when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ResultsError
from calcannot.store.mask_reader import read_mask
from calcannot.store.results_columns import MEASURE_AGAIN, region_columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calcannot.model.analysis import Totals
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.model.regions import LabelledRuns
    from calcannot.model.resolved import ResolvedRecipe


@dataclass(frozen=True, eq=False)
class ResultItem:
    """One measured image, as it stands in a folder of results.

    Pixels and table are read when they are asked for, and held against the record then.

    Attributes
    ----------
    folder
        Folder of the run.
    name, sha256
        Of the image, as in the tables.
    format, modality, polarity, metadata, height_px, width_px, calibration
        Facts about the image, as in ``ImageInfo``.
    recipe, resolved
        The rule as asked for, and in numbers.
    regions_of_interest
        How many were drawn.
    left_out
        Why parts of the image were not measured, as far as the image itself says so: collimator, text, marker...
    foci
        Deposits: parameters, sums and ``rows``, as ``foci_totals`` gives them; None where none were asked for.
    totals, warnings
        Of the image.
    mask_path, overlay_path
        Files of the run.
    software
        Version of calcannot that measured.
    finished
        When the run ended, ISO 8601.
    """

    folder: Path
    name: str
    sha256: str
    format: str
    modality: str
    polarity: str
    metadata: Mapping[str, Any]
    height_px: int
    width_px: int
    calibration: Calibration | None
    recipe: Recipe
    resolved: ResolvedRecipe
    regions_of_interest: int
    left_out: tuple[str, ...]
    foci: Mapping[str, Any] | None
    totals: Totals
    warnings: tuple[str, ...]
    mask_path: Path
    overlay_path: Path
    software: str
    finished: str

    @cached_property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Columns of ``regions.csv`` without the image's name, in its order; NaN where a field is empty.

        Raises
        ------
        ResultsError
            If the table is not there, is damaged, or is not that of this run.
        """
        path = self.folder / "regions.csv"
        if self.totals.region_count == 0:
            return {}
        columns = region_columns(path, self.name)
        numbers, area = columns["region"], columns["area_px"]
        if not np.array_equal(numbers, np.arange(1, self.totals.region_count + 1)):
            what = f"does not hold the {self.totals.region_count} regions of {self.name} that run.json counts"
            raise ResultsError(what, path=path, remedy=MEASURE_AGAIN)
        if int(area.sum()) != self.totals.calcified_area_px:
            what = f"has {int(area.sum())} px for {self.name}, run.json has {self.totals.calcified_area_px}"
            raise ResultsError(what, path=path, remedy=MEASURE_AGAIN)
        return columns

    @cached_property
    def runs(self) -> LabelledRuns:
        """The mask as runs; region numbers are those of ``columns["region"]``.

        Raises
        ------
        ResultsError
            If the mask is not there, is damaged, or does not hold the regions of the table.
        """
        runs = read_mask(self.mask_path)
        if (runs.height_px, runs.width_px) != (self.height_px, self.width_px):
            what = f"is {runs.width_px} x {runs.height_px} px, run.json says {self.width_px} x {self.height_px}"
            raise ResultsError(what, path=self.mask_path, remedy=MEASURE_AGAIN)
        # Exact: a run's length and the sums of up to 2^53 pixels are whole numbers in double precision.
        area = np.bincount(runs.region, weights=runs.stop - runs.start)[1:].astype(np.int64)
        if not np.array_equal(area, self.columns.get("area_px", np.zeros(0, np.int64))):
            what = "does not hold the regions that regions.csv lists: the files are of different runs"
            raise ResultsError(what, path=self.mask_path, remedy=MEASURE_AGAIN)
        return runs
