"""How the plugin answers on a slide of 1.2 gigapixels: times to the drawn frame, in a real window, and memory.

    python benchmarks/slide_with_levels.py slide.svs
    xvfb-run -s "-screen 0 1600x1000x24" python benchmarks/plugin.py slide.svs

Every step ends with the canvas drawn. Bare redraws are measured in turn with the steps: a busy machine slows both. With
``--slow disk`` a read takes 10 ms, for the arm to come there, and what 20 MB/s take on top, one after the other; with
``--slow folder`` 20 ms and what 2 MB/s take, six side by side.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
os.environ["CALCANNOT_CASES"] = tempfile.mkdtemp()

import napari
import numpy as np
import psutil
from qtpy.QtWidgets import QApplication

from calcannot.io.byte_file import ByteFile
from napari_calcannot.layers import IMAGE
from napari_calcannot.tools import Tool

ROUNDS = 15
SLOW = {"disk": (0.010, 20e6, 1), "folder": (0.020, 2e6, 6)}
"""Seconds a read, bytes a second of each, reads side by side."""


class Bench:
    """A window with the panel, and a stopwatch."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer(title="calcannot")
        self.viewer.window.resize(1500, 950)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
        self.process = psutil.Process()
        self.most_mib = 0.0

    def now_mib(self) -> float:
        """Memory of the whole application at present."""
        return self.process.memory_info().rss / 2**20

    def draw(self) -> None:
        """Until the frame is drawn."""
        self.viewer.window._qt_viewer.canvas._scene_canvas.update()
        QApplication.processEvents()
        self.most_mib = max(self.most_mib, self.process.memory_info().rss / 2**20)

    def timed(self, step) -> float:
        """Milliseconds of a step and the frame after it."""
        start = time.perf_counter()
        step()
        self.draw()
        return (time.perf_counter() - start) * 1e3

    def until_sharp(self, image, values) -> tuple[float, float, float]:
        """Milliseconds until the image is drawn from its own tiles, its preview roughly, and exactly."""
        start = time.perf_counter()
        done: dict[int, float] = {}
        while len(done) < 3:
            waits = (image.is_busy, values is not None and values.is_blank, values is not None and values.is_busy)
            self.panel.watch.look()
            self.draw()
            now = (time.perf_counter() - start) * 1e3
            for which, is_waited_for in enumerate(waits):
                if not is_waited_for:
                    done.setdefault(which, now)
            time.sleep(0.002)
        return done[0], done[1], done[2]

    def wait(self, until, seconds: float = 300) -> None:
        """Let the window work."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)
            self.most_mib = max(self.most_mib, self.process.memory_info().rss / 2**20)
        assert until()

    def rest(self, seconds: float = 0.6) -> None:
        """Let the window come to rest."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)


def slow_down(read_s: float, bytes_per_s: float, side_by_side: int) -> None:
    """From now on files give their bytes like this."""
    read, gate = ByteFile._whole, threading.Semaphore(side_by_side)

    def later(file: ByteFile, offset: int, count: int) -> bytes:
        with gate:
            time.sleep(read_s + count / bytes_per_s)
            return read(file, offset, count)

    ByteFile._whole = later


def report(name: str, times: list[float], redraws: list[float] | None = None) -> None:
    """One line."""
    line = f"{name:34s} median {statistics.median(times):6.1f} ms   largest {max(times):6.1f} ms"
    if redraws:
        allowed = 2 * statistics.median(redraws) + 50
        line += f"   allowed {allowed:6.1f} (bare redraw {statistics.median(redraws):5.1f})"
    print(line, flush=True)


def main() -> None:
    """Open, look around, measure, edit, read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--slow", choices=SLOW, help="where the file is; looks around only")
    given = parser.parse_args()
    path = given.slide
    bench = Bench()
    bench.rest(2)
    panel, viewer = bench.panel, bench.viewer
    print(f"{'first view':34s} {bench.timed(lambda: panel.open_path(path)):6.0f} ms")
    session = panel.session
    stage, info = panel.stage, session.info
    layer = stage.layer(session, IMAGE)
    bench.wait(lambda: not panel.desk.runner.is_busy)
    if given.slow:  # only now: the threshold looks at every pixel, for minutes
        slow_down(*SLOW[given.slow])
    print(f"{'automatic threshold, image, preview':34s} found; memory {bench.most_mib:.0f} MiB")
    camera = viewer.scene.camera
    rng = np.random.default_rng(1)
    scale = float(layer.scale[0])
    middle = (info.height_px * scale / 2, info.width_px * scale * 0.5)

    def look(name: str, moves) -> None:
        blocked, sharp, rough, exact, bare = [], [], [], [], []
        for move in moves:
            bare.append(bench.timed(layer.refresh))
            blocked.append(bench.timed(move))
            values = stage.overlay.preview_values(session) if stage.overlay.shows_preview(session) else None
            times = bench.until_sharp(session.pixels.loader, None if values is None else values.loader)
            for each, more in zip((sharp, rough, exact), times, strict=True):
                each.append(blocked[-1] + more)
            bench.rest(0.15)
        report(name, blocked)
        report("  bare redraw", bare)
        report("  image sharp", sharp)
        if stage.overlay.shows_preview(session):
            report("  preview from averaged pixels", rough)
            report("  preview exact", exact)

    def zoom_to(value: float):
        def step() -> None:
            camera.zoom = value

        return step  # fmt: skip

    def go(row: float, col: float):
        def step() -> None:
            camera.center = (0.0, row, col)

        return step  # fmt: skip

    for shown in ("slide and preview",) if given.slow else ("slide and preview", "slide and mask"):
        if shown == "slide and mask":
            start = time.perf_counter()
            panel.measure()
            bench.wait(lambda: not panel.desk.is_working)
            regions = len(session.analysis.regions)
            print(f"{'measured':34s} {time.perf_counter() - start:6.1f} s, {regions:,} regions")
            start = time.perf_counter()
            bench.wait(lambda: session.is_saved)
            print(f"{'saved':34s} {time.perf_counter() - start:6.1f} s; memory {bench.now_mib():.0f} MiB")
        go(*middle)()
        fit = camera.zoom
        look(f"zoom in, {shown}", [zoom_to(fit * 1.35**i) for i in range(20)])
        camera.zoom = 1 / scale
        look(f"pan 60 px at 1:1, {shown}", [go(middle[0] + 60 * scale * i, middle[1]) for i in range(20)])
        places = rng.uniform(0.2, 0.8, (20, 2)) * (info.height_px * scale, info.width_px * scale)
        look(f"jump at 1:1, {shown}", [go(*place) for place in places])
        look(f"zoom out, {shown}", [zoom_to(1 / scale / 1.35**i) for i in range(20)])
        stage.fly_to(session, (0, 0, info.height_px, info.width_px), 1.05)
        bench.rest(1)
    if given.slow:
        viewer.close()
        return
    table = session.analysis.regions
    chosen = rng.choice(len(table), 4 * ROUNDS, replace=False)

    def box(region: int) -> tuple[int, int, int, int]:
        return tuple(int(edge[region]) for edge in (table.row_min, table.col_min, table.row_max, table.col_max))

    redraws: list[float] = []
    times: dict[str, list[float]] = {
        name: [] for name in ("dab", "stroke", "delete", "undo", "pick", "row", "outline", "slider")
    }
    panel.controls.tabs.setCurrentIndex(1)
    for number in range(ROUNDS):
        region = int(chosen[number])
        stage.fly_to(session, box(region), 40)
        bench.rest(0.4)
        row, col = box(region)[:2]
        redraws.append(bench.timed(layer.refresh))
        panel.hand.use(Tool.BRUSH)
        panel.hand.diameter_px = 40.0
        way = np.array([[col + 30.0, row + 10.0], [col + 45.0, row + 18.0]])
        panel.correcting._on_moved(way)
        times["dab"].append(bench.timed(lambda way=way: panel.correcting._on_moved(way + 3)))
        times["stroke"].append(bench.timed(lambda way=way: panel.correcting._on_drawn(way)))
        pixel = session.review.index.pixel_of(region)
        redraws.append(bench.timed(layer.refresh))
        times["delete"].append(bench.timed(lambda pixel=pixel: panel.correcting.delete_at(*pixel)))
        times["undo"].append(bench.timed(panel._undo))
        start = time.perf_counter()
        session.mask.tiles.mask(*pixel, 1, 1)
        assert int(session.review.index.at(*pixel)) == region
        times["pick"].append((time.perf_counter() - start) * 1e3)
    panel.hand.use(Tool.MOVE)
    panel.controls.tabs.setCurrentIndex(2)
    bench.rest(0.5)
    for _ in range(ROUNDS):
        redraws.append(bench.timed(layer.refresh))
        row = int(rng.integers(0, panel.controls.results.model.rowCount()))
        times["row"].append(bench.timed(lambda row=row: panel.controls.results.table.selectRow(row)))
        start = time.perf_counter()
        bench.wait(lambda: not panel.reading._soon.isActive())
        bench.draw()
        times["outline"].append(times["row"][-1] + (time.perf_counter() - start) * 1e3)
        bench.rest(0.2)
    start = time.perf_counter()
    panel.controls.results.model.sort(2)
    print(f"{'sort the table':34s} {(time.perf_counter() - start) * 1e3:6.1f} ms")
    start = time.perf_counter()
    panel.controls.results.smallest.setText("20")
    print(f"{'filter the table':34s} {(time.perf_counter() - start) * 1e3:6.1f} ms")
    panel.controls.tabs.setCurrentIndex(0)
    panel.controls.rule.slider.setValue(100)
    bench.rest(1)
    for value in range(101, 101 + ROUNDS):
        start = time.thread_time()  # others may hold the processor meanwhile
        panel.controls.rule.slider.setValue(value)
        times["slider"].append((time.thread_time() - start) * 1e3)
        bench.draw()
    names = {"dab": "brush dab to frame", "stroke": "brush lifted to frame", "delete": "delete region to frame",
             "undo": "undo to frame", "row": "row of the table to frame"}  # fmt: skip
    for key, name in names.items():
        report(name, times[key], redraws)
    report("  outlined", times["outline"])
    report("pick under the cursor", times["pick"])
    report("slider, own work of a move (CPU)", times["slider"])
    bench.rest(2)
    print(f"{'memory at rest, at most':34s} {bench.now_mib():6.0f} MiB, {bench.most_mib:.0f} MiB")
    viewer.close()


if __name__ == "__main__":
    main()
