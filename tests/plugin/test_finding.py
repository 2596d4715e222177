"""The numbers of the view: of what is in view now, and left out where that is the image."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

from napari_calcannot import finding
from napari_calcannot.layers import IMAGE

pytestmark = pytest.mark.gui

HEIGHT, WIDTH = 200, 400


@pytest.fixture
def session(panel, qtbot, tmp_path):
    """An image whose left half is mineral."""
    pixels = np.full((HEIGHT, WIDTH, 3), 240, np.uint8)
    pixels[:, : WIDTH // 2] = 30
    Image.fromarray(pixels).save(tmp_path / "half.png")
    assert panel.open_path(tmp_path / "half.png")
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    return panel.session


def seen(panel, qtbot, session, zoom, col):
    """What is said when the camera has moved."""
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy and not panel.finding.is_looking, timeout=20_000)
    panel.controls.rule.show_counts("")
    layer = panel.stage.layer(session, IMAGE)
    panel.stage.camera.zoom_to(layer, zoom)
    panel.stage.camera.centre_on(layer, (HEIGHT - 1) / 2, col)
    qtbot.waitUntil(lambda: panel.controls.rule.counts.text() != "", timeout=20_000)
    return panel.controls.rule.counts.text().splitlines()


def test_the_numbers_of_the_view_follow_the_camera(panel, qtbot, session):
    whole = panel.stage.viewer.canvas.size[1] / WIDTH
    assert seen(panel, qtbot, session, 8 * whole, 40)[0].endswith(", 100 %")
    none, image, _ = seen(panel, qtbot, session, 8 * whole, WIDTH - 40)
    assert none.endswith(", 0 %")
    assert image.startswith("Image: ")


@pytest.mark.parametrize("short_px", [0, 1, 12])
def test_a_view_that_is_a_pixel_short_of_the_image_is_the_image(panel, qtbot, session, short_px, monkeypatch):
    monkeypatch.setattr(finding, "_LARGEST_VIEW_PX", 100)
    height, width = panel.stage.viewer.canvas.size
    zoom = min(height / HEIGHT, width / WIDTH)
    lines = seen(panel, qtbot, session, zoom, (WIDTH - 1) / 2 + short_px / zoom)
    assert [line.partition(":")[0] for line in lines[:-1]] == (["In view", "Image"] if short_px > 1 else ["Image"])
