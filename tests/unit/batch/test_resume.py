"""A run that goes on where another stopped: what is kept, what is measured again, and that no byte tells."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tifffile

from calcannot import Annotations, measure
from calcannot.batch import finished, job, one, parts, results
from calcannot.batch.measure import Stopped
from calcannot.errors import OutputError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import Calibration, CalibrationSource
from calcannot.model.recipe import Recipe

RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=100.0)
NAMES = ("a.tif", "b, with comma.tif", "sub/c.tif", "d.tif")


def write_slide(path, squares: int):
    rgb = np.full((60, 100, 3), 240, np.uint8)
    for i in range(squares):
        rgb[10:20, 5 + 20 * i : 15 + 20 * i] = 20
    path.parent.mkdir(parents=True, exist_ok=True)
    size = {"PhysicalSizeX": 0.3, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.3, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(path, rgb, photometric="rgb", ome=True, metadata={"axes": "YXS", **size})


@pytest.fixture
def images(tmp_path):
    """Four slides, of which the second has a name that must be quoted and one has no region; and one broken."""
    for squares, name in zip((1, 3, 0, 4), NAMES, strict=True):
        write_slide(tmp_path / "in" / name, squares)
    (tmp_path / "in/broken.tif").write_bytes((tmp_path / "in/a.tif").read_bytes()[:300])
    return tmp_path / "in"


@pytest.fixture
def measured(monkeypatch):
    """Names of the images that are analysed, in order."""
    names = []
    analyse = one.analyse

    def watched(source, *rest, **options):
        names.append(source.info.name)
        return analyse(source, *rest, **options)

    monkeypatch.setattr(one, "analyse", watched)
    return names


def contents(folder) -> dict[str, bytes]:
    """Every file of the results; of the record all but its times."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    record = json.loads(found["run.json"])
    for key in ("started", "finished"):
        del record[key]
    for image in record["images"]:
        image.pop("timings_s", None)
    return found | {"run.json": json.dumps(record, ensure_ascii=False).encode()}


def stopped(images, out, name="d.tif") -> None:
    """A run that is stopped in an image, when those before it are done."""
    analyse = one.analyse

    def stop(source, *rest, **options):
        if source.info.name == name:
            raise KeyboardInterrupt
        return analyse(source, *rest, **options)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(one, "analyse", stop)
        measure(images, RECIPE, output=out, jobs=1)


def test_a_stopped_run_goes_on_and_no_byte_tells(images, tmp_path, measured):
    measure(images, RECIPE, output=tmp_path / "once")
    stopped(images, tmp_path / "out")
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert measured == ["d.tif", "c.tif"]
    assert contents(tmp_path / "out") == contents(tmp_path / "once")
    assert not (tmp_path / "out/unfinished").exists()


def test_of_a_finished_run_only_what_failed_is_measured(images, tmp_path, measured):
    measure(images, RECIPE, output=tmp_path / "out")
    shutil.copy(images / "a.tif", images / "broken.tif")
    measure(images, RECIPE, output=tmp_path / "once")
    measured.clear()
    outcomes = measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert measured == ["broken.tif"]
    assert contents(tmp_path / "out") == contents(tmp_path / "once")
    assert [outcome.totals.region_count for outcome in outcomes] == [1, 3, 1, 4, 0]
    assert all(outcome.measured.recipe == RECIPE for outcome in outcomes)
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert not measured
    assert contents(tmp_path / "out") == contents(tmp_path / "once")


def test_parquet_comes_back_too(images, tmp_path, monkeypatch):
    monkeypatch.setattr("calcannot.store.regions_writer.PARQUET_FROM_ROWS", 4)
    measure(images, RECIPE, output=tmp_path / "once")
    stopped(images, tmp_path / "out")
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert "regions.parquet" in contents(tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "once")


def test_without_resume_all_is_measured_again(images, tmp_path, measured):
    stopped(images, tmp_path / "out")
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", jobs=1)
    assert measured == ["a.tif", "b, with comma.tif", "d.tif", "c.tif"]
    assert not (tmp_path / "out/unfinished").exists()


def _recipe(images, options):
    options["recipe"] = RECIPE.model_copy(update={"threshold": 101.0})


def _name(images, options):
    options["recipe"] = RECIPE.model_copy(update={"name": "darker"})


def _size(images, options):
    options["pixel_size"] = "0.3um"


def _strokes(images, options):
    ring = np.array([[0.0, 0], [90, 0], [90, 50], [0, 50]])
    options["within"] = Annotations((Stroke("r", StrokeKind.REGION, (ring,)),))


def _bytes(images, options):
    with (images / "a.tif").open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize(
    ("change", "again"),
    [(_recipe, 3), (_name, 3), (_size, 3), (_strokes, 3), (_bytes, 2)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_would_change_the_result_is_measured_again(images, tmp_path, measured, change, again):
    (images / "b, with comma.tif").unlink()
    stopped(images, tmp_path / "out", "c.tif")
    assert measured == ["a.tif", "d.tif"]
    options = {"recipe": RECIPE}
    change(images, options)
    measured.clear()
    measure(images, options.pop("recipe"), output=tmp_path / "out", resume=True, jobs=1, **options)
    assert len(measured) == again
    assert measured[0] == "a.tif"


def test_another_version_measures_again(images, tmp_path, measured, monkeypatch):
    stopped(images, tmp_path / "out")
    measured.clear()
    monkeypatch.setattr(job, "__version__", "0.0.1")
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert len(measured) == 4


def test_threads_do_not_matter(images, tmp_path, measured):
    stopped(images, tmp_path / "out")
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True, workers=3, jobs=2)
    assert sorted(measured) == ["c.tif", "d.tif"]


@pytest.mark.parametrize("damage", ["mask", "regions.csv", "record", "no record"])
def test_a_part_that_is_not_whole_is_measured_again(images, tmp_path, measured, damage):
    measure(images, RECIPE, output=tmp_path / "once")
    stopped(images, tmp_path / "out")
    record = tmp_path / "out/unfinished/a.tif.part.json"
    folder = record.parent / json.loads(record.read_text(encoding="utf-8"))["folder"]
    if damage == "record":
        record.write_text("{", encoding="utf-8")
    elif damage == "no record":
        record.unlink()
    else:
        (folder / ("a.tif.ome.tif" if damage == "mask" else damage)).unlink()
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert sorted(measured) == ["a.tif", "c.tif", "d.tif"]
    assert contents(tmp_path / "out") == contents(tmp_path / "once")


def test_a_mask_that_was_removed_from_finished_results_is_made_again(images, tmp_path, measured):
    measure(images, RECIPE, output=tmp_path / "out")
    before = contents(tmp_path / "out")
    (tmp_path / "out/masks/a.tif.ome.tif").unlink()
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert measured == ["a.tif"]
    assert contents(tmp_path / "out") == before


def test_tables_that_were_edited_are_not_taken_apart(images, tmp_path, measured):
    measure(images, RECIPE, output=tmp_path / "out")
    before = contents(tmp_path / "out")
    table = tmp_path / "out/regions.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:3]))
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert "d.tif" in measured
    assert contents(tmp_path / "out") == before


@pytest.mark.slow
def test_a_kill_while_results_are_moved_into_place_is_made_good(images, tmp_path, measured, monkeypatch):
    """Before each of twelve moves (masks, overlays of four images, four tables) the folder is as a kill leaves it."""
    measure(images / "a.tif", RECIPE, output=tmp_path / "out")
    monkeypatch.setattr("calcannot.store.regions_writer.PARQUET_FROM_ROWS", 4)
    left = []
    replace = results.Path.replace

    def watched(path, target):
        if "unfinished" not in target.relative_to(tmp_path).parts:
            # The lock goes with the process that was killed.
            place, ignored = tmp_path / f"left {len(left)}", shutil.ignore_patterns(".calcannot-lock*")
            left.append(shutil.copytree(tmp_path / "out", place, ignore=ignored))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(results.Path, "replace", watched)
        measure(images, RECIPE, output=tmp_path / "out")
    assert len(left) == 12
    measured.clear()
    for number, folder in enumerate(left):
        assert not (folder / "run.json").exists()
        if number % 4 == 3:  # taken over by another run: nothing of the killed one stays
            measure(images / "d.tif", RECIPE, output=folder)
            assert {path.name for path in folder.rglob("*") if path.is_file()} == {
                "images.csv", "regions.csv", "regions.parquet", "run.json", "d.tif.ome.tif", "d.tif.png",
            }  # fmt: skip
            assert measured.pop() == "d.tif"
        else:
            measure(images, RECIPE, output=folder, resume=True)
            assert contents(folder) == contents(tmp_path / "out")
        assert not measured


def test_a_folder_that_a_run_barely_began_is_taken(images, tmp_path):
    (tmp_path / "out/unfinished").mkdir(parents=True)
    (tmp_path / "out/unfinished/.calcannot-x1").touch()
    measure(images / "a.tif", RECIPE, output=tmp_path / "out")
    assert not (tmp_path / "out/unfinished").exists()


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("taken", ["unfinished/mine.txt", "unfinished/state.json", "unfinished", "images.csv"])
def test_a_folder_of_somebody_else_is_refused(images, tmp_path, taken, resume):
    (tmp_path / "out" / taken).parent.mkdir(parents=True)
    (tmp_path / "out" / taken).write_text("mine")
    with pytest.raises(OutputError, match="hoose another folder with -o"):
        measure(images, RECIPE, output=tmp_path / "out", resume=resume)
    assert (tmp_path / "out" / taken).read_text() == "mine"


def test_two_runs_into_one_folder(images, tmp_path):
    first = results.ResultsFolder(tmp_path / "out")
    first.begin()
    with pytest.raises(OutputError, match="another run is writing into this folder"):
        measure(images, RECIPE, output=tmp_path / "out")
    first.abandon()
    assert not (tmp_path / "out").exists()
    measure(images / "a.tif", RECIPE, output=tmp_path / "out")


def test_an_image_that_fails_alone_costs_no_finished_one(images, tmp_path, measured):
    stopped(images, tmp_path / "out")
    measure(images / "broken.tif", RECIPE, output=tmp_path / "out", resume=True)
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert measured == ["d.tif", "c.tif"]


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(images, tmp_path, measured, monkeypatch):
    write_mask = parts.write_mask

    def full(path, runs, calibration, workers):
        if path.name.startswith("d.tif"):
            raise OutputError("cannot be written (No space left on device)", path=path) from OSError(28, "No space")
        write_mask(path, runs, calibration, workers)

    with monkeypatch.context() as patch:
        patch.setattr(parts, "write_mask", full)
        with pytest.raises(OutputError, match="No space left on device"):
            measure(images, RECIPE, output=tmp_path / "out", jobs=1)
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"unfinished"}
    measured.clear()
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    assert measured == ["d.tif", "c.tif"]


def test_the_key_holds_all_that_decides_and_no_folder(tmp_path):
    settings = job.Settings(RECIPE)
    here, there = (job.Job(one_input(tmp_path / folder), Annotations()) for folder in ("x", "y"))
    assert settings.key(here, "0") == settings.key(there, "0") == job.Settings(RECIPE, workers=9).key(here, "0")
    calibration = Calibration(1.0, 1.0, CalibrationSource.USER)
    others = [settings.key(here, "1"), settings.key(here, "0", tiles_skipped=True)]
    others += [each.key(here, "0") for each in (job.Settings(None), job.Settings(RECIPE, calibration))]
    assert len({settings.key(here, "0"), *others}) == 5
    assert settings.key(here, "0") == job.Settings(RECIPE, skip_bad_tiles=True).key(here, "0")


def one_input(folder):
    from calcannot.batch.inputs import Input

    return Input(folder / "a.tif", "a.tif")


def test_taking_apart_nothing_is_nothing(tmp_path):
    finished.take_apart(tmp_path, parts.Parts(tmp_path, "x"))
    assert not list(tmp_path.iterdir())
