"""A day of images in one window: memory and widgets after each of fifty sections was opened, measured and closed.

xvfb-run -s "-screen 0 1600x1000x24" python benchmarks/plugin_day.py
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path

os.environ["CALCANNOT_CASES"] = tempfile.mkdtemp()
os.environ["NAPARI_CONFIG"] = str(Path(os.environ["CALCANNOT_CASES"]) / "settings.yaml")

import napari
import numpy as np
import psutil
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_calcannot.layers import IMAGE

WARM = 10  # images until all is imported and compiled
WORK = Path(os.environ["CALCANNOT_CASES"])
SECTION = Path(__file__).parents[1] / "sample_images" / "section.tif"


def main() -> None:
    """Open, measure, save, close, again and again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50)
    count = parser.parse_args().images
    viewer = napari.Viewer()
    _, panel = viewer.window.add_plugin_dock_widget("calcannot", "Calcification")

    def until(done) -> None:
        while not done():
            QApplication.processEvents()
            time.sleep(0.01)

    sessions, memory = [], []
    print("image  memory MiB  widgets  sessions alive")
    for number in range(1, count + 1):
        path = WORK / f"section-{number}.tif"
        shutil.copyfile(SECTION, path)
        assert panel.open_path(path)
        until(lambda: not panel.desk.runner.is_busy)
        panel.measure()
        until(lambda: panel.session.is_saved)
        sessions.append(weakref.ref(panel.session))
        viewer.layers.remove(panel.stage.layer(panel.session, IMAGE))
        until(lambda: not panel.desk.sessions)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
        memory.append(psutil.Process().memory_info().rss / 2**20)
        if number in (1, 2, 5) or number % 10 == 0:
            alive = sum(ref() is not None for ref in sessions)
            print(f"{number:5d}  {memory[-1]:10.0f}  {len(QApplication.allWidgets()):7d}  {alive:14d}", flush=True)
    slope = np.polyfit(range(WARM, count), memory[WARM:], 1)[0]
    print(f"after the first {WARM}: {slope:.2f} MiB an image", flush=True)
    viewer.close()
    shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
