"""A film as what rises above its surroundings: scikit-image's white top-hat and local adaptive mean.

What lies beyond the border of the film, or in a part of it that shows no patient, is no surroundings: the film is
taken to go on there as it ends. A strip along a border is then as wide as the film, and a vessel that ends at it stays
narrow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.io.array_source import ArraySource
from calcannot.segment.allowed import excluded_by_image
from calcannot.segment.polygons import inside_any
from calcannot.segment.smoothing import read_smoothed

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import LocalContrast, Recipe

_MOST_PX: Final = 150_000_000
"""Pixels of the largest film: it is held in memory as a whole, twice."""


class FilmAboveSurroundings(ArraySource):
    """A film after local contrast, float32; everything else is as in the film."""

    def __init__(self, film: ImageSource, pixels: npt.NDArray[np.float32]) -> None:
        super().__init__(pixels, name=film.info.name)
        self._info = replace(film.info, dtype="float32", value_range=self._info.value_range)
        self._film = film

    def check_unchanged(self) -> None:
        """As the film's own."""
        self._film.check_unchanged()


def above_surroundings(source: ImageSource, recipe: Recipe, annotations: Annotations) -> ImageSource:
    """The film that a recipe's threshold applies to: the source itself, unless the recipe asks for local contrast.

    Raises
    ------
    RecipeError
        If the image has colour or is too large to be held in memory.
    """
    local = recipe.local_contrast
    if local is None or isinstance(source, FilmAboveSurroundings):
        return source
    info = source.info
    if info.channels != 1:
        raise RecipeError("local contrast is for grey radiographs, and the image has colour", path=info.name)
    if info.height_px * info.width_px > _MOST_PX:
        what = f"local contrast is for films, and the image has {info.height_px} x {info.width_px} px"
        raise RecipeError(what, path=info.name, remedy="use a recipe with a threshold, or export a smaller level")
    sigma_px = 0.0 if recipe.smoothing is None else recipe.smoothing.in_px(info.calibration, "smoothing")
    pixels = read_smoothed(source, 0, 0, info.height_px, info.width_px, sigma_px, rounded=False).astype(np.float32)
    excluded = excluded_by_image(info, annotations)
    if excluded:
        pixels = _filled(pixels, inside_any(excluded, 0, 0, info.height_px, info.width_px))
    width_px = local.width.in_px(info.calibration, "local_contrast.width")
    return FilmAboveSurroundings(source, local_contrast(pixels, local, width_px))


def local_contrast(pixels: npt.NDArray[np.float32], local: LocalContrast, width_px: float) -> npt.NDArray[np.float32]:
    """What rises above its surroundings; float32 (height, width), in the levels of the film, which goes on as it ends.

    Parameters
    ----------
    pixels
        Denser is higher; float32 (height, width).
    width_px
        Of the disc of the top-hat, or of the block that the local mean is taken over.
    """
    from skimage import filters, morphology

    if local.method == "top-hat":
        radius = max(1, round(width_px / 2))
        disc = morphology.disk(radius, decomposition="sequence")
        beyond = 2 * radius  # as far as a disc reaches that touches the film
        risen = morphology.white_tophat(np.pad(pixels, beyond, mode="edge"), disc)[beyond:-beyond, beyond:-beyond]
    else:
        block = 2 * max(1, round(width_px / 2)) + 1
        risen = pixels - filters.threshold_local(pixels, block, mode="nearest")
    return np.ascontiguousarray(risen, dtype=np.float32)


def _filled(pixels: npt.NDArray[np.float32], out: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The film with each pixel that is out replaced by the nearest one that is not."""
    from scipy import ndimage

    if out.all() or not out.any():
        return pixels
    nearest = ndimage.distance_transform_edt(out, return_distances=False, return_indices=True)
    return np.asarray(pixels[tuple(nearest)])
