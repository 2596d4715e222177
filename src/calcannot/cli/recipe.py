"""``calcannot recipe``: the shipped recipes and anybody's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List, show and check recipes.", no_args_is_help=True)


@app.command("list")
def list_recipes() -> None:
    """Names and purposes of the shipped recipes."""
    from rich.console import Console
    from rich.table import Table

    from calcannot.segment.shipped import load_recipe, recipe_names

    table = Table("recipe", "for", "what it does")
    for name in recipe_names():
        recipe = load_recipe(name)
        table.add_row(name, recipe.kind, " ".join(recipe.description.split()))
    Console(markup=False).print(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name or file.", show_default=False)]) -> None:
    """Print a recipe as JSON, ready to be changed and used with --recipe."""
    from calcannot.segment.shipped import load_recipe

    typer.echo(json.dumps(load_recipe(name).to_dict(), indent=1, ensure_ascii=False))


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="Recipe file.", show_default=False)]) -> None:
    """Say whether a file is a recipe, and print its fingerprint."""
    from calcannot.model.recipe_file import load_recipe_file

    recipe = load_recipe_file(file)
    typer.echo(f"{file.name} is a recipe: {recipe.name}, fingerprint {recipe.fingerprint()}")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of recipes."""
    from calcannot.model.recipe import Recipe

    typer.echo(json.dumps(Recipe.model_json_schema(by_alias=True), indent=1, ensure_ascii=False))
