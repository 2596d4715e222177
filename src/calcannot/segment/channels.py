"""From pixels to the one number per pixel that a threshold is set on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Stain
from calcannot.segment.stains import separation_matrix

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo

Pixels = npt.NDArray[Any]
_INTEGER = {"red", "green", "blue", "value", "minimum", "glass"}
_GREY_MEANS_INTENSITY = {"red", "green", "blue", "value", "minimum", "grey", "intensity"}
_DECADES = 6.0
_NEUTRAL_SHARE = (
    8  # neutral: the channels differ by at most an eighth of the brightest; the palest tissue differs by more
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of one image: how to compute it, and the range it can take.

    Attributes
    ----------
    name
        For messages.
    spec
        As in the recipe.
    low, high
        Smallest and largest value possible.
    is_integer
        True where the value is one of the image's own grey levels.
    """

    name: str
    spec: str | Stain
    low: float
    high: float
    is_integer: bool

    @property
    def span(self) -> float:
        """Width of the range."""
        return self.high - self.low

    def values(self, pixels: Pixels) -> Pixels:
        """Channel of every pixel.

        Parameters
        ----------
        pixels
            (height, width, 3) uint8 or uint16, or (height, width) grey of any dtype.

        Returns
        -------
        ndarray
            (height, width): the image's dtype for integer channels, float64 otherwise.
        """
        if pixels.ndim == 2:
            return pixels
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        match self.spec:
            case "red":
                return red
            case "green":
                return green
            case "blue":
                return blue
            case "value":
                return np.asarray(np.maximum(np.maximum(red, green), blue))
            case "minimum":
                return np.asarray(np.minimum(np.minimum(red, green), blue))
            case "glass":
                return _neutral_minimum(red, green, blue)
            case _:
                return _float_channel(self.spec, pixels)


def channel_of(spec: str | Stain, info: ImageInfo) -> Channel:
    """Bind a recipe's channel to an image.

    On a grey image every channel that only orders pixels by brightness means its intensity.

    Raises
    ------
    RecipeError
        If the image does not have the channel: a hue of a grey image, an intensity of a colour one.
    """
    name = spec if isinstance(spec, str) else "stain " + str(spec.vectors[spec.index])
    low, high = info.value_range
    if info.channels == 1:
        if spec not in _GREY_MEANS_INTENSITY:
            raise RecipeError(f"the recipe needs the channel {name}, and the image is grey", path=info.name)
        return Channel("intensity", "intensity", low, high, info.dtype not in ("float32", "int32"))
    if spec == "intensity":
        remedy = "choose a histology recipe, or save the radiograph as a grey image"
        raise RecipeError("the recipe is for grey radiographs, and the image has colour", path=info.name, remedy=remedy)
    ranges = {
        "grey": (0.0, high),
        "lightness": (0.0, 100.0),
        "a*": (-128.0, 128.0),
        "b*": (-128.0, 128.0),
        "hue": (0.0, 360.0),
        "saturation": (0.0, 1.0),
        "od": (0.0, float(np.log10(high))),
    }
    if isinstance(spec, Stain):
        separation_matrix(spec)  # an unknown stain is reported before any pixel is read
        highest = 1.0 if spec.quantity == "transmittance" else _largest_stain_amount(spec)
        return Channel(name, spec, 0.0, highest, False)
    if spec in _INTEGER:
        return Channel(name, spec, low, high, True)
    return Channel(name, spec, *ranges[spec], False)


def _neutral_minimum(red: Pixels, green: Pixels, blue: Pixels) -> Pixels:
    """Darkest channel of neutral pixels, 0 for coloured ones: glass is bright and has no colour."""
    brightest = np.maximum(np.maximum(red, green), blue)
    darkest = np.minimum(np.minimum(red, green), blue)
    return np.where(brightest - darkest <= brightest // _NEUTRAL_SHARE, darkest, 0).astype(red.dtype)


def _float_channel(spec: str | Stain, rgb: Pixels) -> npt.NDArray[np.float64]:
    from skimage import color

    if isinstance(spec, Stain):
        amount = color.separate_stains(rgb, separation_matrix(spec))[..., spec.index]
        if spec.quantity == "transmittance":
            # scikit-image counts in ln / ln(1e-6): an amount of 1 is six decades.
            return np.asarray(10.0 ** (-_DECADES * amount))
        return np.asarray(amount, dtype=np.float64)
    white = float(65_535 if rgb.dtype == np.uint16 else 255)
    match spec:
        case "grey":
            return np.asarray(color.rgb2gray(rgb) * white)
        case "lightness":
            return np.asarray(color.rgb2lab(rgb)[..., 0])
        case "a*":
            return np.asarray(color.rgb2lab(rgb)[..., 1])
        case "b*":
            return np.asarray(color.rgb2lab(rgb)[..., 2])
        case "hue":
            return np.asarray(color.rgb2hsv(rgb)[..., 0] * 360.0)
        case "saturation":
            return np.asarray(color.rgb2hsv(rgb)[..., 1])
        case "od":
            # Mean of the three densities; a pixel of 0 counts as 1, the least that can be told from black.
            floored = np.maximum(rgb, 1).astype(np.float64)
            return np.asarray(-np.log10(floored / white).mean(axis=-1))
    raise RecipeError(f"there is no channel named {spec!r}")


def _largest_stain_amount(spec: Stain) -> float:
    """Amount of the stain in a black pixel or a pure hue, whichever is largest: the corners bound a linear map."""
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], dtype=np.uint8)
    return float(_float_channel(spec, corners[np.newaxis]).max())
