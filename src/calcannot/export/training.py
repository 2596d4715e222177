"""A folder that a model can be trained on: tiles of image and mask, and a manifest that says where each came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot._version import __version__
from calcannot.errors import OutputError
from calcannot.export.layouts import LAYOUTS, Kind, safe_name
from calcannot.export.manifest import manifest_fields, write_manifest, write_record
from calcannot.export.selection import SPLITS, TrainingOptions, drawn_order, split_cases
from calcannot.export.tiles import TileGrid, grid_of, image_tile, mask_tile, mineral_px

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from calcannot.export.subject import Subject
    from calcannot.model.image import ImageInfo, ImageSource

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
class TrainingReport:
    """What came out.

    Attributes
    ----------
    tiles, positive
        Number of tiles in each split, and of those with mineral.
    cases
        Number of patients in each split.
    lost_px, mineral_px
        Pixels that the format gets wrong, and pixels of mineral, over all tiles.
    warnings
        Sentences for the user.
    """

    tiles: dict[str, int]
    positive: dict[str, int]
    cases: dict[str, int]
    lost_px: int
    mineral_px: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Planned:
    grid: TileGrid
    mineral: npt.NDArray[np.int64]
    kind: Kind


def write_training_folder(
    folder: Path,
    layout: str,
    images: Sequence[TrainingImage],
    options: TrainingOptions,
    progress: Callable[[str, int, int], None] | None = None,
) -> TrainingReport:
    """Write tiles, ``manifest.csv``, ``manifest.parquet`` and ``training.json``.

    Every tile with mineral is kept. Of tiles without, as many as ``options.negatives`` says are drawn in each split,
    from those with enough tissue. The same images, results and options give the same files.

    Parameters
    ----------
    folder
        A new folder.
    layout
        One of ``LAYOUTS``.

    Raises
    ------
    OutputError
        If the images are of different kinds, or a scale is asked for that they do not have.
    """
    splits = split_cases([image.case for image in images], options.shares, options.seed)
    plans = [_plan(image, options) for image in images]
    kind = _common_kind(images, plans)
    chosen, shares, warnings = _choose(images, plans, splits, options)
    counts = Counter(splits[image.case] for image, tiles in zip(images, chosen, strict=True) for _ in tiles)
    writer = LAYOUTS[layout](folder, kind, {split: counts[split] for split in SPLITS})
    rows: list[dict[str, Any]] = []
    total = sum(map(len, chosen))
    for image, plan, name, tiles, tissue in zip(images, plans, _names(images), chosen, shares, strict=True):
        if not tiles:
            continue
        subject, split = image.subject(), splits[image.case]
        with image.opened() as source:
            for place in tiles:
                row, col = plan.grid.corner(*place)
                tile = f"{name}_r{row:06d}_c{col:06d}"
                mask = mask_tile(plan.grid, subject.runs, row, col)
                pixels = image_tile(plan.grid, source, row, col, _beyond(source.info))
                written = writer.add(tile, split, pixels, mask, source.info.value_range)
                rows.append(
                    {"tile": tile, "split": split, **written, "mineral_px": int(mask.sum())}
                    | {"tissue_fraction": tissue.get(place)}
                    | manifest_fields(subject, plan.grid, row, col, source.info.value_range)
                )
                if progress:
                    progress(image.name, len(rows), total)
    licences = sorted({image.licence for image in images if image.licence})
    facts = {"calcannot": __version__, "licence": "; ".join(licences)}
    writer.finish(facts)
    report = _report(rows, splits, warnings)
    write_manifest(folder, rows)
    write_record(folder, layout, options, kind, asdict(report), facts)
    return report


def _plan(image: TrainingImage, options: TrainingOptions) -> _Planned:
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
    return _Planned(grid, mineral_px(grid, subject.runs), kind)


def _common_kind(images: Sequence[TrainingImage], plans: Sequence[_Planned]) -> Kind:
    first = plans[0].kind
    for image, plan in zip(images, plans, strict=True):
        if plan.kind != first:
            mine, other = (f"{k.modality}, {k.channels} channels of {k.dtype}" for k in (plan.kind, first))
            what = f"is of another kind ({mine}) than {images[0].name} ({other})"
            remedy = "one folder holds one kind of picture: choose images with --image"
            raise OutputError(what, path=image.name, remedy=remedy)
    return first


Places = list[tuple[int, int]]


def _choose(
    images: Sequence[TrainingImage], plans: Sequence[_Planned], splits: dict[str, str], options: TrainingOptions
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
    plans: Sequence[_Planned],
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


def _beyond(info: ImageInfo) -> float:
    """What stands where an image ends: glass on a section, air on a film."""
    return info.value_range[1] if info.channels == 3 else info.value_range[0]


def _names(images: Sequence[TrainingImage]) -> list[str]:
    """A file name for each image; no two the same, also where upper and lower case are not told apart."""
    names: list[str] = []
    for image in images:
        stem = safe_name(image.name)
        seen = [name.casefold() for name in names]
        name = stem if stem.casefold() not in seen else safe_name(f"{image.case}-{stem}")
        number = 2
        while name.casefold() in seen:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _report(rows: list[dict[str, Any]], splits: dict[str, str], warnings: list[str]) -> TrainingReport:
    lost = sum(row["lost_px"] for row in rows)
    mineral = sum(row["mineral_px"] for row in rows)
    if lost:
        warnings = [*warnings, f"The format has no holes: {lost} px are filled, {lost / mineral:.2%} of the mineral."]
    return TrainingReport(
        tiles={split: sum(row["split"] == split for row in rows) for split in SPLITS},
        positive={split: sum(row["split"] == split and row["mineral_px"] > 0 for row in rows) for split in SPLITS},
        cases={split: sum(each == split for each in splits.values()) for split in SPLITS},
        lost_px=lost,
        mineral_px=mineral,
        warnings=tuple(warnings),
    )
