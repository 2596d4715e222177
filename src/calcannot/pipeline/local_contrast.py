"""A film as what rises above its surroundings: scikit-image's white top-hat and local adaptive mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.io.array_source import ArraySource
from calcannot.segment.smoothing import read_smoothed

if TYPE_CHECKING:
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


def above_surroundings(source: ImageSource, recipe: Recipe) -> ImageSource:
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
    pixels = read_smoothed(source, 0, 0, info.height_px, info.width_px, sigma_px, rounded=False)
    width_px = local.width.in_px(info.calibration, "local_contrast.width")
    return FilmAboveSurroundings(source, local_contrast(pixels.astype(np.float32), local, width_px))


def local_contrast(pixels: npt.NDArray[np.float32], local: LocalContrast, width_px: float) -> npt.NDArray[np.float32]:
    """What rises above its surroundings; float32 (height, width), in the levels of the film.

    Parameters
    ----------
    pixels
        Denser is higher; float32 (height, width).
    width_px
        Of the disc of the top-hat, or of the block that the local mean is taken over.
    """
    from skimage import filters, morphology

    if local.method == "top-hat":
        disc = morphology.disk(max(1, round(width_px / 2)), decomposition="sequence")  # type: ignore[no-untyped-call]
        risen = morphology.white_tophat(pixels, disc)
    else:
        block = 2 * max(1, round(width_px / 2)) + 1
        risen = pixels - filters.threshold_local(pixels, block)  # type: ignore[no-untyped-call]
    return np.asarray(risen, dtype=np.float32)
