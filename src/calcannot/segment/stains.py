"""Optical density vectors of stains, and the matrix that separates them.

Vectors are rows of optical density for red, green and blue, from the tables of Colour Deconvolution (Landini) and
Ruifrok and Johnston 2001 (Anal Quant Cytol Histol 23:291). Silver is an opaque neutral metal: no published table lists
it, (1, 1, 1)/sqrt(3) is the only sensible model. Nuclear fast red is the table's "Red Counterstain II", the usual red
counterstain; the source does not name the dye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError

if TYPE_CHECKING:
    from calcannot.model.recipe_rules import Stain

STAIN_VECTORS: Final[dict[str, tuple[float, float, float]]] = {
    "silver": (0.57735027, 0.57735027, 0.57735027),
    "nuclear-fast-red": (0.073615186, 0.79345673, 0.6041582),
    "alizarin-red": (0.0548, 0.4340, 0.8993),
    "haematoxylin": (0.65, 0.70, 0.29),
    "eosin": (0.07, 0.99, 0.11),
    "dab": (0.27, 0.57, 0.78),
    "methyl-green": (0.98003, 0.144316, 0.133146),
    "fast-red": (0.21393921, 0.85112669, 0.47794022),
    "acid-fuchsin": (0.09997159, 0.73738605, 0.6680326),
}


def separation_matrix(stain: Stain) -> npt.NDArray[np.float64]:
    """Matrix that ``skimage.color.separate_stains`` takes: inverse of the vectors as rows.

    Returns
    -------
    ndarray
        Shape (3, 3), float64. Rows are scaled to unit length first; a missing third is the cross product of the first
        two, as scikit-image's own two-stain matrices are made.

    Raises
    ------
    RecipeError
        For an unknown stain, a zero vector, vectors in one plane, or an index beyond the vectors.
    """
    rows = [np.array(_vector(v), dtype=np.float64) for v in stain.vectors]
    if stain.index >= len(rows):
        raise RecipeError(f"stain index {stain.index} is beyond the {len(rows)} vectors given")
    if any(not np.linalg.norm(row) > 0 for row in rows):
        raise RecipeError("a stain vector is zero", remedy="give optical densities for red, green and blue")
    rows = [row / np.linalg.norm(row) for row in rows]
    if len(rows) == 2:
        rows.append(np.cross(rows[0], rows[1]))
    matrix = np.stack(rows)
    if np.linalg.cond(matrix) > 1e4:
        raise RecipeError("the stain vectors lie in one plane", remedy="choose stains that differ in hue")
    return np.asarray(np.linalg.inv(matrix))


def _vector(vector: str | tuple[float, float, float]) -> tuple[float, float, float]:
    if not isinstance(vector, str):
        return vector
    if vector not in STAIN_VECTORS:
        known = ", ".join(sorted(STAIN_VECTORS))
        raise RecipeError(f"there is no stain named {vector!r}", remedy=f"choose one of {known}, or give a vector")
    return STAIN_VECTORS[vector]
