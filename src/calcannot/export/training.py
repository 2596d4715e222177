"""A folder that a model can be trained on: tiles of image and mask, and a manifest that says where each came from."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calcannot._version import __version__
from calcannot.export.layouts import LAYOUTS, safe_name
from calcannot.export.manifest import manifest_fields, write_manifest, write_record
from calcannot.export.selection import SPLITS, TrainingOptions, split_cases
from calcannot.export.tiles import image_tile, mask_tile
from calcannot.export.training_plan import TrainingImage, choose_tiles, common_kind, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from calcannot.model.image import ImageInfo


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
    plans = [plan_of(image, options) for image in images]
    kind = common_kind(images, plans)
    chosen, shares, warnings = choose_tiles(images, plans, splits, options)
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
