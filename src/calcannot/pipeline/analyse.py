"""Measure one image: statistics, resolve, classify, label, sum up."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.analysis import Analysis
from calcannot.model.annotation import Annotations
from calcannot.model.classes import MINERAL, MINERAL_HIGH, MINERAL_LOW
from calcannot.model.image import ImageInfo, ImageSource, Modality
from calcannot.morphometry.totals import totals_of
from calcannot.morphometry.uncertainty import COVERAGE_FACTOR, outline_uncertainty
from calcannot.pipeline.clicks import BONE_EDGE_RATIO, click_warnings, name_of, surface_of
from calcannot.pipeline.foci import find_foci
from calcannot.pipeline.kept import kept_area_px, kept_components
from calcannot.pipeline.local_contrast import above_surroundings
from calcannot.pipeline.one_pass import look_once
from calcannot.pipeline.outline_share import peak_fraction_of
from calcannot.pipeline.passes import gather_statistics, measure_bands, shown_px
from calcannot.pipeline.region_places import RegionPlaces
from calcannot.processors import default_workers
from calcannot.segment.clefts import hidden_by_noise
from calcannot.segment.outline import is_faint, is_unsure
from calcannot.segment.resolve import resolve
from calcannot.segment.window import WindowClassifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.recipe import Recipe
    from calcannot.model.recipe_rules import Stain
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.pipeline.scan import Progress
    from calcannot.segment.statistics import ImageStatistics

NO_CALIBRATION = (
    "The image has no pixel size, so there are areas in pixels only. Give one with --pixel-size (for example 0.5um), "
    "type it in the panel of the viewer, or use a file that carries it (OME-TIFF, SVS, DICOM)."
)


def analyse(
    source: ImageSource,
    recipe: Recipe,
    annotations: Annotations | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    recorded: ResolvedRecipe | None = None,
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
    recorded
        The recipe in the numbers of an earlier run, which are then used instead of being found anew.

    Raises
    ------
    RecipeError
        If the recipe cannot be applied to this image.
    AnnotationError
        If strokes lie outside the image.
    ImageReadError
        If pixels cannot be decoded, or the file was changed meanwhile.
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
    if recipe.background is None and annotations.clicks:
        what = f"the recipe {recipe.name} cannot grow a lesion from a click"
        raise RecipeError(what, path=info.name, remedy="choose --recipe radiograph-local, or draw regions instead")
    with _timed(timings, "local contrast"):
        source = above_surroundings(source, recipe, annotations)
    with _timed(timings, "resolve"):
        statistics: ImageStatistics | None
        seen = look_once(source, recipe, annotations, workers, progress) if recorded is None else None
        if recorded is not None:
            resolved, statistics = recorded, None
        elif seen is None:
            resolved, statistics = resolve_for(source, recipe, annotations, workers=workers, progress=progress)
            statistics.forget()
        else:
            resolved, statistics = resolve(recipe, source.info, seen.statistics), seen.statistics
    with _timed(timings, "classify"):
        classifier = WindowClassifier(source.info, resolved, annotations)
        if seen is not None and seen.decides(resolved):
            builder = seen.measure_bands(source, classifier, workers, progress)
        else:
            builder = measure_bands(source, classifier, workers, progress)
        scale = classifier.scale
        del classifier  # and with it its tables: what follows is where most memory is needed
    with _timed(timings, "measure"):
        components = builder.components(MINERAL)
        keep = kept_components(components, resolved, scale)
        regions, runs = builder.finish(components, keep, workers)
        del components
        low, high = (kept_area_px(builder.components(mask), resolved, scale) for mask in (MINERAL_LOW, MINERAL_HIGH))
        reference_px = builder.reference_px
        if resolved.reference == "image":
            reference_px = shown_px(info, annotations)
        outline = outline_uncertainty(regions, resolved)
        totals = totals_of(regions, reference_px, low, high, info.calibration, outline)
        places = RegionPlaces(runs, len(regions))
        foci = find_foci(info, recipe, annotations, regions, places)
        shares = peak_fraction_of(places, annotations, resolved)
    source.check_unchanged()
    return Analysis(
        info=info,
        recipe=recipe,
        annotations=annotations,
        resolved=resolved,
        regions=regions,
        runs=runs,
        value_offset=scale.offset,
        value_step=scale.step,
        totals=totals,
        warnings=(
            *_warnings(info, recipe, resolved, annotations, statistics),
            *click_warnings(places, regions, annotations, resolved),
        ),
        foci=foci,
        peak_fraction=shares,
        timings_s=timings,
    )


def resolve_for(
    source: ImageSource,
    recipe: Recipe,
    annotations: Annotations,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    also: tuple[str | Stain, ...] = (),
) -> tuple[ResolvedRecipe, ImageStatistics]:
    """Statistics over the whole image or region of interest, and the recipe in numbers.

    Parameters
    ----------
    also
        Channels to have the histogram of, besides those that the recipe is decided by.
    """
    source = above_surroundings(source, recipe, annotations)
    statistics = gather_statistics(source, recipe, annotations, workers or default_workers(), progress, also)
    surfaces = (
        tuple(surface_of(source, recipe, region, annotations) for region in annotations.regions)
        if recipe.background
        else ()
    )
    return resolve(recipe, source.info, statistics, surfaces), statistics


def _check_strokes(annotations: Annotations, info: ImageInfo) -> None:
    for stroke in annotations.strokes:
        if not stroke.meets(info.height_px, info.width_px):
            what = f"the {stroke.kind.value} {stroke.name or stroke.id} lies outside the image"
            remedy = f"the image is {info.width_px} x {info.height_px} px; was it drawn on another image?"
            raise AnnotationError(what, path=info.name, remedy=remedy)


def _warnings(
    info: ImageInfo,
    recipe: Recipe,
    resolved: ResolvedRecipe,
    annotations: Annotations,
    statistics: ImageStatistics | None,
) -> tuple[str, ...]:
    found = [*info.warnings]
    if info.calibration is None:
        found.append(NO_CALIBRATION)
    found += resolved.warnings
    if recipe.local_contrast is not None:
        found.append(
            "Counted is what is narrow and rises above its surroundings: thin edges of bone, folds of skin and "
            "scratches do so too, and a wide lesion loses its middle. Look at the overlay."
        )
    elif recipe.kind == "radiograph" and recipe.background is None:
        found.append(
            "One threshold over a whole radiograph counts bone as mineral. Draw a region around each lesion and use "
            "radiograph-local."
        )
    if recipe.kind == "histology" and info.modality is Modality.RADIOGRAPH:
        found.append("A histology recipe was applied to a radiograph: mineral was taken to be dark.")
    if info.channels == 3 and statistics and statistics.channels and not statistics.has_colour:
        found.append(
            "The picture has colour channels but no colour: if it is a radiograph, save it as a grey image and use a "
            "radiograph recipe."
        )
    for surface in resolved.surfaces:
        if surface.rim_edge_ratio > BONE_EDGE_RATIO:
            found.append(
                f"The edge of a bone, or of something else, crosses the rim of "
                f"{name_of(surface, annotations)}: {surface.rim_edge_ratio:.1%} of the rim lies off the background by "
                f"more than its noise (up to {BONE_EDGE_RATIO:.0%} is usual). Do not believe the area: draw the region "
                "so that its rim avoids the edge, or exclude the bone."
            )
        if surface.mirror_sum_px is not None and surface.trough < -max(surface.core, surface.threshold):
            found.append(
                f"The other side is denser than {name_of(surface, annotations)} somewhere inside it: what is "
                "dense there was subtracted from the lesion. Use a recipe without mirror."
            )
        if is_faint(surface):
            found.append(
                f"The lesion in {name_of(surface, annotations)} hardly stands out of the noise: its edge is not seen, "
                "and its area is known no better than the 95 % interval says."
            )
        elif is_unsure(surface):
            found.append(
                f"Noise on the film leaves the area in {name_of(surface, annotations)} unsure by "
                f"{COVERAGE_FACTOR * (surface.profile_uncertainty or 0):.1%} (95 %), wherever its outline is drawn."
            )
        if hidden_by_noise(surface.cleft_radius_px, surface.cleft_smoothing_sigma_px):
            found.append(f"Noise hides septa in {name_of(surface, annotations)}: if there are any, they are counted.")
    return tuple(dict.fromkeys(found))


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = round(time.perf_counter() - start, 4)
