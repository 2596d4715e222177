"""Numbers written down once: see ``generate.py``."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def golden():
    path = list(sys.path)
    try:
        yield runpy.run_path(str(HERE / "generate.py"))
    finally:
        sys.path[:] = path
        sys.modules.pop("pictures", None)


@pytest.fixture(scope="module")
def made(golden):
    return golden["pictures"]()


def test_every_case_is_written_down(golden):
    assert set(golden["recipes"]()) == set(EXPECTED["cases"])


@pytest.mark.parametrize("name", EXPECTED["cases"])
def test_numbers_are_those_written_down(golden, made, name):
    picture, recipe = golden["recipes"]()[name]
    found, expected = golden["measured"](picture, recipe, made[picture]), EXPECTED["cases"][name]
    assert set(found) == set(expected)
    for key, value in expected.items():
        wanted = pytest.approx(value, rel=1e-8) if isinstance(value, float) else value
        assert found[key] == wanted, key


def test_something_was_found_in_most_cases():
    counts = [case.get("region_count", 0) for case in EXPECTED["cases"].values()]
    assert np.count_nonzero(counts) > 0.8 * len(counts)


@pytest.mark.shared
@pytest.mark.parametrize("name", EXPECTED["imagej"]["blobs.gif"])
def test_imagej_s_namesake_parts_the_same_pixels(shared_data, name):
    """ImageJ names the lowest foreground level, we the level below which, or at which, is background."""
    from PIL import Image

    from calcannot import ArraySource, Recipe, analyse

    row = EXPECTED["imagej"]["blobs.gif"][name]
    with Image.open(shared_data / "peer_expected/imagej_1.53t/inputs/blobs.gif") as picture:
        pixels = np.array(picture)
    recipe = Recipe(
        name="x", kind="radiograph", channel="intensity", mineral="bright", threshold=row["calcannot"],
    )  # fmt: skip
    mask = analyse(ArraySource(pixels, name="x", modality="radiograph"), recipe, workers=1).runs.mask(0, 0, 254, 256)
    np.testing.assert_array_equal(mask, pixels >= row["imagej_lower"])
