"""Many images: what is written, what an image that fails leaves, and whose folder it is."""

from __future__ import annotations

import csv
import errno
import json

import numpy as np
import pytest
import tifffile

import calcannot
from calcannot import Annotations, measure
from calcannot.batch import parts
from calcannot.batch.measure import Stopped
from calcannot.errors import CalibrationError, ImageReadError, OutputError, RecipeError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.recipe import Recipe
from calcannot.model.regions import REGION_COLUMNS

RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=100.0)


def write_slide(path, squares: int = 1, um: float | None = 0.5, size=(60, 80)):
    """An OME-TIFF with black squares of 100 px on white."""
    rgb = np.full((*size, 3), 240, np.uint8)
    for i in range(squares):
        rgb[10:20, 5 + 20 * i : 15 + 20 * i] = 20
    metadata = {"axes": "YXS"}
    if um:
        metadata |= {"PhysicalSizeX": um, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": um, "PhysicalSizeYUnit": "µm"}
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, rgb, photometric="rgb", ome=True, metadata=metadata)
    return path


@pytest.fixture
def images(tmp_path):
    """Two sound images with a broken one between them."""
    broken = tmp_path / "in/b.tif"
    write_slide(tmp_path / "in/a.tif", 1)
    broken.write_bytes((tmp_path / "in/a.tif").read_bytes()[:300])
    write_slide(tmp_path / "in/c.tif", 3)
    return tmp_path / "in"


def rows_of(folder, name="images.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files_of(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_one_bad_file_fails_alone(images, tmp_path):
    outcomes = measure(images, RECIPE, output=tmp_path / "out")
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, ImageReadError)
    first, broken, last = rows_of(tmp_path / "out")
    assert [each["image"] for each in (first, broken, last)] == ["a.tif", "b.tif", "c.tif"]
    assert (first["region_count"], last["region_count"]) == ("1", "3")
    assert first["calcified_area_px"] == "100"
    assert float(first["calcified_area_mm2"]) == pytest.approx(100 * 0.25e-6)
    assert {key for key, text in broken.items() if text} == {"image", "error"}
    assert broken["error"] == str(outcomes[1].error)
    regions = rows_of(tmp_path / "out", "regions.csv")
    assert [(row["image"], row["region"]) for row in regions] == [
        ("a.tif", "1"), ("c.tif", "1"), ("c.tif", "2"), ("c.tif", "3"),
    ]  # fmt: skip
    assert files_of(tmp_path / "out") == {
        "images.csv", "regions.csv", "run.json", "masks/a.tif.ome.tif", "masks/c.tif.ome.tif", "overlays/a.tif.png",
        "overlays/c.tif.png",
    }  # fmt: skip


def test_the_record_says_how(images, tmp_path):
    measure(images, RECIPE, output=tmp_path / "out")
    record = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert record["calcannot"] == calcannot.__version__
    assert set(record["outputs"]) == files_of(tmp_path / "out")
    good, bad, _ = record["images"]
    assert bad == {"image": "b.tif", "error": rows_of(tmp_path / "out")[1]["error"]}
    assert good["sha256"] == rows_of(tmp_path / "out")[0]["sha256"]
    assert good["recipe"] == RECIPE.to_dict()
    assert good["resolved"]["fingerprint"] == RECIPE.fingerprint()
    assert good["resolved"]["rules"][0]["at_most"] == 100.0
    assert good["calibration"]["source"] == "ome_physical_size"
    assert good["totals"]["calcified_area_px"] == 100
    assert good["warnings"] == []
    assert str(tmp_path) not in json.dumps(record), "a folder may carry a patient's name"


def test_a_second_run_replaces_the_first_whole(images, tmp_path):
    out = tmp_path / "out"
    measure(images, RECIPE, output=out)
    (out / "notes of the user.txt").write_text("kept")
    measure(images / "c.tif", RECIPE, output=out)
    assert files_of(out) == {
        "images.csv", "regions.csv", "run.json", "masks/c.tif.ome.tif", "overlays/c.tif.png", "notes of the user.txt",
    }  # fmt: skip
    assert [row["image"] for row in rows_of(out)] == ["c.tif"]


def test_the_same_run_twice_is_the_same_tables(images, tmp_path):
    tables = set()
    for workers in (1, 2, 4):
        measure(images, RECIPE, output=tmp_path / "out", workers=workers)
        tables.add(tuple((tmp_path / "out" / name).read_bytes() for name in ("images.csv", "regions.csv")))
    assert len(tables) == 1


@pytest.mark.parametrize(
    "taken", ["images.csv", "regions.csv", "masks/x.png", "overlays/x.png", "run.json", "run.json of another"]
)
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_was(images, tmp_path, taken):
    out = tmp_path / "out"
    file = out / taken.removesuffix(" of another")
    file.parent.mkdir(parents=True)
    file.write_text('{"outputs": 5}' if taken.endswith("another") else "mine")
    before = file.read_bytes()
    with pytest.raises(OutputError, match="Choose another folder with -o"):
        measure(images / "a.tif", RECIPE, output=out)
    assert file.read_bytes() == before
    assert len(files_of(out)) == 1


def test_a_record_cannot_name_files_outside_its_folder(images, tmp_path):
    out, precious = tmp_path / "out", tmp_path / "precious.txt"
    measure(images / "a.tif", RECIPE, output=out)
    precious.write_text("mine")
    record = json.loads((out / "run.json").read_text())
    record["outputs"] += ["../precious.txt", str(precious), "../in/c.tif"]
    (out / "run.json").write_text(json.dumps(record))
    measure(images / "a.tif", RECIPE, output=out)
    assert precious.read_text() == "mine"
    assert (images / "c.tif").exists()


def test_where_the_only_image_fails_nothing_is_written(images, tmp_path):
    (outcome,) = measure(images / "b.tif", RECIPE, output=tmp_path / "out")
    assert outcome.error is not None
    assert not (tmp_path / "out").exists()


def test_where_every_image_fails_there_is_a_row_for_each(images, tmp_path):
    (images / "d.tif").write_bytes((images / "b.tif").read_bytes())
    measure([images / "b.tif", images / "d.tif"], RECIPE, output=tmp_path / "out")
    assert (tmp_path / "out/regions.csv").read_text() == ",".join(("image", *REGION_COLUMNS)) + "\n"
    assert files_of(tmp_path / "out") == {"images.csv", "regions.csv", "run.json"}
    assert [bool(row["error"]) for row in rows_of(tmp_path / "out")] == [True, True]


def test_a_stopped_run_leaves_no_results_and_can_be_run_again(images, tmp_path):
    """Stopped in the second image, when mask and overlay of the first are written."""

    def stop(image, stage, done, total):
        if image.name == "c.tif":
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match=r"[12] of 3 images are finished"):
        measure(images, RECIPE, output=tmp_path / "out", progress=stop, jobs=1)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"unfinished"}
    assert len(measure(images, RECIPE, output=tmp_path / "out")) == 3
    assert len(rows_of(tmp_path / "out")) == 3


def test_a_stopped_run_leaves_the_results_of_the_run_before(images, tmp_path):
    measure(images / "a.tif", RECIPE, output=tmp_path / "out")
    before = files_of(tmp_path / "out")

    def stop(image, stage, done, total):
        if image.name == "c.tif":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([images / "a.tif", images / "c.tif"], RECIPE, output=tmp_path / "out", progress=stop)
    assert {name for name in files_of(tmp_path / "out") if not name.startswith("unfinished/")} == before
    assert [row["image"] for row in rows_of(tmp_path / "out")] == ["a.tif"]


@pytest.mark.parametrize("which", ["a.tif", ["a.tif", "c.tif"]], ids=["alone", "among others"])
def test_an_overlay_that_cannot_be_written_leaves_no_mask_without_a_row(images, tmp_path, monkeypatch, which):
    def refused(path, source, analysis, workers):
        if source.info.name == "a.tif":
            raise OSError(errno.EACCES, "Permission denied")
        path.write_bytes(b"picture")

    monkeypatch.setattr(parts, "write_overlay", refused)
    named = [images / which] if isinstance(which, str) else [images / each for each in which]
    outcomes = measure(named, RECIPE, output=tmp_path / "out")
    assert "Permission denied" in str(outcomes[0].error)
    if len(named) == 1:
        assert not (tmp_path / "out").exists()
    else:
        assert files_of(tmp_path / "out") == {
            "images.csv", "regions.csv", "run.json", "masks/c.tif.ome.tif", "overlays/c.tif.png",
        }  # fmt: skip


def test_a_fault_of_ours_costs_one_image_and_not_the_rest(images, tmp_path, monkeypatch):
    from calcannot.batch import one as module

    def faulty(source, *rest, **options):
        if source.info.name == "a.tif":
            message = "index 7 is out of bounds"
            raise IndexError(message)
        return analyse(source, *rest, **options)

    analyse = module.analyse
    monkeypatch.setattr(module, "analyse", faulty)
    first, _, last = measure(images, RECIPE, output=tmp_path / "out")
    assert "IndexError" in str(first.error)
    assert "lease report this" in str(first.error)
    assert last.error is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"recipe": "none-such"}, RecipeError, "no recipe named 'none-such'"),
        ({"pixel_size": "0.5"}, CalibrationError, "'0.5' is not a number with a unit"),
        ({"pixel_size": "0um"}, CalibrationError, "cannot be true"),
        ({"within": "none.geojson"}, ValueError, "none.geojson"),
    ],
)
def test_what_is_wrong_for_every_image_is_said_before_any_is_read(images, tmp_path, options, error, message):
    arguments = {"recipe": RECIPE} | options
    with pytest.raises(error, match=message):
        measure(images, arguments.pop("recipe"), output=tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "row_um", "col_um"),
    [
        ("0.25um", 0.25, 0.25),
        ("0.5umx0.6um", 0.5, 0.6),
        ("0.143mm", 143, 143),
        ("500 nm", 0.5, 0.5),
        ("2µm × 1µm", 2, 1),
    ],
)
def test_a_pixel_size_overrides_the_file_s_and_both_are_recorded(images, tmp_path, text, row_um, col_um):
    measure(images / "a.tif", RECIPE, output=tmp_path / "out", pixel_size=text)
    (row,) = rows_of(tmp_path / "out")
    assert (float(row["um_per_px_row"]), float(row["um_per_px_col"])) == pytest.approx((row_um, col_um))
    assert row["calibration_source"] == "user"
    assert float(row["calcified_area_mm2"]) == pytest.approx(100 * row_um * col_um / 1e6)
    (image,) = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["images"]
    assert image["calibration"]["note"] == f"given as {text}"
    assert image["metadata"]["calibration_in_file"]["um_per_px_row"] == 0.5
    assert any("0.5 x 0.5" in warning for warning in image["warnings"])


def test_without_a_pixel_size_there_are_no_millimetres_and_three_ways_are_named(tmp_path):
    write_slide(tmp_path / "a.tif", um=None)
    (outcome,) = measure(tmp_path / "a.tif", RECIPE, output=tmp_path / "out")
    (row,) = rows_of(tmp_path / "out")
    assert all(text == "" for name, text in row.items() if name.endswith(("_mm", "_mm2")) or name.startswith("um_per"))
    assert row["calcified_area_px"] == "100"
    assert row["calibration_source"] == "none"
    for way in ("--pixel-size", "panel of the viewer", "OME-TIFF, SVS, DICOM"):
        assert way in row["warnings"]
    (region,) = rows_of(tmp_path / "out", "regions.csv")
    assert all(text == "" for name, text in region.items() if name.endswith(("_um", "_um2")))
    assert float(region["feret_max_px"]) == pytest.approx(200**0.5)
    assert outcome.totals.calcified_area_mm2 is None


def test_strokes_are_for_every_image(images):
    ring = np.array([[0, 0], [20, 0], [20, 40], [0, 40.0]])
    drawn = Annotations((Stroke("r", StrokeKind.REGION, (ring,)),))
    outcomes = measure([images / "a.tif", images / "c.tif"], RECIPE, within=drawn)
    assert [outcome.totals.region_count for outcome in outcomes] == [1, 1]


@pytest.mark.parametrize(
    "name", ["日本 語.tif", "Ünï çø.tif", "a, b.tif", "it's.tif", "مقطع.tif", "a#%&{}$!.tif", "-o.tif"]
)
def test_names_in_any_script(tmp_path, name):
    write_slide(tmp_path / "in" / name)
    measure(tmp_path / "in", RECIPE, output=tmp_path / "out")
    (row,) = rows_of(tmp_path / "out")
    assert row["image"] == name
    assert (tmp_path / "out/masks" / f"{name}.ome.tif").is_file()
    assert rows_of(tmp_path / "out", "regions.csv")[0]["image"] == name


def test_an_image_is_not_changed(images, tmp_path):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in images.iterdir()}
    measure(images, RECIPE, output=tmp_path / "out")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in images.iterdir()} == before


def test_results_inside_the_folder_of_images_are_not_measured_again(images):
    for _ in range(2):
        outcomes = measure(images, RECIPE, output=images / "results")
        assert [outcome.input.name for outcome in outcomes] == ["a.tif", "b.tif", "c.tif"]
