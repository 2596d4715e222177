"""What the documents say is so: examples run, links lead somewhere, columns and recipes are those of the program."""

import re
import shutil
from pathlib import Path

import pytest

from calcannot.segment.shipped import recipe_names
from calcannot.store.tables import IMAGE_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks(language):
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.S))
    ]


@pytest.fixture
def beside_samples(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "sample_images", tmp_path / "sample_images", ignore=shutil.ignore_patterns("*.py"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("block", _blocks("python"))
def test_python_examples_run(block, beside_samples):
    exec(compile(block, "example", "exec"), {})


@pytest.mark.parametrize("block", _blocks("toml"))
def test_recipe_examples_are_recipes(block, tmp_path):
    from calcannot.model.recipe import load_recipe_file

    (tmp_path / "recipe.toml").write_text(block, "utf-8")
    load_recipe_file(tmp_path / "recipe.toml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = page.parent / file if file else page
        assert place.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}, (
                target
            )


def test_every_column_is_explained_in_order():
    from calcannot import ArraySource, analyse, load_recipe, region_columns

    text = (ROOT / "docs" / "columns.md").read_text("utf-8")
    images, _, regions = text.partition("## regions.csv")
    assert re.findall(r"^\| `(\w+)` \|", images, re.M) == list(IMAGE_COLUMNS)
    import numpy as np

    source = ArraySource(np.full((8, 8, 3), 200, np.uint8), name="x")
    columns = region_columns(analyse(source, load_recipe("von-kossa").with_threshold(100)))
    assert re.findall(r"^\| `(\w+)` \|", regions, re.M) == ["image", *columns]


def test_every_shipped_recipe_is_described():
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    assert [name for name in recipe_names() if f"| `{name}` |" not in text] == []


def test_commands_exist():
    from calcannot.cli.main import app

    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    for page in PAGES:
        for command in re.findall(r"^ {4}calcannot (\w+)", page.read_text("utf-8"), re.M):
            assert command in known, (page.name, command)
