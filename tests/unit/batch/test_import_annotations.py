"""Annotations become strokes that are measured, or a second reading that changes nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from calcannot.batch.import_annotations import import_annotations
from calcannot.errors import OutputError
from calcannot.model.annotation import StrokeKind
from calcannot.store.case_folder import CaseFolder


@pytest.fixture
def case(tmp_path):
    from calcannot.batch.case_images import add_image

    tifffile.imwrite(tmp_path / "slide.tif", np.full((40, 60, 3), 230, np.uint8))
    folder = CaseFolder.create(tmp_path / "case")
    add_image(folder, tmp_path / "slide.tif", role="histology", id="slide")
    return CaseFolder.open(tmp_path / "case")


@pytest.fixture
def mask(tmp_path):
    pixels = np.zeros((40, 60), np.uint8)
    pixels[10:20, 10:20] = 255
    pixels[30, 50] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


@pytest.mark.parametrize("way", ["add", "region", "exclude"])
def test_a_mask_becomes_strokes_once(case, mask, way):
    for _ in range(2):
        count, path = import_annotations(case, "slide", mask, way, author="B", reason="ink")
        assert count == 2
    strokes = case.annotations("slide").strokes
    assert [(s.kind, s.author) for s in strokes] == [(StrokeKind(way), "B")] * 2
    assert {s.reason for s in strokes} == {"ink" if way == "exclude" else ""}
    assert len(json.loads(path.read_text("utf-8"))["features"]) == 2


def test_an_observer_changes_no_stroke(case, mask, tmp_path):
    count, path = import_annotations(case, "slide", mask, "observer", author="Observer 2")
    assert (count, case.annotations("slide").strokes) == (2, ())
    assert path == tmp_path / "case" / "observers" / "Observer 2" / "slide.geojson"
    import_annotations(case, "slide", mask, "observer", author="Observer 2")
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(OutputError, match="another reading"):
        import_annotations(case, "slide", tmp_path / "empty.png", "observer", author="Observer 2")
    assert import_annotations(case, "slide", tmp_path / "empty.png", "observer", author="C")[0] == 0
    for name in ("", "../x", ".x", "a/b"):
        with pytest.raises(OutputError, match="name"):
            import_annotations(case, "slide", mask, "observer", author=name)


def test_nothing_is_no_stroke(case, tmp_path):
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(OutputError, match="nothing to draw"):
        import_annotations(case, "slide", tmp_path / "empty.png", "add")
    with pytest.raises(OutputError, match="no way"):
        import_annotations(case, "slide", tmp_path / "empty.png", "erase")


def test_the_command_says_where_the_shapes_are(case, mask, calcannot):
    ran = calcannot("import", case.path, "slide", mask, "--as", "add", "--author", "B")
    assert (ran.code, ran.out) == (0, "2 shapes from mask.png are in annotations/slide.geojson\n")
    ran = calcannot("import", case.path, "other", mask, "--as", "add")
    assert ran.code == 2
