"""Which tiles of which images a model is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import OutputError
from calcannot.export.layouts import Kind
from calcannot.export.selection import SPLITS, TrainingOptions, drawn_order
from calcannot.export.tiles import TileGrid, grid_of, mineral_px

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from calcannot.export.subject import Subject
    from calcannot.model.image import ImageSource


Tissue = Callable[[npt.NDArray[Any]], float]
"""Share of tissue in pixels of the image."""


@dataclass(frozen=True, slots=True)
class TrainingImage:
    """One image to cut tiles from.

    Attributes
    ----------
    name, case, licence
        Of the image; the case is the patient, who is in one split only.
    subject
        Reads mask and origin; called twice, so that one mask at a time is in memory.
    opened
        Opens the pixels.
    tissue
        Share of tissue in a box, or None where the recipe does not tell tissue from glass.
    """

    name: str
    case: str
    licence: str
    subject: Callable[[], Subject]
    opened: Callable[[], AbstractContextManager[ImageSource]]
    tissue: Tissue | None


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """Grid of an image, mineral in px of each of its tiles, int64 (rows, columns), and what kind of picture it is."""

    grid: TileGrid
    mineral: npt.NDArray[np.int64]
    kind: Kind


def plan_of(image: TrainingImage, options: TrainingOptions) -> PlannedImage:
    """Look at an image and its mask; OutputError where they are not of one size, or have not the scale asked for."""
    subject = image.subject()
    with image.opened() as source:
        info = source.info
    if (info.height_px, info.width_px) != (subject.runs.height_px, subject.runs.width_px):
        what = f"is {info.width_px} x {info.height_px} px, its mask is not"
        raise OutputError(what, path=image.name, remedy="measure it again")
    grid = grid_of(
        info.height_px, info.width_px, subject.calibration,
        size_px=options.tile_px, overlap_px=options.overlap_px, um_per_px=options.um_per_px, name=image.name,
    )  # fmt: skip
    kind = Kind(options.tile_px, info.channels, info.dtype, subject.modality)
    return PlannedImage(grid, mineral_px(grid, subject.runs), kind)


def common_kind(images: Sequence[TrainingImage], plans: Sequence[PlannedImage]) -> Kind:
    """The kind that all images have; OutputError where one is of another."""
    first = plans[0].kind
    for image, plan in zip(images, plans, strict=True):
        if plan.kind != first:
            mine, other = (f"{k.modality}, {k.channels} channels of {k.dtype}" for k in (plan.kind, first))
            what = f"is of another kind ({mine}) than {images[0].name} ({other})"
            remedy = "one folder holds one kind of picture: choose images with --image"
            raise OutputError(what, path=image.name, remedy=remedy)
    return first


Places = list[tuple[int, int]]


def choose_tiles(
    images: Sequence[TrainingImage], plans: Sequence[PlannedImage], splits: dict[str, str], options: TrainingOptions
) -> tuple[list[Places], list[dict[tuple[int, int], float]], list[str]]:
    """Grid places of the tiles to keep in raster order, and the share of tissue where it was looked at."""
    chosen: list[Places] = [[(int(i), int(j)) for i, j in np.argwhere(plan.mineral > 0)] for plan in plans]
    shares: list[dict[tuple[int, int], float]] = [{} for _ in plans]
    warnings = []
    for split in SPLITS:
        members = [n for n, image in enumerate(images) if splits[image.case] == split]
        positive = sum(len(chosen[n]) for n in members)
        wanted = round(options.negatives * positive)
        candidates = [(n, int(i), int(j)) for n in members for i, j in np.argwhere(plans[n].mineral == 0)]
        order = drawn_order(candidates, split, options.seed)
        kept = _with_tissue(order, images, plans, wanted, options.tissue, shares)
        for n, i, j in kept:
            chosen[n].append((i, j))
        if len(kept) < wanted:
            warnings.append(f"There are only {len(kept)} tiles without mineral in {split}, {wanted} were asked for.")
        if members and not positive:
            warnings.append(f"No tile in {split} holds mineral, so it has no tiles.")
        if options.shares[SPLITS.index(split)] and not members:
            warnings.append(f"There are too few patients for {split}: it is empty.")
    return [sorted(places) for places in chosen], shares, warnings


def _with_tissue(
    order: Sequence[tuple[int, int, int]],
    images: Sequence[TrainingImage],
    plans: Sequence[PlannedImage],
    wanted: int,
    least: float,
    shares: list[dict[tuple[int, int], float]],
) -> list[tuple[int, int, int]]:
    """The first ``wanted`` tiles with enough tissue."""
    kept: list[tuple[int, int, int]] = []
    for n, i, j in order:
        if len(kept) == wanted:
            break
        measure = images[n].tissue
        if measure is not None:
            grid = plans[n].grid
            row, col = grid.corner(i, j)
            height = min(int(grid.box_height), grid.height_px - row)
            width = min(int(grid.box_width), grid.width_px - col)
            with images[n].opened() as source:
                shares[n][i, j] = measure(source.read(row, col, height, width))
            if shares[n][i, j] < least:
                continue
        kept.append((n, i, j))
    return kept
