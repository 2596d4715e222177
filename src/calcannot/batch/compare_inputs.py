"""What a run was given, held against what the case gives today: image, strokes, pixel size, numbers of the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.batch.case_run import STROKES
from calcannot.errors import CalcannotError
from calcannot.io import open_image, sha256_of
from calcannot.store.annotation_file import read_annotation_file
from calcannot.store.stroke_state import StrokeState, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.io.source import Source
    from calcannot.model.case import CaseImage
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.result_item import ResultItem


def image_difference(case: CaseFolder, entry: CaseImage, item: ResultItem) -> str:
    """What is wrong with the file of an image; empty where it is the one that was measured and added."""
    try:
        path = case.image_path(entry.id)
        now = sha256_of(path)
    except CalcannotError as error:
        return str(error).rstrip(".")
    if now != item.sha256:
        return f"the image has changed since it was measured: SHA-256 {now[:12]}, not {item.sha256[:12]}"
    if now != entry.sha256:
        return f"the image is not the one that was added: SHA-256 {now[:12]}, not {entry.sha256[:12]}"
    return ""


def strokes_then(item: ResultItem, case: CaseFolder, image_id: str) -> StrokeState:
    """Strokes that the run kept; where it kept none, those of today."""
    path = item.folder / STROKES
    return read_annotation_file(path).state if path.exists() else case.strokes(image_id).read().state


def stroke_differences(then: StrokeState, now: StrokeState) -> Iterator[str]:
    """A sentence for each stroke that was drawn, changed or removed since, and for another order."""
    for name in now.order:
        if name not in then.strokes:
            yield f"the {now.strokes[name].kind.value} {_called(now, name)} was drawn since"
        elif not same(then.strokes[name], now.strokes[name]):
            yield f"the {now.strokes[name].kind.value} {_called(now, name)} was changed since"
    for name in then.order:
        if name not in now.strokes:
            yield f"the {then.strokes[name].kind.value} {_called(then, name)} was removed since"
    kept = [name for name in then.order if name in now.strokes]
    if kept != [name for name in now.order if name in then.strokes]:
        yield "the strokes lie in another order: a later one wins over an earlier one"


def _called(state: StrokeState, name: str) -> str:
    return state.strokes[name].name or name


def open_as_then(case: CaseFolder, entry: CaseImage, item: ResultItem) -> tuple[Source, str]:
    """The image with the pixel size of the run, and how today's differs from it (empty where it does not)."""
    path = case.image_path(entry.id)
    given = entry.calibration.to_calibration() if entry.calibration else None
    source = open_image(path, calibration=given)
    if source.info.calibration == item.calibration:
        return source, ""
    what = f"the pixel size is {_size(source)} today, and was {_text(item.calibration)}"
    source.close()
    # The file's own, where that is what the run had; else what the run says that it was given.
    source = open_image(path)
    if source.info.calibration != item.calibration and item.calibration is not None:
        source = source.with_calibration(item.calibration)
    return source, what


def _size(source: Source) -> str:
    return _text(source.info.calibration)


def _text(size: Any) -> str:
    if size is None:
        return "not known"
    return f"{size.um_per_px_row:.10g} x {size.um_per_px_col:.10g} µm ({size.source.value})"


def number_differences(then: dict[str, Any], now: dict[str, Any], place: str = "") -> list[str]:
    """Numbers of a resolved recipe that are not what they were, by their place in ``run.json``."""
    found: list[str] = []
    for key in {**then, **now}:
        if place == "" and key in ("warnings", "recipe", "fingerprint"):
            continue
        a, b = then.get(key), now.get(key)
        name = f"{place}{key}"
        if isinstance(a, dict) and isinstance(b, dict):
            found += number_differences(a, b, f"{name}.")
        elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
            pairs = ({str(k): x for k, x in enumerate(a)}, {str(k): x for k, x in enumerate(b)})
            found += number_differences(*pairs, f"{name}.")
        elif a != b:
            found.append(f"{name} is {_short(a)} in run.json, and comes out as {_short(b)}")
    return found


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)[:60]
