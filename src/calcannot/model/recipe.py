"""A recipe: the rule by which pixels are called mineral, as a person asks for it.

A recipe states intent ("valley of the value channel", "5 µm²"). ``calcannot.segment.resolve`` turns it, once per image,
into plain numbers; those are what runs and what is saved.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from calcannot.model.recipe_lengths import Area, Length, Strict
from calcannot.model.recipe_rules import ChannelName, Interval, Method, Rule, Stain


class Cleanup(Strict):
    """Applied in this order: fill holes, open, drop small regions. Regions are 8-connected, holes 4-connected."""

    fill_holes_up_to: Area | None = None
    open_radius: Length | None = None
    minimum_area: Area | None = None


class LocalBackground(Strict):
    """Surface of second order fitted to the rim of each region of interest and subtracted before the threshold.

    ``rim`` is the width of that rim. Mineral is there where the residual exceeds ``k_sigma`` standard deviations of the
    rim's. The outline is drawn at the fraction f of the highest residual, which is stated with every area:

    - with ``edge_blur``, the blur that the film is expected to have (standard deviation), at the level that the
      lesion's own profile has at its edge: near half for a plate, lower for an ellipsoid;
    - without, at ``peak_fraction``, or higher where noise demands it. An ellipsoid then has 1 - f² of its area.

    The region is smoothed until ``k_sigma`` times the noise is ``peak_fraction`` of the peak. Clefts of up to
    ``cleft_width`` are cut half-way between floor and sides, and not filled by the blur.

    With ``seed_reach`` a region is a click: the region of interest is a circle of this radius around it, and only what
    hangs together with the click counts. With ``mirror`` the other side of the body is subtracted first, mirrored and
    laid on the rim of the region no further than this from its place: bone that is the same on both sides cancels.
    """

    rim: Length
    k_sigma: Annotated[float, Field(gt=0)] = 4.5
    peak_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.15
    edge_blur: Length | None = None
    cleft_width: Length | None = None
    seed_reach: Length | None = None
    mirror: Length | None = None


class LocalContrast(Strict):
    """Threshold what rises above its surroundings instead of the film itself, for what is narrower than ``width``.

    ``top-hat`` is scikit-image's ``white_tophat`` with a disc of this diameter: what the disc does not fit into.
    ``adaptive`` is the film less scikit-image's ``threshold_local``, a Gaussian mean over a block of this width. With
    ``grow_to``, what exceeds the threshold grows to this share of it (hysteresis): faint stretches count where they
    hang together with a bright one.
    """

    method: Literal["top-hat", "adaptive"]
    width: Length
    grow_to: Annotated[float, Field(gt=0, le=1)] = 1.0


class Gate(Strict):
    """Contrast below which an automatic threshold is not believed and the answer is "no mineral found".

    For the method valley it is 1 minus mineral level over tissue level; for the others the difference between the
    means on both sides of the threshold, as a share of the channel's range.
    """

    contrast: Annotated[float, Field(ge=0, le=1)]


class FociRule(Strict):
    """Which regions are counted as one focus, and how small a focus may be.

    Regions no further apart than ``joining`` are one. It decides no pixel and no area.
    """

    joining: Length
    minimum_area: Area | None = None


class Recipe(Strict):
    """Everything that decides which pixels are mineral. Immutable; ``fingerprint`` identifies it.

    ``core`` is hysteresis: a region counts only where its darkest pixel has come this share of the way from the
    threshold to the level of mineral. It drops the darkest nuclei, which reach the threshold and no further.
    """

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\r\n/\\]+$")]
    description: str = ""
    kind: Literal["histology", "radiograph"]
    channel: ChannelName | Stain
    mineral: Literal["dark", "bright"] = "dark"
    threshold: float | Interval | Method | None = None
    and_rules: Annotated[tuple[Rule, ...], Field(alias="and")] = ()
    or_rules: Annotated[tuple[Rule, ...], Field(alias="or")] = ()
    smoothing: Length | None = None
    background: LocalBackground | None = None
    local_contrast: LocalContrast | None = None
    cleanup: Cleanup = Cleanup()
    reference: Literal["tissue", "roi", "image"] = "image"
    gate: Gate | None = None
    core: Annotated[float, Field(gt=0, le=1)] | None = None
    foci: FociRule | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=True)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.threshold is None) == (self.background is None):
            message = "give either a threshold or a background"
            raise ValueError(message)
        if self.core is not None and self.threshold is not Method.VALLEY:
            message = "core belongs to the threshold valley, which knows the level of mineral"
            raise ValueError(message)
        if self.background is not None and (self.kind != "radiograph" or self.and_rules or self.or_rules):
            message = "background belongs to a radiograph recipe without further rules"
            raise ValueError(message)
        if self.local_contrast is not None and (self.kind != "radiograph" or self.mineral != "bright"):
            message = "local_contrast belongs to a radiograph recipe for bright mineral"
            raise ValueError(message)
        if self.local_contrast is not None and (self.background is not None or self.and_rules or self.or_rules):
            message = "local_contrast goes with one threshold and neither a background nor further rules"
            raise ValueError(message)
        if self.reference == "tissue" and self.kind != "histology":
            message = "reference = tissue is for histology; use roi or image"
            raise ValueError(message)
        return self

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Rules that must all hold: that of the recipe itself, unless it has a local background, and ``and``."""
        if self.threshold is None:
            return ()
        return (Rule(channel=self.channel, mineral=self.mineral, threshold=self.threshold), *self.and_rules)

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names that a recipe file uses, without what was left at its default of None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of everything but name and description, which decide no pixel."""
        content = {k: v for k, v in self.to_dict().items() if k not in ("name", "description")}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_threshold(self, threshold: float) -> Recipe:
        """The same recipe with a threshold set by hand, named so."""
        name = self.name if self.name.endswith(" (by hand)") else f"{self.name} (by hand)"
        return self.model_copy(update={"threshold": float(threshold), "core": None, "name": name[:80]})
