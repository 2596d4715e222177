"""One measured image as every format gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
import numpy.typing as npt

from calcannot._version import __version__
from calcannot.runs.outlines import Outlines, trace_outlines

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import LabelledRuns

CLASS_NAME: Final = "Calcified"
"""Name of the one class that is exported."""

COLOUR: Final = (0, 200, 83)
"""Its red, green and blue: green is neither silver nor a counterstain."""

Progress = Callable[[int, int], None]
"""Called with regions or tiles done, and how many there are."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Pixels, table and origin of one image.

    Attributes
    ----------
    name, sha256
        Of the image.
    case
        Identifier of the case; the image's own name where there is none.
    runs
        The mask.
    columns
        Columns of ``regions.csv``; empty where there is no region.
    calibration
        Pixel size, or None.
    recipe, fingerprint
        Rule that decided which pixels are mineral.
    modality
        ``histology`` or ``radiograph``.
    licence
        Of the image; empty where none is stated.
    """

    name: str
    sha256: str
    case: str
    runs: LabelledRuns
    columns: dict[str, npt.NDArray[Any]] = field(repr=False)
    calibration: Calibration | None
    recipe: str
    fingerprint: str
    modality: str
    licence: str = ""

    @cached_property
    def outlines(self) -> Outlines:
        """Polygons of all regions."""
        return trace_outlines(self.runs)

    @cached_property
    def area_px(self) -> npt.NDArray[np.int64]:
        """Pixels of each region; int64 (regions,)."""
        lengths = self.runs.stop - self.runs.start
        return np.bincount(self.runs.region, weights=lengths)[1:].astype(np.int64)

    @property
    def region_count(self) -> int:
        """Number of regions."""
        return self.area_px.size

    def region_id(self, region: int) -> UUID:
        """Identifier of a region: the same for the same image, rule and number."""
        return uuid5(NAMESPACE_OID, f"{self.sha256}/{self.fingerprint}/{region}")

    def origin(self) -> dict[str, Any]:
        """What a file says of where it came from: plain values, no folder and no person."""
        scale = self.calibration
        return {
            "calcannot": __version__,
            "image": self.name,
            "sha256": self.sha256,
            "width_px": self.runs.width_px,
            "height_px": self.runs.height_px,
            "um_per_px_row": None if scale is None else scale.um_per_px_row,
            "um_per_px_col": None if scale is None else scale.um_per_px_col,
            "calibration_source": "none" if scale is None else scale.source.value,
            "recipe": self.recipe,
            "recipe_fingerprint": self.fingerprint,
        }
