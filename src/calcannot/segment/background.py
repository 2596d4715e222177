"""Local background of a lesion on a radiograph: a smooth surface through the rim of its region of interest.

Bone and soft tissue shade slowly; mineral rises above them. A polynomial of second order is fitted to the rim, where
there is no mineral, by least squares that drop what lies beyond 2.5 standard deviations until nothing changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.resolved import Surface
from calcannot.segment.seeds import grown

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_ROUNDS = 25
_REJECT_SIGMA = 2.5
_TRUNCATED_SD = 0.9546  # standard deviation of a normal variable that is kept within 2.5 of its own
_EDGE_SIGMA = 3.0
_NOISE_REACH = 1 / 3  # of the rim's width, a standard deviation: 2 mm
_LEAST_RIM_PX = 60  # ten for each coefficient


def surface_at(surface: Surface, row: int, col: int, height: int, width: int) -> Float:
    """Background level of every pixel of a box; float64 (height, width)."""
    terms = _terms((height, width), row, col, surface.centre_row, surface.centre_col, surface.scale)
    return _level(np.array(surface.coefficients), terms)


def _terms(shape: tuple[int, ...], row: int, col: int, centre_row: float, centre_col: float, scale: float) -> Float:
    """The six terms 1, y, x, y², xy, x² of every pixel of a box; float64 (height, width, 6)."""
    rows, cols = np.mgrid[row : row + shape[0], col : col + shape[1]].astype(np.float64)
    y, x = (rows - centre_row) / scale, (cols - centre_col) / scale
    return np.stack([np.ones_like(y), y, x, y * y, x * y, x * x], axis=-1)


def _level(coefficients: Float, terms: Float) -> Float:
    # Summed term by term: a matrix product may add up in another order for another shape of box.
    level = np.zeros(terms.shape[:-1])
    for k in range(coefficients.size):
        level += coefficients[k] * terms[..., k]
    return level


def fit_surface(
    values: Float,
    region: Mask,
    rim_px: float,
    k_sigma: float,
    peak_fraction: float,
    *,
    smoothing_sigma_px: float,
    left_out: Mask | None = None,
    seed: Mask | None = None,
    name: str,
    row: int,
    col: int,
) -> Surface:
    """Fit the background of one region of interest.

    Parameters
    ----------
    values
        Image levels of the box around the region, float64 (height, width), higher is denser.
    region
        Pixels inside the region, bool (height, width).
    rim_px
        Width of the rim inside the region's outline that is taken for background.
    k_sigma, peak_fraction
        Threshold in standard deviations of a pixel's residual, and at least as a share of the highest residual.
    smoothing_sigma_px
        Gaussian that the values went through.
    left_out
        Pixels that are neither background nor lesion (bone that was drawn, text, shutters), bool (height, width).
    seed
        Pixels of a click, bool (height, width): the peak is that of what hangs together with it.
    row, col
        Place of the box in the image.

    Raises
    ------
    RecipeError
        If the region is too small to hold a rim.
    """
    from scipy import ndimage

    seen = region if left_out is None else region & ~left_out
    around = rim_of(region, rim_px)
    rim, inner = seen & around, seen & ~around
    if int(rim.sum()) < _LEAST_RIM_PX or not inner.any():
        what = f"the region {name} is too small for a rim of {rim_px:.0f} px"
        raise RecipeError(
            what, remedy="draw it wider around the lesion, exclude less of it, or make background.rim smaller"
        )
    centre_row, centre_col = row + (region.shape[0] - 1) / 2, col + (region.shape[1] - 1) / 2
    scale = max(region.shape) / 2
    terms = _terms(region.shape, row, col, centre_row, centre_col, scale)
    coefficients, sigma = _robust_fit(terms[rim], values[rim])
    level = _level(coefficients, terms)
    residual = values - level
    # The peak is where the lesion is densest, not where the noise is: the median of 3 x 3.
    quiet = ndimage.median_filter(residual, size=3)
    lesion = inner if seed is None else inner & grown(quiet > k_sigma * sigma, seed)
    peak = float(quiet[lesion].max()) if lesion.any() else 0.0
    threshold = max(k_sigma * sigma, peak_fraction * peak)
    return Surface(
        region=name,
        centre_row=centre_row,
        centre_col=centre_col,
        scale=scale,
        coefficients=tuple(float(c) for c in coefficients),  # type: ignore[arg-type]
        smoothing_sigma_px=smoothing_sigma_px,
        sigma=sigma,
        threshold=threshold,
        peak=peak,
        peak_fraction=threshold / peak if peak > threshold else 1.0,
        rim_edge_ratio=_edge_ratio(residual, rim, rim_px),
        core=k_sigma * sigma,
        rim_px=rim_px,
        trough=float(quiet[inner].min()),
    )


def rim_of(region: Mask, rim_px: float) -> Mask:
    """Pixels of a region at most ``rim_px`` from its outside; what lies beyond the array is outside."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    return np.asarray(region & (depth <= rim_px))


def _robust_fit(terms: Float, levels: Float) -> tuple[Float, float]:
    kept = np.ones(levels.size, np.bool_)
    coefficients: Float = np.zeros(terms.shape[1])
    sigma = 0.0
    for _ in range(_ROUNDS):
        coefficients = np.linalg.lstsq(terms[kept], levels[kept], rcond=None)[0]
        residual = levels - terms @ coefficients
        if kept.all():
            # Median deviation: a lesion that reaches into the rim does not widen the first cut.
            spread = float(np.median(np.abs(residual - np.median(residual)))) * 1.4826
        else:
            spread = float(residual[kept].std()) / _TRUNCATED_SD
        sigma = max(spread, float(np.finfo(np.float32).eps) * float(np.abs(levels).max() + 1))
        again = np.abs(residual) <= _REJECT_SIGMA * sigma
        if np.array_equal(again, kept) or again.sum() < _LEAST_RIM_PX:
            break
        kept = again
    return coefficients, sigma


def _edge_ratio(residual: Float, rim: Mask, rim_px: float) -> float:
    """Share of the rim that lies further from the background than its noise explains.

    Noise is what varies about the mean over a few millimetres: the edge of a bone stands out of that, and where it has
    spoilt the whole fit, most of the rim does. The median of the deviations does not see the edge itself.
    """
    from scipy import ndimage

    reach = rim_px * _NOISE_REACH
    total, weight = (ndimage.gaussian_filter(each, reach) for each in (np.where(rim, residual, 0.0), rim.astype(float)))
    fine = residual[rim] - total[rim] / weight[rim]
    noise = float(np.median(np.abs(fine - np.median(fine)))) * 1.4826
    return float(np.mean(np.abs(residual[rim]) > max(_EDGE_SIGMA * noise, float(np.finfo(np.float32).eps))))
