"""Rendered radiographs: an ROI round each lesion, radiograph-local, against the formula of the outline."""

from __future__ import annotations

import json

import numpy as np
import pytest

from calcannot import (
    Annotations,
    ArraySource,
    Calibration,
    analyse,
    load_recipe,
    open_image,
    read_annotations,
    region_columns,
)
from calcannot.cli.summary import summary_rows
from calcannot.errors import RecipeError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.morphometry.focus_columns import focus_rows
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.write import rois_geojson, write_radiograph
from calcannot.store.tables import image_row

NODULES = (
    Nodule(row_mm=0, col_mm=-80, a_mm=25, b_mm=20, c_mm=9),
    Nodule(row_mm=10, col_mm=80, a_mm=15, b_mm=10, c_mm=6, angle_deg=30),
    Nodule(row_mm=-60, col_mm=0, a_mm=10, b_mm=10, c_mm=10, height_mm=270),
    Nodule(row_mm=60, col_mm=0, a_mm=4, b_mm=4, c_mm=4),
)
LOCAL = load_recipe("radiograph-local")


def regions_of(phantom, folder) -> Annotations:
    path = folder / "roi.geojson"
    path.write_text(json.dumps(rois_geojson(phantom, "film")), encoding="utf-8")
    return read_annotations(path)


def as_source(phantom) -> ArraySource:
    um = phantom.spec.spacing_mm * 1000
    scale = Calibration(um, um, CalibrationSource.PHANTOM)
    return ArraySource(phantom.pixels, name="film", calibration=scale, modality=Modality.RADIOGRAPH)


@pytest.mark.parametrize(
    ("spacing_mm", "scatter", "seed"),
    [(0.4, 0.5, 0), (0.4, 0.5, 1), (0.4, 0.2, 2), (0.25, 0.5, 3), pytest.param(0.143, 0.5, 4, marks=pytest.mark.slow)],
)
def test_area_within_5_per_cent_of_the_outline(tmp_path, spacing_mm, scatter, seed):
    """Lesions of 50 mm² and more without bone behind."""
    spec = RadiographSpec(nodules=NODULES, spacing_mm=spacing_mm, scatter_to_primary=scatter)
    phantom = render_radiograph(spec, seed)
    source, drawn = as_source(phantom), regions_of(phantom, tmp_path)
    for stroke, lesion in zip(drawn.strokes, phantom.lesions, strict=True):
        assert lesion.object_area_mm2 >= 50
        analysis = analyse(source, LOCAL, Annotations((stroke,)))
        area, fraction = analysis.totals.calcified_area_mm2, analysis.resolved.surfaces[0].peak_fraction
        assert analysis.totals.region_count == 1
        assert 0 < fraction <= 0.25
        assert area == pytest.approx(lesion.detector_area_mm2, rel=0.05)
        assert list(region_columns(analysis)["peak_fraction"]) == [fraction]
        assert ("outline at", f"{100 * fraction:.0f} % of the peak above the local background") in summary_rows(
            analysis
        )


def test_each_area_stands_with_the_share_of_the_peak_that_it_was_cut_at(tmp_path):
    phantom = render_radiograph(RadiographSpec(nodules=NODULES), 1)
    analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
    shares = {surface.region: surface.peak_fraction for surface in analysis.resolved.surfaces}
    assert len(set(shares.values())) == 4
    columns, foci = region_columns(analysis), focus_rows(analysis)
    for row, col, share in zip(
        *(columns[k] for k in ("centroid_row_px", "centroid_col_px", "peak_fraction")), strict=True
    ):
        around = [s for s in analysis.annotations.regions if _holds(s, row, col)]
        assert [shares[stroke.id] for stroke in around] == [share]
    assert [(each["peak_fraction_low"], each["peak_fraction_high"]) for each in foci] == [
        (share, share) for share in columns["peak_fraction"]
    ]
    row = image_row("film", "", analysis)
    assert (row["peak_fraction_low"], row["peak_fraction_high"]) == (min(shares.values()), max(shares.values()))


def _holds(stroke: Stroke, row: float, col: float) -> bool:
    x_min, y_min, x_max, y_max = stroke.bounds()
    return x_min < col < x_max and y_min < row < y_max


def test_all_regions_together_are_the_sum_of_each(tmp_path):
    phantom = render_radiograph(RadiographSpec(nodules=NODULES), 1)
    source, drawn = as_source(phantom), regions_of(phantom, tmp_path)
    each = [analyse(source, LOCAL, Annotations((stroke,))).totals for stroke in drawn.strokes]
    together = analyse(source, LOCAL, drawn).totals
    assert together.calcified_area_px == sum(totals.calcified_area_px for totals in each)
    assert together.reference_area_px == sum(totals.reference_area_px for totals in each)
    assert together.region_count == 4


@pytest.mark.parametrize(("a_mm", "b_mm", "spacing_mm"), [(20, 12, 0.4), (6, 4, 0.2), (4.5, 4, 0.15)])
def test_a_plate_is_cut_half_way_at_its_true_edge(tmp_path, a_mm, b_mm, spacing_mm):
    plate = Nodule(row_mm=0, col_mm=0, a_mm=a_mm, b_mm=b_mm, c_mm=4, kind="plate")
    phantom = render_radiograph(RadiographSpec(nodules=(plate,), spacing_mm=spacing_mm, size_mm=(60, 80)), 0)
    analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
    (surface,), (lesion,) = analysis.resolved.surfaces, phantom.lesions
    assert surface.edge_roundness == 0
    assert analysis.totals.calcified_area_mm2 == pytest.approx(lesion.detector_area_mm2, rel=0.03)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_faint_lesion_is_smoothed_until_its_edge_is_seen(tmp_path, seed):
    """At the noise of the film's pixels, a third of its peak would be its outline: a tenth of it lies below."""
    nodule = Nodule(row_mm=0, col_mm=0, a_mm=14, b_mm=12, c_mm=0.6)
    film = RadiographSpec(nodules=(nodule,), size_mm=(54, 58), spacing_mm=0.2, scatter_to_primary=0.8)
    phantom = render_radiograph(film, seed)
    analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
    (surface,), (lesion,) = analysis.resolved.surfaces, phantom.lesions
    assert surface.threshold >= 3 * surface.sigma
    assert 0.5 < surface.smoothing_sigma_px * film.spacing_mm < 3
    assert analysis.totals.calcified_area_mm2 == pytest.approx(lesion.detector_area_mm2, rel=0.04)
    assert surface.rim_edge_ratio < 0.05


def test_a_lesion_that_noise_hides_is_said_to_be_so(tmp_path):
    nodule = Nodule(row_mm=0, col_mm=0, a_mm=5, b_mm=4, c_mm=0.6)
    film = RadiographSpec(nodules=(nodule,), size_mm=(40, 40), spacing_mm=0.2, scatter_to_primary=0.8)
    phantom = render_radiograph(film, 7)
    analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
    (lesion,), totals = phantom.lesions, analysis.totals
    assert totals.region_count == 1
    assert any("hardly stands out of the noise" in warning for warning in analysis.warnings)
    assert any("Noise hides septa" in warning for warning in analysis.warnings)
    assert totals.area_ci95_low_mm2 < lesion.detector_area_mm2 < totals.area_ci95_high_mm2
    assert totals.area_ci95_high_mm2 > 1.2 * totals.calcified_area_mm2


@pytest.mark.parametrize(("density_g_cm3", "unsure"), [(0.43, True), (0.8, False)])
def test_an_area_that_noise_leaves_unsure_is_said_to_be_so(tmp_path, density_g_cm3, unsure):
    """The same ellipsoid of 78 mm², 4 mm thick, with little mineral and with much."""
    nodule = Nodule(row_mm=0, col_mm=0, a_mm=6.5, b_mm=3.8, c_mm=2, height_mm=75, density_g_cm3=density_g_cm3)
    film = RadiographSpec(
        nodules=(nodule,), size_mm=(40, 46), spacing_mm=0.12, scatter_to_primary=1.0, grey_unattenuated=1000.0
    )
    phantom = render_radiograph(film, 7)
    analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
    assert (analysis.resolved.surfaces[0].profile_uncertainty > 0.015) is unsure
    assert any("leaves the area in region" in warning for warning in analysis.warnings) is unsure


def test_bone_that_was_drawn_is_no_background(tmp_path):
    """A strip of bone through the rim spoils the fit; excluded, the area is what it is without bone."""
    film = RadiographSpec(
        nodules=(Nodule(row_mm=0, col_mm=0, a_mm=8, b_mm=6, c_mm=4),), size_mm=(60, 60), spacing_mm=0.2
    )
    clear = render_radiograph(film, 3)
    strip = np.zeros(film.size_px)
    strip[:, 206:236] = 0.4
    body = clear.attenuation.min() + 0 * strip
    bony = render_radiograph(film, 3, anatomy=body + strip)
    drawn = regions_of(clear, tmp_path)
    ring = np.array([(202, 0), (240, 0), (240, 300), (202, 300)], dtype=float)
    bone = Stroke("bone", StrokeKind.EXCLUDE, (ring,), reason="bone")
    truth = clear.lesions[0].detector_area_mm2
    with_bone = analyse(as_source(bony), LOCAL, drawn)
    without = analyse(as_source(bony), LOCAL, Annotations((*drawn.strokes, bone)))
    assert without.totals.calcified_area_mm2 == pytest.approx(truth, rel=0.04)
    assert without.resolved.surfaces[0].rim_edge_ratio < with_bone.resolved.surfaces[0].rim_edge_ratio / 2


def test_bone_behind_a_lesion_is_told_by_the_rim(tmp_path):
    """Over bone the area is not to be believed; the share of the rim that no surface fits says so."""
    spec = {"nodules": NODULES[:2], "size_mm": (240.0, 320.0)}
    shares, warned = [], []
    for bone in (False, True):
        phantom = render_radiograph(RadiographSpec(bone=bone, **spec), 0)
        analysis = analyse(as_source(phantom), LOCAL, regions_of(phantom, tmp_path))
        shares.append(max(surface.rim_edge_ratio for surface in analysis.resolved.surfaces))
        warned.append([each for each in analysis.warnings if "edge of a bone" in each])
    assert shares[0] < 0.05 < shares[1]
    assert not warned[0]
    assert any(f"{shares[1]:.1%} of the rim" in each for each in warned[1])


def test_12_bits_in_16_measure_as_the_same_film_over_all_16(tmp_path):
    """Steps of the sensitivity are the noise of the film, whatever the range of its file."""
    nodule = Nodule(row_mm=0, col_mm=0, a_mm=8, b_mm=6, c_mm=3)
    phantom = render_radiograph(RadiographSpec(nodules=(nodule,), size_mm=(50, 50), spacing_mm=0.25), 5)
    assert phantom.pixels.max() < 4096
    drawn, small = regions_of(phantom, tmp_path), as_source(phantom)
    wide = ArraySource(
        phantom.pixels * 16, name="film", calibration=small.info.calibration, modality=Modality.RADIOGRAPH
    )
    one, other = (analyse(source, LOCAL, drawn).totals for source in (small, wide))
    for field in ("calcified_area_px", "area_low_px", "area_high_px"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), rel=2e-3)
    assert one.area_low_px < one.calcified_area_px < one.area_high_px < 1.2 * one.calcified_area_px


def test_nothing_in_the_region_is_nothing_found(tmp_path):
    lesion = render_radiograph(RadiographSpec(nodules=NODULES[:2]), 0)
    empty = render_radiograph(RadiographSpec(nodules=()), 0)
    analysis = analyse(as_source(empty), LOCAL, regions_of(lesion, tmp_path))
    assert analysis.totals.calcified_area_px == 0


def test_a_lesion_needs_a_region(tmp_path):
    phantom = render_radiograph(RadiographSpec(nodules=NODULES[:1]), 0)
    with pytest.raises(RecipeError, match="needs a region of interest around each lesion"):
        analyse(as_source(phantom), LOCAL)


@pytest.mark.parametrize("shape", ["short rim", "sliver"])
def test_a_region_too_small_for_a_rim_is_refused_by_name(tmp_path, shape):
    phantom = render_radiograph(RadiographSpec(nodules=NODULES[:1]), 0)
    size = [5, 5] if shape == "short rim" else [300, 10]
    ring = [[100, 100], [100 + size[0], 100], [100 + size[0], 100 + size[1]], [100, 100 + size[1]], [100, 100]]
    path = tmp_path / "roi.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"region \w+ is too small for a rim"):
        analyse(as_source(phantom), LOCAL, read_annotations(path))


def test_monochrome1_measures_as_monochrome2(tmp_path):
    phantom = render_radiograph(RadiographSpec(), 2)
    tables = []
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        path = tmp_path / f"{photometric}.dcm"
        write_radiograph(phantom, path, photometric=photometric)
        with open_image(path) as source:
            analysis = analyse(source, LOCAL, read_annotations(tmp_path / f"{photometric}.dcm.roi.geojson"))
        assert source.info.polarity == "denser is brighter"
        tables.append((region_columns(analysis), analysis.totals))
    (one, its_totals), (two, totals) = tables
    assert totals.region_count == 2
    assert its_totals == totals
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
