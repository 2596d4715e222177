"""What the documents say is so: examples and commands run, links lead somewhere, tables are those of the program."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from calcannot import ArraySource, Calibration, analyse, load_recipe, region_columns
from calcannot.model.calibration import CalibrationSource
from calcannot.model.foci import FOCUS_COLUMNS
from calcannot.model.recipe import Recipe
from calcannot.model.recipe_file import load_recipe_file
from calcannot.model.recipe_rules import ChannelName, Method
from calcannot.segment.shipped import recipe_names
from calcannot.segment.stains import STAIN_VECTORS
from calcannot.store.tables import IMAGE_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OURS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
PAGES = [*OURS, ROOT / "CONTRIBUTING.md", ROOT / "sample_images" / "README.md"]

# A fence of this language is run: ``sh`` as commands of calcannot and Dask, ``python`` and ``toml`` as what they are;
# ``bash`` and ``yaml`` by test_docs_cluster. An indented block is only shown.
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_PLACE_OF_COMMANDS = (
    "section.tif",
    "film.dcm",
    "lesions.geojson",
    "regions.geojson",
    "photo.jpg",
    "slides",
    "more",
    "cases.csv",
    "sample_images",
)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(language: str) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, (name, block) in enumerate(_FENCE.findall(text_of(page)))
        if name == language
    ]


@pytest.fixture
def beside_samples(tmp_path, monkeypatch):
    """A folder to work in, with the sample images where a checkout has them."""
    shutil.copytree(ROOT / "sample_images", tmp_path / "sample_images", ignore=shutil.ignore_patterns("*.py", "__*"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def drawn_files(tmp_path_factory):
    """What the commands are given: the sample images under plain names, and a few small fields."""
    from calcannot.phantom.histology import render_histology
    from calcannot.phantom.histology_spec import HistologySpec
    from calcannot.phantom.write import write_histology

    folder = tmp_path_factory.mktemp("files")
    shutil.copytree(ROOT / "sample_images", folder / "sample_images", ignore=shutil.ignore_patterns("*.py", "__*"))
    shutil.copy(ROOT / "sample_images/radiograph.dcm", folder / "film.dcm")
    shutil.copy(ROOT / "sample_images/annotations/radiograph.dcm.geojson", folder / "lesions.geojson")
    field = render_histology(HistologySpec(size_px=(512, 512)), 0)
    for name in ("section.tif", "photo.jpg", "slides/slide1.tif", "slides/slide2.tif", "more/slide7.tif"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_histology(field, folder / name)
    ring = [[50, 50], [450, 50], [450, 450], [50, 450], [50, 50]]
    square = {"type": "Polygon", "coordinates": [ring]}
    (folder / "regions.geojson").write_text(json.dumps(square), encoding="utf-8")
    (folder / "cases.csv").write_text("image,case\nslide1.tif,patient-1\nslide2.tif,patient-2\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Dask's sockets
@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(block, beside_samples):
    for name in re.findall(r"^(?:from|import) (\w+)", block, re.M):
        pytest.importorskip(name, reason="this lane has not what the example shows")
    exec(compile(block, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", blocks("toml"))
def test_recipes_are_recipes_and_measure(block, tmp_path):
    (tmp_path / "recipe.toml").write_text(block, encoding="utf-8")
    recipe = load_recipe_file(tmp_path / "recipe.toml")
    pixels = np.full((64, 64, 3), 240, np.uint8)
    pixels[16:48, 16:48] = 20
    pixels[:8] = (200, 60, 120)
    source = ArraySource(pixels, name="x", calibration=Calibration(1.0, 1.0, CalibrationSource.USER))
    assert analyse(source, recipe).totals.calcified_area_px == 32 * 32


@pytest.fixture
def in_background():
    """Function that starts a command of Dask and waits until it has written the file that others read."""
    started = []

    def start(program, *arguments):
        pytest.importorskip("distributed", reason="this lane has no Dask")
        assert program == "dask"
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        address, until = Path(arguments[arguments.index("--scheduler-file") + 1]), time.monotonic() + 60
        while not (address.exists() and address.read_bytes()) and time.monotonic() < until:
            time.sleep(0.1)

    yield start
    for process in reversed(started):  # workers first
        process.terminate()
        process.wait()


def test_the_facts_of_the_page_on_cases_go_into_a_record(tmp_path, calcannot):
    (shown,) = re.findall(r"^ {6}source = .*?(?=^- )", text_of(DOCS / "cases.md"), re.M | re.S)
    (tmp_path / "facts.toml").write_text(textwrap.dedent(shown), encoding="utf-8")
    assert calcannot("case", "new", str(tmp_path / "case")).code == 0
    assert calcannot("case", "set", str(tmp_path / "case"), str(tmp_path / "facts.toml")).code == 0
    record = json.loads(calcannot("case", "show", "--json", str(tmp_path / "case")).out)
    assert record["lesions"][0]["length"] == {
        "value": 12, "unit": "cm", "status": "reported", "source": "discharge letter", "date": "2015-05-30",
    }  # fmt: skip
    assert record["labs"]["phosphate"]["status"] == "not_reported"


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Dask's sockets
@pytest.mark.parametrize("block", blocks("sh"))
def test_commands_run(block, drawn_files, tmp_path, monkeypatch, calcannot, in_background):
    for name in _PLACE_OF_COMMANDS:
        (shutil.copytree if (drawn_files / name).is_dir() else shutil.copy)(drawn_files / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if arguments[-1:] == ["&"]:
            in_background(program, *arguments[:-1])
            continue
        assert program == "calcannot", line
        target = arguments.pop() if arguments[-2:-1] == [">"] else None
        ran = calcannot(*(arguments[:-1] if target else arguments))
        assert (ran.code, ran.err) == (0, ""), line
        if target:
            Path(target).write_text(ran.out, encoding="utf-8")


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(calcannot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    ran = calcannot("demo", "--no-window", "-o", "demo_results")
    (shown,) = [block for name, block in _FENCE.findall(text_of(ROOT / "README.md")) if name == "text"]
    printed = [line.rstrip() for line in ran.out.splitlines()]
    assert ran.code == 0
    assert printed[: len(shown.splitlines())] == shown.splitlines()


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, punctuation dropped, spaces to hyphens."""
    titles = re.findall(r"^#+ (.*)$", text_of(page), re.M)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = page.parent / file if file else page
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), target


def test_the_index_names_every_page():
    named = set(re.findall(r"\]\((\S+\.md)\)", text_of(DOCS / "index.md")))
    assert named == {page.name for page in DOCS.glob("*.md")} - {"index.md"}


def test_every_column_is_explained_in_order():
    images, _, regions = text_of(DOCS / "columns.md").partition("\n## regions.csv")
    assert re.findall(r"^\| `(\w+)` \|", images, re.M) == list(IMAGE_COLUMNS)
    source = ArraySource(np.full((8, 8, 3), 200, np.uint8), name="x")
    columns = region_columns(analyse(source, load_recipe("von-kossa").with_threshold(100)))
    assert re.findall(r"^\| `(\w+)` \|", regions, re.M) == ["image", *columns]


def test_every_column_of_the_study_table_is_explained():
    from calcannot.batch.study_columns import CASE_ROWS, IMAGE_ROWS, LESION_ROWS

    page = text_of(DOCS / "study-table.md")
    first, _, rest = page.partition("## One row a lesion")
    named = re.findall(r"^\| `(\w+)` \|", first, re.M)
    assert [column.name for column in IMAGE_ROWS] == [*named, *IMAGE_COLUMNS[1:]]
    lesion, case = rest.split("## One row a case")
    for columns, text in ((LESION_ROWS, lesion), (CASE_ROWS, case)):
        described = set()
        for prefix, fields in re.findall(r"^\| (?:`(\w+_)`|) ?\| (`.*) \|$", text, re.M):
            for name, star in re.findall(r"`(\w+)`(\\\*)?", fields):
                endings = ("value", "status", "number", "unit") if star else ("value", "status")
                described |= {f"{prefix}{name}_{ending}" for ending in endings}
        plain = {name for name in re.findall(r"`(\w+)`", text) if not name.endswith("_")}
        assert {column.name for column in columns} - plain == described - plain
        assert {column.name for column in columns} <= plain | described


def test_every_column_of_the_foci_is_explained_in_order():
    assert re.findall(r"^\| `(\w+)` \|", text_of(DOCS / "extent.md"), re.M) == ["image", *FOCUS_COLUMNS]


def _section(page: str, title: str) -> str:
    """Text under a heading, up to the next of its level."""
    level = title.split()[0]
    return re.split(rf"^{level} ", text_of(DOCS / page).partition(f"\n{title}\n")[2], flags=re.M)[0]


def test_recipes_fields_channels_methods_and_stains_are_described():
    text = text_of(DOCS / "recipes.md")
    assert set(re.findall(r"^\| `([\w-]+)` \| (?:histology|radiograph) \|", text, re.M)) == set(recipe_names())
    fields = {field.alias or name for name, field in Recipe.model_fields.items()}
    assert {name for row in re.findall(r"^\| (`[^|]*) \|", _section("recipes.md", "## Fields"), re.M)
            for name in re.findall(r"`([\w_]+)`", row)} == fields  # fmt: skip
    channels = _section("recipes.md", "## Channels")
    assert [name for name in ChannelName.__args__ if f"`{name}`" not in channels] == []
    assert [name for name in STAIN_VECTORS if f"`{name}`" not in channels] == []
    methods = re.findall(r"^\| `([\w-]+)` \|", _section("recipes.md", "## Thresholds"), re.M)
    assert sorted(methods) == sorted(method.value for method in Method)


def test_every_origin_of_a_scale_is_described():
    text = text_of(DOCS / "formats.md")
    given_by_code = {CalibrationSource.PHANTOM}  # of images that are not read from a file
    assert [each for each in CalibrationSource if each not in given_by_code and f"| `{each}` |" not in text] == []


def test_commands_and_options_exist():
    import typer.main

    from calcannot.cli.main import app

    root = typer.main.get_command(app)
    for page in OURS:
        for line in re.findall(r"^ {4}calcannot (\w.*)$|`calcannot (\w[^`]*)`", text_of(page), re.M):
            words = shlex.split("".join(line), comments=True)
            command = root
            while words and hasattr(command, "commands"):
                assert words[0] in command.commands, (page.name, line)
                command = command.commands[words.pop(0)]
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert {word for word in words if word.startswith("-")} <= known, (page.name, line)


def test_the_one_test_that_contributing_runs_is_there():
    file, word = re.search(r"pytest (tests/\S+) -k (\w+)", text_of(ROOT / "CONTRIBUTING.md")).groups()
    assert re.search(rf"def test_\w*{word}", text_of(ROOT / file))


def test_options_of_phantoms_are_those_in_the_tables():
    import typer.main

    from calcannot.cli.main import app

    group = typer.main.get_command(app).commands["phantom"]
    tables = re.split(r"^\| `phantom (\w+)` \|", text_of(DOCS / "phantoms.md"), flags=re.M)[1:]
    for name, table in zip(tables[::2], tables[1::2], strict=True):
        rows = table.partition("\n\n")[0]
        options = {parameter.name for parameter in group.commands[name].params} - {"output", "seed"}
        assert {row.replace("-", "_") for row in re.findall(r"^\| `--([\w-]+)` \|", rows, re.M)} == options


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_no_place_of_one_machine_is_named(page):
    assert re.findall(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w+", text_of(page)) == []


def test_every_format_of_export_is_in_the_table():
    from calcannot.batch.export import FORMATS
    from calcannot.export.layouts import LAYOUTS

    table, _, _ = text_of(DOCS / "exports.md").partition("\n## ")
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.M)
    assert [name for row in rows for name in re.findall(r"`([\w.-]+)`", row)] == [*FORMATS, *LAYOUTS]
