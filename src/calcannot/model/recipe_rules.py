"""What a recipe compares with what: channels, thresholds, and the names of automatic ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from calcannot.model.recipe_lengths import Strict


class Method(StrEnum):
    """Automatic thresholds by the names the field uses."""

    VALLEY = "valley"
    OTSU = "otsu"
    LI = "li"
    YEN = "yen"
    TRIANGLE = "triangle"
    ISODATA = "isodata"
    MEAN = "mean"
    MAX_ENTROPY = "max-entropy"
    MULTI_OTSU = "multi-otsu"


ChannelName = Literal[
    "red", "green", "blue", "grey", "value", "minimum", "lightness", "a*", "b*", "hue", "saturation", "od", "intensity"
]


class Stain(Strict):
    """One stain after colour deconvolution (Ruifrok and Johnston 2001), as scikit-image's ``separate_stains``.

    ``vectors`` are up to three names of known stains or rows of optical density for red, green and blue; a missing
    third is the cross product of the first two. ``index`` says which of them is thresholded. ``quantity`` is its
    ``amount`` in scikit-image's unit, or its ``transmittance``: the share of light that this stain alone lets through,
    on which a blurred edge crosses half-way at its true place.
    """

    vectors: Annotated[tuple[str | tuple[float, float, float], ...], Field(min_length=2, max_length=3)]
    index: Annotated[int, Field(ge=0, le=2)] = 0
    quantity: Literal["amount", "transmittance"] = "amount"


class Interval(Strict):
    """Mineral lies from ``low`` to ``high``, both included."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            message = "low is above high"
            raise ValueError(message)
        return self


class Rule(Strict):
    """One comparison of one channel.

    ``mineral = "dark"`` takes pixels at or below the threshold, ``"bright"`` those above it (scikit-image's
    convention: foreground is above, background is at or below).
    """

    channel: ChannelName | Stain
    mineral: Literal["dark", "bright"] = "dark"
    threshold: float | Interval | Method
