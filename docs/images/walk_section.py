"""What a person does with one section: finds the mineral, corrects it, reads the numbers, takes them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walker import WORK, Walk  # first of all: napari must find the settings of the walk

# isort: split
import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint

from calcannot.model.annotation import StrokeKind

if TYPE_CHECKING:
    from pathlib import Path

CORRECT, READ, SHARE = 1, 2, 3


def find(walk: Walk, section: Path) -> None:
    """Open, look at thresholds, measure; pick a rule from examples; leave a part out."""
    controls = walk.controls
    walk.open_by_hand(section)
    session = walk.session
    automatic = session.threshold
    walk.picture("1-open")

    walk.click(controls.rule.slider, QPoint(60, controls.rule.slider.height() // 2))
    walk.at_rest()
    assert session.threshold_by_hand is not None
    walk.picture("2-threshold")
    assert walk.viewer.title == "calcannot - section.tif - saved", "the threshold is kept, too"
    walk.click(controls.rule.automatic)
    assert session.threshold == automatic

    measure(walk)
    walk.picture("3-measured")
    assert walk.viewer.title == "calcannot - section.tif - saved"

    walk.click(controls.examples.mineral)
    for place in ((1300, 1200), (900, 800), (1000, 1500)):
        walk.click_at(*place)
    walk.click(controls.examples.other)
    for place in ((700, 600), (1600, 400), (300, 1700), (1700, 2200)):
        walk.click_at(*place)
    walk.click(controls.examples.pick)
    walk.at_rest()
    assert session.chosen is not None
    assert "from your examples" in controls.message.text()
    walk.picture("4-examples")
    walk.key("ctrl+z")
    assert session.chosen is None, "undo has the rule back"

    where = controls.regions
    walk.choose(where.shape, where.shape.findText("rectangle"))
    walk.choose(where.reason, where.reason.findText("fold"))
    walk.click(where.exclude)
    walk.drag((1100, 100), (1300, 300), (1550, 500))
    walk.until(lambda: session.annotations.of(StrokeKind.EXCLUDE), "left out")
    walk.at_rest()
    walk.picture("5-exclude")
    assert [each.reason for each in session.annotations.of(StrokeKind.EXCLUDE)] == ["fold"]
    measure(walk)


def correct(walk: Walk) -> None:
    """Every tool, undo and redo."""
    controls, session = walk.controls, walk.session
    walk.tab(CORRECT)
    walk.click(controls.correct.buttons["brush"])
    before = session.mask.area_px
    walk.drag((1500, 1900), (1500, 1950), (1540, 2000), (1580, 2040))
    painted = session.mask.area_px
    assert painted > before, "the brush adds"
    walk.picture("6-brush")
    walk.point_at(1400, 1900)
    walk.key("ctrl+z")
    assert session.mask.area_px == before, "undo has it back"
    walk.key("ctrl+shift+z")
    assert session.mask.area_px == painted, "redo does it again"

    walk.key("e")
    walk.drag((900, 1000), (900, 1300))
    assert session.mask.area_px < painted, "the eraser takes away"
    walk.picture("7-eraser")

    for key, act, grows in (
        ("l", lambda: walk.drag(*ring(1620, 1500, 90)), True),
        ("x", lambda: walk.drag(*ring(1640, 1500, 40)), False),
        ("f", lambda: walk.click_at(1640, 1500), True),
        ("d", lambda: walk.click_at(1500, 1925), False),
    ):
        area = session.mask.area_px
        walk.key(key)
        act()
        walk.rest(0.3)
        assert (session.mask.area_px > area) == grows, f"{key}: {area} to {session.mask.area_px}"
        assert session.mask.area_px != area, key
    walk.picture("8-tools")
    walk.key("v")
    walk.until(lambda: session.is_current, "numbers follow by themselves")
    walk.at_rest()


def read(walk: Walk) -> None:
    """From the table to a region, and the review."""
    controls, session = walk.controls, walk.session
    walk.tab(READ)
    table = controls.results.table
    walk.click(table.viewport(), QPoint(40, 30))
    assert controls.results.chosen is not None
    walk.picture("9-region")
    reviewed = session.review.reviewed
    walk.point_at(*walk.middle)
    walk.key("a")
    walk.key("r")
    kinds = [stroke.kind for stroke in session.annotations.strokes]
    assert kinds.count(StrokeKind.ACCEPT) == 1
    assert controls.results.progress.text().startswith(f"{reviewed + 2} of ")
    walk.until(lambda: session.is_current, "the rejected region is gone")
    walk.at_rest()
    walk.picture("10-review")


def share(walk: Walk) -> None:
    """Everything that leaves the window, through its dialogs."""
    buttons = walk.controls.share
    walk.tab(SHARE)
    measure(walk)
    (WORK / "export").mkdir()
    walk.press_and_answer(buttons.figure, str(WORK / "figure.png"))
    walk.press_and_answer(buttons.report, str(WORK / "report.html"))
    walk.choose(buttons.formats, buttons.formats.findData("geojson"))
    walk.press_and_answer(buttons.export, str(WORK / "export"))
    walk.picture("11-share")
    assert Image.open(WORK / "figure.png").info["dpi"][0] > 299
    assert "<html" in (WORK / "report.html").read_text(encoding="utf-8")
    assert list((WORK / "export").glob("*.geojson"))


def measure(walk: Walk) -> None:
    """Press Measure, and wait until it is saved."""
    walk.click(walk.controls.measure)
    walk.until(lambda: walk.session.is_saved, "measured and saved")
    walk.at_rest()


def ring(row: float, col: float, radius: float) -> list[tuple[float, float]]:
    """Places around one."""
    turns = np.linspace(0, 2 * np.pi, 13)
    return [(row + radius * np.sin(each), col + radius * np.cos(each)) for each in turns]
