"""Kinds of film that consoles write: the area of a plate of known size, in the plane that the header allows.

The plate's edge is sharp and its contrast small, so that half its height is its true edge (to far less than 0.5 %);
what is left is the pixel size, its plane and its rule.
"""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from calcannot import Annotations, analyse, load_recipe, open_image
from calcannot.errors import ImageReadError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationPlane
from calcannot.phantom.dicom_film import film_dataset
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec

# SID 1100 mm and 75 mm above the detector: magnified 1100 / 1025. Another height gives the factor 1.0433.
PLATE = Nodule(row_mm=1.3, col_mm=-2.1, a_mm=18.0, b_mm=12.0, c_mm=4.0, angle_deg=25.0, kind="plate")
OTHER_HEIGHT = 1100 - 1100 / 1.0433
OBJECT, DETECTOR, UNKNOWN = CalibrationPlane.OBJECT, CalibrationPlane.DETECTOR, CalibrationPlane.UNKNOWN


def rendered(height_mm=75.0):
    nodule = Nodule(**{**{f: getattr(PLATE, f) for f in PLATE.__slots__}, "height_mm": height_mm})
    spec = RadiographSpec(
        size_mm=(70.0, 90.0), spacing_mm=0.2, nodules=(nodule,), noise=0.0, focal_spot_mm=0.0, detector_sigma_mm=0.2
    )
    return render_radiograph(spec, 0, anatomy=np.full(spec.size_px, 4.0))


@pytest.fixture(scope="module")
def film():
    return rendered()


def measured(path, film):
    """Area through the one pipeline, at half the height of the plate."""
    with open_image(path) as source:
        info = source.info
        pixels = source.read(0, 0, info.height_px, info.width_px).astype(float)
        inside, outside = np.percentile(pixels, 95), np.percentile(pixels, 20)
        recipe = load_recipe("radiograph-global").with_threshold((inside + outside) / 2)
        return info, analyse(source, recipe).totals


def write(path, film, spacing="detector", **attributes):
    data = film_dataset(film, spacing=spacing)
    for name, value in attributes.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("spacing", "plane"),
    [("fiducial", OBJECT), ("geometry", OBJECT), ("magnification", OBJECT), ("distances", OBJECT),
     ("detector", DETECTOR), ("detector-equal", DETECTOR), ("non-square", DETECTOR), ("pixel-spacing-only", UNKNOWN)],
)  # fmt: skip
def test_areas_are_right_to_half_a_per_cent_in_the_plane_that_is_named(film, tmp_path, spacing, plane):
    info, totals = measured(write(tmp_path / "a.dcm", film, spacing), film)
    lesion = film.lesions[0]
    truth = lesion.object_area_mm2 if plane is OBJECT else lesion.detector_area_mm2
    assert info.calibration.plane is plane
    assert totals.calcified_area_mm2 == pytest.approx(truth, rel=0.005)
    # The other plane is 15 % away: naming the wrong one would fail.
    assert abs(lesion.detector_area_mm2 / lesion.object_area_mm2 - 1.1517) < 1e-3


@pytest.mark.parametrize("spacing", ["none", "zero"])
def test_without_a_spacing_there_are_pixels_only(film, tmp_path, spacing):
    path = write(
        tmp_path / "a.dcm", film, spacing, **({"PixelSpacing": ["0.000", "0.000"]} if spacing == "zero" else {})
    )
    info, totals = measured(path, film)
    assert info.calibration is None and totals.calcified_area_mm2 is None
    assert totals.calcified_area_px * 0.04 == pytest.approx(film.lesions[0].detector_area_mm2, rel=0.005)
    assert sum("not two positive lengths" in each for each in info.warnings) == (2 if spacing == "zero" else 0)


def test_a_magnification_factor_of_1_0433(tmp_path):
    film = rendered(OTHER_HEIGHT)
    path = write(tmp_path / "a.dcm", film, "magnification")
    info, totals = measured(path, film)
    assert film.lesions[0].magnification == pytest.approx(1.0433)
    assert info.calibration.um_per_px_row == pytest.approx(200 / 1.0433)
    assert totals.calcified_area_mm2 == pytest.approx(film.lesions[0].object_area_mm2, rel=0.005)


def test_a_bone_dark_film_is_measured_as_its_twin(film, tmp_path):
    data = film_dataset(film, spacing="detector")
    data.PixelData = (4095 - film.pixels).astype("<u2").tobytes()
    data.PixelIntensityRelationshipSign = 1
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    info, totals = measured(tmp_path / "a.dcm", film)
    assert info.polarity == "denser is brighter"
    assert any("turned round" in each for each in info.warnings)
    assert totals.calcified_area_mm2 == pytest.approx(film.lesions[0].detector_area_mm2, rel=0.005)


def test_a_modality_lut_is_what_is_measured(film, tmp_path):
    from pydicom.dataset import Dataset

    table = np.arange(4096)[::-1]
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 12])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "US", table.tolist())
    data = film_dataset(film, spacing="detector")
    del data.RescaleSlope, data.RescaleIntercept, data.RescaleType
    data.ModalityLUTSequence = [item]
    # The table turns stored values round; stored values are therefore those of the negative.
    data.PixelData = (4095 - film.pixels).astype("<u2").tobytes()
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    _, totals = measured(tmp_path / "a.dcm", film)
    assert totals.calcified_area_mm2 == pytest.approx(film.lesions[0].detector_area_mm2, rel=0.005)


def test_no_preamble_no_suffix_and_overlays_change_nothing(film, tmp_path):
    data = film_dataset(film, spacing="distances")
    packed = np.packbits(np.ones(film.pixels.size, np.uint8), bitorder="little")
    data.add_new(0x60000010, "US", film.pixels.shape[0])
    data.add_new(0x60000011, "US", film.pixels.shape[1])
    data.add_new(0x60000040, "CS", "G")
    data.add_new(0x60000050, "SS", [1, 1])
    data.add_new(0x60000100, "US", 1)
    data.add_new(0x60000102, "US", 0)
    data.add_new(0x60003000, "OB", packed.tobytes())
    del data.file_meta
    data.preamble = None
    data.save_as(tmp_path / "IM0001", implicit_vr=True, little_endian=True, enforce_file_format=False)
    _, totals = measured(tmp_path / "IM0001", film)
    assert totals.calcified_area_mm2 == pytest.approx(film.lesions[0].object_area_mm2, rel=0.005)


def jpeg_extended(path, film, spoil=None):
    import imagecodecs
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    stream = imagecodecs.jpeg8_encode(film.pixels, level=98, bitspersample=12)
    data = film_dataset(film, spacing="detector")
    data.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.51")
    data.LossyImageCompression, data.LossyImageCompressionMethod = "01", "ISO_10918_1"
    data.PixelData = encapsulate([stream if spoil is None else spoil(stream)])
    data["PixelData"].VR = "OB"
    data.save_as(path, enforce_file_format=True)
    return path


def test_jpeg_extended_of_12_bits_is_measured(film, tmp_path):
    _, totals = measured(jpeg_extended(tmp_path / "a.dcm", film), film)
    assert totals.calcified_area_mm2 == pytest.approx(film.lesions[0].detector_area_mm2, rel=0.005)


@pytest.mark.parametrize("spoil", [lambda s: s[: len(s) // 2], lambda _: b"\0" * 500 + b"\xff\xd9"])
def test_jpeg_extended_that_does_not_decode_is_one_clean_error(film, tmp_path, spoil):
    path = jpeg_extended(tmp_path / "a.dcm", film, spoil)
    with pytest.raises(ImageReadError, match=r"a\.dcm"), open_image(path):
        pass


def test_a_region_drawn_on_the_film_keeps_its_plane(film, tmp_path):
    path = write(tmp_path / "a.dcm", film, "detector")
    ring = np.array([(5.0, 5.0), (440.0, 5.0), (440.0, 340.0), (5.0, 340.0)])
    region = Annotations((Stroke("r", StrokeKind.REGION, (ring,), side="left"),))
    with open_image(path) as source:
        analysis = analyse(source, load_recipe("radiograph-local"), region)
    assert analysis.foci.side == ("left",) * len(analysis.foci) and len(analysis.foci) == 1
    assert analysis.foci.asymmetry == 1.0


def test_every_size_of_a_report_names_the_detector_where_it_is_one_there(film, tmp_path, calcannot):
    """No mm that could be taken for mm in the patient: each stands before "at the detector" or describes the scale."""
    path = write(tmp_path / "a.dcm", film, "detector")
    left, top, right, bottom = (film.lesions[0].roi_px[k] for k in (1, 0, 3, 2))
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    region = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
              "properties": {"calcannot": {"class": "region", "side": "left"}}}  # fmt: skip
    (tmp_path / "r.geojson").write_text(json.dumps(region), encoding="utf-8")
    printed = calcannot("measure", path, "--within", tmp_path / "r.geojson", "-o", tmp_path / "out").out
    assert calcannot("report", tmp_path / "out", "-o", tmp_path / "r.html").code == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S)))
    sizes = 0
    for text in (page, re.sub(r"\n {10,}", " ", printed)):
        for line in text.splitlines():
            words = " ".join(line.split())
            if re.search(r"regions up to|a pixel|high|µm|mm at the detector \(Imager", words):
                continue  # what defines a focus, the scale, and how pixels were made
            for number in re.finditer(r"\d [cm]m²?(?!²| to | ×)", words):
                sizes += 1
                assert words[number.end() :].startswith((" at the detector", " apart at the detector")), words
    assert sizes > 15
