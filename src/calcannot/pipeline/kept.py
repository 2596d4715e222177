"""Which components are regions: large and dark enough or drawn by hand, and not rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.classes import ADDED, CORE, REJECTED

if TYPE_CHECKING:
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.morphometry.region_builder import Components
    from calcannot.segment.colour_table import LevelScale


def kept_components(components: Components, resolved: ResolvedRecipe, scale: LevelScale) -> npt.NDArray[np.bool_]:
    """Whether each component is a region; bool (n,)."""
    keep = components.area >= resolved.minimum_area_px
    if resolved.core_at_most is not None:
        keep &= scale.offset + components.level_min * scale.step <= resolved.core_at_most
    if resolved.surfaces or resolved.core_at_least is not None:
        keep &= components.bits & CORE != 0
    keep |= components.bits & ADDED != 0
    return np.asarray(keep & (components.bits & REJECTED == 0))


def kept_area_px(components: Components, resolved: ResolvedRecipe, scale: LevelScale) -> int:
    """Pixels of all regions of a mask."""
    return int(components.area[kept_components(components, resolved, scale)].sum())
