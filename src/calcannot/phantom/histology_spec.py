"""What section to render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from calcannot.phantom.shape import Shape


Counterstain = Literal["nuclear-fast-red", "eosin", "haematoxylin", "methyl-green", "methyl-blue"]
Distractor = Literal[
    "melanin", "haemosiderin", "fold", "pen", "dust", "bubble", "cracks", "precipitate", "carbon"
]  # fmt: skip
COUNTERSTAINS: tuple[str, ...] = get_args(Counterstain)
DISTRACTORS: tuple[str, ...] = get_args(Distractor)


@dataclass(frozen=True, slots=True)
class HistologySpec:
    """What to render.

    Attributes
    ----------
    size_px
        Height and width.
    um_per_px
        Pixel size in µm, the same along rows and columns.
    counterstain
        A name in ``COUNTERSTAINS``: red, eosin, haematoxylin, green, blue.
    silver_od
        Length of the silver's optical density vector: 0.9 thin, 1.5 usual, 2.2 dense.
    mineral, tissue
        Whether there is any. Neither: blank glass.
    mineral_fraction
        Share of the field aimed at. Above 0.05 most of it is one mass. What was reached is in the phantom.
    mass
        Put 90 % of the mineral into one mass of overlapping ellipses; None decides by the fraction.
    deposits
        Explicit outlines instead of a chance layout. Their number is unambiguous only if you keep them apart.
    psf_sigma_px
        Optical blur, standard deviation in px.
    noise
        1 for variance 0.02 I + 1 grey², 0 for none.
    uneven_silver
        Relative deviation of silver density inside deposits, a texture of sigma 1.5 px.
    brown_rim
        A warm rim of density 0.5 that fades within 2 µm of each deposit. Rim is not mineral.
    nuclei_per_mm2
        3400 for the standard field; skin dermis is sparser (500 to 1500).
    vignette
        Fall-off of the light towards the corners, 0 for none.
    gain_rgb
        White balance.
    jpeg_quality
        Quality of a JPEG round trip, or None.
    distractors
        Names in ``DISTRACTORS``. ``cracks`` are clefts inside deposits and are not mineral.
    """

    size_px: tuple[int, int] = (1024, 1024)
    um_per_px: float = 0.5
    counterstain: Counterstain = "nuclear-fast-red"
    silver_od: float = 1.5
    mineral: bool = True
    tissue: bool = True
    mineral_fraction: float = 0.02
    mass: bool | None = None
    deposits: tuple[Shape, ...] | None = None
    psf_sigma_px: float = 1.0
    noise: float = 1.0
    uneven_silver: float = 0.12
    brown_rim: bool = False
    nuclei_per_mm2: float = 3400.0
    vignette: float = 0.0
    gain_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)
    jpeg_quality: int | None = None
    distractors: tuple[Distractor, ...] = ()

    def __post_init__(self) -> None:
        if self.counterstain not in COUNTERSTAINS:
            what = f"there is no counterstain {self.counterstain!r}; choose from {', '.join(COUNTERSTAINS)}"
            raise ValueError(what)
        unknown = sorted(set(self.distractors) - set(DISTRACTORS))
        if unknown:
            what = f"there is no distractor {unknown[0]!r}; choose from {', '.join(DISTRACTORS)}"
            raise ValueError(what)
        if min(self.size_px) < 16 or not 0 < self.um_per_px <= 100 or not 0 <= self.mineral_fraction <= 0.6:
            what = "a section has at least 16 px a side, a pixel size of 0 to 100 µm and a mineral fraction of 0 to 0.6"
            raise ValueError(what)
