"""From what a user typed to a list of images with names of their own."""

from __future__ import annotations

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
    [("none.png", "none.png: there is no such file"), ("*.nothing", r"\*.nothing: no file fits this pattern")],
)
def test_what_is_not_there_is_named(folder, argument, message):
    with pytest.raises(ImageReadError, match=message):
        find_images([str(folder / argument)])


def test_a_folder_without_images_is_named(folder):
    (folder / "empty").mkdir()
    (folder / "empty/notes.txt").write_text("x")
    with pytest.raises(ImageReadError, match="empty: the folder holds no image"):
        find_images([folder / "empty"])
