"""``calcannot case``: make a case, add images, see it, put facts in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calcannot.store.case_folder import CaseFolder

app = typer.Typer(help="Make, fill and check cases.", no_args_is_help=True)

CASE = Annotated[Path, typer.Argument(help="Case folder.", show_default=False)]
AUTHOR = Annotated[str, typer.Option(help="Who does it, for the history; any name you choose.")]
FOUND = 1


@app.command("new")
def new(
    case: CASE,
    name: Annotated[str | None, typer.Option("--id", help="Pseudonym; from the folder unless given.")] = None,
    title: Annotated[str, typer.Option(help="Title.")] = "",
    author: AUTHOR = "",
) -> None:
    """Make an empty case."""
    from calcannot.store.case_folder import CaseFolder

    made = CaseFolder.create(case, id=name, title=title, author=author)
    typer.echo(f"Made the case {made.record.id} in {case}")


@app.command("add")
def add(
    case: CASE,
    image: Annotated[Path, typer.Argument(help="Image file; it stays where it is.", show_default=False)],
    role: Annotated[str | None, typer.Option(help="radiograph, histology, photograph or other.")] = None,
    name: Annotated[str | None, typer.Option("--id", help="Name within the case; by role unless given.")] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Overrides the file: 0.5um, 0.143mm, 0.5umx0.6um.")] = None,
    replace: Annotated[bool, typer.Option(help="The image with this id has moved or is a new file.")] = False,
    author: AUTHOR = "",
) -> None:
    """Add an image to a case."""
    from calcannot.batch.case_images import add_image
    from calcannot.store.case_folder import CaseFolder

    folder = CaseFolder.open(case)
    entry = add_image(folder, image, role=role, id=name, pixel_size=pixel_size, author=author, replace=replace)
    typer.echo(f"{'Replaced' if replace else 'Added'} {entry.id}, {entry.role}, SHA-256 {entry.sha256[:16]}...")
    for field, leaf in (entry.radiograph.model_dump() if entry.radiograph else {}).items():
        if leaf is not None:
            typer.echo(f"  {field} {leaf['value']} {leaf['unit'] or ''} ({leaf['source']})")


@app.command("show")
def show(
    case: CASE, as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False
) -> None:
    """Print what is known of a case, its images and its history."""
    from calcannot.store.case_folder import CaseFolder

    folder = CaseFolder.open(case)
    if as_json:
        typer.echo(json.dumps(folder.record.to_dict(), indent=1, ensure_ascii=False))
        return
    _print(folder)


@app.command("set")
def set_facts(
    case: CASE,
    facts: Annotated[
        list[str], typer.Argument(help='TOML, JSON or CSV files, or "subject.age=58 a".', show_default=False)
    ],
    source: Annotated[str | None, typer.Option(help="Where the facts were read.")] = None,
    date: Annotated[str | None, typer.Option(help="Day they are of, as 2015-05-30.")] = None,
    status: Annotated[str, typer.Option(help="How they are known: measured or reported.")] = "reported",
    record: Annotated[str | None, typer.Option(help="Which record of a table; the case's own id unless given.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Keep this column though it may name a person.")] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="Leave this column of a table out.")] = None,
    author: AUTHOR = "",
) -> None:
    """Put facts into the record; the rest stays as it is."""
    from calcannot.errors import CaseError
    from calcannot.model.case import Case
    from calcannot.model.leaf import Status
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.facts import facts_of
    from calcannot.store.record_import import Origin, with_facts

    folder = CaseFolder.open(case)
    if status not in (Status.MEASURED, Status.REPORTED):
        raise CaseError(f"{status!r} is not a status of facts", remedy="give --status measured or reported")
    origin = Origin(source, date, Status(status))
    given = [
        facts_of(
            each, origin, record=record or folder.record.id, is_asked=record is not None,
            keep=tuple(keep or ()), leave_out=tuple(leave_out or ()),
        )
        for each in facts
    ]  # fmt: skip

    def change(current: Case) -> Case:
        for each in given:
            current = with_facts(current, each.facts, each.origin, path=each.path)
        return current

    before = folder.record.revision
    after = folder.update(change, author=author, what=f"set {', '.join(sorted({k for g in given for k in g.facts}))}")
    typer.echo(f"Revision {after.revision}" if after.revision > before else "Nothing has changed")
    _print_doubts(folder)


@app.command("merge")
def merge(
    case: CASE,
    other: Annotated[Path, typer.Argument(help="Another copy of the same case.", show_default=False)],
    author: AUTHOR = "",
) -> None:
    """Take in the strokes of another copy of the case; both sets stay, and conflicts are listed."""
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.case_merge import merge_strokes

    merged = merge_strokes(CaseFolder.open(case), CaseFolder.open(other), author=author)
    for each in merged:
        typer.echo(f"{each.image}: {each.added} stroke(s) added, {each.removed} removed, {each.total} in all")
        for conflict in each.conflicts:
            typer.echo(f"  conflict: {conflict.id}: {conflict.what}, as {conflict.kept_as}")
    if any(each.conflicts for each in merged):
        raise typer.Exit(FOUND)


@app.command("check-privacy")
def check_privacy(
    case: CASE, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False
) -> None:
    """List what could tell whose case it is, without saying what it says; exit 1 where something does."""
    from dataclasses import asdict

    from calcannot.batch.privacy import check_privacy as check
    from calcannot.model.identifier import Weight
    from calcannot.store.case_folder import CaseFolder

    found = check(CaseFolder.open(case))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        for each in sorted(found, key=lambda each: each.identifier.weight != Weight.IDENTIFIES):
            typer.echo(f"{each.identifier.weight}: {each.place}: {each.identifier.group}: {each.identifier.what}")
        typer.echo("Text in the pixels is not looked for. Nothing was changed, and no case is anonymous by this list.")
    if any(each.identifier.weight is Weight.IDENTIFIES for each in found):
        raise typer.Exit(FOUND)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of case.json."""
    from calcannot.model.case import Case

    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Case.model_json_schema()}
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False))


@app.command("dictionary")
def dictionary() -> None:
    """Print the data dictionary: a table for REDCap, and the columns that case set reads."""
    from calcannot.store.record_table import dictionary_text

    typer.echo(dictionary_text(), nl=False)


def _print(folder: CaseFolder) -> None:
    from rich.console import Console

    from calcannot.store.record_text import record_lines

    console = Console(markup=False, highlight=False)
    for line in record_lines(folder):
        console.print(line, soft_wrap=True)
    _print_doubts(folder)


def _print_doubts(folder: CaseFolder) -> None:
    from calcannot.model.case_doubts import doubts

    for doubt in doubts(folder.record):
        typer.echo(f"to check: {doubt}")
