"""The recipes that come with calcannot, and how a recipe is found by name."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import RecipeError
from calcannot.model.image import ImageInfo, Modality
from calcannot.model.recipe_file import load_recipe_file, recipe_from_dict

if TYPE_CHECKING:
    from calcannot.model.recipe import Recipe

_FOLDER = "recipes"


@cache
def recipe_names() -> tuple[str, ...]:
    """Names of the shipped recipes, sorted."""
    folder = resources.files("calcannot.segment") / _FOLDER
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def load_recipe(name_or_file: str | Path) -> Recipe:
    """A shipped recipe by name, or one from a TOML or JSON file.

    Raises
    ------
    RecipeError
        If there is neither, or the file is not a recipe.
    """
    text = str(name_or_file)
    if text in recipe_names():
        return _shipped(text)
    path = Path(name_or_file)
    if path.is_file():
        return load_recipe_file(path)
    remedy = f"choose one of {', '.join(recipe_names())}, or give a TOML or JSON file"
    raise RecipeError(f"there is no recipe named {text!r}", remedy=remedy)


@cache
def _shipped(name: str) -> Recipe:
    content = (resources.files("calcannot.segment") / _FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return recipe_from_dict(tomllib.loads(content))


def default_recipe(info: ImageInfo, *, has_regions: bool) -> Recipe:
    """The recipe for an image when nobody chose one.

    Raises
    ------
    RecipeError
        For a grey image that does not say whether it is a radiograph: which side of grey is mineral is not guessed.
    """
    if info.modality is Modality.RADIOGRAPH:
        return load_recipe("radiograph-local" if has_regions else "radiograph-global")
    if info.modality is Modality.HISTOLOGY:
        return load_recipe("von-kossa")
    what = "the image is grey and does not say whether mineral is its dark or its bright side"
    remedy = "choose --recipe radiograph-global for a radiograph, or --recipe von-kossa for a grey picture of a section"
    raise RecipeError(what, path=info.name, remedy=remedy)
