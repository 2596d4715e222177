"""Errors: one line, the file by its name alone, whole after a journey between processes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from calcannot import errors
from calcannot.errors import CalcannotError, ImageReadError

KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CalcannotError)]
BUILTINS = {
    "ImageReadError": OSError, "UnsupportedImageError": ValueError, "CalibrationError": ValueError,
    "RecipeError": ValueError, "AnnotationError": ValueError, "OutputError": OSError, "MissingExtraError": ImportError,
    "ResultsError": ValueError,
    "CaseError": ValueError, "CaseBusyError": TimeoutError, "TileError": OSError, "ClusterError": ConnectionError,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_one_line_without_the_folder(kind):
    error = kind("is\nbroken", path=Path("/patients/Smith/slide.svs"), remedy="copy it\nagain")
    assert str(error) == "slide.svs: is broken. Copy it again."
    assert str(kind("it is broken")) == "it is broken."


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind):
    error = kind("is broken", path="a/b.svs", remedy="copy it")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.what, again.file, again.remedy) == (str(error), "is broken", Path("a/b.svs"), "copy it")


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_every_error_is_the_builtin_it_stands_in_for(name, builtin):
    assert issubclass(getattr(errors, name), builtin)


def test_no_error_is_missing_from_this_list():
    assert {kind.__name__ for kind in KINDS} == {"CalcannotError", *BUILTINS}


def test_an_image_read_error_is_caught_as_an_os_error():
    with pytest.raises(OSError, match="is broken"):
        raise ImageReadError("is broken", path="slide.svs")
