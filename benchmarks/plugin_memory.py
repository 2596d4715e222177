"""Memory of the panel through a long walk: find, measure, correct, other thresholds, exports, a second slide.

    xvfb-run -s "-screen 0 1600x1000x24" python benchmarks/plugin_memory.py slide.svs

Looked up a hundred times a second. What exports and reports take in processes of their own is not in it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from napari_calcannot.layers import IMAGE
from napari_calcannot.tools import Tool
from plugin import Bench

EVERY_S = 0.01
FORMATS = ("geojson", "coco", "ome-zarr")


class Walk(Bench):
    """A window whose memory is looked up all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.highest_mib = self.total_mib = 0.0
        threading.Thread(target=self._look, daemon=True).start()
        self.rng = np.random.default_rng(1)

    def _look(self) -> None:
        while True:
            self.highest_mib = max(self.highest_mib, self.now_mib())
            time.sleep(EVERY_S)

    def show(self, step: str) -> None:
        """One line, of what was done since the one before."""
        self.total_mib = max(self.total_mib, self.highest_mib)
        print(f"{step:34s} {self.now_mib():6.0f} MiB, at most {self.highest_mib:6.0f}", flush=True)
        self.highest_mib = 0.0

    def job(self, start) -> None:
        """Do something that locks the panel."""
        start()
        self.wait(lambda: not self.panel.desk.is_working, 900)

    def measure(self, step: str) -> None:
        """Measure and save."""
        self.job(self.panel.measure)
        self.show(f"{step}, measured")
        self.wait(lambda: self.panel.session.is_saved, 900)
        self.show(f"{step}, saved")

    def tour(self) -> None:
        """Look around at full resolution, and come out again."""
        camera, info = self.viewer.scene.camera, self.panel.session.info
        scale, whole = float(self.panel.stage.layer(self.panel.session, IMAGE).scale[0]), camera.zoom
        camera.zoom = 1 / scale
        for row, col in self.rng.uniform(0.2, 0.8, (12, 2)):
            camera.center = (0.0, row * info.height_px * scale, col * info.width_px * scale)
            self.rest(0.2)
        for step in range(10):
            camera.zoom = 1 / scale / 1.5**step
            self.rest(0.15)
        camera.zoom = whole
        self.rest(0.3)

    def correct(self, count: int) -> None:
        """Paint beside regions, and delete them."""
        panel, session = self.panel, self.panel.session
        panel.controls.tabs.setCurrentIndex(1)
        table = session.analysis.regions
        for region in self.rng.choice(len(table), count, replace=False):
            box = tuple(int(edge[region]) for edge in (table.row_min, table.col_min, table.row_max, table.col_max))
            panel.stage.fly_to(session, box, 40)
            self.rest(0.2)
            panel.hand.use(Tool.BRUSH)
            panel.hand.diameter_px = 40.0
            way = np.array([[box[1] + 30.0, box[0] + 10.0], [box[1] + 45.0, box[0] + 18.0]])
            panel.correcting._on_moved(way)
            panel.correcting._on_drawn(way)
            panel.correcting.delete_at(*session.review.index.pixel_of(int(region)))
            self.rest(0.1)


def main() -> None:
    """Walk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path)
    slide, walk = parser.parse_args().slide, Walk()
    panel = walk.panel
    walk.rest(2)
    walk.show("window and panel")
    assert panel.open_path(slide)
    walk.wait(lambda: not panel.desk.runner.is_busy)
    session = panel.session
    walk.wait(lambda: not panel.stage.overlay.preview_values(session).is_filling)
    walk.show("opened, threshold and preview found")
    walk.tour()
    walk.show("looked around")
    walk.measure("first")
    panel.controls.tabs.setCurrentIndex(2)
    walk.tour()
    walk.show("table, histogram, looked around")
    walk.correct(10)
    walk.show("corrected")
    walk.wait(lambda: session.is_current, 900)
    walk.show("measured by itself")
    walk.correct(5)
    walk.measure("corrected again")
    panel.controls.tabs.setCurrentIndex(0)
    found = session.threshold
    for other in (8, -6):
        panel.controls.rule.slider.setValue(found + other)
        walk.rest(2)
        walk.tour()
        walk.measure(f"threshold {other:+d}")
    panel.controls.rule.automatic.click()
    walk.rest(2)
    walk.measure("automatic")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        walk.job(lambda: panel.leaving.results(out / "results"))
        walk.show("tables, masks, overlays")
        for name in FORMATS:
            walk.job(lambda name=name: panel.leaving.export(name, out / name))
            walk.show(f"export as {name}")
        walk.job(lambda: panel.leaving.report(out / "report.html"))
        walk.show("report")
        second = out / f"second{slide.suffix}"
        shutil.copyfile(slide, second)
        assert panel.open_path(second)
        walk.wait(lambda: not panel.desk.runner.is_busy)
        walk.show("second slide beside")
        walk.measure("second slide beside")
        walk.viewer.layers.remove(panel.stage.layer(session, IMAGE))
        walk.wait(lambda: session not in panel.desk.sessions)
        walk.show("first slide closed")
        walk.viewer.close()
    print(f"{'at most':34s} {walk.total_mib:6.0f} MiB")


if __name__ == "__main__":
    main()
