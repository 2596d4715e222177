"""Nothing that names a patient leaves an image: not into a case, a table, a picture, an export, a report or a terminal.

A format that is added to the table of exports is tried here by itself; a command that is added fails here until it is
said whether it writes anything of an image.
"""

from __future__ import annotations

import getpass
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import typer.main

sys.path.insert(0, str(Path(__file__).parent))

from planted import DAY, PLANTED, WORD, plant_film, plant_slide, planted_in

from calcannot.batch.export import FORMATS
from calcannot.cli.main import app
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.store.case_folder import CaseFolder

HERE = [each for each in FORMATS if each != "ome-zarr" or find_spec("zarr")]  # an extra
# Bulk annotations are of DICOM slides only; tests/unit/export/test_dicom.py searches those.
HERE.remove("dicom-ann")
# What each command is given; None for those that write nothing of an image but to a window or their own recipe, and for
# the one that is asked for a copy with its header, and says so.
COMMANDS: dict[str, list[list[str]] | None] = {
    "calibrate": [],
    "case": [["show", "{case}"], ["check-privacy", "{case}"], ["show", "{case}", "--json"]],
    "demo": None,
    "export": [
        ["{case}", "--to", each, "-o", "{out}/" + each, *(["--image", "film"] if FORMATS[each].refers else [])]
        for each in HERE
    ],
    "frame": None,
    "import": None,
    "info": [["{film}"], ["{slide}"], ["{film}", "--json"], ["{slide}", "--json"]],
    "measure": [["{film}", "{slide}", "--recipe", "radiograph-global", "-o", "{out}/measured"]],
    "open": None,
    "phantom": None,
    "recipe": None,
    "report": [["{case}", "-o", "{out}/report.html"]],
    "run": [["{case}"]],
    "table": [["{case}", "-o", "{out}/table.csv"]],
    "verify": [["{case}"], ["{case}", "--json"]],
}


def test_every_command_is_known_here():
    there = set(typer.main.get_command(app).commands)
    assert there <= set(COMMANDS), "say in COMMANDS what a new command writes of an image"


def test_the_search_finds_what_is_planted(tmp_path):
    for plant, name in ((plant_film, "film.dcm"), (plant_slide, "slide.svs")):
        plant(tmp_path / name)
        assert planted_in(name, (tmp_path / name).read_bytes(), [WORD])
    assert len(PLANTED) >= 40
    assert planted_in("film.dcm", (tmp_path / "film.dcm").read_bytes(), [DAY])


@pytest.mark.slow
def test_nothing_that_was_planted_comes_out(tmp_path, calcannot, monkeypatch):
    images, case, out = tmp_path / "images", tmp_path / "case", tmp_path / "out"
    images.mkdir()
    out.mkdir()
    plant_film(images / "film.dcm")
    plant_slide(images / "slide.svs")
    printed = []

    def run(*arguments):
        ran = calcannot(*arguments)
        assert ran.code in (0, 1), (arguments, ran.err)
        assert not ran.err or ran.code == 1, (arguments, ran.err)
        printed.append(f"{arguments[0]}: {ran.out}{ran.err}")

    run("case", "new", case, "--author", "reader-1")
    run("case", "add", case, images / "film.dcm", "--id", "film", "--author", "reader-1")
    run("case", "add", case, images / "slide.svs", "--id", "slide", "--author", "reader-1")
    with CaseFolder.open(case).stroke_log("film", author="reader-1") as log:
        corners = np.array([[10, 10], [300, 10], [300, 240], [10, 240]], float)
        log.add([Stroke("lesion", StrokeKind.REGION, (corners,))])
        log.save()
    places = {"case": case, "out": out, "film": images / "film.dcm", "slide": images / "slide.svs"}
    commands = [name for name in typer.main.get_command(app).commands if COMMANDS[name]]
    for name in sorted(commands, key=lambda each: each != "run"):  # the others need a run
        for arguments in COMMANDS[name] or []:
            run(name, *(each.format(**places) for each in arguments))
    needles = [WORD, DAY, "1951", "02/03/51", str(tmp_path), tmp_path.name]
    needles += [each for each in (getpass.getuser(), platform.node()) if len(each) > 5]
    files = [each for folder in (case, out) for each in folder.rglob("*") if each.is_file()]
    assert len(files) > 20 + len(HERE)
    found = [hit for each in files for hit in planted_in(each.name, each.read_bytes(), needles)]
    assert found == []
    # The terminal shows the folder that the user typed, and nothing of the headers.
    assert [line for line in printed if any(each in line for each in needles[:4])] == []
