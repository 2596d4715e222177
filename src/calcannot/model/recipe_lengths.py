"""Lengths and areas as a recipe states them: in µm where the image has a pixel size, in pixels where it has none."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calcannot.errors import RecipeError
from calcannot.model.calibration import Calibration


class Strict(BaseModel):
    """Frozen, and with no field that it does not know: what every part of a recipe is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Length(Strict):
    """A length: ``um`` where the image is calibrated, ``px`` where it is not. Give one or both."""

    um: Annotated[float, Field(ge=0)] | None = None
    px: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.um is None and self.px is None:
            message = "give um, px, or both"
            raise ValueError(message)
        return self

    def in_px(self, calibration: Calibration | None, field: str) -> float:
        """Length in pixels of this image; RecipeError if only µm is given and nothing is known of the scale."""
        if self.um is not None and calibration is not None:
            return self.um / calibration.mean_um_per_px
        if self.px is not None:
            return self.px
        raise _needs_scale(field, f"{self.um:g} µm")


class Area(Strict):
    """An area: ``um2`` where the image is calibrated, ``px`` where it is not. Give one or both."""

    um2: Annotated[float, Field(ge=0)] | None = None
    px: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.um2 is None and self.px is None:
            message = "give um2, px, or both"
            raise ValueError(message)
        return self

    def in_px(self, calibration: Calibration | None, field: str) -> float:
        """Area in pixels of this image; RecipeError if only µm² is given and nothing is known of the scale."""
        if self.um2 is not None and calibration is not None:
            return self.um2 / calibration.pixel_area_um2
        if self.px is not None:
            return self.px
        raise _needs_scale(field, f"{self.um2:g} µm²")


def _needs_scale(field: str, value: str) -> RecipeError:
    what = f"{field} is {value}, and the image has no pixel size"
    return RecipeError(what, remedy="give --pixel-size, or a value in px in the recipe")
