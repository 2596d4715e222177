"""Training folders: pairs that fit, patients apart, manifests that lead back, and rules of each program."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely
import tifffile
from pyarrow import parquet
from skimage.io import imread

import calcannot
from calcannot.batch.training import export_training
from calcannot.errors import ImageReadError, OutputError
from calcannot.export.selection import TrainingOptions
from calcannot.store.results_reader import read_results

TILE = 64
OPTIONS = TrainingOptions(tile_px=TILE, shares=(0.5, 0.25, 0.25), seed=3)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Four patients with two images each: silver with a hole on pink tissue, glass on the right."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for patient in range(4):
        for side in "ab":
            pixels = np.full((200, 330, 3), 245, np.uint8)
            pixels[:, :260] = (220, 150, 180)
            row = int(rng.integers(70, 90))
            pixels[row : row + 50, 70:120] = 20
            pixels[row + 10 : row + 30, 80:100] = (220, 150, 180)
            pixels = (pixels - rng.integers(0, 9, pixels.shape)).astype(np.uint8)
            tifffile.imwrite(folder / "images" / f"p{patient}{side}.tif", pixels)
    calcannot.measure(folder / "images", "von-kossa", output=folder / "results", pixel_size="1um")
    lines = [f"p{patient}{side}.tif,patient-{patient}" for patient in range(4) for side in "ab"]
    (folder / "cases.csv").write_text("image,case\n" + "\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def exported(study, tmp_path_factory):
    """Function that exports the study once for each layout."""
    done = {}

    def make(layout):
        if layout not in done:
            out = tmp_path_factory.mktemp("training") / "Dataset001_Calcified"
            report = export_training(study / "results", layout, out, OPTIONS,
                                     image_folder=study / "images", cases=study / "cases.csv")  # fmt: skip
            with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
                done[layout] = out, report, list(csv.DictReader(file))
        return done[layout]

    return make


def boxes(study, rows):
    """Image and mask of each row of the manifest, cut from the files that were measured."""
    items = {item.name: item for item in read_results(study / "results").items}
    for row in rows:
        top, left = int(row["row_px"]), int(row["col_px"])
        pixels = tifffile.imread(study / "images" / row["image"])[top : top + TILE, left : left + TILE]
        yield row, pixels, items[row["image"]].runs.mask(top, left, TILE, TILE)


def test_pairs_are_the_pixels_of_image_and_mask(study, exported):
    out, report, rows = exported("png")
    assert rows
    for row, pixels, mask in boxes(study, rows):
        np.testing.assert_array_equal(imread(out / row["image_file"]), pixels)
        np.testing.assert_array_equal(imread(out / row["mask_file"]), mask * np.uint8(255))
        assert int(row["mineral_px"]) == mask.sum()
    assert sum(report.tiles.values()) == len(rows)
    written = {path.relative_to(out).as_posix() for path in out.rglob("*.png")}
    assert written == {row["image_file"] for row in rows} | {row["mask_file"] for row in rows}


@pytest.mark.parametrize("layout", ["png", "yolo", "nnunet", "numpy"])
def test_no_patient_is_in_two_splits(exported, layout):
    _, report, rows = exported(layout)
    splits = {row["case"]: {other["split"] for other in rows if other["case"] == row["case"]} for row in rows}
    assert all(len(found) == 1 for found in splits.values())
    assert set(splits) == {f"patient-{n}" for n in range(4)}
    assert report.cases == {"train": 2, "val": 1, "test": 1}
    assert len({row["tile"] for row in rows}) == len(rows)


def test_every_tile_with_mineral_is_kept_and_as_many_without(study, exported):
    _, report, rows = exported("png")
    for split in ("train", "val", "test"):
        negative = [row for row in rows if row["split"] == split and row["mineral_px"] == "0"]
        assert report.positive[split] > 0
        assert len(negative) == report.positive[split]
        assert all(float(row["tissue_fraction"]) >= 0.25 for row in negative)
        assert all(row["tissue_fraction"] == "" for row in rows if row["mineral_px"] != "0")
    items = read_results(study / "results").items
    assert sum(report.positive.values()) == sum(
        item.runs.mask(top, left, TILE, TILE).any()
        for item in items for top in (0, 64, 128, 136) for left in (0, 64, 128, 192, 256, 266)
    )  # fmt: skip


def test_the_manifest_leads_back_to_slide_place_scale_case_and_rule(study, exported):
    out, _, rows = exported("png")
    item = read_results(study / "results").items[0]
    row = next(each for each in rows if each["image"] == item.name)
    assert row["sha256"] == item.sha256
    assert (row["um_per_px_row"], row["calibration_source"]) == ("1", "user")
    assert row["recipe_fingerprint"] == item.resolved.fingerprint
    table = parquet.read_table(out / "manifest.parquet").to_pylist()
    assert [each["tile"] for each in table] == [each["tile"] for each in rows]
    assert table[0]["index"] is None
    record = json.loads((out / "training.json").read_text("utf-8"))
    assert record["options"]["seed"] == 3
    assert "at least half" in record["resampling"]
    text = "".join(path.read_text("utf-8") for path in out.rglob("*") if path.suffix in (".csv", ".json", ".yaml"))
    assert str(study) not in text


def test_yolo_labels_follow_its_rules_and_lose_holes_only(study, exported):
    out, report, rows = exported("yolo")
    assert (out / "data.yaml").read_text("utf-8") == (
        "train: images/train\nval: images/val\ntest: images/test\nnames:\n  0: calcified\n"
    )
    y, x = np.mgrid[:TILE, :TILE] + 0.5
    lost = 0
    for row, _, mask in boxes(study, rows):
        assert imread(out / row["image_file"]).shape == (TILE, TILE, 3)
        assert row["mask_file"] == row["image_file"].replace("images/", "labels/").replace(".png", ".txt")
        filled = np.zeros(mask.shape, bool)
        for line in (out / row["mask_file"]).read_text("utf-8").splitlines():
            kind, *values = line.split()
            points = np.array(values, float).reshape(-1, 2)
            assert kind == "0"
            assert len(points) >= 3
            assert points.min() >= 0
            assert points.max() <= 1
            filled |= shapely.contains_xy(shapely.Polygon(points * TILE), x, y)
        assert not (mask & ~filled).any()
        assert (filled & ~mask).sum() == int(row["lost_px"])
        lost += int(row["lost_px"])
    assert report.lost_px == lost
    # The hole of 20 x 20 px counts where it lies whole in one tile: no more than 8 of them can be lost.
    assert lost <= 8 * 400
    if lost:
        assert f"{lost} px are filled" in report.warnings[-1]


def test_yolo_fills_what_is_enclosed_and_says_so(tmp_path, exported):
    from calcannot.export.layouts import Kind, Yolo

    mask = np.zeros((16, 16), bool)
    mask[2:12, 2:12] = True
    mask[4:9, 4:9] = False
    mask[6, 6] = True  # an island in the hole
    mask[14, 14] = mask[13, 13] = True
    layout = Yolo(tmp_path, Kind(16, 3, "uint8", "histology"), {"train": 1, "val": 0, "test": 0})
    written = layout.add("t", "train", np.zeros((16, 16, 3), np.uint8), mask, (0, 255))
    assert written["lost_px"] == 24
    assert len((tmp_path / written["mask_file"]).read_text("utf-8").splitlines()) == 4


def test_nnunet_finds_what_its_integrity_check_asks_for(exported):
    out, _, rows = exported("nnunet")
    dataset = json.loads((out / "dataset.json").read_text("utf-8"))
    assert dataset["labels"] == {"background": 0, "calcified": 1}
    assert dataset["channel_names"] == {"0": "R", "1": "G", "2": "B"}
    labels = {path.name.removesuffix(".png") for path in (out / "labelsTr").iterdir()}
    images = {path.name.removesuffix("_0000.png") for path in (out / "imagesTr").iterdir()}
    assert labels == images
    assert dataset["numTraining"] == len(labels)
    for name in labels:
        mask, image = imread(out / "labelsTr" / f"{name}.png"), imread(out / "imagesTr" / f"{name}_0000.png")
        assert mask.shape == image.shape[:2]
        assert set(np.unique(mask)) <= {0, 1}
    (split,) = json.loads((out / "splits_final.json").read_text("utf-8"))
    assert set(split["train"]) | set(split["val"]) == labels
    assert not set(split["train"]) & set(split["val"])
    test = {row["tile"] for row in rows if row["split"] == "test"}
    assert {path.name.removesuffix("_0000.png") for path in (out / "imagesTs").iterdir()} == test
    assert re.fullmatch(r"Dataset\d{3}_\w+", out.name)


def test_numpy_arrays_are_in_the_order_of_the_manifest(study, exported):
    out, _, rows = exported("numpy")
    for row, pixels, mask in boxes(study, rows):
        images = np.load(out / row["image_file"], mmap_mode="r")
        masks = np.load(out / row["mask_file"], mmap_mode="r")
        np.testing.assert_array_equal(images[int(row["index"])], pixels)
        np.testing.assert_array_equal(masks[int(row["index"])], mask)


def test_the_same_options_give_the_same_files(study, exported, tmp_path):
    out, _, _ = exported("png")
    export_training(study / "results", "png", tmp_path / "again", OPTIONS,
                    image_folder=study / "images", cases=study / "cases.csv")  # fmt: skip
    for path in out.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(out)).read_bytes(), path.name


def test_an_export_takes_the_place_of_an_earlier_one_and_of_nothing_else(study, tmp_path):
    out = tmp_path / "out"
    fine = TrainingOptions(tile_px=200, shares=(1, 0, 0))
    export_training(study / "results", "png", out, fine, image_folder=study / "images")
    export_training(study / "results", "numpy", out, fine, image_folder=study / "images")
    assert not (out / "train").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", "utf-8")
    with pytest.raises(OutputError, match="not made by an earlier export"):
        export_training(study / "results", "png", tmp_path / "mine", fine, image_folder=study / "images")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_of_results_is_one_patient_unless_a_table_says_more(study, tmp_path):
    report = export_training(study / "results", "png", tmp_path / "out", OPTIONS, image_folder=study / "images")
    assert report.cases == {"train": 1, "val": 0, "test": 0}
    assert any("too few patients for val" in warning for warning in report.warnings)


def test_images_that_are_not_there_or_not_the_same_are_refused(study, tmp_path):
    with pytest.raises(ImageReadError, match="--images"):
        export_training(study / "results", "png", tmp_path / "out")
    with pytest.raises(ImageReadError, match="not in the folder of images"):
        export_training(study / "results", "png", tmp_path / "out", image_folder=tmp_path)
    tifffile.imwrite(tmp_path / "p0a.tif", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(ImageReadError, match="another hash"):
        export_training(study / "results", "png", tmp_path / "out", images=["p0a.tif"], image_folder=tmp_path)
    (tmp_path / "cases.csv").write_text("image,case\np0a.tif,\n", "utf-8")
    with pytest.raises(OutputError, match="says no case for"):
        export_training(study / "results", "png", tmp_path / "out", cases=tmp_path / "cases.csv")
    assert not (tmp_path / "out").exists()


def test_films_of_twelve_bits_are_kept_in_sixteen_and_scaled_to_eight(tmp_path):
    from calcannot.export.layouts import as_png

    film = np.array([[0, 2048, 4095]], np.uint16)
    assert as_png(film, (0, 4095), 16) is film
    assert as_png(film, (0, 4095), 8).tolist() == [[0, 128, 255]]
    assert as_png(film.astype(np.int32) - 1000, (-1000, 3095), 16).tolist() == [[0, 32776, 65535]]
    with pytest.raises(OutputError, match="numpy"):
        as_png(film.astype(np.float32), (-np.inf, np.inf), 16)


def test_the_command_says_how_many_tiles_and_what_is_lost(study, tmp_path, calcannot):
    ran = calcannot("export", study / "results", "--to", "yolo", "-o", tmp_path / "y", "--images", study / "images",
                    "--cases", study / "cases.csv", "--tile", 200, "--splits", "0.5,0.5,0")  # fmt: skip
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert re.fullmatch(r"train: \d+ tiles, 4 with mineral, 2 patients", lines[0])
    assert Path(lines[-1]) == tmp_path / "y"
    assert "The format has no holes: 3200 px are filled" in ran.err
    ran = calcannot("export", study / "results", "--to", "png", "-o", tmp_path / "z", "--splits", "1")
    assert (ran.code, ran.out) == (2, "")
