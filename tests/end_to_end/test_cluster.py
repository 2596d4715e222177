"""The batch on a Dask cluster of real processes on this machine: the same bytes, and no worker that is missed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import tifffile

from calcannot import measure
from calcannot.errors import ClusterError
from calcannot.model.recipe import Recipe

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    # Sockets of the client are closed by its event loop, some after the test.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=100.0)
# A worker that says which images it begins. One that DIES does so in the middle of its second, as when its power fails.
TELLING = """
import os, time
from pathlib import Path
from calcannot.batch import one
from calcannot.pipeline.analyse import analyse  # not one.analyse: Dask runs this text twice

begun = []

def telling(source, *rest, **options):
    begun.append(source.info.name)
    Path(SEEN, NAME + " " + source.info.name).touch()
    time.sleep(PAUSE_S)
    if DIES and len(begun) == 2:
        os._exit(9)
    return analyse(source, *rest, **options)

one.analyse = telling
"""


def telling(name, seen, pause_s, *, dies=False):
    return f"NAME, SEEN, PAUSE_S, DIES = {name!r}, {str(seen)!r}, {pause_s}, {dies}\n{TELLING}"


OTHER_VERSION = {
    "calcannot": "import calcannot._version\ncalcannot._version.__version__ = '0.0.9'\n",
    "imagecodecs": """
from importlib import metadata
metadata.version = lambda name: "0.0.9" if name == "imagecodecs" else metadata.distribution(name).version
""",
}


class Cluster:
    """A scheduler and workers, started by the command line of Dask; all on loopback, all on ports of their choice."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes = []
        self._start("scheduler", "--scheduler-file", self.file, "--port", "0", "--no-dashboard")
        until = time.monotonic() + 20
        self.address = ""
        while not self.address and time.monotonic() < until:
            time.sleep(0.05)
            with suppress(OSError, ValueError):  # not there, or not whole
                self.address = json.loads(self.file.read_text(encoding="utf-8"))["address"]

    def _start(self, what, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1", *map(str, options)]
        log = (self.folder / f"{what}-{len(self.processes)}.log").open("wb")
        with log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))
        return self.processes[-1]

    def worker(self, name, preload=""):
        """Start a worker process that first runs ``preload``."""
        script = self.folder / f"{name}.py"
        script.write_text(preload, encoding="utf-8")
        return self._start(
            "worker", self.address, "--nthreads", 1, "--no-nanny", "--no-dashboard", "--name", name,
            "--preload", script, "--local-directory", self.folder,
        )  # fmt: skip

    def wait_for(self, workers):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.stop()


@pytest.fixture
def images(tmp_path):
    """Eight small slides, and a broken one among them."""
    (tmp_path / "in").mkdir()
    for number in range(8):
        rgb = np.full((60, 200, 3), 240, np.uint8)
        for i in range(number):
            rgb[10:20, 5 + 20 * i : 15 + 20 * i] = 20
        tifffile.imwrite(tmp_path / f"in/{number}.tif", rgb, photometric="rgb")
    (tmp_path / "in/3 broken.tif").write_bytes(b"II*\0")
    return tmp_path / "in"


def contents(folder) -> dict[str, object]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    record = json.loads(found.pop("run.json"))
    for image in record["images"]:
        image.pop("timings_s", None)
    return found | {"images": record["images"], "outputs": record["outputs"]}


def test_a_worker_that_dies_costs_nothing_and_results_are_those_of_a_run_here(
    cluster, images, tmp_path, monkeypatch, calcannot
):
    measure(images, RECIPE, output=tmp_path / "here")
    seen = tmp_path / "seen"
    seen.mkdir()
    workers = {name: cluster.worker(name, telling(name, seen, 0.3, dies=name == "two")) for name in ("one", "two")}
    cluster.wait_for(workers=2)
    done = []
    monkeypatch.chdir(tmp_path)  # workers have another working directory
    outcomes = measure("in", RECIPE, output="out", scheduler=cluster.address, progress=lambda *told: done.append(told))
    assert (workers["one"].poll(), workers["two"].wait()) == (None, 9)
    begun = [path.name.split(" ", 1)[1] for path in seen.iterdir()]
    assert len(begun) == len(set(begun)) + 1 == 9  # one image was begun by both
    assert [outcome.error is not None for outcome in outcomes] == [n == 3 for n in range(9)]
    assert [outcome.input.path.as_posix() for outcome in outcomes][2:5] == ["in/2.tif", "in/3 broken.tif", "in/3.tif"]
    assert [(stage, count, total) for _, stage, count, total in done] == [("images", n, 9) for n in range(10)]
    assert contents(tmp_path / "out") == contents(tmp_path / "here")
    # The same through the command line, by the file that the scheduler wrote, and with nothing left to do.
    (tmp_path / "recipe.json").write_text(json.dumps(RECIPE.to_dict()), encoding="utf-8")
    for each in seen.iterdir():
        each.unlink()
    ran = calcannot("measure", "in", "-o", "out", "--recipe", "recipe.json", "--scheduler", cluster.file, "--resume")
    assert ran.code == 1
    assert ran.err.startswith("calcannot: 3 broken.tif: ")
    assert not list(seen.iterdir())
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


@pytest.mark.parametrize("library", OTHER_VERSION)
def test_a_worker_of_another_version_is_refused_by_name(cluster, images, tmp_path, library):
    cluster.worker("old", OTHER_VERSION[library])
    with pytest.raises(ClusterError, match=rf"the worker tcp://127.0.0.1:\d+ has {library} 0.0.9, and this is \d"):
        measure(images, RECIPE, output=tmp_path / "out", scheduler=cluster.address)
    assert not (tmp_path / "out").exists()


def test_without_workers_or_scheduler_there_is_one_line(cluster, images, tmp_path, monkeypatch, calcannot):
    monkeypatch.setattr("calcannot.batch.cluster._FIRST_WORKER_S", 0.5)
    command = ("measure", images, "-o", tmp_path / "out", "--scheduler", cluster.address)
    ran = calcannot(*command)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "the scheduler has no workers" in ran.err
    cluster.stop()
    start = time.monotonic()
    ran = calcannot(*command)
    assert time.monotonic() - start < 10
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"there is no scheduler at {cluster.address}" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scheduler", ["no-such-file.json", "127.0.0.1", "http://127.0.0.1:8787/status", "a b"])
def test_what_is_no_address_is_refused_at_once(scheduler, images, tmp_path, calcannot):
    start = time.monotonic()
    ran = calcannot("measure", images, "-o", tmp_path / "out", "--scheduler", scheduler)
    assert time.monotonic() - start < 8
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"there is no scheduler at {scheduler}. Give the address" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process alone")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_a_command_that_ends_leaves_the_finished_and_lets_workers_go(cluster, images, tmp_path, calcannot, how):
    """The worker is in its third image, each of which takes it 1 s, when the command is stopped or killed."""
    seen, out = tmp_path / "seen", tmp_path / "out"
    seen.mkdir()
    cluster.worker("one", telling("one", seen, 1))
    cluster.wait_for(workers=1)
    (tmp_path / "recipe.json").write_text(json.dumps(RECIPE.to_dict()), encoding="utf-8")
    command = ["measure", str(images), "-o", str(out), "--recipe", str(tmp_path / "recipe.json")]
    measured_here = [*command[:3], str(tmp_path / "here"), *command[4:]]
    to_cluster = [*command, "--scheduler", cluster.address]
    process = subprocess.Popen(
        [sys.executable, "-c", "from calcannot.cli.main import main; main()", *to_cluster],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while len(list(seen.iterdir())) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    start = time.monotonic()
    process.send_signal(how)
    printed, told = process.communicate(timeout=20)
    assert time.monotonic() - start < 2
    assert (process.returncode, printed) == ((130 if how == signal.SIGINT else -9), "")
    if how == signal.SIGINT:
        assert told == (
            "calcannot: stopped; 2 of 9 images are finished. The same command with --resume goes on from there.\n"
        )
    assert {each.name for each in out.iterdir()} == {"unfinished"}
    assert calcannot(*measured_here).code == 1
    assert calcannot(*to_cluster, "--resume").code == 1
    assert contents(out) == contents(tmp_path / "here")
    # The two that were finished were not begun again; the worker still lives.
    assert cluster.processes[1].poll() is None
    assert len(list(seen.iterdir())) == 8


def test_a_scheduler_that_dies_is_told_and_finished_images_stay(cluster, images, tmp_path):
    seen = tmp_path / "seen"
    seen.mkdir()
    cluster.worker("one", telling("one", seen, 0.5))
    cluster.wait_for(workers=1)

    def watch(image, stage, count, total):
        if count == 3:
            cluster.processes[0].kill()

    with pytest.raises(ClusterError, match=r"the scheduler does not answer any more\. Start it"):
        measure(images, RECIPE, output=tmp_path / "out", scheduler=cluster.address, progress=watch)
    assert len(list((tmp_path / "out/unfinished").glob("*.part.json"))) >= 3
    measure(images, RECIPE, output=tmp_path / "out", resume=True)
    measure(images, RECIPE, output=tmp_path / "here")
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


def test_a_worker_that_does_not_see_the_folder_is_named(cluster, images, tmp_path):
    """As on a machine where another drive has the path: the state of the run is not there."""
    blind = "from calcannot.batch import parts, worker\nworker._TRIES = 1\nparts.Parts.is_current = lambda _: False\n"
    cluster.worker("blind", blind)
    with pytest.raises(ClusterError, match=r"the worker tcp://\S+ does not see the folder of the results\. Choose"):
        measure(images, RECIPE, output=tmp_path / "out", scheduler=cluster.address)
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_loses_its_last_worker_is_left_with_what_is_finished(cluster, images, tmp_path, monkeypatch):
    monkeypatch.setattr("calcannot.batch.cluster._NO_WORKER_S", 1.0)
    seen = tmp_path / "seen"
    seen.mkdir()
    cluster.worker("two", telling("two", seen, 0.1, dies=True))
    cluster.wait_for(workers=1)
    with pytest.raises(ClusterError, match=r"the cluster has had no worker for"):
        measure(images, RECIPE, output=tmp_path / "out", scheduler=cluster.address)
    assert len(list((tmp_path / "out/unfinished").glob("*.part.json"))) == 1
