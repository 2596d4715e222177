"""ImageJ 1.53t's Analyze Particles on its own sample image, region by region.

ImageJ thresholds and measures the stored bytes of blobs.gif, whatever table it shows them through.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from calcannot import ArraySource, Recipe, analyse, region_columns
from calcannot.model.image import Modality

pytestmark = pytest.mark.shared

# ImageJ's threshold keeps its lower bound, ours is the level below it.
TABLES = {"Default": (126, "isodata"), "Otsu": (128, "otsu")}


@pytest.fixture(scope="module")
def blobs(shared_data):
    with Image.open(shared_data / "peer_expected/imagej_1.53t/inputs/blobs.gif") as picture:
        return ArraySource(np.array(picture), name="blobs.gif", modality=Modality.RADIOGRAPH)


def imagej(shared_data, name: str) -> dict[str, np.ndarray]:
    path = shared_data / "peer_expected/imagej_1.53t" / name
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key.strip()}


def ours(blobs, threshold) -> dict[str, np.ndarray]:
    recipe = Recipe(name="blobs", kind="radiograph", channel="intensity", mineral="bright", threshold=threshold)
    return region_columns(analyse(blobs, recipe))


@pytest.mark.parametrize(("method", "lower", "name"), [(m, low, name) for m, (low, name) in TABLES.items()])
def test_automatic_thresholds_part_the_same_pixels(shared_data, blobs, method, lower, name):
    by_number, by_method = ours(blobs, lower - 1), ours(blobs, name)
    assert by_method["area_px"].sum() == imagej(shared_data, f"blobs_{method}_{lower}-255_particles.csv")["Area"].sum()
    np.testing.assert_array_equal(by_method["area_px"], by_number["area_px"])


@pytest.mark.parametrize("exclude_edge", [False, True])
@pytest.mark.parametrize(("method", "lower"), [(m, low) for m, (low, _) in TABLES.items()])
def test_regions_are_those_of_imagej(shared_data, blobs, method, lower, exclude_edge):
    suffix = "_excludeedge" if exclude_edge else ""
    theirs = imagej(shared_data, f"blobs_{method}_{lower}-255_particles{suffix}.csv")
    columns = ours(blobs, lower - 1)
    if exclude_edge:
        columns = {name: column[~columns["touches_border"]] for name, column in columns.items()}
    # ImageJ lists particles in the order of their first pixel too.
    for column, name in {"area_px": "Area", "bbox_row_min_px": "BY", "bbox_col_min_px": "BX",
                         "value_min": "Min", "value_max": "Max"}.items():  # fmt: skip
        np.testing.assert_array_equal(columns[column], theirs[name], err_msg=name)
    np.testing.assert_array_equal(columns["bbox_row_max_px"] - columns["bbox_row_min_px"], theirs["Height"])
    np.testing.assert_array_equal(columns["bbox_col_max_px"] - columns["bbox_col_min_px"], theirs["Width"])
    np.testing.assert_allclose(columns["value_mean"], theirs["Mean"], atol=1e-6)
    np.testing.assert_allclose(columns["feret_max_px"], theirs["Feret"], atol=1e-6)
    np.testing.assert_allclose(columns["feret_min_px"], theirs["MinFeret"], atol=1e-6)
    np.testing.assert_allclose(columns["solidity"], theirs["Solidity"], atol=1e-6)
    # ImageJ puts the origin on the corner of the first pixel.
    np.testing.assert_allclose(columns["centroid_col_px"] + 0.5, theirs["X"], atol=1e-6)
    np.testing.assert_allclose(columns["centroid_row_px"] + 0.5, theirs["Y"], atol=1e-6)


def test_perimeter_is_not_that_of_imagej_which_is_some_four_per_cent_longer(shared_data, blobs):
    theirs = imagej(shared_data, "blobs_Otsu_128-255_particles_excludeedge.csv")
    columns = ours(blobs, 127)
    inside = ~columns["touches_border"] & (columns["area_px"] > 100)
    ratio = theirs["Perim."][theirs["Area"] > 100] / columns["perimeter_px"][inside]
    assert np.median(ratio) == pytest.approx(1.04, abs=0.03)
