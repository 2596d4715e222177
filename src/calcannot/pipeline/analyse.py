"""Measure one image: statistics, resolve, classify, label, sum up."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.analysis import Analysis
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.classes import ADDED, MINERAL, MINERAL_HIGH, MINERAL_LOW, REFERENCE
from calcannot.model.image import ImageInfo, ImageSource, Modality
from calcannot.morphometry.components import label_runs
from calcannot.morphometry.region_table import areas_of, build_regions, flagged
from calcannot.morphometry.runs import RunCollector, RunTable
from calcannot.morphometry.totals import totals_of
from calcannot.pipeline.scan import Box, Progress, bands, default_workers, map_in_order
from calcannot.segment.background import fit_surface
from calcannot.segment.polygons import inside
from calcannot.segment.resolve import channels_needed, resolve, smoothing_px
from calcannot.segment.smoothing import read_smoothed
from calcannot.segment.statistics import ImageStatistics
from calcannot.segment.window import WindowClassifier, allowed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe, Surface
    from calcannot.segment.colour_table import LevelScale

_SMOOTHING_STEPS = 7

Labels = npt.NDArray[np.int32]
Pixels = npt.NDArray[np.generic]

NO_CALIBRATION = (
    "The image has no pixel size, so there are areas in pixels only. Give one with --pixel-size (for example 0.5um), "
    "calibrate from a line of known length in the viewer, or use a file that carries it (OME-TIFF, SVS, DICOM)."
)


def analyse(
    source: ImageSource,
    recipe: Recipe,
    annotations: Annotations | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Measure an image by a recipe.

    The result depends on the pixels, the recipe and the strokes, and on nothing else: not on the number of workers, the
    tiles of the file or the order in which they are read.

    Parameters
    ----------
    source
        An open image.
    recipe
        The rule as asked for.
    annotations
        Regions of interest, exclusions and corrections; none unless given.
    workers
        Threads; as many as processors unless given.
    progress
        Called now and then from the calling thread.

    Raises
    ------
    RecipeError
        If the recipe cannot be applied to this image.
    AnnotationError
        If strokes lie outside the image.
    ImageReadError
        If pixels cannot be decoded.
    """
    annotations = annotations or Annotations()
    workers = workers or default_workers()
    timings: dict[str, float] = {}
    info = source.info
    _check_strokes(annotations, info)
    if recipe.background is not None and not annotations.regions:
        what = f"the recipe {recipe.name} needs a region of interest around each lesion"
        remedy = "give one with --within regions.geojson or draw it in the viewer, or choose --recipe radiograph-global"
        raise RecipeError(what, path=info.name, remedy=remedy)
    with _timed(timings, "resolve"):
        resolved, statistics = resolve_for(source, recipe, annotations, workers=workers, progress=progress)
    with _timed(timings, "classify"):
        classifier = WindowClassifier(info, resolved, annotations)
        tables, reference_px = _classify(source, classifier, workers, progress)
    with _timed(timings, "measure"):
        labels, count = label_runs(tables[MINERAL], diagonal=True)
        keep = _kept(tables[MINERAL], labels, count, resolved, classifier.scale, annotations)
        regions, runs = build_regions(tables[MINERAL], labels, count, keep)
        low, high = (
            _area_after_cleanup(tables[bit], resolved, classifier.scale, annotations)
            for bit in (MINERAL_LOW, MINERAL_HIGH)
        )
        if resolved.reference == "image":
            reference_px = info.height_px * info.width_px
        totals = totals_of(regions, reference_px, low, high, info.calibration)
    return Analysis(
        info=info,
        recipe=recipe,
        annotations=annotations,
        resolved=resolved,
        regions=regions,
        runs=runs,
        value_offset=classifier.scale.offset,
        value_step=classifier.scale.step,
        totals=totals,
        warnings=_warnings(info, recipe, resolved, annotations, statistics),
        timings_s=timings,
    )


def resolve_for(
    source: ImageSource,
    recipe: Recipe,
    annotations: Annotations,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[ResolvedRecipe, ImageStatistics]:
    """Statistics over the whole image or region of interest, and the recipe in numbers."""
    info = source.info
    statistics = ImageStatistics(info, channels_needed(recipe, info))
    sigma_px = smoothing_px(recipe, info)
    if statistics.channels:
        bounded = bool(annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE))
        boxes = (box for band in bands(info) for box in band)

        def read(box: Box) -> Pixels:
            return read_smoothed(source, box.row, box.col, box.height, box.width, sigma_px)

        for box, pixels in map_in_order(read, boxes, workers or default_workers()):
            place = (box.row, box.col, box.height, box.width)
            statistics.add(pixels, allowed_in(annotations, *place) if bounded else None)
            if progress:
                progress("statistics", box.row + box.height, info.height_px)
    surfaces = tuple(_surface(source, recipe, region) for region in annotations.regions) if recipe.background else ()
    return resolve(recipe, info, statistics, surfaces), statistics


def _surface(source: ImageSource, recipe: Recipe, region: Stroke) -> Surface:
    info = source.info
    x_min, y_min, x_max, y_max = region.bounds()
    row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
    height, width = min(info.height_px, math.ceil(y_max)) - row, min(info.width_px, math.ceil(x_max)) - col
    assert recipe.background is not None
    background = recipe.background
    within = inside(region, row, col, height, width)
    # As little smoothing as the noise allows: blur moves an edge that is cut below half its height.
    for step in range(_SMOOTHING_STEPS + 1):
        sigma_px = smoothing_px(recipe, info) * step / _SMOOTHING_STEPS
        surface = fit_surface(
            read_smoothed(source, row, col, height, width, sigma_px).astype(np.float64),
            within,
            background.rim.in_px(info.calibration, "background.rim"),
            background.k_sigma,
            background.peak_fraction,
            smoothing_sigma_px=sigma_px,
            name=region.id,
            row=row,
            col=col,
        )
        if background.k_sigma * surface.sigma <= background.peak_fraction * surface.peak:
            break
    return surface


def _classify(
    source: ImageSource, classifier: WindowClassifier, workers: int, progress: Progress | None
) -> tuple[dict[int, RunTable], int]:
    """Runs of the three masks, and the number of reference pixels."""
    info = source.info
    collectors = {bit: RunCollector(info.width_px, bit) for bit in (MINERAL, MINERAL_LOW, MINERAL_HIGH)}
    reference_px = 0

    def work(box: Box) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        return classifier.classify(source, box.row, box.col, box.height, box.width)

    in_order = map_in_order(work, (box for band in bands(info) for box in band), workers)
    for band in bands(info):
        height = band[0].height
        classes = np.empty((height, info.width_px), np.uint8)
        levels = np.empty((height, info.width_px), np.int32)
        for _ in band:
            box, (part, part_levels) = next(in_order)
            classes[:, box.col : box.col + box.width] = part
            levels[:, box.col : box.col + box.width] = part_levels
        reference_px += int(np.count_nonzero(classes & REFERENCE))
        for collector in collectors.values():
            collector.add_band(classes, levels)
        if progress:
            progress("classify", band[0].row + height, info.height_px)
    return {bit: collector.finish() for bit, collector in collectors.items()}, reference_px


def _kept(
    runs: RunTable, labels: Labels, count: int, resolved: ResolvedRecipe, scale: LevelScale, annotations: Annotations
) -> npt.NDArray[np.bool_]:
    """Regions large and dark enough or drawn by hand, and not rejected."""
    keep = areas_of(runs, labels, count) >= resolved.minimum_area_px
    if resolved.core_at_most is not None:
        darkest = np.full(count, np.iinfo(np.int32).max, np.int32)
        np.minimum.at(darkest, labels, runs.level_min)
        keep &= scale.offset + darkest * scale.step <= resolved.core_at_most
    keep |= flagged(runs, labels, count, ADDED)
    for stroke in annotations.of(StrokeKind.REJECT):
        keep[_regions_under(runs, labels, stroke)] = False
    return keep


def _regions_under(runs: RunTable, labels: Labels, stroke: Stroke) -> npt.NDArray[np.intp]:
    """Components with a pixel inside the stroke."""
    x_min, y_min, x_max, y_max = stroke.bounds()
    row, last_row = max(0, math.floor(y_min)), min(runs.height_px, math.ceil(y_max))
    col, last_col = max(0, math.floor(x_min)), min(runs.width_px, math.ceil(x_max))
    touched = inside(stroke, row, col, last_row - row, last_col - col)
    hits: list[int] = []
    for r in range(row, last_row):
        for run in range(int(runs.row_start[r]), int(runs.row_start[r + 1])):
            if touched[r - row, max(0, runs.start[run] - col) : max(0, runs.stop[run] - col)].any():
                hits.append(int(labels[run]))
    return np.unique(np.array(hits, dtype=np.intp))


def _area_after_cleanup(runs: RunTable, resolved: ResolvedRecipe, scale: LevelScale, annotations: Annotations) -> int:
    labels, count = label_runs(runs, diagonal=True)
    keep = _kept(runs, labels, count, resolved, scale, annotations)
    return int(areas_of(runs, labels, count)[keep].sum())


def _check_strokes(annotations: Annotations, info: ImageInfo) -> None:
    for stroke in annotations.strokes:
        x_min, y_min, x_max, y_max = stroke.bounds()
        if x_max <= 0 or y_max <= 0 or x_min >= info.width_px or y_min >= info.height_px:
            what = f"the {stroke.kind.value} {stroke.name or stroke.id} lies outside the image"
            remedy = f"the image is {info.width_px} x {info.height_px} px; was it drawn on another image?"
            raise AnnotationError(what, path=info.name, remedy=remedy)


def _warnings(
    info: ImageInfo, recipe: Recipe, resolved: ResolvedRecipe, annotations: Annotations, statistics: ImageStatistics
) -> tuple[str, ...]:
    found = [*info.warnings]
    if info.calibration is None:
        found.append(NO_CALIBRATION)
    found += resolved.warnings
    if recipe.kind == "radiograph" and recipe.background is None:
        found.append(
            "One threshold over a whole radiograph counts bone as mineral. Draw a region around each lesion and use "
            "radiograph-local."
        )
    if recipe.kind == "histology" and info.modality is Modality.RADIOGRAPH:
        found.append("A histology recipe was applied to a radiograph: mineral was taken to be dark.")
    if info.channels == 3 and statistics.channels and not statistics.has_colour:
        found.append(
            "The picture has colour channels but no colour: if it is a radiograph, save it as a grey image and use a "
            "radiograph recipe."
        )
    for surface in resolved.surfaces:
        if 0 < surface.peak_fraction < 1:
            found.append(
                f"The outline in region {_name_of(surface, annotations)} is drawn at {surface.peak_fraction:.0%} of "
                "the peak above the local background."
            )
    return tuple(dict.fromkeys(found))


def _name_of(surface: Surface, annotations: Annotations) -> str:
    return next((s.name or s.id[:8] for s in annotations.regions if s.id == surface.region), surface.region[:8])


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = round(time.perf_counter() - start, 4)
