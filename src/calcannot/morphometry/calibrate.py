"""A pixel size from something of known length in the image, and how sure it is.

Every component of the uncertainty is the half-width of a 95 % interval of a length, as a share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalibrationError
from calcannot.model.calibration import Calibration, CalibrationEvidence, CalibrationPlane, CalibrationSource

Points = Sequence[Sequence[float]] | npt.NDArray[np.floating]

NORMAL_95: Final = 1.96
CLICK_SD_PX: Final = 1.0
"""Standard deviation of a point that a person sets on an edge or a mark at full magnification."""

LEAST_POINTS: Final = 5
_LARGEST_BALL_RATIO: Final = 1.06  # a ball 300 mm off the central ray at 1000 mm casts an ellipse of 1.04
_LARGEST_COIN_RATIO: Final = 3.0  # seen at 70 degrees; more is a wrong fit
_SOURCES: Final = {
    "line": CalibrationSource.OBJECT_LINE,
    "coin": CalibrationSource.OBJECT_COIN,
    "ball": CalibrationSource.OBJECT_BALL,
}
# Published: heights of a lesion estimated on the patient gave lengths that were off by 1.57 % in the mean.
ESTIMATED_HEIGHT_SHARE: Final = 0.039
SOURCE_DISTANCE_SHARE: Final = 0.02
"""A source distance is read off a scale in steps of a centimetre or two in a metre."""


def from_line(
    ends: Sequence[Sequence[float]],
    length_um: float,
    *,
    aspect: float = 1.0,
    tolerance_um: float = 0.0,
    height_share: float = 0.0,
) -> Calibration:
    """Pixel size from a line between two marks, for example of a ruler.

    Parameters
    ----------
    ends
        Two points (x, y) in level-0 px, float.
    length_um
        Distance of the marks.
    aspect
        Height over width of a pixel: a line tells one number, and pixels that are not square need two.
    tolerance_um
        Half-width of the 95 % interval of the length itself.
    height_share
        The same, as a share, for not knowing that the object lies at the height of what is measured.

    Raises
    ------
    CalibrationError
        If the ends are nearer than ten times the error of a click.
    """
    (x0, y0), (x1, y1) = ends
    measured = math.hypot(x1 - x0, (y1 - y0) * aspect)
    if measured < 10 * CLICK_SD_PX:
        what = f"the two ends are {measured:.3g} px apart, which is too near to calibrate from"
        raise CalibrationError(what, remedy="take two marks that are further apart")
    reading = NORMAL_95 * math.sqrt(2) * CLICK_SD_PX / measured
    return _calibration("line", length_um, measured, ends, aspect, reading, tolerance_um, height_share)


def from_outline(
    points: Points,
    diameter_um: float,
    kind: str,
    *,
    aspect: float = 1.0,
    point_sd_px: float = CLICK_SD_PX,
    edge_px: float = 0.0,
    tolerance_um: float = 0.0,
    height_share: float = 0.0,
) -> Calibration:
    """Pixel size from points on the outline of a coin or a ball.

    A coin that is tilted casts an ellipse whose long axis is its diameter. A ball beside the central ray casts an
    ellipse that is drawn out away from it, and whose short axis is its diameter.

    Parameters
    ----------
    points
        Five points (x, y) or more, level-0 px.
    diameter_um
        True diameter.
    kind
        ``coin`` or ``ball``.
    point_sd_px
        Standard deviation of a point across the outline; that of the fit is taken where it is larger.
    edge_px
        Half-width of the 95 % interval of where the edge lies, common to all points: it moves the whole outline.
    aspect, tolerance_um, height_share
        As for ``from_line``.

    Raises
    ------
    CalibrationError
        If there are fewer points, they lie on no ellipse, or the ellipse is no ball's.
    """
    long_px, short_px, residual = ellipse_axes(points, aspect)
    if kind == "ball" and long_px > _LARGEST_BALL_RATIO * short_px:
        what = f"the outline is {long_px:.4g} by {short_px:.4g} px, which no ball casts"
        raise CalibrationError(what, remedy="set the points on its edge again, or call it a coin")
    if long_px > _LARGEST_COIN_RATIO * short_px:
        what = f"the outline is {long_px:.4g} by {short_px:.4g} px: it is too far from round"
        raise CalibrationError(what, remedy="set the points on its edge again, all round")
    measured = long_px if kind == "coin" else short_px
    count = len(points)
    spread = residual * math.sqrt(count / (count - LEAST_POINTS)) if count > LEAST_POINTS else 0.0
    # Half an axis is the mean radius and a wave of two periods: of n points it has the variance 3 s² / n.
    fit = NORMAL_95 * 2 * math.sqrt(3 / count) * max(point_sd_px, spread) / measured
    reading = math.hypot(fit, 2 * edge_px / measured)
    return _calibration(kind, diameter_um, measured, points, aspect, reading, tolerance_um, height_share)


def from_height(
    detector_um: tuple[float, float], height_um: float, source_um: float, *, height_error_um: float | None = None
) -> Calibration:
    """Pixel size at a height above the detector: that of the detector over SID / (SID - height).

    Parameters
    ----------
    detector_um
        Row and column spacing at the detector.
    height_um, source_um
        Of the lesion and of the source (SID), above the detector.
    height_error_um
        Half-width of the 95 % interval of the height; None for an estimate on the patient.

    Raises
    ------
    CalibrationError
        If the lesion would not lie between detector and source.
    """
    if not 0 <= height_um < 0.8 * source_um:
        what = f"a lesion {height_um / 1e3:g} mm above the detector, with the source at {source_um / 1e3:g} mm"
        raise CalibrationError(f"{what}, cannot be true", remedy="give both distances from the detector")
    factor = source_um / (source_um - height_um)
    height = ESTIMATED_HEIGHT_SHARE if height_error_um is None else height_error_um / (source_um - height_um)
    evidence = CalibrationEvidence(
        object="height",
        known_um=height_um,
        components=(("height", height), ("source distance", SOURCE_DISTANCE_SHARE * (factor - 1))),
    )
    row, col = (size / factor for size in detector_um)
    note = f"mm at {height_um / 1e3:g} mm above the detector: its pixel size / {factor:.5g}, SID {source_um / 1e3:g} mm"
    share = evidence.relative_uncertainty
    return Calibration(row, col, CalibrationSource.OBJECT_HEIGHT, CalibrationPlane.OBJECT, note, share, evidence)


def ellipse_axes(points: Points, aspect: float = 1.0) -> tuple[float, float, float]:
    """Long and short axis of the ellipse through points, and the root mean square distance from it; in columns' px.

    Direct least squares (Halir and Flusser 1998, Numerically stable direct least squares fitting of ellipses); the
    distance is Sampson's.

    Raises
    ------
    CalibrationError
        If there are fewer than five points, or they lie on no ellipse.
    """
    remedy = "set five points or more all round the edge"
    placed = np.array(points, dtype=np.float64).reshape(-1, 2) * (1.0, aspect)
    if len(placed) < LEAST_POINTS:
        raise CalibrationError(f"{len(placed)} points do not tell an ellipse", remedy=remedy)
    middle = placed.mean(axis=0)
    unit = float(np.abs(placed - middle).max()) or 1.0
    x, y = ((placed - middle) / unit).T
    quadratic, linear = np.stack([x * x, x * y, y * y], axis=1), np.stack([x, y, np.ones_like(x)], axis=1)
    try:
        reduced = -np.linalg.solve(linear.T @ linear, linear.T @ quadratic)
        scatter = quadratic.T @ quadratic + quadratic.T @ linear @ reduced
        vectors = np.real(np.linalg.eig(np.stack([scatter[2] / 2, -scatter[1], scatter[0] / 2]))[1])
    except np.linalg.LinAlgError:
        raise CalibrationError("the points lie on no ellipse", remedy=remedy) from None
    elliptic = np.flatnonzero(4 * vectors[0] * vectors[2] - vectors[1] ** 2 > 0)
    if elliptic.size != 1:
        raise CalibrationError("the points lie on no ellipse", remedy=remedy)
    a, b, c = (float(each) for each in vectors[:, elliptic[0]])
    d, e, f = (float(each) for each in reduced @ vectors[:, elliptic[0]])
    # Value at the centre, and the eigenvalues of the quadratic form, give the half axes.
    centre = np.linalg.solve([[2 * a, b], [b, 2 * c]], [-d, -e])
    level = -(f + (d * centre[0] + e * centre[1]) / 2)
    axes = np.sort(level / np.linalg.eigvalsh([[a, b / 2], [b / 2, c]]))
    if not (np.isfinite(axes).all() and axes[0] > 0):
        raise CalibrationError("the points lie on no ellipse", remedy=remedy)
    off = a * x * x + b * x * y + c * y * y + d * x + e * y + f
    slope = np.hypot(2 * a * x + b * y + d, b * x + 2 * c * y + e)
    residual = float(np.sqrt(np.mean((off / slope) ** 2))) * unit
    short_px, long_px = (2 * unit * float(np.sqrt(axis)) for axis in axes)
    if residual > 0.2 * short_px:
        raise CalibrationError("the points lie on no ellipse", remedy=remedy)
    return long_px, short_px, residual


def _calibration(
    kind: str,
    known_um: float,
    measured_px: float,
    points: Points,
    aspect: float,
    reading: float,
    tolerance_um: float,
    height_share: float,
) -> Calibration:
    components = (("reading", reading), ("size of the object", tolerance_um / known_um), ("height", height_share))
    evidence = CalibrationEvidence(
        object=kind,
        known_um=known_um,
        measured_px=measured_px,
        points=tuple((float(x), float(y)) for x, y in points),
        components=tuple((name, share) for name, share in components if share > 0),
    )
    col = known_um / measured_px
    where = " at the height of the object" if height_share else ""
    note = f"mm{where}: a {kind} of {known_um / 1e3:g} mm measures {measured_px:.5g} px"
    return Calibration(
        col * aspect, col, _SOURCES[kind], CalibrationPlane.OBJECT, note, evidence.relative_uncertainty, evidence
    )
