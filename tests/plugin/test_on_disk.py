"""A table in a file holds what it held in memory, and the same columns come out of it."""

import gc
import tempfile
import weakref
from dataclasses import fields

import numpy as np
import psutil

from calcannot.io import ArraySource
from calcannot.model.annotation import Annotations
from calcannot.morphometry.columns import region_columns
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import load_recipe
from napari_calcannot.on_disk import let_pages_go, table_on_disk
from napari_calcannot.question import Question


def source():
    rng = np.random.default_rng(11)
    pixels = np.full((400, 500, 3), 220, np.uint8)
    for row, col in rng.integers(5, 390, (60, 2)):
        pixels[row : row + rng.integers(1, 9), col : col + rng.integers(1, 9)] = 30
    return ArraySource(pixels, name="section.tif")


def test_the_same_numbers_in_the_same_layout():
    table = analyse(source(), load_recipe("von-kossa").with_threshold(100.0)).regions
    moved = table_on_disk(table)
    assert len(moved) == len(table) > 20
    for each in fields(table):
        before, after = getattr(table, each.name), getattr(moved, each.name)
        np.testing.assert_array_equal(after, before)
        assert (after.dtype, after.strides, after.flags.writeable) == (before.dtype, before.strides, True)
        assert not np.shares_memory(after, before)
    let_pages_go()
    np.testing.assert_array_equal(moved.level_sum, table.level_sum)
    np.testing.assert_array_equal(moved.rows(3, 9).hull_start, table.rows(3, 9).hull_start)


def test_columns_of_a_question_are_those_of_the_command():
    recipe = load_recipe("von-kossa").with_threshold(100.0)
    made = region_columns(Question(source(), recipe, Annotations()).measure())
    for name, values in region_columns(analyse(source(), recipe)).items():
        np.testing.assert_array_equal(made[name], values)


def test_nothing_was_found():
    pixels = np.full((50, 60, 3), 220, np.uint8)
    table = analyse(ArraySource(pixels, name="glass.tif"), load_recipe("von-kossa").with_threshold(100.0)).regions
    assert len(table_on_disk(table)) == 0


def test_the_file_goes_with_the_table():
    table = analyse(source(), load_recipe("von-kossa").with_threshold(100.0)).regions
    before = psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0
    moved = table_on_disk(table)
    area = weakref.ref(moved.area)
    del moved
    gc.collect()
    assert area() is None
    assert before == (psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0)


def test_a_full_disk_leaves_it_in_memory(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    table = analyse(source(), load_recipe("von-kossa").with_threshold(100.0)).regions
    assert table_on_disk(table) is table
