"""A day of images: nothing of one that was closed is left behind."""

import gc
import weakref

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

import psutil
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_calcannot.layers import IMAGE
from napari_calcannot.session_state import TILES
from napari_calcannot.widget import CalcificationPanel

pytestmark = [pytest.mark.gui, pytest.mark.slow]

IMAGES, WARM = 9, 3  # benchmarks/plugin_day.py does fifty
GROWTH_MIB = 20  # of five images together; each has 1.4 MiB of pixels, and as much again in tiles and masks


@pytest.fixture
def image(tmp_path):
    rng = np.random.default_rng(3)
    pixels = np.clip(np.array([225, 150, 180]) + rng.normal(0, 6, (400, 1200, 3)), 0, 255)
    pixels[100:140, 100:180] = 30
    path = tmp_path / "section.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def arrays_of(viewer, session):
    """What takes memory: the levels of each layer, runs, hulls, tiles that strokes change, and the image's pyramid."""
    levels = [level for layer in viewer.layers if getattr(layer, "multiscale", False) for level in layer.data]
    assert len(levels) == 4, "two of the preview and two of the mask"
    return [*levels, session.analysis.runs.start, session.analysis.regions.hull_row, session.mask.tiles, session.pixels]


def test_images_opened_and_closed(make_napari_viewer_proxy, qtbot, image):
    viewer = make_napari_viewer_proxy()
    panel = CalcificationPanel(viewer)
    qtbot.addWidget(panel)
    sessions, arrays, widgets, memory = [], [], [], []
    tiles_bytes = TILES.size_bytes
    for _ in range(IMAGES):
        assert panel.open_path(image)
        qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
        panel.session.measure()
        panel.stage.overlay.show_mineral(panel.session)
        panel.controls.results.table.selectRow(0)
        sessions.append(weakref.ref(panel.session))
        arrays += [weakref.ref(array) for array in arrays_of(viewer, panel.session)]
        viewer.layers.remove(panel.stage.layer(panel.session, IMAGE))
        qtbot.waitUntil(lambda: not panel.desk.sessions, timeout=10_000)
        assert not list(viewer.layers)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # what Qt does where its own loop runs
        gc.collect()
        widgets.append(len(QApplication.allWidgets()))
        memory.append(psutil.Process().memory_info().rss / 2**20)

    def are_forgotten():
        gc.collect()
        return all(ref() is None for ref in [*sessions, *arrays])

    qtbot.waitUntil(are_forgotten, timeout=5_000)  # the title of the window follows three times a second
    assert widgets[-1] <= widgets[WARM] + 5
    assert memory[-1] - memory[WARM] < GROWTH_MIB
    assert TILES.size_bytes <= tiles_bytes, "of images that an earlier test left open, none of these"
