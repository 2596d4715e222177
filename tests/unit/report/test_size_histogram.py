"""The picture of region sizes: bars against numbers counted by hand."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from calcannot.report.size_histogram import size_histogram

SVG = "{http://www.w3.org/2000/svg}"


def bars(svg: str) -> list[tuple[float, float, float]]:
    """Left edge, width and height of every bar."""
    found = ElementTree.fromstring(svg).findall(f"{SVG}rect")
    return [tuple(float(bar.get(name)) for name in ("x", "width", "height")) for bar in found]


def test_a_bar_is_as_high_as_regions_have_that_size():
    # Bins of a quarter of a decade from 1: 1 to 1.78, 1.78 to 3.16, 3.16 to 5.6, 5.6 to 10.
    drawn = bars(size_histogram([1, 1.5, 1.7, 2, 7, 8], "µm²"))
    heights = [height for _, _, height in drawn]
    assert len(drawn) == 3
    assert heights[1] / heights[0] == pytest.approx(1 / 3, abs=0.01)
    assert heights[2] / heights[0] == pytest.approx(2 / 3, abs=0.01)


def test_the_line_is_the_share_of_the_area_up_to_a_size():
    svg = size_histogram([1.2, 9, 89.8], "px")
    points = re.search(r'<polyline points="([^"]+)"', svg)[1].split()
    y = [float(point.split(",")[1]) for point in points]
    share = (y[0] - np.array(y)) / (y[0] - y[-1])
    assert share[1] == pytest.approx(0.012, abs=0.005)
    assert share[4] == pytest.approx(0.102, abs=0.005)
    assert share[-1] == 1


@pytest.mark.parametrize("areas", [[5, 5], [1, 1e9], [0.001, 0.002], np.full(200_000, 12.5)])
def test_any_sizes_can_be_drawn_inside_the_picture(areas):
    svg = size_histogram(areas, "mm²")
    tree = ElementTree.fromstring(svg)
    _, _, width, height = map(float, tree.get("viewBox").split())
    for x, w, h in bars(svg):
        assert x >= 0 and x + w <= width and 0 < h < height
    assert tree.find(f"{SVG}title").text.startswith(f"{len(areas)} regions")


def test_axes_are_named_with_the_unit():
    svg = size_histogram([3, 40, 500], "µm²")
    assert "area of a region, µm² (logarithmic)" in svg
    assert ">regions</text>" in svg and ">share of the area</text>" in svg
    assert list(re.findall(r'text-anchor="middle">([\d ]+)</text>', svg)) == ["10", "100"]
