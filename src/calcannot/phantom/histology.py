"""A von Kossa section whose calcified area and number of deposits are known exactly.

I = B PSF( c T_deposit + (1 - c) T_tissue ), T = 10^-(sum of amounts times vectors), where c is the fraction of the
pixel that mineral covers: light adds up over a pixel, density does not. The blur is in intensity; then noise, gain,
clipping, rounding, and JPEG last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calcannot.phantom import distractors as distract
from calcannot.phantom import layout, optics
from calcannot.phantom.histology_spec import HistologySpec
from calcannot.phantom.raster import coverage
from calcannot.phantom.shape import Bools, Floats, Shape, Union

if TYPE_CHECKING:
    from collections.abc import Mapping

SILVER_ODS = (0.9, 1.5, 2.2)
_NEEDS_GLASS = {"pen", "bubble", "precipitate"}
_MASS_ABOVE = 0.05  # grains alone cannot be kept apart above this share of the field
_MASS_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class DepositTruth:
    """One deposit: its centre of mass in px, its area, and whether a formula or 16x coverage gave the area."""

    row_px: float
    col_px: float
    area_px: float
    area_um2: float
    kind: str
    area_by: Literal["formula", "coverage"]


@dataclass(frozen=True, slots=True)
class HistologyPhantom:
    """A rendered section and the truth about it.

    Attributes
    ----------
    rgb
        uint8, shape (height, width, 3).
    area_px, area_um2
        Exact mineral area: the sum over deposits.
    count
        Number of separate deposits (8-connected, at least 6 px apart).
    deposits
        Each deposit.
    coverage
        float64, shape (height, width): fraction of each pixel that is mineral.
    amounts
        Optical density by stain away from and inside deposits, float64, shape (height, width). Pixels that mineral
        covers in part mix the two in intensity.
    intensity
        float64, shape (height, width, 3), before noise, gain and rounding.
    distractor_masks
        bool, shape (height, width), by name: where each distractor is.
    """

    spec: HistologySpec
    seed: int
    rgb: npt.NDArray[np.uint8]
    area_px: float
    area_um2: float
    count: int
    deposits: tuple[DepositTruth, ...]
    coverage: Floats = field(repr=False)
    amounts: Mapping[str, Floats] = field(repr=False)
    intensity: Floats = field(repr=False)
    distractor_masks: Mapping[str, Bools] = field(repr=False)

    @property
    def fraction(self) -> float:
        """Mineral area as a share of the field."""
        return self.area_px / self.coverage.size


def render_histology(spec: HistologySpec | None = None, seed: int = 0) -> HistologyPhantom:
    """Render a section; the same specification and seed give the same bytes.

    Layout, tissue and camera have their own streams of chance: changing the stain or the noise moves no deposit.
    """
    spec = spec or HistologySpec()
    by_layout, by_tissue, by_silver, by_camera = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(4)
    )
    extent: Bools = np.ones(spec.size_px, dtype=bool)
    if _NEEDS_GLASS & set(spec.distractors):
        extent = distract.tissue_extent(spec.size_px, by_tissue)
    amounts, masks = _tissue(spec, extent, by_tissue)
    shapes = _shapes(spec, extent, masks, by_layout)
    covered = coverage(shapes, spec.size_px)
    if "cracks" in spec.distractors:
        clefts = coverage(distract.cracks(shapes, by_layout), spec.size_px)
        masks["cracks"] = (clefts > 0) & (covered > 0)
        covered = covered * (1 - clefts)
    deposits = _deposits(shapes, covered, spec.um_per_px)
    silver = np.zeros(spec.size_px)
    if shapes:
        grain = optics.texture(spec.size_px, 1.5, by_silver) if spec.uneven_silver else np.zeros(spec.size_px)
        silver = np.where(covered > 0, spec.silver_od * np.clip(1 + spec.uneven_silver * grain, 0.5, 1.5), 0.0)
        amounts = {name: np.where(covered >= 1, np.minimum(amount, 0.12), amount) for name, amount in amounts.items()}
        if spec.brown_rim:
            reach = ndimage.distance_transform_edt(covered == 0) * spec.um_per_px
            amounts["warm-silver"] = np.where(covered == 0, 0.5 * np.clip(1 - reach / 2.0, 0, 1), 0.0)
    around = optics.transmittance(amounts) if amounts else np.ones((*spec.size_px, 3))
    light = around * (1 + covered[..., None] * (optics.transmittance({"silver": silver}) - 1))
    lamp = np.asarray(optics.GLASS_RGB) * optics.vignette(spec.size_px, spec.vignette)
    intensity = lamp * optics.blur(light, spec.psf_sigma_px)
    rgb = optics.expose(intensity, spec.noise, spec.gain_rgb, by_camera)
    if spec.jpeg_quality is not None:
        rgb = optics.through_jpeg(rgb, spec.jpeg_quality)
    area_px = sum(deposit.area_px for deposit in deposits)
    return HistologyPhantom(
        spec=spec, seed=seed, rgb=rgb, area_px=area_px, area_um2=area_px * spec.um_per_px**2, count=len(deposits),
        deposits=deposits, coverage=covered, amounts={**amounts, "silver": silver}, intensity=intensity,
        distractor_masks=masks,
    )  # fmt: skip


def _tissue(spec: HistologySpec, extent: Bools, rng: np.random.Generator) -> tuple[dict[str, Floats], dict[str, Bools]]:
    """Amounts of everything but silver, and where the distractors are."""
    amounts: dict[str, Floats] = {}
    if spec.tissue:
        uneven = np.clip(1 + 0.35 * optics.texture(spec.size_px, 6.0, rng), 0.2, None)
        nuclei = distract.nuclei(spec.size_px, spec.um_per_px, spec.nuclei_per_mm2, rng)
        amounts[spec.counterstain] = np.where(extent, 0.12 * uneven + nuclei, 0.0)
    masks: dict[str, Bools] = {}
    for name in spec.distractors:
        if name != "cracks":
            masks[name] = distract.add(name, amounts, extent, spec.um_per_px, rng)
    return amounts, masks


def _shapes(spec: HistologySpec, extent: Bools, masks: Mapping[str, Bools], rng: np.random.Generator) -> list[Shape]:
    """Outlines of the deposits, clear of every distractor."""
    if not spec.mineral:
        return []
    if spec.deposits is not None:
        return list(spec.deposits)
    allowed = extent.copy()
    for mask in masks.values():
        allowed &= ~mask
    wanted = spec.mineral_fraction * allowed.size
    heap = spec.mineral_fraction > _MASS_ABOVE if spec.mass is None else spec.mass
    big = layout.mass(extent, _MASS_SHARE * wanted, rng) if heap else None
    share = (1 - _MASS_SHARE) * wanted if heap else wanted
    grains = layout.scatter(allowed, big, share, spec.um_per_px, rng)
    return [big, *grains] if big is not None else grains


def _deposits(shapes: list[Shape], covered: Floats, um_per_px: float) -> tuple[DepositTruth, ...]:
    """Truth of each connected deposit: the formula where one shape lies whole inside the image, else the coverage."""
    labels, count = ndimage.label(covered > 0, structure=np.ones((3, 3)))
    if not count:
        return ()
    numbers = np.arange(1, count + 1)
    areas = ndimage.sum_labels(covered, labels, numbers)
    centres = ndimage.center_of_mass(covered, labels, numbers)
    owners: dict[int, list[Shape]] = {int(number): [] for number in numbers}
    for shape in shapes:
        parts = shape.parts if isinstance(shape, Union) else (shape,)
        row, col = round(parts[0].row_px), round(parts[0].col_px)
        if 0 <= row < covered.shape[0] and 0 <= col < covered.shape[1] and labels[row, col]:
            owners[int(labels[row, col])].append(shape)
    truths = []
    for number, area, centre in zip(numbers, areas, centres, strict=True):
        mine = owners[int(number)]
        exact = mine[0].area_px2 if len(mine) == 1 else None
        # A cleft or the image border takes area away, and then only the coverage knows.
        whole = exact is not None and abs(exact - area) <= 0.002 * exact + 0.05
        value = exact if whole and exact is not None else float(area)
        kind = type(mine[0]).__name__.lower() if len(mine) == 1 else "group"
        truths.append(
            DepositTruth(float(centre[0]), float(centre[1]), value, value * um_per_px**2, kind,
                         "formula" if whole else "coverage")
        )  # fmt: skip
    return tuple(truths)
