import math

import numpy as np
import pytest
import tifffile

from calcannot.errors import CalibrationError
from calcannot.io import open_image
from calcannot.io.dicom_calibration import Spacing, decide, of_slide
from calcannot.io.tiff_calibration import from_aperio, from_imagej, from_ome, from_resolution
from calcannot.model.calibration import Calibration, CalibrationPlane, CalibrationSource

RGB = np.zeros((20, 30, 3), np.uint8)


def info_of(path, **options):
    with open_image(path, **options) as source:
        return source.info


def sizes(scale):
    found = scale.calibration
    return found and (found.um_per_px_row, found.um_per_px_col)


@pytest.mark.parametrize(
    ("spacing", "source", "plane", "row_um", "col_um"),
    [
        (Spacing((0.2, 0.1), (0.3, 0.3), None, "FIDUCIAL"), "FIDUCIAL", "OBJECT", 200, 100),
        (Spacing((0.2, 0.1), (0.3, 0.3), None, "GEOMETRY"), "GEOMETRY", "OBJECT", 200, 100),
        (Spacing(None, (0.15, 0.12), magnification=1.2), "MAGNIFICATION", "OBJECT", 125, 100),
        (Spacing((0.15, 0.12), (0.15, 0.12), magnification=1.2), "MAGNIFICATION", "OBJECT", 125, 100),
        (
            Spacing(None, (0.15, 0.12), source_to_detector=1200, source_to_patient=1000),
            "MAGNIFICATION",
            "OBJECT",
            125,
            100,
        ),
        (Spacing(None, (0.15, 0.12), magnification=1.0), "DETECTOR", "DETECTOR", 150, 120),
        (Spacing((0.15, 0.12), (0.15, 0.12)), "DETECTOR", "DETECTOR", 150, 120),
        (Spacing((0.15, 0.12), None, (0.15, 0.12)), "DETECTOR", "DETECTOR", 150, 120),
        (Spacing((0.2, 0.1)), "UNKNOWN", "UNKNOWN", 200, 100),
        (Spacing((0.2, 0.1), (0.3, 0.3)), "UNKNOWN", "UNKNOWN", 200, 100),
    ],
)
def test_the_table_of_ps3_3_10_7(spacing, source, plane, row_um, col_um):
    scale = decide(spacing)
    assert sizes(scale) == pytest.approx((row_um, col_um))
    assert scale.calibration.source is CalibrationSource[f"DICOM_{source}"]
    assert scale.calibration.plane is CalibrationPlane[plane]
    assert scale.calibration.note and not scale.warnings


def test_no_spacing_is_no_calibration_and_no_warning():
    assert decide(Spacing()) == decide(Spacing(calibration_type="FIDUCIAL", magnification=1.2))
    assert decide(Spacing()).calibration is None


@pytest.mark.parametrize(
    ("spacing", "share"),
    [
        (Spacing((0.2, 0.1), (0.3, 0.3), None, "FIDUCIAL"), 0.06),
        (Spacing((0.2, 0.1), (0.3, 0.3), None, "GEOMETRY"), 0.10),
        (Spacing(None, (0.15, 0.15), magnification=1.2), 0.10),
        (Spacing(None, (0.15, 0.15)), None),
        (Spacing((0.2, 0.1)), None),
    ],
)
def test_a_length_is_as_sure_as_its_source_and_not_at_all_where_the_height_is_unknown(spacing, share):
    found = decide(spacing).calibration
    assert found.relative_uncertainty == share
    assert found.area_relative_uncertainty == (None if share is None else 2 * share)


@pytest.mark.parametrize("share", [-0.01, 1.0, math.nan, math.inf])
def test_an_uncertainty_that_cannot_be_true_is_refused(share):
    with pytest.raises(CalibrationError):
        Calibration(1.0, 1.0, CalibrationSource.USER, relative_uncertainty=share)


def test_the_note_says_the_factor_and_the_plane():
    note = decide(Spacing(None, (0.15, 0.15), magnification=1.0433)).calibration.note
    assert "ImagerPixelSpacing / 1.0433" in note
    assert "not corrected for magnification" in decide(Spacing(None, (0.15, 0.15))).calibration.note


@pytest.mark.parametrize(
    "bad", [(0.0, 0.2), (-0.2, 0.2), (math.nan, 0.2), (math.inf, 0.2), (0.2,), (0.2, 0, 0.2), (99, 99)]
)
def test_a_spacing_that_cannot_be_true_is_a_warning(bad):
    scale = decide(Spacing(bad))
    assert scale.calibration is None and len(scale.warnings) == 1


@pytest.mark.parametrize("factor", [0.0, -1.2, 0.5, 60.0, math.nan])
def test_a_magnification_that_cannot_be_true_is_not_used(factor):
    scale = decide(Spacing(None, (0.15, 0.15), magnification=factor))
    assert scale.calibration.plane is CalibrationPlane.DETECTOR
    assert "magnification factor" in scale.warnings[0]


def test_a_slide_whose_extent_contradicts_its_spacing_says_so():
    good = of_slide((0.0005, 0.0005), (1.0, 2.0), (2000, 4000))
    assert sizes(good) == pytest.approx((0.5, 0.5)) and not good.warnings
    bad = of_slide((0.0005, 0.0005), (1.0, 4.0), (2000, 4000))
    assert sizes(bad) == pytest.approx((0.5, 0.5)) and "width" in bad.warnings[0]


def ome(attributes):
    return f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels {attributes}/></Image></OME>'


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.5"', (0.5, 0.25)),
        ('PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.0005" PhysicalSizeYUnit="mm"', (0.5, 0.25)),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"', None),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="reference frame" PhysicalSizeY="1"', None),
        ('PhysicalSizeX="0" PhysicalSizeY="0.5"', None),
        ('PhysicalSizeX="NaN" PhysicalSizeY="0.5"', None),
        ('PhysicalSizeX="zero" PhysicalSizeY="0.5"', None),
        ('PhysicalSizeX="0.5"', None),
        ("", None),
    ],
)
def test_ome_physical_size(attributes, expected):
    found = sizes(from_ome(ome(attributes), 0))
    assert found == (expected and pytest.approx(expected))


def test_damaged_ome_is_a_warning():
    assert from_ome("<OME", 0).warnings and from_ome(ome(""), 3).warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aperio|AppMag = 20|MPP = 0.4990|Left = 2", (0.499, 0.499)),
        ("Aperio|AppMag = 20", None),
        ("Aperio|MPP = 0", None),
        ("Aperio|MPP = -0.5", None),
        ("Aperio|MPP = unknown", None),
    ],
)
def test_aperio_mpp_and_never_the_magnification(text, expected):
    assert sizes(from_aperio(text)) == expected


@pytest.mark.parametrize(
    ("x", "y", "unit", "expected"),
    [
        ((20_000, 1), (10_000, 1), 3, (1.0, 0.5)),
        ((50_800, 1), (50_800, 1), 2, (0.5, 0.5)),
        ((2_000, 1), (2_000, 1), 4, (0.5, 0.5)),
        ((2, 1), (2, 1), 5, (0.5, 0.5)),
        ((1, 1), (1, 1), 1, None),
        ((72, 1), (72, 1), 2, None),
        ((300, 1), (300, 1), None, None),
        ((1_200, 1), (1_200, 1), 2, None),
        ((47_244, 100), (47_244, 100), 3, None),
        ((0, 1), (1, 1), 3, None),
        ((1, 0), (1, 0), 3, None),
        (None, None, 2, None),
    ],
)
def test_resolution_tags(x, y, unit, expected):
    assert sizes(from_resolution(x, y, unit)) == (expected and pytest.approx(expected))


def test_a_print_resolution_is_named_in_a_warning():
    assert "72 dpi" in from_resolution((72, 1), (72, 1), 2).warnings[0]
    assert not from_resolution((1, 1), (1, 1), 1).warnings


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("micron", (0.5, 0.25)), ("\\u00B5m", (0.5, 0.25)), ("mm", (500, 250)), ("pixel", None), ("inch", None)],
)
def test_imagej_scale(unit, expected):
    assert sizes(from_imagej({"unit": unit}, (4, 1), (2, 1))) == expected


def test_default_tags_are_no_calibration(tmp_path):
    from PIL import Image

    tifffile.imwrite(tmp_path / "tifffile.tif", RGB, photometric="rgb")
    Image.fromarray(RGB).save(tmp_path / "pillow.tif", dpi=(72, 72))
    assert info_of(tmp_path / "tifffile.tif").calibration is None
    info = info_of(tmp_path / "pillow.tif")
    assert info.calibration is None and any("72 dpi" in warning for warning in info.warnings)


def test_files_of_tifffile_are_calibrated(tmp_path):
    meta = {"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}
    tifffile.imwrite(tmp_path / "a.ome.tif", RGB, photometric="rgb", metadata=meta)
    tifffile.imwrite(tmp_path / "j.tif", RGB, imagej=True, resolution=(4, 2), metadata={"unit": "um"})
    tifffile.imwrite(
        tmp_path / "s.svs", RGB, photometric="rgb", tile=(16, 16), description="Aperio Image\r\n|MPP = 0.5"
    )
    ome_scale, imagej, svs = (info_of(tmp_path / name) for name in ("a.ome.tif", "j.tif", "s.svs"))
    assert (ome_scale.calibration.um_per_px_row, ome_scale.calibration.um_per_px_col) == (0.5, 0.25)
    assert (imagej.calibration.um_per_px_row, imagej.calibration.um_per_px_col) == (0.5, 0.25)
    assert svs.calibration.source is CalibrationSource.APERIO and svs.calibration.um_per_px_row == 0.5


def test_a_given_pixel_size_replaces_the_files_own_and_both_are_recorded(tmp_path):
    options = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", **options)
    given = Calibration(2.0, 3.0, CalibrationSource.USER)
    info = info_of(tmp_path / "a.tif", calibration=given)
    assert info.calibration is given
    assert info.metadata["calibration_in_file"]["um_per_px_row"] == 0.5
    assert any("2 x 3" in warning and "0.5 x 0.5" in warning for warning in info.warnings)
