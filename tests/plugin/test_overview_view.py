"""The map of an image shows its values between the limits, and bytes as they are."""

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtGui import QImage

from napari_calcannot.overview_view import OverviewView

pytestmark = pytest.mark.gui


def drawn(qtbot, pixels, limits):
    view = OverviewView()
    qtbot.addWidget(view)
    view.show_image(pixels, limits)
    view.resize(pixels.shape[1], view.height())
    shown = QImage(view.size(), QImage.Format.Format_RGB32)  # a grab would have the depth of the screen
    view.render(shown)
    row = shown.height() // 2
    return [shown.pixelColor(col, row).getRgb()[:3] for col in (2, pixels.shape[1] - 3)]


@pytest.mark.parametrize(
    ("left", "right", "limits", "shown"),
    [
        ((10, 20, 30), (200, 100, 0), (0, 255), [(10, 20, 30), (200, 100, 0)]),
        ((10, 20, 30), (40, 60, 110), (10, 110), [(0, 25, 51), (76, 127, 255)]),
    ],
)
def test_the_map_shows_colours(qtbot, left, right, limits, shown):
    pixels = np.empty((40, 60, 3), np.uint8)
    pixels[:, :30], pixels[:, 30:] = left, right
    assert drawn(qtbot, pixels, limits) == shown
