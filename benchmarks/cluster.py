"""How a batch scales over the worker processes of a Dask cluster, and what 100,000 slides would take.

Starts clusters of 1 and of 2 worker processes of one thread each by Dask's command line, measures the same slides on
each in turn, round after round, and prints

    wall       seconds from the command to the tables in their place, with workers that have loaded everything
    ratio      wall of one worker over wall of N, the median over rounds: neighbours in time share what else runs
    worker     processor seconds of the workers for one slide
    command    processor seconds of the process that hands out slides and puts tables together, for one slide
    path       processor seconds of the busiest worker and of the command: what wall would be with nothing else running
               and no waiting, and its ratio
    others     processors that other programs took meanwhile; where it is not near 0, walls and ratios mean little

With --quiet a round waits until other programs take less than that many processors, and is dropped where they took
more meanwhile.

Then the plan: processor hours, bytes and cost of many slides, from the last two and the sizes of the files.

    python benchmarks/cluster.py [--slides 8] [--workers 1 2] [--rounds 5] [--width 12000] [--height 9000]
    python benchmarks/cluster.py --slides 2 --rounds 2 --workers 1 --width 40000 --height 30000    # the plan
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from distributed import Client
from make_slide import write_slide

from calcannot import measure

TIB = 2**40


class Cluster:
    """A scheduler and some workers of one thread each, on this machine."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.workers = workers
        self._started: list[Any] = []
        self.file = folder / f"scheduler-{workers}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._start("scheduler", "--port", "0", "--scheduler-file", self.file, "--no-dashboard")
        while not self.file.exists() or not self.file.read_bytes():
            time.sleep(0.1)
        self.address = json.loads(self.file.read_text(encoding="utf-8"))["address"]
        self.processes = [
            self._start(
                "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder
            )
            for _ in range(workers)
        ]
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers)

    def _start(self, *command: object) -> psutil.Popen:
        line = [sys.executable, "-m", "dask", *map(str, command)]
        self._started.append(psutil.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self._started[-1]

    @property
    def cpu_s(self) -> list[float]:
        """Processor seconds of each worker so far."""
        return [sum(each.cpu_times()[:2]) for each in self.processes]

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._started:
            with suppress(psutil.NoSuchProcess):
                each.kill()


@dataclass(frozen=True)
class Round:
    wall_s: float
    worker_s: float
    command_s: float
    path_s: float
    others: float


def busy_s() -> float:
    """Processor seconds of the whole machine so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def wait_until_quiet(most: float) -> None:
    while psutil.cpu_percent(1.0) / 100 * psutil.cpu_count() > most:
        pass


def run(cluster: Cluster, slides: Path, output: Path) -> Round:
    """Measure all slides once; seconds of processors are for one slide."""
    before, mine, start, all_before = cluster.cpu_s, time.process_time(), time.perf_counter(), busy_s()
    outcomes = measure(slides, "von-kossa", output=output, scheduler=cluster.address)
    wall = time.perf_counter() - start
    assert all(each.error is None for each in outcomes), [each.error for each in outcomes]
    workers = [now - then for now, then in zip(cluster.cpu_s, before, strict=True)]
    count, command = len(outcomes), time.process_time() - mine
    others = (busy_s() - all_before - sum(workers) - command) / wall
    return Round(wall, sum(workers) / count, command / count, max(workers) + command, others)


def tables(output: Path) -> tuple[bytes, ...]:
    return tuple((output / name).read_bytes() for name in ("images.csv", "regions.csv"))


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def plan(rounds: list[Round], slides: Path, output: Path, arguments: Any) -> None:
    """Print what many slides take at the measured seconds and bytes of one."""
    count, many = arguments.slides, arguments.plan
    worker_s = statistics.median(each.worker_s for each in rounds)
    command_s = statistics.median(each.command_s for each in rounds)
    read, written = bytes_of(slides) / count, bytes_of(output) / count
    hours = many * worker_s / 3600
    print(
        f"\none slide: {arguments.width} x {arguments.height} px, {read / 2**20:.0f} MiB read, "
        f"{written / 2**20:.0f} MiB written, {worker_s:.2f} s of a worker, {command_s:.2f} s of the command"
    )
    print(
        f"{many:,} slides: {many * read / TIB:.1f} TiB read, {many * written / TIB:.1f} TiB written, {hours:.0f} "
        f"processor hours, {hours * arguments.price:.2f} at {arguments.price} a processor hour, "
        f"{hours * arguments.price / many:.6f} a slide"
    )
    # Commands for a lot each run side by side; at the end the tables of the last lot are put together.
    print(f"in lots of {arguments.lot:,} slides, each a command with a folder of its own:")
    print("| workers | hours | drive, MiB/s read and written |\n|---|---|---|")
    for workers in (2, 32, 128):
        seconds = many * worker_s / workers + arguments.lot * command_s
        print(f"| {workers} | {seconds / 3600:.1f} | {many * (read + written) / 2**20 / seconds:.0f} |")
    print(f"the commands take {many * command_s / 3600:.1f} processor hours of their own")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slides", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--width", type=int, default=12_000)
    parser.add_argument("--height", type=int, default=9_000)
    parser.add_argument("--plan", type=int, default=100_000)
    parser.add_argument("--lot", type=int, default=1000)
    parser.add_argument("--price", type=float, default=0.05, help="of a processor hour")
    parser.add_argument("--quiet", type=float, help="processors that others may take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="calcannot-") as name, ExitStack() as stack:
        folder = Path(name)
        slides = folder / "slides"
        slides.mkdir()
        for number in range(arguments.slides):
            write_slide(slides / f"{number}.svs", arguments.width, arguments.height, seed=number + 1)
        truth = folder / "here"
        measure(slides, "von-kossa", output=truth)
        clusters = [stack.enter_context(Cluster(folder / "dask", workers)) for workers in arguments.workers]
        taken: dict[int, list[Round]] = {each.workers: [] for each in clusters}
        for cluster in clusters:  # workers load what they need
            run(cluster, slides, folder / "out")
        while len(taken[arguments.workers[0]]) < arguments.rounds:
            if arguments.quiet is not None:
                wait_until_quiet(arguments.quiet)
            pair = {}
            for cluster in clusters if len(taken[arguments.workers[0]]) % 2 else clusters[::-1]:
                pair[cluster.workers] = run(cluster, slides, folder / "out")
                assert tables(folder / "out") == tables(truth)
            if arguments.quiet is None or max(each.others for each in pair.values()) <= arguments.quiet:
                for workers, done in pair.items():
                    taken[workers].append(done)
        print(f"{arguments.slides} slides of {arguments.width} x {arguments.height} px, {arguments.rounds} rounds")
        print("| workers | wall s, median (least) | ratio | path s | ratio | worker s | command s | others |")
        print("|---|---|---|---|---|---|---|---|")
        base = taken[arguments.workers[0]]
        for workers, rounds in taken.items():
            walls = [each.wall_s for each in rounds]
            ratio, path_ratio = (
                statistics.median(
                    getattr(one, name) / getattr(each, name) for one, each in zip(base, rounds, strict=True)
                )
                for name in ("wall_s", "path_s")
            )
            path, worker, command, others = (
                statistics.median(getattr(each, name) for each in rounds)
                for name in ("path_s", "worker_s", "command_s", "others")
            )
            print(
                f"| {workers} | {statistics.median(walls):.2f} ({min(walls):.2f}) | {ratio:.2f} | {path:.2f} | "
                f"{path_ratio:.2f} | {worker:.2f} | {command:.2f} | {others:.2f} |"
            )
        plan([each for rounds in taken.values() for each in rounds], slides, truth, arguments)


if __name__ == "__main__":
    main()
