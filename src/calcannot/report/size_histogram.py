"""Sizes of regions as a picture: how many, and how much of the area, by size on a logarithmic axis. SVG, no script."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # From a size or a share to a coordinate.
    Place = Callable[[float], float]

_WIDTH, _HEIGHT = 640, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 56, 14, 48
_PER_DECADE = 4
COUNT_RGB, SHARE_RGB = "#0b5563", "#a14a00"


def size_histogram(areas: npt.ArrayLike, unit: str) -> str:
    """Draw the histogram; areas in ``unit`` (px, µm² or mm²), each above 0.

    Bars are numbers of regions, four bins a decade; the line is the share of the whole area in regions up to that size.
    Coordinates carry one decimal, so the text is the same on every machine.
    """
    values = np.sort(np.asarray(areas, dtype=np.float64))
    first = math.floor(math.log10(values[0]) * _PER_DECADE)
    last = max(first + 1, math.ceil(math.log10(values[-1]) * _PER_DECADE + 1e-9))
    # A single size would give one bar as wide as the picture.
    while last - first < _PER_DECADE:
        first, last = (first - 1, last) if (last - first) % 2 else (first, last + 1)
    edges = 10.0 ** (np.arange(first, last + 1) / _PER_DECADE)
    counts = np.histogram(values, edges)[0]
    step = _nice_step(int(counts.max()))
    top = step * math.ceil(counts.max() / step)

    def x(value: float) -> float:
        share = (math.log10(value) * _PER_DECADE - first) / (last - first)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_grid(x, y, step, top, first, last, unit)]
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            height = y(0) - y(count / top)
            parts.append(
                f'<rect x="{x(low) + 1:.1f}" y="{y(count / top):.1f}" width="{x(high) - x(low) - 2:.1f}" '
                f'height="{height:.1f}" fill="{COUNT_RGB}"/>'
            )
    below = np.array([values[values < edge].sum() for edge in edges[1:]]) / values.sum()
    points = [(edges[0], 0.0), *zip(edges[1:], below, strict=True)]
    line = " ".join(f"{x(float(at)):.1f},{y(float(share)):.1f}" for at, share in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{SHARE_RGB}" stroke-width="2.5"/>')
    title = (
        f"{len(values)} regions from {values[0]:.3g} to {values[-1]:.3g} {unit}; numbers by size as bars, share as line"
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{title}</title>{''.join(parts)}</svg>"
    )


def _grid(x: Place, y: Place, step: int, top: int, first: int, last: int, unit: str) -> str:
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts = []
    for count in range(0, top + 1, step):
        at = y(count / top)
        parts.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="#d5dbe0"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="{COUNT_RGB}">{count}</text>')
    for share in (0, 50, 100):
        at = y(share / 100)
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{at + 4:.1f}" fill="{SHARE_RGB}">{share} %</text>')
    for power in range(math.ceil(first / _PER_DECADE), math.floor(last / _PER_DECADE) + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" y1="{y(0):.1f}" x2="{at:.1f}" y2="{y(0) + 6:.1f}" stroke="#1b2733"/>')
        parts.append(f'<text x="{at:.1f}" y="{y(0) + 20:.1f}" text-anchor="middle">{_plain(power)}</text>')
    parts.append(f'<line x1="{_LEFT}" y1="{y(0):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y(0):.1f}" stroke="#1b2733"/>')
    parts.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">')
    parts.append(f"area of a region, {unit} (logarithmic)</text>")
    for at, colour, label in ((14, COUNT_RGB, "regions"), (_WIDTH - 6, SHARE_RGB, "share of the area")):
        turn = f"rotate(-90 {at} {middle})"
        parts.append(
            f'<text x="{at}" y="{middle}" text-anchor="middle" fill="{colour}" transform="{turn}">{label}</text>'
        )
    return "".join(parts)


def _nice_step(largest: int, steps: Sequence[int] = (1, 2, 5)) -> int:
    """Distance of four lines or so, in whole regions."""
    power = 1
    while True:
        for step in steps:
            if largest <= 4 * step * power:
                return step * power
        power *= 10


def _plain(power: int) -> str:
    return f"{10**power:,}".replace(",", " ") if power >= 0 else f"{10.0**power:.{-power}f}"
