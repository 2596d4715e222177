"""Lesions found from a click, and over bone with the other side of the body for background: rendered films."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import Annotations, ArraySource, Calibration, Recipe, analyse, load_recipe
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.segment.mirror import find_mirror

LOCAL = load_recipe("radiograph-local")


def with_background(**fields) -> Recipe:
    content = LOCAL.to_dict()
    return Recipe.model_validate(content | {"background": content["background"] | fields})


def as_source(phantom, tile=(256, 256)) -> ArraySource:
    um = phantom.spec.spacing_mm * 1000
    scale = Calibration(um, um, CalibrationSource.PHANTOM)
    return ArraySource(phantom.pixels, name="film", calibration=scale, modality=Modality.RADIOGRAPH, tile=tile)


def square(row, col, half, name="r") -> Stroke:
    ring = np.array(
        [[col - half, row - half], [col + half, row - half], [col + half, row + half], [col - half, row + half]], float
    )
    return Stroke(name, StrokeKind.REGION, (ring,))


@pytest.fixture(scope="module")
def two():
    """A lesion, and a denser one 22 mm beside it."""
    nodules = (
        Nodule(row_mm=0, col_mm=-11, a_mm=7, b_mm=5, c_mm=3),
        Nodule(row_mm=0, col_mm=11, a_mm=5, b_mm=5, c_mm=5, density_g_cm3=0.9),
    )
    return render_radiograph(RadiographSpec(nodules=nodules, size_mm=(70, 90), spacing_mm=0.2), 1)


CLICK = with_background(seed_reach={"um": 22_000})


def test_a_click_grows_to_the_lesion_under_it_and_to_no_other(two):
    for lesion in two.lesions:
        click = square(lesion.row_px, lesion.col_px, 2)
        analysis = analyse(as_source(two), CLICK, Annotations((click,)))
        assert analysis.totals.region_count == 1
        assert analysis.totals.calcified_area_mm2 == pytest.approx(lesion.detector_area_mm2, rel=0.04)
        assert analysis.annotations.strokes == (click,)


def test_a_click_beside_a_lesion_finds_nothing(two):
    lesion = two.lesions[0]
    beside = square(lesion.row_px + 12 / 0.2, lesion.col_px, 2)
    assert analyse(as_source(two), CLICK, Annotations((beside,))).totals.calcified_area_px == 0


def test_tiles_do_not_matter_to_a_click(two):
    lesion = two.lesions[0]
    click = Annotations((square(lesion.row_px, lesion.col_px, 2),))
    whole, tiled = (analyse(as_source(two, tile), CLICK, click).totals for tile in ((256, 256), (48, 64)))
    assert whole == tiled


def test_the_other_side_is_found_where_it_lies():
    by = np.random.default_rng(4)
    from scipy import ndimage

    half = ndimage.gaussian_filter(by.normal(0, 100, (160, 140)), 4) + 500
    picture = np.concatenate([half, np.roll(half[:, ::-1], 5, axis=0)], axis=1)
    picture = np.roll(picture, 3, axis=1)  # the middle of the body, 3 px to the right of that of the film
    source = ArraySource(picture.astype(np.float32), name="x", modality=Modality.RADIOGRAPH)
    rim = np.ones((70, 60), np.bool_)
    rim[10:-10, 10:-10] = False
    found = find_mirror(source, 40, 30, rim, 12, 0.0)
    assert found.down == 5
    assert found.sum == 279 + 2 * 3


def test_bone_that_is_the_same_on_both_sides_cancels():
    """A lesion over the rim of the wing: flagged without the other side, within 10 % with it."""
    nodule = Nodule(row_mm=-38, col_mm=-95, a_mm=8, b_mm=6, c_mm=4)
    spec = RadiographSpec(nodules=(nodule,), bone=True, spacing_mm=0.3, size_mm=(180, 300))
    phantom = render_radiograph(spec, 2)
    (lesion,) = phantom.lesions
    region = Annotations((square(lesion.row_px, lesion.col_px, 20 / 0.3),))
    alone = analyse(as_source(phantom), LOCAL, region)
    mirrored = analyse(as_source(phantom), with_background(mirror={"um": 10_000}), region)
    assert any("edge of a bone" in warning for warning in alone.warnings)
    assert not any("edge of a bone" in warning for warning in mirrored.warnings)
    assert mirrored.totals.calcified_area_mm2 == pytest.approx(lesion.detector_area_mm2, rel=0.1)
    assert abs(alone.totals.calcified_area_mm2 / lesion.detector_area_mm2 - 1) > 0.1
    (surface,) = mirrored.resolved.surfaces
    assert (surface.mirror_down_px, surface.mirror_sum_px) == (0, phantom.pixels.shape[1] - 1)


def test_a_lesion_on_the_other_side_is_said():
    pair = tuple(Nodule(row_mm=0, col_mm=col, a_mm=6, b_mm=5, c_mm=c) for col, c in ((-30, 2), (30, 5)))
    phantom = render_radiograph(RadiographSpec(nodules=pair, size_mm=(60, 120), spacing_mm=0.3), 2)
    lesion = phantom.lesions[0]
    region = Annotations((square(lesion.row_px, lesion.col_px, 18 / 0.3),))
    found = analyse(as_source(phantom), with_background(mirror={"um": 3000}), region)
    assert any("The other side is denser" in warning for warning in found.warnings)
