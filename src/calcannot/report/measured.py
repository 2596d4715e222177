"""What a report needs to know of a measured image, whether it comes from a run on disk or from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from calcannot.model.analysis import Totals
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe


class Measured(Protocol):
    """What a report needs to know of a measured image."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def modality(self) -> str: ...  # noqa: D102
    @property
    def height_px(self) -> int: ...  # noqa: D102
    @property
    def width_px(self) -> int: ...  # noqa: D102
    @property
    def calibration(self) -> Calibration | None: ...  # noqa: D102
    @property
    def recipe(self) -> Recipe: ...  # noqa: D102
    @property
    def resolved(self) -> ResolvedRecipe: ...  # noqa: D102
    @property
    def regions_of_interest(self) -> int: ...  # noqa: D102
    @property
    def left_out(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def foci(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def metadata(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def polarity(self) -> str: ...  # noqa: D102
    @property
    def totals(self) -> Totals: ...  # noqa: D102
    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def software(self) -> str: ...  # noqa: D102
    @property
    def finished(self) -> str: ...  # noqa: D102
    @property
    def columns(self) -> Mapping[str, npt.NDArray[Any]]: ...  # noqa: D102


class Extent(Protocol):
    """Mineral in one region of interest."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def area_px(self) -> int: ...  # noqa: D102
    @property
    def area_mm2(self) -> float | None: ...  # noqa: D102
    @property
    def length_mm(self) -> float | None: ...  # noqa: D102
    @property
    def width_mm(self) -> float | None: ...  # noqa: D102
    @property
    def length_px(self) -> float | None: ...  # noqa: D102
    @property
    def width_px(self) -> float | None: ...  # noqa: D102
