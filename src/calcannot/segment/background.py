"""Local background of a lesion on a radiograph: a smooth surface through the rim of its region of interest.

Bone and soft tissue shade slowly; mineral rises above them. A polynomial of second order is fitted to the rim, where
there is no mineral, by least squares that drop what lies beyond 2.5 standard deviations until nothing changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.resolved import Surface

Float = npt.NDArray[np.floating]

_ROUNDS = 25
_REJECT_SIGMA = 2.5
_TRUNCATED_SD = 0.9546  # standard deviation of a normal variable that is kept within 2.5 of its own
_LEAST_RIM_PX = 60  # ten for each coefficient


def design(rows: Float, cols: Float, centre_row: float, centre_col: float, scale: float) -> Float:
    """The six terms 1, y, x, y², xy, x² at each point; float64 (n, 6)."""
    y, x = (rows - centre_row) / scale, (cols - centre_col) / scale
    return np.stack([np.ones_like(y), y, x, y * y, x * y, x * x], axis=-1)


def surface_at(surface: Surface, row: int, col: int, height: int, width: int) -> Float:
    """Background level of every pixel of a box; float64 (height, width)."""
    rows, cols = np.mgrid[row : row + height, col : col + width].astype(np.float64)
    terms = design(rows, cols, surface.centre_row, surface.centre_col, surface.scale)
    # Summed term by term: a matrix product may add up in another order for another shape of box.
    level = np.zeros((height, width))
    for k, coefficient in enumerate(surface.coefficients):
        level += coefficient * terms[..., k]
    return level


def fit_surface(
    values: Float, region: npt.NDArray[np.bool_], rim_px: float, k_sigma: float, *, name: str, row: int, col: int
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
    k_sigma
        Threshold in standard deviations of a single pixel's residual.
    row, col
        Place of the box in the image.

    Raises
    ------
    RecipeError
        If the region is too small to hold a rim.
    """
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    rim = region & (depth <= rim_px)
    inner = region & ~rim
    if int(rim.sum()) < _LEAST_RIM_PX or not inner.any():
        what = f"the region {name} is too small for a rim of {rim_px:.0f} px"
        raise RecipeError(what, remedy="draw it wider around the lesion, or make background.rim smaller")
    rim_rows, rim_cols = np.nonzero(rim)
    centre_row, centre_col = row + (region.shape[0] - 1) / 2, col + (region.shape[1] - 1) / 2
    scale = max(region.shape) / 2
    terms = design(rim_rows + float(row), rim_cols + float(col), centre_row, centre_col, scale)
    levels = values[rim]
    coefficients, sigma, kept = _robust_fit(terms, levels)
    surface = Surface(
        region=name, centre_row=centre_row, centre_col=centre_col, scale=scale,
        coefficients=tuple(float(c) for c in coefficients), sigma=sigma, threshold=k_sigma * sigma,  # type: ignore[arg-type]
        peak=0.0, peak_fraction=0.0, rim_edge_ratio=float(1 - kept.mean()),
    )  # fmt: skip
    residual = values - surface_at(surface, row, col, *region.shape)
    # The peak is where the lesion is densest, not where the noise is: the median of 3 x 3.
    peak = float(ndimage.median_filter(residual, size=3)[inner].max())
    fraction = surface.threshold / peak if peak > surface.threshold else 1.0
    return Surface(**{f: getattr(surface, f) for f in _SAME}, peak=peak, peak_fraction=fraction)


_SAME = ("region", "centre_row", "centre_col", "scale", "coefficients", "sigma", "threshold", "rim_edge_ratio")


def _robust_fit(terms: Float, levels: Float) -> tuple[Float, float, npt.NDArray[np.bool_]]:
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
    return coefficients, sigma, kept
