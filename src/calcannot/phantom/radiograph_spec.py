"""What film to render."""

from __future__ import annotations

from dataclasses import dataclass

from calcannot.phantom.nodules import Nodule

PAIR = (
    Nodule(row_mm=0.0, col_mm=-80.0, a_mm=25.0, b_mm=20.0, c_mm=9.0),
    Nodule(row_mm=10.0, col_mm=80.0, a_mm=15.0, b_mm=10.0, c_mm=6.0),
)


@dataclass(frozen=True, slots=True)
class RadiographSpec:
    """What to render.

    Attributes
    ----------
    size_mm
        Height and width of the detector.
    spacing_mm
        Side of a detector pixel.
    nodules
        Calcifications, in the object plane.
    sid_mm
        Source to detector.
    bone
        Add two iliac wings.
    scatter_to_primary
        Scattered over primary exposure: 0.2, 0.5 with a grid, 1.0 without.
    detector_sigma_mm, focal_spot_mm
        Detector blur (0.20 to 0.35) and size of the focal spot.
    exposure_ugy
        Exposure of the detector behind the thinnest part.
    grey_per_neper
        Grey levels for a factor e of exposure. Fewer when the film shows air, or 12 bits do not hold it.
    grey_unattenuated
        Grey level of the primary exposure behind the thinnest part. More scatter than 0.8 needs more than 500, or the
        level of the surroundings is cut off at 0.
    noise
        1 for Poisson noise, 0 for none.
    ball_height_mm
        Put a steel ball of 25 mm at this height near the lower left corner; None for no ball.
    """

    size_mm: tuple[float, float] = (240.0, 320.0)
    spacing_mm: float = 0.4
    nodules: tuple[Nodule, ...] = PAIR
    sid_mm: float = 1100.0
    bone: bool = False
    scatter_to_primary: float = 0.5
    detector_sigma_mm: float = 0.25
    focal_spot_mm: float = 1.2
    exposure_ugy: float = 2.5
    grey_per_neper: float = 800.0
    grey_unattenuated: float = 500.0
    noise: float = 1.0
    ball_height_mm: float | None = None

    def __post_init__(self) -> None:
        if min(self.size_mm) < 20 or not 0.05 <= self.spacing_mm <= 2:
            what = "a film has sides of at least 20 mm and a pixel of 0.05 to 2 mm"
            raise ValueError(what)
        if any(not 0 <= nodule.height_mm < self.sid_mm for nodule in self.nodules):
            what = "a nodule lies between the source and the detector"
            raise ValueError(what)

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width in px."""
        return round(self.size_mm[0] / self.spacing_mm), round(self.size_mm[1] / self.spacing_mm)
