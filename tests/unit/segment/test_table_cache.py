"""Tables of slow channels come from disk the second time, and a damaged file costs time only."""

from __future__ import annotations

import os

import numpy as np
import pytest

from calcannot.segment import table_cache
from calcannot.segment.table_cache import cache_folder, kept_on_disk


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("CALCANNOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(table_cache, "COLOURS", 1000)


def table(first: int = 0) -> np.ndarray:
    return np.arange(first, first + 1000, dtype=np.uint16)


def never() -> np.ndarray:
    raise AssertionError


def files() -> list:
    return sorted(cache_folder().iterdir())


def test_a_table_is_computed_once():
    np.testing.assert_array_equal(kept_on_disk("a", table), table())
    np.testing.assert_array_equal(kept_on_disk("a", never), table())
    np.testing.assert_array_equal(kept_on_disk("b", lambda: table(5)), table(5))
    assert len(files()) == 2


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"text of another program"])
def test_a_damaged_file_is_computed_anew(content):
    kept_on_disk("a", table)
    files()[0].write_bytes(content)
    np.testing.assert_array_equal(kept_on_disk("a", table), table())
    np.testing.assert_array_equal(kept_on_disk("a", never), table())


@pytest.mark.parametrize("wrong", [np.zeros(999, np.uint16), np.zeros(1000, np.int64), np.zeros((1000, 1), np.uint16)])
def test_a_table_of_another_kind_is_computed_anew(wrong):
    kept_on_disk("a", table)
    np.save(files()[0], wrong)
    np.testing.assert_array_equal(kept_on_disk("a", table), table())


def test_another_version_has_tables_of_its_own(monkeypatch):
    kept_on_disk("a", table)
    monkeypatch.setattr(table_cache, "FORMAT", 2)
    np.testing.assert_array_equal(kept_on_disk("a", lambda: table(7)), table(7))


def test_a_folder_that_cannot_be_made_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("CALCANNOT_CACHE", str(tmp_path / "file" / "cache"))
    np.testing.assert_array_equal(kept_on_disk("a", table), table())


def test_the_tables_not_used_for_longest_are_dropped(monkeypatch):
    monkeypatch.setattr(table_cache, "LARGEST_CACHE_BYTES", 3 * 2200)
    for number, name in enumerate("abc"):
        kept_on_disk(name, table)
        for each in files():
            if each.stat().st_mtime > 1e6:
                os.utime(each, (number, number))
    kept_on_disk("a", never)  # used now
    kept_on_disk("d", table)
    for name in "acd":
        kept_on_disk(name, never)
    with pytest.raises(AssertionError):
        kept_on_disk("b", never)


@pytest.mark.parametrize(
    ("system", "variables", "parts"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, ("x", "calcannot")),
        ("linux", {"HOME": "/ann"}, (".cache", "calcannot")),
        ("darwin", {"HOME": "/ann"}, ("Library", "Caches", "calcannot")),
        ("win32", {"LOCALAPPDATA": "/ann/local"}, ("local", "calcannot", "cache")),
    ],
)
def test_the_folder_is_the_one_that_the_system_sets_aside(system, variables, parts, monkeypatch):
    for name in ("CALCANNOT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", system)
    assert cache_folder().parts[-len(parts) :] == parts
