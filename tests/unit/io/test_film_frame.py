"""Bright frames of digitised films: strips that no X-ray reached, drawn on rendered films."""

import numpy as np
import pytest
from scipy import ndimage

from calcannot import analyse, load_recipe, open_image
from calcannot.io.film_frame import find_frame
from calcannot.io.film_markers import FRAME, LEAD, find_markers
from calcannot.phantom import fiducials
from calcannot.phantom.dicom_film import film_dataset
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.segment.polygons import inside_any

SPEC = RadiographSpec(size_mm=(160.0, 200.0), spacing_mm=0.4, nodules=(Nodule(0, -30, 10, 8, 9),), grey_per_neper=450.0)
HEIGHT, WIDTH = SPEC.size_px
TURNS = {"top": 0, "left": 1, "bottom": 2, "right": 3}  # quarter turns that bring a side from the top to its place


@pytest.fixture(scope="module")
def film():
    """A trunk in air that reaches the top and the bottom."""
    return render_radiograph(SPEC, 1, anatomy=fiducials.trunk_in_air(SPEC)).pixels.astype(float)


def level_of(film):
    return 1.05 * film.max()


def strip_along(side, thickness_px, slope=0.0):
    """Pixels of a strip along a side, as thick as given in the middle of it; bool (HEIGHT, WIDTH)."""
    shape = (WIDTH, HEIGHT) if TURNS[side] % 2 else (HEIGHT, WIDTH)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return np.rot90(rows + 0.5 < thickness_px + slope * (cols - shape[1] / 2), TURNS[side])


def framed(film, strip, level=None, blur_px=0.7, seed=0):
    """The film with a strip of one level, of which the edge is as soft as a scanner's and which has its noise."""
    share = ndimage.gaussian_filter(strip.astype(float), blur_px, mode="nearest")
    noise = np.random.default_rng(seed).normal(0, 8, film.shape)
    return (film * (1 - share) + ((level or level_of(film)) + noise) * share).round().clip(0, 65535).astype(np.uint16)


def nothing(film):
    return np.zeros(film.shape, bool)


def is_found(mask, strip):
    """All of the strip, and no more than the foot of its blur."""
    return not (strip & ~mask).any() and not (mask & ~ndimage.binary_dilation(strip, iterations=6)).any()


@pytest.mark.parametrize("side", TURNS)
@pytest.mark.parametrize(
    ("thickness_px", "slope"), [(3, 0), (12, 0), (12, 0.02), (14, -0.03), (22, 0.01), (25, 0), (28, 0.01)]
)
def test_a_strip_along_one_side_is_found_however_thick_and_skewed(film, side, thickness_px, slope):
    strip = strip_along(side, thickness_px, slope)
    assert is_found(find_frame(framed(film, strip), nothing(film)).strips, strip)


def test_strips_along_all_sides_are_found_inside_a_flat_border(film):
    strips = np.any([strip_along(side, 12, 0.01) for side in TURNS], axis=0)
    pixels = np.pad(framed(film, strips), 9)
    border = np.pad(nothing(film), 9, constant_values=True)
    assert is_found(find_frame(pixels, border).strips[9:-9, 9:-9], strips)


def test_films_without_a_frame_have_none():
    for seed in range(3):
        for spec in (SPEC, RadiographSpec(bone=True)):
            for anatomy in (None, fiducials.trunk_in_air(spec)):
                pixels = render_radiograph(spec, seed, anatomy=anatomy).pixels
                assert not find_frame(pixels, nothing(pixels)).strips.any()


@pytest.mark.parametrize("side", TURNS)
def test_bone_along_a_side_is_no_frame(film, side):
    """A shaft as dense as lead: its level varies along it, and its edge is that of a cylinder."""
    depth = np.rot90(np.mgrid[: max(film.shape), : max(film.shape)][0] + 0.5, TURNS[side])
    depth = depth[:HEIGHT, :WIDTH] if TURNS[side] in (0, 1) else depth[-HEIGHT:, -WIDTH:]
    cylinder = np.sqrt(np.clip(1 - (depth / 24) ** 2, 0, 1))
    pixels = (film + 0.9 * (level_of(film) - film.min()) * cylinder).astype(np.uint16)
    assert pixels[depth < 2].min() > np.percentile(pixels, 90)
    assert not find_frame(pixels, nothing(pixels)).strips.any()


@pytest.mark.parametrize("side", TURNS)
def test_a_lesion_at_a_side_is_no_frame(film, side):
    """As bright as unexposed film, flat and sharp, and half as long as the side."""
    lesion = strip_along(side, 14)
    middle = (
        np.s_[:, WIDTH // 4 : 3 * WIDTH // 4] if side in ("top", "bottom") else np.s_[HEIGHT // 4 : 3 * HEIGHT // 4]
    )
    ends = np.ones_like(lesion)
    ends[middle] = False
    lesion[ends] = False
    pixels = framed(film, lesion)
    assert not find_frame(pixels, nothing(pixels)).strips.any()


def test_a_lesion_that_reaches_the_frame_stays(film):
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    lesion = (rows - 20) ** 2 + (cols - WIDTH // 2) ** 2 < 18**2
    strip = strip_along("top", 10)
    mask = find_frame(framed(film, strip | lesion), nothing(film)).strips
    assert is_found(mask, strip)


def test_a_body_that_is_brightest_at_a_side_is_no_frame():
    """A slope, such as of an abdomen at the lower border of a chest film, or of the heel of an anode."""
    rows = np.mgrid[:400, :500][0]
    for width_px in (8, 40, 200):
        pixels = (500 + 3000 / (1 + np.exp((360 - rows) / width_px))).astype(np.uint16)
        assert not find_frame(pixels, nothing(pixels)).strips.any()


def write(path, film, pixels, **attributes):
    data = film_dataset(film, photometric=attributes.pop("photometric", "MONOCHROME2"))
    data.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    for name, value in attributes.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("inverted", "attributes"),
    [
        (False, {}),
        (True, {"photometric": "MONOCHROME1"}),
        (True, {"PixelIntensityRelationshipSign": 1}),
    ],
)
def test_a_frame_is_listed_and_left_out_of_the_reference_whichever_way_grey_runs(film, tmp_path, inverted, attributes):
    strip = strip_along("bottom", 12, 0.01)
    pixels = np.minimum(framed(film, strip, level=4000), 4095)
    rendered = render_radiograph(SPEC, 1, anatomy=fiducials.trunk_in_air(SPEC))
    path = write(tmp_path / "a.dcm", rendered, 4095 - pixels if inverted else pixels, **attributes)
    with open_image(path) as source:
        totals = analyse(source, load_recipe("radiograph-global")).totals
        assert [each.reason for each in source.info.excluded] == ["frame"]
        out = inside_any(source.info.excluded, 0, 0, HEIGHT, WIDTH)
    assert is_found(out, strip)
    assert totals.reference_area_px == HEIGHT * WIDTH - out.sum()


def in_the_air(film, strip, level, tissue=0.0):
    """The film with something that stands on the strip at the left and reaches into the air."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    thing = (abs(rows - HEIGHT // 2) < 9) & (cols < 34)
    pixels = framed(film, strip)
    soft = ndimage.gaussian_filter((thing & ~strip).astype(float), 0.7)
    flesh = ndimage.binary_dilation(thing, iterations=8) & ~strip
    air = np.percentile(pixels, 2)
    pixels = np.where(flesh, np.maximum(pixels, air + tissue), pixels)
    return (pixels * (1 - soft) + level * soft).astype(np.uint16)


def test_writing_on_the_frame_that_reaches_into_the_air_is_a_marker_and_a_finger_is_not(film):
    strip = strip_along("left", 12)
    contrast = level_of(film) - np.percentile(film, 2)

    def kinds(level, tissue=0.0):
        pixels = in_the_air(film, strip, level, tissue)
        mask = find_frame(pixels, nothing(film)).strips
        assert is_found(mask, strip)
        return [each.kind for each in find_markers(pixels, mask, mask) if each.kind in (LEAD, FRAME)]

    assert kinds(level_of(film)) == [LEAD]
    assert kinds(level_of(film) - 0.4 * contrast) == []
    assert kinds(level_of(film), tissue=0.4 * contrast) == []


def test_a_corner_that_the_strips_leave_belongs_to_the_frame(film):
    """Of a field with cut corners, on a film with a frame along one side: in the air at the upper left."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    strip = strip_along("left", 12)
    corner = (cols + rows < 50) & (cols < 40)
    pixels = framed(film, strip | corner)
    mask = find_frame(pixels, nothing(film)).strips
    assert is_found(mask, strip)
    assert [each.kind for each in find_markers(pixels, mask, mask)] == [FRAME]


@pytest.mark.parametrize("radius_px", [20, 45])
def test_a_rounded_corner_over_the_body_belongs_to_the_frame(film, radius_px):
    """Of a field with a frame at the top and at the left, over tissue, where no air shows what is bright."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH] - 12
    strips = strip_along("top", 12) | strip_along("left", 12)
    near = (rows < radius_px) & (cols < radius_px)
    corner = near & (np.hypot(rows - radius_px, cols - radius_px) > radius_px)
    body = np.full_like(film, np.percentile(film, 70))
    pixels = framed(body, strips | corner, level=level_of(film))
    found = find_frame(pixels, nothing(film))
    assert is_found(found.strips, strips)
    assert ((found.strips | found.corners) & corner).sum() > 0.97 * corner.sum()
    assert not (found.corners & ~ndimage.binary_dilation(corner, iterations=6)).any()


def test_a_lesion_that_runs_along_a_side_from_the_frame_is_no_corner(film):
    """As bright as the frame at the top, from it down along the right side."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    strip, lesion = strip_along("top", 12), (cols >= WIDTH - 16) & (rows < HEIGHT // 2)
    found = find_frame(framed(film, strip | lesion), nothing(film))
    assert is_found(found.strips, strip)
    assert not found.corners.any()


@pytest.mark.shared
@pytest.mark.slow
def test_a_digitised_mammogram_has_a_frame_at_top_and_bottom_and_keeps_its_breast(shared_data):
    with open_image(shared_data / "radiograph_dicom" / "nema_wg04" / "MG1_J2KI.dcm") as source:
        excluded, (height, width) = source.info.excluded, (source.info.height_px, source.info.width_px)
    frame = inside_any(tuple(each for each in excluded if each.reason == FRAME), 0, 0, height, width)
    assert frame[:5].all() and frame[-25:].all()
    # Read off the picture: the field ends 20 px from the top and 75 px from the bottom at most, but for its corners.
    assert not frame[40:-90, 120:-120].any()
    assert not inside_any(excluded, 40, 0, height - 230, 1500).any()
    assert not inside_any(excluded, 40, 80, height - 130, 1420).any()
    assert frame[-130:, :12].all()  # white, beyond the rounded corner of the film


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["nema_wg04/RG2_UNC.dcm", "nema_wg04/RG3_UNC.dcm", "pylibjpeg-data/966_fixed.dcm",
             "dwv/gdcm-CR-MONO1-10-chest.dcm", "highdicom/dx_image.dcm"],
)  # fmt: skip
def test_films_of_detectors_have_no_frame(shared_data, name):
    with open_image(shared_data / "radiograph_dicom" / name) as source:
        assert FRAME not in {each.reason for each in source.info.excluded}
