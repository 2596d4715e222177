"""Which tiles a model is trained on: splits by patient, and how many tiles without mineral are kept."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calcannot.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SPLITS: Final = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What is asked for.

    Attributes
    ----------
    tile_px, overlap_px
        Side of a tile and how far neighbours overlap, in pixels of the tile.
    um_per_px
        Scale of the tiles; that of each image unless given.
    negatives
        Tiles without mineral kept for each tile with mineral, in every split.
    tissue
        Least share of tissue in a tile without mineral, where the recipe tells tissue from glass.
    shares
        Of the patients in train, val and test.
    seed
        Another seed is another choice; the same seed the same files.
    """

    tile_px: int = 512
    overlap_px: int = 0
    um_per_px: float | None = None
    negatives: float = 1.0
    tissue: float = 0.25
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 8 <= self.tile_px <= 8192:
            raise OutputError(f"a tile of {self.tile_px} px is not made", remedy="give --tile 8 to 8192")
        if not 0 <= self.overlap_px < self.tile_px:
            what = f"tiles of {self.tile_px} px cannot overlap by {self.overlap_px} px"
            raise OutputError(what, remedy="give an --overlap from 0 to less than --tile")
        if self.um_per_px is not None and not 0 < self.um_per_px < float("inf"):
            raise OutputError(f"{self.um_per_px} µm a pixel cannot be", remedy="give --um-per-px above 0")
        if not 0 <= self.negatives < float("inf") or not 0 <= self.tissue <= 1:
            what = "the ratio of negatives is 0 or more, and the share of tissue from 0 to 1"
            raise OutputError(what, remedy="check --negatives and --tissue")
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6 or not self.shares[0]:
            what = (
                f"the shares {', '.join(f'{share:g}' for share in self.shares)} do not add up to 1 with some in train"
            )
            raise OutputError(what, remedy="give for example --splits 0.7,0.15,0.15")


def split_cases(cases: Iterable[str], shares: tuple[float, float, float], seed: int) -> dict[str, str]:
    """Give every patient to one split.

    Counts follow the shares, with at least one patient in each split that has a share as long as there are enough:
    train first, then val, then test. The order is drawn by the seed and does not depend on the order of the arguments.
    """
    names = sorted(set(cases))
    random.Random(seed).shuffle(names)
    exact = [share * len(names) for share in shares]
    counts = [int(value + 1e-9) for value in exact]
    by_rest = sorted(range(len(SPLITS)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_rest[: len(names) - sum(counts)]:
        counts[i] += 1
    for i, share in enumerate(shares):
        if share and not counts[i]:
            largest = max(range(len(SPLITS)), key=lambda k: counts[k])
            # Of two patients one trains and one validates; a split is not emptied to fill another.
            if counts[largest] > 1 or i == 0:
                counts[largest] -= 1
                counts[i] += 1
    bounds = [name for name, count in zip(SPLITS, counts, strict=True) for _ in range(count)]
    return dict(zip(names, bounds, strict=True))


def drawn_order(candidates: Sequence[tuple[int, int, int]], split: str, seed: int) -> list[tuple[int, int, int]]:
    """Candidates in the order in which they are tried, drawn by the seed."""
    order = sorted(candidates)
    random.Random(f"{seed}/{split}").shuffle(order)
    return order
