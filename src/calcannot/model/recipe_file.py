"""Recipes from TOML, JSON and plain values."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calcannot.errors import RecipeError
from calcannot.model.recipe import Recipe

SCHEMA_VERSION = 1


def recipe_from_dict(content: dict[str, Any], *, path: Path | None = None) -> Recipe:
    """Validate plain values as a recipe.

    Raises
    ------
    RecipeError
        Naming the field and what is wrong with it.
    """
    version = content.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        what = f"the recipe has schema version {version}, this calcannot knows up to {SCHEMA_VERSION}"
        raise RecipeError(what, path=path, remedy="update calcannot")
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(_first_fault(error), path=path, remedy="see calcannot recipe schema") from None


def load_recipe_file(path: str | Path) -> Recipe:
    """Read a recipe from a TOML or JSON file.

    Raises
    ------
    RecipeError
        If the file is absent, is not UTF-8 TOML or JSON, or is not a recipe.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"the recipe cannot be read ({error.strerror or 'no such file'})"
        raise RecipeError(what, path=path, remedy="see calcannot recipe list") from None
    except UnicodeDecodeError:
        raise RecipeError("the recipe is not text in UTF-8", path=path) from None
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the recipe is not TOML or JSON: {error}", path=path) from None
    return recipe_from_dict(content, path=path)


def _first_fault(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False)
    # A union reports a fault per branch; the deepest location is the one the user meant, and of several as deep the one
    # whose fields were right and whose values were not.
    fault = (
        max(faults, key=lambda f: (len(f["loc"]), f["type"] == "value_error"))
        if faults[0]["type"] != "extra_forbidden"
        else faults[0]
    )
    place = ".".join(str(part) for part in fault["loc"] if isinstance(part, int) or part.isidentifier()) or "recipe"
    if fault["type"] == "extra_forbidden":
        return f"the recipe has an unknown field {place}"
    return f"recipe field {place}: {fault['msg'].removeprefix('Value error, ')} (got {str(fault['input'])[:60]!r})"
