"""A batch in a process of its own that is stopped or killed: how fast, what it says, what the next run makes of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile

pytestmark = pytest.mark.slow

# Hangs in the third image, deaf to everything, as a large slide is while its regions are joined.
HANGING = """
import sys, time
from calcannot.batch import one
from calcannot.cli.main import main

analyse = one.analyse

def hanging(source, *rest, **options):
    if source.info.name == "c.tif":
        print("in hand", flush=True)
        time.sleep(60)
    return analyse(source, *rest, **options)

one.analyse = hanging
main()
"""


@pytest.fixture
def command(tmp_path):
    """Arguments of a measurement of four small slides."""
    rgb = np.full((60, 80, 3), 240, np.uint8)
    rgb[10:20, 5:15] = 20
    (tmp_path / "in").mkdir()
    for name in "abcd":
        tifffile.imwrite(tmp_path / f"in/{name}.tif", rgb, photometric="rgb")
    recipe = tmp_path / "dark.toml"
    recipe.write_text('name = "dark"\nkind = "histology"\nchannel = "value"\nthreshold = 100\n', encoding="utf-8")
    return ["measure", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--recipe", str(recipe), "--jobs", "1"]


def in_hand(command) -> subprocess.Popen:
    """The process, when two images are finished and the third is in hand."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "in hand\n"
    return process


def results(folder) -> dict[str, object]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    record = json.loads(found.pop("run.json"))
    for image in record["images"]:
        del image["timings_s"]
    return found | {"images": record["images"], "outputs": record["outputs"]}


def goes_on(calcannot, command, tmp_path) -> None:
    """The run resumes to the bytes of one that was never stopped, and a run without ``--resume`` comes there too."""
    once = [*command[:3], str(tmp_path / "once"), *command[4:]]
    assert calcannot(*once).code == 0
    ran = calcannot(*command, "--resume")
    assert (ran.code, ran.err) == (0, "")
    assert results(tmp_path / "out") == results(tmp_path / "once")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_ends_within_two_seconds_with_a_word(command, calcannot, tmp_path):
    process = in_hand(command)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - start < 2
    assert process.returncode == 130
    assert out == ""
    assert err == (
        "calcannot: stopped; 2 of 4 images are finished. The same command with --resume goes on from there.\n"
    )
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"unfinished"}
    goes_on(calcannot, command, tmp_path)


@pytest.mark.parametrize("resume", [True, False])
def test_a_killed_run_is_gone_on_with_or_taken_over(command, calcannot, tmp_path, resume):
    process = in_hand(command)
    process.kill()
    process.communicate(timeout=10)
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"unfinished"}
    if resume:
        goes_on(calcannot, command, tmp_path)
    else:
        ran = calcannot(*command)
        assert (ran.code, ran.err) == (0, "")
        assert len(results(tmp_path / "out")["images"]) == 4
        assert not (tmp_path / "out/unfinished").exists()
