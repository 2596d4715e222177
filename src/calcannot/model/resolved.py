"""A recipe turned into plain numbers for one image: what runs, what is saved, what is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from calcannot.model.recipe_rules import Stain


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """Mineral where every bound that is not None holds: v > above, v >= at_least, v <= at_most.

    ``sensitivity`` is how far, in channel units, the bounds are moved to obtain the low and the high area.
    """

    channel: str | Stain
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    sensitivity: float = 0.0

    def widened(self, steps: float) -> ResolvedRule:
        """The same rule with each bound moved outwards by ``steps`` times its sensitivity (inwards where negative)."""
        by = steps * self.sensitivity
        return replace(
            self,
            above=None if self.above is None else self.above - by,
            at_least=None if self.at_least is None else self.at_least - by,
            at_most=None if self.at_most is None else self.at_most + by,
        )

    @property
    def threshold(self) -> float:
        """The number to show: the single bound, or the lower one of a range."""
        bounds = [b for b in (self.above, self.at_least, self.at_most) if b is not None]
        return bounds[0]


@dataclass(frozen=True, slots=True)
class Surface:
    """Background of one region of interest: a polynomial of second order in (row, col), in level-0 pixels.

    value = c0 + c1 y + c2 x + c3 y² + c4 xy + c5 x², with y = (row - centre_row) / scale and x likewise; pixel centres
    are at integers. ``smoothing_sigma_px`` is the Gaussian that the region's pixels go through first, ``sigma`` the
    rim's residual noise after it, ``peak`` the largest residual inside, ``threshold`` the residual above which a pixel
    is mineral, ``peak_fraction`` threshold over peak, ``rim_edge_ratio`` the share of the rim that lies off the
    background by more than 3 standard deviations of its noise.

    A region counts only with a pixel above ``core`` that is not in the rim of ``rim_px``, which is background. Clefts
    of up to twice ``cleft_radius_px`` are cut half-way in the image smoothed by ``cleft_smoothing_sigma_px``, whose
    noise is ``cleft_sigma``; 0 where none are looked for.

    ``seed_reach_px`` is the radius of the region of interest around a click, 0 where the region was drawn; a region
    then counts only with a pixel above ``core`` under the click. ``mirror_down_px`` and ``mirror_sum_px`` are where the
    other side lies that was subtracted: row r, column c less row r + down, column sum - c; None where none was.
    ``trough`` is the lowest residual inside.

    ``edge_roundness`` (0 for a plate, 1 for an ellipsoid) and ``edge_blur_px`` are what the outline rests on, None
    where it is a fixed share of the peak. ``outline_uncertainty_px`` is the standard uncertainty of
    the place of that outline, ``profile_uncertainty`` that of the area, as a share, that noise leaves where it is.
    """

    region: str
    centre_row: float
    centre_col: float
    scale: float
    coefficients: tuple[float, float, float, float, float, float]
    smoothing_sigma_px: float
    sigma: float
    threshold: float
    peak: float
    peak_fraction: float
    rim_edge_ratio: float
    core: float = 0.0
    rim_px: float = 0.0
    seed_reach_px: float = 0.0
    mirror_down_px: int | None = None
    mirror_sum_px: int | None = None
    trough: float = 0.0
    cleft_radius_px: float = 0.0
    cleft_smoothing_sigma_px: float = 0.0
    cleft_sigma: float = 0.0
    edge_roundness: float | None = None
    edge_blur_px: float | None = None
    outline_uncertainty_px: float | None = None
    profile_uncertainty: float | None = None


@dataclass(frozen=True, slots=True)
class ResolvedRecipe:
    """Numbers in grey levels and pixels.

    Attributes
    ----------
    rules, or_rules
        Mineral where all of ``rules`` hold, or any of ``or_rules``.
    surfaces
        Local backgrounds, one a region of interest; the rule then applies to the residual.
    tissue_at_most
        A pixel is glass where it is neutral and its darkest channel is above this, else tissue; None where reference
        is not tissue.
    core_at_most
        A region counts only with a pixel at or below this; None where any will do.
    core_at_least
        A region counts only with a pixel above this; None where any will do.
    fill_holes_px, open_radius_px, minimum_area_px
        Cleanup; 0 for none.
    smoothing_sigma_px
        Gaussian; 0 for none.
    found
        False where the gate says "no mineral found": the mask is then empty.
    evidence
        What the decision rests on: levels, contrast, valley. Numbers only.
    """

    recipe: str
    fingerprint: str
    kind: str
    rules: tuple[ResolvedRule, ...]
    or_rules: tuple[ResolvedRule, ...]
    surfaces: tuple[Surface, ...]
    reference: str
    tissue_at_most: float | None
    core_at_most: float | None
    fill_holes_px: int
    open_radius_px: int
    minimum_area_px: int
    smoothing_sigma_px: float
    found: bool
    reason: str
    evidence: dict[str, float]
    warnings: tuple[str, ...] = ()
    core_at_least: float | None = None

    @property
    def halo_px(self) -> int:
        """Rows and columns of smoothed pixels around a box that decide its mask.

        A hole of n pixels reaches n pixels at most; opening looks twice its radius.
        """
        return self.fill_holes_px + 2 * self.open_radius_px + (1 if self.fill_holes_px else 0)

    @property
    def threshold(self) -> float | None:
        """The number shown as the threshold: grey levels, or residual levels where there is one local background."""
        if self.surfaces:
            return self.surfaces[0].threshold if len(self.surfaces) == 1 else None
        return self.rules[0].threshold if self.rules else None

    @property
    def peak_fractions(self) -> tuple[float, ...]:
        """Shares of the peak at which outlines are drawn, of the regions of interest in which there is a lesion."""
        return tuple(surface.peak_fraction for surface in self.surfaces if 0 < surface.peak_fraction < 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``run.json``."""
        content = asdict(self)
        for key in ("rules", "or_rules"):
            for rule in content[key]:
                if isinstance(rule["channel"], Stain):
                    rule["channel"] = rule["channel"].model_dump()
        return content
