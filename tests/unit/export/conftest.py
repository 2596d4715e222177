"""Subjects of masks, and pixels of rings by a library that is not ours."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from calcannot import Calibration
from calcannot.export.subject import Subject
from calcannot.model.calibration import CalibrationSource
from calcannot.runs.from_mask import runs_of_mask

SCALE = Calibration(0.5, 0.25, CalibrationSource.USER)


@pytest.fixture(scope="session")
def subject_of():
    """Function that makes a Subject of a mask, with areas as its only measurement."""

    def make(mask, calibration=SCALE, name="section.tif", **fields):
        runs = runs_of_mask(mask)
        area = np.bincount(runs.region, weights=runs.stop - runs.start)[1:].astype(np.int64)
        columns = {"region": np.arange(1, area.size + 1), "area_px": area, "width_um": np.full(area.size, np.nan)}
        if calibration is not None:
            columns["area_um2"] = area * calibration.pixel_area_um2
        given = {"sha256": "0" * 64, "case": "case-1", "recipe": "von-kossa", "fingerprint": "f" * 64}
        given |= {"modality": "histology", "columns": columns if area.size else {}}
        return Subject(name=name, runs=runs, calibration=calibration, **(given | fields))

    return make


@pytest.fixture(scope="session")
def filled():
    """Function that fills rings by the even-odd rule at pixel centres, with shapely."""

    def fill(rings, shape):
        y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
        result = np.zeros(shape, bool)
        for ring in rings:
            result ^= shapely.contains_xy(shapely.Polygon(ring), x, y)
        return result

    return fill
