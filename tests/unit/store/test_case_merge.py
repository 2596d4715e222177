"""Two copies of a case that were worked on apart: the union of both, conflicts named, nothing lost."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from calcannot.errors import CaseError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from calcannot.store.case_merge import merge_strokes


def square(name, side=10.0):
    return Stroke(name, StrokeKind.REGION, (np.array([[0, 0], [side, 0], [side, side], [0, side]], float),))


def drawn(case, *, add=(), remove=(), author="Ada"):
    with case.stroke_log("film", author=author) as log:
        log.add(add)
        log.remove(remove)
        log.save()


def sides(case):
    """Id, without the mark of a second version, and side of every stroke."""
    return sorted((s.id.partition("~")[0], float(s.rings[0].max())) for s in case.annotations("film").strokes)


@pytest.fixture
def copies(tmp_path):
    case = CaseFolder.create(tmp_path / "one", id="x")
    entry = CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)
    case.update(lambda record: record.model_copy(update={"images": (entry,)}))
    drawn(case, add=[square("both"), square("edited"), square("gone"), square("kept")])
    return case, CaseFolder.open(shutil.copytree(tmp_path / "one", tmp_path / "two"))


def test_the_union_of_both_with_every_conflict_listed(copies):
    one, two = copies
    drawn(one, add=[square("a"), square("edited", 5)], remove=["gone"])
    drawn(two, add=[square("b"), square("edited", 7), square("gone", 3)], remove=["kept"], author="Bea")
    (merged,) = merge_strokes(one, two, author="Cy")
    assert sides(one) == [("a", 10), ("b", 10), ("both", 10), ("edited", 5), ("edited", 7), ("gone", 3)]
    assert (merged.added, merged.removed, merged.total) == (3, 1, 6)
    assert sorted(conflict.id for conflict in merged.conflicts) == ["edited", "gone"]
    assert one.history()[-1].author == "Cy"
    assert two.history()[-1].author == "Bea"  # the other is only read


def test_merging_again_changes_nothing(copies):
    one, two = copies
    drawn(two, add=[square("b")], author="Bea")
    merge_strokes(one, two)
    before = sides(one)
    (again,) = merge_strokes(one, two)
    assert sides(one) == before
    assert (again.added, again.removed, again.conflicts) == (0, 0, ())


def test_both_ways_give_the_same_strokes(copies):
    one, two = copies
    drawn(one, add=[square("a"), square("edited", 5)])
    drawn(two, add=[square("b"), square("edited", 7)], remove=["gone"], author="Bea")
    merge_strokes(one, two)
    merge_strokes(two, one)
    assert sides(one) == sides(two)


def test_strokes_that_were_never_saved_are_merged_too(copies):
    one, two = copies
    with two.stroke_log("film", author="Bea") as log:
        log.add([square("b")])
    (merged,) = merge_strokes(one, two)
    assert merged.added == 1


def test_another_case_is_not_merged(copies, tmp_path):
    other = CaseFolder.create(tmp_path / "other", id="y")
    with pytest.raises(CaseError, match="is the case y, not x"):
        merge_strokes(copies[0], other)
