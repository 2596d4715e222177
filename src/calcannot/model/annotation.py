"""What a person drew on an image: regions of interest, exclusions, corrections."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class StrokeKind(StrEnum):
    """What a stroke does to the mask."""

    REGION = "region"
    EXCLUDE = "exclude"
    ADD = "add"
    ERASE = "erase"
    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One drawn shape.

    Attributes
    ----------
    rings
        Closed rings, each float64 of shape (n, 2) in (x, y): level-0 pixels from the image's top-left corner, so that
        the centre of pixel (row 0, col 0) is (0.5, 0.5). Outer rings and holes alike: a pixel is inside where its
        centre is inside an odd number of rings. The last point need not repeat the first.
    reason
        For an exclusion: ink, fold, pigment, dust or other.
    author, time
        Who, and when in ISO 8601; empty where unknown.
    side, morphology
        Codes of `calcannot.model.foci.Side` and `Morphology` for the deposits under the stroke, as its author chose.
    reach_px
        Of a region that is a click on a lesion: how far around it a lesion is grown. The region of interest is the
        circle of this radius, and only what hangs together with the click counts. None for a region that was drawn.
    peak_fraction
        Of a region or click: the share of the peak above the local background at which its outline is drawn, above 0
        and below 1, as its author chose; None where it is found.
    """

    id: str
    kind: StrokeKind
    rings: tuple[npt.NDArray[np.float64], ...]
    reason: str = ""
    name: str = ""
    author: str = ""
    time: str = ""
    side: str = ""
    morphology: str = ""
    reach_px: float | None = None
    peak_fraction: float | None = None

    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x, smallest y, largest x, largest y."""
        points = np.concatenate(self.rings)
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def meets(self, height_px: int, width_px: int) -> bool:
        """Whether its bounds reach into an image of this size."""
        x_min, y_min, x_max, y_max = self.bounds()
        return x_max > 0 and y_max > 0 and x_min < width_px and y_min < height_px


@dataclass(frozen=True, slots=True)
class Annotations:
    """All strokes of an image, oldest first: a later stroke wins over an earlier one."""

    strokes: tuple[Stroke, ...] = ()

    def of(self, *kinds: StrokeKind) -> tuple[Stroke, ...]:
        """Strokes of these kinds, in order."""
        return tuple(stroke for stroke in self.strokes if stroke.kind in kinds)

    @property
    def clicks(self) -> tuple[Stroke, ...]:
        """Regions of interest that are clicks on a lesion."""
        return tuple(stroke for stroke in self.regions if stroke.reach_px is not None)

    @property
    def regions(self) -> tuple[Stroke, ...]:
        """Regions of interest. Where there is none, the whole image is meant."""
        return self.of(StrokeKind.REGION)
