"""The table that a measurement prints: what a pathologist reads first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calcannot.batch.job import Outcome
from calcannot.model.analysis import Analysis
from calcannot.model.resolved import ResolvedRecipe
from calcannot.model.run_record import Measured
from calcannot.morphometry.focus_columns import focus_rows
from calcannot.report.numbers import (
    area_text,
    extent_text,
    interval_text,
    length_text,
    outline_text,
    plane_text,
    share_text,
    significant,
    uncertainty_text,
)
from calcannot.report.radiograph_wording import foci_text, focus_sentences, sides_text, spread_text

_MOST_FOCI = 4


def print_summary(outcomes: Sequence[Outcome], output: Path) -> None:
    """One block an image: area, share, regions, extent, scale, threshold, warnings; then where the files are."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False)
    measured = [(outcome.input.name, outcome.measured) for outcome in outcomes if outcome.measured is not None]
    many = len(measured) > 3
    if many:
        table = Table("image", "calcified", "share", "regions", "length x width", "warnings")
        for name, found in measured:
            facts = dict(summary_rows(found))
            count = str(len(found.warnings) or "")
            half, outline = facts["95 % interval"].partition("± ")[2], outline_text(found.resolved)
            area = facts["calcified area"] + (f" ± {half}" if half else "") + (f", at {outline}" if outline else "")
            table.add_row(name, area, facts["share"], facts["regions"], facts["length x width"], count)
        console.print(table)
    else:
        for name, found in measured:
            table = Table(title=name, title_justify="left", title_style="bold", show_header=False, box=None)
            table.add_column(style="bold", no_wrap=True)
            table.add_column(overflow="fold")
            for key, value in summary_rows(found):
                table.add_row(key, value)
            console.print(table)
            console.print()
    if measured or len(outcomes) > 1:
        console.print(f"Tables, masks and overlays are in {output}", highlight=False)


def summary_rows(found: Measured | Analysis) -> list[tuple[str, str]]:
    """Label and text of every line of an image's block."""
    measured = Measured.of_analysis(found) if isinstance(found, Analysis) else found
    totals, resolved, size = measured.totals, measured.resolved, measured.calibration
    low = area_text(totals.area_low_mm2, totals.area_low_px)
    high = area_text(totals.area_high_mm2, totals.area_high_px)
    behind, outline = plane_text(size), outline_text(resolved)
    regions = str(totals.region_count)
    if totals.region_count:
        regions += f", the largest {area_text(totals.largest_area_mm2, totals.largest_area_px)}{behind}"
    rows = [
        ("calcified area", area_text(totals.calcified_area_mm2, totals.calcified_area_px) + behind),
        *([("outline at", f"{outline} above the local background")] if outline else []),
        ("95 % interval", interval_text(totals, size)),
        ("at threshold -/+", f"{low} to {high}{behind}" if resolved.found else "-"),
        ("share", share_text(totals.calcified_fraction, resolved.reference)),
        ("regions", regions),
        (
            "length x width",
            extent_text(
                totals.extent_length_mm, totals.extent_width_mm, totals.extent_length_px, totals.extent_width_px
            )
            + (length_text(size) if totals.region_count else ""),
        ),
        *_foci_rows(measured, found),
        ("recipe", f"{measured.recipe.name}{_threshold_text(resolved)}"),
    ]
    if size is None:
        rows.append(("scale", "not known"))
    else:
        note = f", {size.note}" if size.note else ""
        pixel = f"{size.um_per_px_row:g} x {size.um_per_px_col:g} µm a pixel, from {size.source.value}{note}"
        rows.append(("scale", f"{pixel}; {uncertainty_text(size)}"))
    rows += [("warning", warning) for warning in measured.warnings]
    return rows


def _foci_rows(measured: Measured, found: Measured | Analysis) -> list[tuple[str, str]]:
    foci, size = measured.foci, measured.calibration
    if not foci or not foci["count"]:
        return []
    sides = sides_text(foci, size)
    rows = focus_rows(found) if isinstance(found, Analysis) else foci.get("rows", ())
    each = [sentence.split(": ", 1) for sentence in focus_sentences(rows[:_MOST_FOCI], size)]
    more = [("more foci", f"{len(rows) - _MOST_FOCI}, in foci.csv")] if len(rows) > _MOST_FOCI else []
    return [
        ("foci", foci_text(foci)),
        *((name.partition(" (")[0].lower(), text.rstrip(".") + _side_of(name)) for name, text in each),
        *more,
        ("together", spread_text(foci, size)),
        *([("by side", sides)] if sides else []),
    ]


def _side_of(name: str) -> str:
    side = name.partition(" (")[2].rstrip(")")
    return f"; {side}" if side else ""


def _threshold_text(resolved: ResolvedRecipe) -> str:
    if not resolved.found:
        return ""
    if resolved.surfaces:
        levels = ", ".join(significant(surface.threshold) for surface in resolved.surfaces)
        return f", {levels} grey levels above the local background"
    rule = resolved.rules[0]
    channel = rule.channel if isinstance(rule.channel, str) else "stain"
    side = "at or below" if rule.at_most is not None and rule.at_least is None else "above"
    return f", {channel} {side} {significant(rule.threshold, 4)}"
