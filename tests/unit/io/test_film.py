"""What a film's picture says of itself: borders, text and markers, polarity. Films are rendered and exact."""

import numpy as np
import pytest

from calcannot import analyse, load_recipe, open_image
from calcannot.io.film_borders import fields_of, flat_border_mask, padding_mask
from calcannot.io.film_markers import find_markers
from calcannot.io.film_polarity import Air, air_of
from calcannot.io.mask_rings import rings_of
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.phantom import fiducials
from calcannot.phantom.dicom_film import film_dataset
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.segment.polygons import inside

RNG = np.random.default_rng(4)
SMALL = RadiographSpec(size_mm=(160.0, 200.0), spacing_mm=0.4, nodules=(), grey_per_neper=450.0)


def stroke_of(rings):
    return Stroke("x", StrokeKind.EXCLUDE, rings)


def in_air(*nodules, lead=True, seed=1):
    spec = RadiographSpec(size_mm=(160.0, 200.0), spacing_mm=0.4, nodules=nodules, grey_per_neper=450.0)
    anatomy = fiducials.trunk_in_air(spec)
    if lead:
        anatomy = anatomy + fiducials.lead_letter(spec, "L", -70.0, 80.0)
    return render_radiograph(spec, seed, anatomy=anatomy)


def write(path, film, pixels=None, **attributes):
    options = {key: attributes.pop(key) for key in ("photometric", "intent", "spacing") if key in attributes}
    data = film_dataset(film, **options)
    if pixels is not None:
        data.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    for name, value in attributes.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_rings_hold_the_pixels_of_the_mask_and_no_others(share):
    mask = RNG.random((23, 31)) < share
    found = inside(stroke_of(rings_of(mask, 5, 7)), 0, 0, 40, 50)
    expected = np.zeros((40, 50), bool)
    expected[5:28, 7:38] = mask
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("attributes", "open_px"),
    [
        ({"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 11, "ShutterRightVerticalEdge": 90,
          "ShutterUpperHorizontalEdge": 21, "ShutterLowerHorizontalEdge": 60}, 80 * 40),
        ({"CollimatorShape": "CIRCULAR", "CenterOfCircularCollimator": [40, 50], "RadiusOfCircularCollimator": 30},
         np.pi * 30**2),
        ({"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [10, 10, 10, 90, 70, 90]}, 80 * 60 / 2),
    ],
)  # fmt: skip
def test_what_shutter_and_collimator_leave_open_is_what_is_measured(attributes, open_px):
    from pydicom.dataset import Dataset

    header = Dataset()
    for name, value in attributes.items():
        setattr(header, name, value)
    ((_, ring),), warnings = fields_of(header, 80, 100)
    assert not warnings
    assert inside(stroke_of((ring,)), 0, 0, 80, 100).sum() == pytest.approx(open_px, rel=0.02)


def test_a_rectangular_shutter_is_exact_to_the_pixel(tmp_path):
    film = render_radiograph(SMALL)
    edges = {"Left": 11, "Right": 400, "Upper": 21, "Lower": 300}
    names = {"Left": "LeftVertical", "Right": "RightVertical", "Upper": "UpperHorizontal", "Lower": "LowerHorizontal"}
    attributes = {f"Shutter{names[key]}Edge": value for key, value in edges.items()}
    path = write(tmp_path / "a.dcm", film, ShutterShape="RECTANGULAR", **attributes)
    with open_image(path) as source:
        totals = analyse(source, load_recipe("radiograph-global")).totals
    assert totals.reference_area_px == (400 - 10) * (300 - 20)


@pytest.mark.parametrize("edges", [(300, 200, 1, 400), (0, 0, 0, 0)])
def test_a_shutter_that_leaves_nothing_open_is_a_warning(edges):
    from pydicom.dataset import Dataset

    header = Dataset()
    header.ShutterShape = "RECTANGULAR"
    names = ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    for name, value in zip(names, edges, strict=True):
        setattr(header, f"Shutter{name}Edge", value)
    fields, warnings = fields_of(header, 400, 500)
    assert not fields and "not used" in warnings[0]


def test_padding_is_left_out_where_it_reaches_the_border_and_nowhere_else():
    from pydicom.dataset import Dataset

    header = Dataset()
    header.PixelPaddingValue, header.PixelPaddingRangeLimit = 0, 3
    stored = RNG.integers(100, 4000, (300, 300))
    stored[:, :20] = 2
    stored[100:140, 100:140] = 0
    expected = np.zeros(stored.shape, bool)
    expected[:, :20] = True
    np.testing.assert_array_equal(padding_mask(stored, header), expected)


def test_bands_of_one_value_are_borders_and_a_slope_is_not():
    grey = RNG.integers(100, 4000, (200, 300))
    grey[:12], grey[:, 290:] = 0, 7
    expected = np.zeros(grey.shape, bool)
    expected[:12] = expected[:, 290:] = True
    np.testing.assert_array_equal(flat_border_mask(grey), expected)
    assert not flat_border_mask(np.add.outer(np.arange(200), np.arange(300))).any()


def test_a_collimated_area_that_is_saturated_is_a_border_though_its_edge_is_not_straight():
    grey = RNG.integers(100, 3000, (400, 400))
    rows, cols = np.mgrid[:400, :400]
    shut = cols < 60 + 20 * np.sin(rows / 40)
    grey[shut] = 4095
    found = flat_border_mask(grey)
    assert not (found & ~shut).any() and found.sum() > 0.97 * shut.sum()


def test_a_letter_of_lead_beside_the_body_is_left_out_and_the_nodules_are_not(tmp_path):
    nodules = (Nodule(0, -30, 10, 8, 9), Nodule(20, 40, 4, 4, 4, density_g_cm3=1.0), Nodule(-25, 30, 6, 5, 6))
    film = in_air(*nodules)
    path = write(tmp_path / "a.dcm", film)
    with open_image(path) as source:
        info = source.info
    (marker,) = info.excluded
    assert marker.reason == "marker" and any("text or a marker" in warning for warning in info.warnings)
    letter = fiducials.lead_letter(film.spec, "L", -70.0, 80.0) > 1
    out = inside(marker, 0, 0, *film.spec.size_px)
    assert not (letter & ~out).any()
    assert out.sum() < 4 * letter.sum()


@pytest.mark.parametrize("seed", range(3))
def test_no_nodule_is_taken_for_a_marker(seed):
    rng = np.random.default_rng(seed)
    nodules = tuple(
        Nodule(row_mm=float(rng.uniform(-45, 45)), col_mm=float(rng.uniform(-55, 55)), a_mm=a, b_mm=0.8 * a, c_mm=a,
               density_g_cm3=1.0, kind=kind)
        for a in (2.0, 4.0, 12.0) for kind in ("ellipsoid", "plate", "lobulated")
    )  # fmt: skip
    film = in_air(*nodules, lead=False, seed=seed)
    saturated = np.minimum(film.pixels, np.percentile(film.pixels, 97).astype(np.uint16))
    for pixels in (film.pixels, saturated):
        assert find_markers(pixels, np.zeros(pixels.shape, bool)) == []


def test_text_that_was_burned_in_over_the_body_is_left_out(tmp_path):
    film = render_radiograph(RadiographSpec(size_mm=(160.0, 200.0), nodules=(Nodule(0, 0, 10, 8, 9),)))
    pixels = fiducials.burn_in(film.pixels, "L", 12, 14, 20, 4095)
    path = write(tmp_path / "a.dcm", film, pixels)
    with open_image(path) as source:
        info = source.info
        assert [each.reason for each in info.excluded] == ["text"]
        assert inside(info.excluded[0], 0, 0, *pixels.shape)[pixels == 4095].all()


def test_the_ticks_of_a_scale_are_left_out_one_by_one(tmp_path):
    film = render_radiograph(RadiographSpec(size_mm=(160.0, 200.0), nodules=(Nodule(0, 0, 10, 8, 9),)))
    pixels = film.pixels.copy()
    for at in range(30, pixels.shape[1] - 30, 31):
        pixels[: 6 if at % 2 else 3, at] = 4095
    for at in range(30, pixels.shape[0] - 30, 31):
        pixels[at, -3:] = 4095
    with open_image(write(tmp_path / "a.dcm", film, pixels)) as source:
        assert {each.reason for each in source.info.excluded} == {"text"}
        out = sum(inside(each, 0, 0, *pixels.shape) for each in source.info.excluded) > 0
    assert out[pixels == 4095].all()
    assert out.mean() < 0.05


def test_a_speck_at_the_edge_is_no_tick(tmp_path):
    film = render_radiograph(RadiographSpec(size_mm=(160.0, 200.0), nodules=()))
    pixels = film.pixels.copy()
    pixels[:3, 100] = 4095
    with open_image(write(tmp_path / "a.dcm", film, pixels)) as source:
        assert source.info.excluded == ()


def test_a_lone_bright_piece_is_told_and_measured(tmp_path):
    film = render_radiograph(RadiographSpec(size_mm=(160.0, 200.0), nodules=()))
    pixels = film.pixels.copy()
    pixels[200:212, 250:262] = 4095
    with open_image(write(tmp_path / "a.dcm", film, pixels)) as source:
        assert source.info.excluded == ()
        assert any("may be a marker" in warning for warning in source.info.warnings)


def test_accept_takes_an_exclusion_of_the_image_back(tmp_path):
    film = in_air()
    with open_image(write(tmp_path / "a.dcm", film)) as source:
        (marker,) = source.info.excluded
        letter = film.pixels[inside(marker, 0, 0, *film.spec.size_px)].max()
        recipe = load_recipe("radiograph-global").with_threshold(0.9 * float(letter))
        without = analyse(source, recipe)
        accept = Stroke("mine", StrokeKind.ACCEPT, marker.rings)
        again = analyse(source, recipe, Annotations((accept,)))
    hidden = int(inside(marker, 0, 0, *film.spec.size_px).sum())
    assert again.totals.calcified_area_px - without.totals.calcified_area_px > 200
    assert again.totals.reference_area_px - without.totals.reference_area_px == hidden
    assert again.annotations.strokes == (accept,)


def test_air_is_found_at_its_end_of_the_grey_scale_and_not_where_there_is_none():
    film, nothing = in_air(), np.zeros(SMALL.size_px, bool)
    assert air_of(film.pixels, nothing) is Air.DARK
    assert air_of(4095 - film.pixels, nothing) is Air.BRIGHT
    assert air_of(render_radiograph(SMALL).pixels, nothing) is Air.NOT_SEEN


def test_a_film_whose_header_and_picture_say_that_bone_is_dark_is_turned_round(tmp_path):
    film = in_air(Nodule(0, 0, 10, 8, 9))
    path = write(tmp_path / "a.dcm", film, 4095 - film.pixels, PixelIntensityRelationshipSign=1)
    with open_image(path) as source:
        info = source.info
        np.testing.assert_array_equal(source.read(0, 0, info.height_px, info.width_px), film.pixels)
    assert info.polarity == "denser is brighter" and info.metadata["mirrored"] is True
    assert any("turned round" in warning for warning in info.warnings)


@pytest.mark.parametrize(
    ("turned", "sign", "said"),
    [(False, 1, "its air is dark"), (True, -1, "what looks like air at the border is bright")],
)
def test_where_header_and_picture_disagree_nothing_is_turned_and_a_warning_says_so(tmp_path, turned, sign, said):
    film = in_air()
    pixels = 4095 - film.pixels if turned else film.pixels
    path = write(tmp_path / "a.dcm", film, pixels, PixelIntensityRelationshipSign=sign)
    with open_image(path) as source:
        info = source.info
        np.testing.assert_array_equal(source.read(0, 0, info.height_px, info.width_px), pixels)
    assert info.polarity == "unknown" and any(said in warning for warning in info.warnings)
