"""From what a user typed to a list of images with names of their own."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from calcannot.batch.inputs import find_images
from calcannot.errors import ImageReadError


@pytest.fixture
def folder(tmp_path):
    """A folder with images at several depths and with files that are none."""
    picture = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    for name in ("b.png", "a.tif", "deep/er/c.png", "deep/a.tif", ".hidden/d.png", "results/masks/e.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "deep/table.csv").write_text("a,b\n")
    return tmp_path


def names(inputs) -> list[str]:
    return [each.name for each in inputs]


def test_a_folder_is_searched_to_the_bottom_and_sorted(folder):
    found = find_images([folder], skip=folder / "results")
    assert names(found) == ["a.tif", "b.png", "deep/a.tif", "deep/er/c.png"]
    assert [each.path for each in found] == [folder / each.name for each in found]


def test_results_of_this_run_are_left_out(folder):
    assert "results/masks/e.png" in names(find_images([folder]))
    assert "results/masks/e.png" not in names(find_images([folder], skip=folder / "results"))


def test_named_files_come_in_the_order_given_and_are_taken_whatever_they_are(folder):
    found = find_images([folder / "notes.txt", folder / "b.png", str(folder / "a.tif")])
    assert names(found) == ["notes.txt", "b.png", "a.tif"]


def test_patterns(folder):
    assert names(find_images([str(folder / "*.png")])) == ["b.png"]
    assert sorted(names(find_images([str(folder / "**" / "*.tif")]))) == ["deep/a.tif", f"{folder.name}/a.tif"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder):
    (folder / "b.png").rename(folder / "b[1].png")
    assert names(find_images([folder / "b[1].png"])) == ["b[1].png"]


def test_the_same_image_twice_is_one(folder):
    assert names(find_images([folder / "b.png", folder / "deep" / ".." / "b.png", folder / "b.png"])) == ["b.png"]


def test_two_images_of_one_name_get_their_folder_in_front(folder):
    found = find_images([folder / "a.tif", folder / "deep/a.tif"])
    assert names(found) == [f"{folder.name}/a.tif", "deep/a.tif"]
    assert len({each.file_stem for each in found}) == 2


def test_names_that_differ_in_case_only_do_not_share_a_mask(folder):
    (folder / "B.png").write_bytes((folder / "b.png").read_bytes())
    found = find_images([folder / "b.png", folder / "B.png"])
    assert len({each.file_stem.casefold() for each in found}) == len(found) == 2


def test_a_path_and_a_name_that_would_share_a_mask_do_not(folder):
    (folder / "deep__a.tif").write_bytes((folder / "a.tif").read_bytes())
    found = find_images([folder], skip=folder / "results")
    assert len({each.file_stem.casefold() for each in found}) == len(found) == 5


@pytest.mark.parametrize(
    ("argument", "message"),
    [("none.png", "none.png: there is no such file"), ("*.nothing", r"\*.nothing: no image fits this pattern")],
)
def test_what_is_not_there_is_named(folder, argument, message):
    with pytest.raises(ImageReadError, match=message):
        find_images([str(folder / argument)])


def test_a_folder_without_images_is_named(folder):
    (folder / "empty").mkdir()
    (folder / "empty/notes.txt").write_text("x")
    with pytest.raises(ImageReadError, match="empty: the folder holds no image"):
        find_images([folder / "empty"])


def write_zarr(folder):
    """The metadata of an OME-Zarr image, and one chunk that has the first bytes of a PNG."""
    multiscales = [{"version": "0.4", "axes": [], "datasets": [{"path": "0"}]}]
    for name, content in {
        ".zgroup": {"zarr_format": 2},
        ".zattrs": {"multiscales": multiscales},
        "0/.zarray": {},
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "0/0.png")


def test_an_image_that_is_a_folder_is_one_image(folder):
    write_zarr(folder / "deep/slide.zarr")
    assert names(find_images([folder / "deep/slide.zarr"])) == ["slide.zarr"]
    assert names(find_images([folder / "deep"])) == ["a.tif", "er/c.png", "slide.zarr"]
    assert names(find_images([str(folder / "deep/*.zarr")])) == ["slide.zarr"]
    assert "0.png" not in names(find_images([str(folder / "deep/**/*")]))


def test_an_image_that_is_a_folder_is_named_where_it_was_given_as_a_dot(folder, monkeypatch):
    write_zarr(folder / "slide.zarr")
    monkeypatch.chdir(folder / "slide.zarr")
    assert names(find_images(["."])) == ["slide.zarr"]


def test_a_pattern_matches_folders_as_a_shell_would_hand_them_over(folder):
    """The shell of Windows leaves patterns to the program."""
    found = find_images([str(folder / "d*")])
    assert names(found) == names(find_images([folder / "deep"]))


def test_folders_that_lead_back_are_not_followed(folder):
    try:
        (folder / "deep/back").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert names(find_images([folder / "deep"])) == ["a.tif", "er/c.png"]


def test_pieces_label_and_overview_of_a_slide_are_no_images(folder):
    """A Hamamatsu VMS: text that names its JPEGs, and says more of the same form that is no file."""
    jpegs = ("piece 0.jpg", "piece 1.jpg", "map.jpg", "macro.jpg", "photo of the block.jpg")
    for name in jpegs:
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / "deep" / name)
    lines = ("[Virtual Microscope Specimen]", "ImageFile=piece 0.jpg", "ImageFile(1,0)=piece 1.jpg",
             "MapFile=map.jpg", "MacroImage = macro.jpg", "SourceLens=20")  # fmt: skip
    (folder / "deep/slide.vms").write_text("\r\n".join(lines))
    assert names(find_images([folder / "deep"])) == ["a.tif", "er/c.png", "photo of the block.jpg", "slide.vms"]


@pytest.mark.shared
def test_a_folder_with_the_files_of_one_dicom_slide_is_one_image_and_among_others_one_file(shared_data, tmp_path):
    slide = shared_data / "wsi/napari-wsi/CMU-1-Small-Region"
    assert names(find_images([slide])) == ["CMU-1-Small-Region"]
    shutil.copytree(slide, tmp_path / "mixed")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "mixed/z.png")
    first, second = find_images([tmp_path / "mixed"])
    assert (first.path.suffix, second.name) == (".dcm", "z.png")
    assert names(find_images([slide.parent])) == ["CMU-1-Small-Region", "CMU-1-Small-Region.svs"]
