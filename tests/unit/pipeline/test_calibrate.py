"""Calibration from objects on rendered films whose pixel size at the object is known."""

import numpy as np
import pytest

from calcannot import ArraySource, Calibration, analyse, load_recipe, open_image
from calcannot.errors import CalibrationError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.phantom import fiducials
from calcannot.phantom.dicom_film import write_dicom_film
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.pipeline.calibrate import calibrate_height, calibrate_line, calibrate_round

TRUE_UM = 200.0 * 1025 / 1100


def film(kind, scatter=0.5, seed=3, **options):
    spec = RadiographSpec(size_mm=(100.0, 140.0), spacing_mm=0.2, nodules=(), scatter_to_primary=scatter)
    cast = fiducials.coin if kind == "coin" else fiducials.ball
    anatomy = np.full(spec.size_px, 20 * 0.227) + cast(spec, 8.0, -11.0, **options)
    return render_radiograph(spec, seed, anatomy=anatomy)


def source_of(phantom):
    return ArraySource(phantom.pixels, name="film.tif", modality=Modality.RADIOGRAPH)


def place(spec):
    scale = 1100 / 1025 / spec.spacing_mm
    return (spec.size_px[1] - 1) / 2 - 11 * scale + 3, (spec.size_px[0] - 1) / 2 + 8 * scale - 4


@pytest.mark.parametrize("scatter", [0.2, 1.0])
@pytest.mark.parametrize(
    ("kind", "um", "options"), [("coin", 24_500.0, {}), ("coin", 24_500.0, {"tilt_deg": 25.0}), ("ball", 25_000.0, {})]
)
def test_one_point_inside_is_enough(kind, um, options, scatter):
    phantom = film(kind, scatter, **options)
    found = calibrate_round(source_of(phantom), kind, [place(phantom.spec)], um)
    assert found.um_per_px_col == pytest.approx(TRUE_UM, rel=0.007)
    assert abs(found.um_per_px_col / TRUE_UM - 1) < found.relative_uncertainty < 0.02
    assert dict(found.evidence.components).keys() == {"reading", "height"}
    assert found.evidence.image == "film.tif" and 5 <= len(found.evidence.points) <= 24


def test_points_set_on_the_edge_do_as_well():
    phantom = film("coin")
    x, y = place(phantom.spec)
    t = np.arange(6) * np.pi / 3
    radius = 12.25e3 / TRUE_UM
    points = [(x - 3 + 0.5 + radius * np.cos(a), y + 4 + 0.5 + radius * np.sin(a)) for a in t]
    found = calibrate_round(source_of(phantom), "coin", points, 24_500.0)
    assert found.um_per_px_col == pytest.approx(TRUE_UM, rel=1e-6)


def test_an_object_that_reaches_the_border_is_refused():
    phantom = film("coin")
    x, y = place(phantom.spec)
    cut = phantom.pixels[:, round(x) - 20 :]
    with pytest.raises(CalibrationError, match="no dense round object"):
        calibrate_round(ArraySource(cut, name="film.tif", modality=Modality.RADIOGRAPH), "coin", [(10, y)], 24_500.0)


def test_a_section_has_no_height():
    source = ArraySource(np.full((200, 300, 3), 200, np.uint8), name="slide.png")
    found = calibrate_line(source, [(10, 10), (210, 10)], 100.0)
    assert found.um_per_px_col == 0.5 and dict(found.evidence.components).keys() == {"reading"}


def test_a_height_needs_the_detectors_spacing_and_the_source(tmp_path):
    phantom = render_radiograph(RadiographSpec(size_mm=(100.0, 100.0), spacing_mm=0.2, nodules=()))
    for case in ("detector", "none"):
        write_dicom_film(phantom, tmp_path / f"{case}.dcm", spacing=case)
    with open_image(tmp_path / "detector.dcm") as source:
        with pytest.raises(CalibrationError, match="source"):
            calibrate_height(source, 75_000.0)
        found = calibrate_height(source, 75_000.0, source_um=1.1e6)
    assert found.um_per_px_row == pytest.approx(TRUE_UM)
    with open_image(tmp_path / "none.dcm") as source, pytest.raises(CalibrationError, match="ImagerPixelSpacing"):
        calibrate_height(source, 75_000.0, source_um=1.1e6)


def test_another_calibration_is_other_numbers_throughout(tmp_path):
    nodule = Nodule(0, 0, 12, 9, 8)
    phantom = render_radiograph(RadiographSpec(size_mm=(100.0, 100.0), spacing_mm=0.2, nodules=(nodule,)))
    write_dicom_film(phantom, tmp_path / "a.dcm", spacing="detector")
    ring = np.array([(100.0, 100.0), (400.0, 100.0), (400.0, 400.0), (100.0, 400.0)])
    strokes = Annotations((Stroke("r", StrokeKind.REGION, (ring,)),))
    recipe = load_recipe("radiograph-global")
    with open_image(tmp_path / "a.dcm") as source:
        plain = analyse(source, recipe, strokes).totals
        given = Calibration(100.0, 100.0, CalibrationSource.USER, relative_uncertainty=0.01)
        halved = analyse(source.with_calibration(given), recipe, strokes)
    assert halved.info.calibration.relative_uncertainty == 0.01
    assert halved.totals.calcified_area_px == plain.calcified_area_px > 0
    for name in ("calcified_area_mm2", "reference_area_mm2", "largest_area_mm2", "area_low_mm2", "area_high_mm2"):
        assert getattr(halved.totals, name) == pytest.approx(getattr(plain, name) / 4)
    for name in ("extent_length_mm", "extent_width_mm"):
        assert getattr(halved.totals, name) == pytest.approx(getattr(plain, name) / 2)
