"""A case as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.model.leaf import Leaf, Open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.store.case_folder import CaseFolder

_LATEST = 5


def record_lines(folder: CaseFolder) -> Iterator[str]:
    """Title, facts by group, images with their strokes, the latest changes."""
    case = folder.record
    yield f"{case.id}  {case.title}".rstrip()
    yield f"revision {case.revision}, schema {case.schema_version}"
    for name in type(case).model_fields:
        part = getattr(case, name)
        if name == "lesions":
            for lesion in part:
                yield from _group(f"lesion {lesion.id}", lesion)
        elif isinstance(part, Open):
            yield from _group(name.replace("_", " "), part)
        elif name == "other" and part:
            yield ""
            yield "other"
            for key, leaf in part.items():
                yield f"  {key}: {leaf_text(leaf)}"
    yield ""
    yield "images" if case.images else "no images"
    for image in case.images:
        state = folder.strokes(image.id).read().state
        strokes = len(state.order)
        size = image.calibration
        scale = f", {size.um_per_px_row:g} x {size.um_per_px_col:g} µm a pixel ({size.source})" if size else ""
        yield f"  {image.id}: {image.role}, {image.path}, {strokes} stroke(s){scale}"
        for conflict in state.unresolved:
            yield f"    conflict: {conflict.id}: {conflict.what}, as {conflict.kept_as}; remove one to decide"
        if image.radiograph:
            yield from (f"  {line}" for line in _group("technique", image.radiograph) if line)
    events = folder.history()
    if events:
        yield ""
        yield f"history, the latest of {len(events)}"
        for event in events[-_LATEST:]:
            who = event.author or "somebody"
            yield f"  {event.time[:19]} {who}: {event.what} ({event.file} {event.from_revision} to {event.to_revision})"


def leaf_text(leaf: Leaf) -> str:
    """Value, unit and how it is known, in words."""
    if leaf.value is None:
        text = leaf.status.value.replace("_", " ")
    else:
        unit = f" {leaf.unit}" if leaf.unit and leaf.unit != "1" else ""
        value: Any = f"{leaf.value:g}" if isinstance(leaf.value, float) else leaf.value
        text = f"{value}{unit} ({leaf.status.value})"
    beside = ", ".join(each for each in (leaf.source, leaf.date) if each)
    return text + (f", {beside}" if beside else "") + (f"; {leaf.note}" if leaf.note else "")


def _group(title: str, part: Open) -> Iterator[str]:
    leaves = [(name, getattr(part, name)) for name in type(part).model_fields]
    lines = [f"  {name.replace('_', ' ')}: {leaf_text(leaf)}" for name, leaf in leaves if isinstance(leaf, Leaf)]
    if lines:
        yield ""
        yield title
        yield from lines
