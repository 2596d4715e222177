"""Real sections and films from the shared folder."""

from __future__ import annotations

import csv
import shutil

import pytest

pytestmark = pytest.mark.shared

BONE_PX = 38_374  # of bone.jpeg by hand-set threshold


def rows_of(folder, name="images.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_von_kossa_section_has_one_area_as_jpeg_and_as_dicom(calcannot, shared_data, tmp_path):
    folder = shared_data / "histology/von_kossa_bone"
    ran = calcannot("measure", folder / "bone.jpeg", folder / "raw.dicom", "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    jpeg, dicom = rows_of(tmp_path / "out")
    assert (jpeg["image"], dicom["image"]) == ("bone.jpeg", "raw.dicom")
    assert jpeg["calcified_area_px"] == dicom["calcified_area_px"]
    assert int(jpeg["calcified_area_px"]) == pytest.approx(BONE_PX, rel=0.03)
    assert (jpeg["calcified_area_mm2"], jpeg["calibration_source"]) == ("", "none")
    assert dicom["calibration_source"] == "dicom_slide"
    assert float(dicom["calcified_area_mm2"]) > 0


@pytest.mark.parametrize(
    "name",
    [
        "bone_trichrome/i1.jpg", "bone_trichrome/i2.jpg", "bone_trichrome/i3.jpg", "bone_trichrome/i4.jpg",
        "no_calcium_controls/napari_bio_skin_HE.tif", "no_calcium_controls/skimage_ihc.png",
        "no_calcium_controls/tiatoolbox_target_HE.png",
    ],
)  # fmt: skip
def test_sections_without_silver_hold_at_most_a_thousandth(shared_data, name):
    from calcannot import analyse, load_recipe, open_image

    with open_image(shared_data / "histology" / name) as source:
        totals = analyse(source, load_recipe("von-kossa")).totals
        assert totals.calcified_area_px <= 0.001 * source.info.height_px * source.info.width_px


def test_a_film_measures_alike_under_three_codecs(calcannot, shared_data, tmp_path):
    tables = []
    for codec in ("UNC", "J2KR", "JPLL"):
        # One name for all, so that the tables can be compared byte for byte.
        (tmp_path / codec).mkdir()
        image = tmp_path / codec / "film.dcm"
        shutil.copyfile(shared_data / f"radiograph_dicom/nema_wg04/RG2_{codec}.dcm", image)
        ran = calcannot("measure", image, "-o", tmp_path / codec / "out", "--recipe", "radiograph-global")
        assert ran.code == 0, ran.err
        (row,) = rows_of(tmp_path / codec / "out")
        row.pop("sha256")
        masks = (tmp_path / codec / "out/overlays/film.dcm.png").read_bytes()
        tables.append(((tmp_path / codec / "out/regions.csv").read_bytes(), row, masks))
    assert tables[0][0].count(b"\n") > 2
    assert tables[0] == tables[1] == tables[2]


@pytest.mark.slow
def test_hostile_files_fail_one_by_one_and_stop_nothing(calcannot, shared_data, tmp_path):
    files = sorted(path for path in (shared_data / "adversarial").rglob("*") if path.is_file())
    ran = calcannot("measure", *files, "-o", tmp_path / "out", "--recipe", "von-kossa")
    assert ran.code in (0, 1)
    assert "Traceback" not in ran.out + ran.err
    assert "please report" not in (ran.out + ran.err).lower()
    rows = rows_of(tmp_path / "out")
    failed = [row for row in rows if row["error"]]
    measured = [row for row in rows if not row["error"]]
    assert len(rows) == len(ran.err.splitlines()) + len(measured)
    assert measured
    assert failed
    for row in failed:
        assert row["calcified_area_px"] == row["region_count"] == row["sha256"] == ""
    for row in measured:
        assert row["calcified_area_px"] != ""


@pytest.mark.slow
def test_on_a_whole_mammogram_vessels_are_followed_and_neither_frame_nor_letters(shared_data):
    import numpy as np

    from calcannot import analyse, load_recipe, open_image

    # Drawn by hand inside the skin line, and clear of the nipple.
    breast = np.array(
        [
            [20, 120],
            [1400, 60],
            [1250, 1100],
            [1950, 2600],
            [1990, 2900],
            [1990, 3020],
            [1850, 3300],
            [1700, 3740],
            [1300, 4400],
            [20, 4400],
        ]
    )
    with open_image(shared_data / "radiograph_dicom/nema_wg04/MG1_J2KI.dcm") as source:
        assert "frame" in {each.reason for each in source.info.excluded}
        found = analyse(source, load_recipe("radiograph-top-hat"))
        height, width = source.info.height_px, source.info.width_px
    from skimage.draw import polygon2mask

    mask = found.runs.mask(0, 0, height, width)
    inside = mask & polygon2mask((height, width), breast[:, ::-1])
    assert inside.sum() > 0.98 * mask.sum()
    assert inside.sum() > 25_000
