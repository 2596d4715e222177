"""Make ``plugin.png``: the sample section opened and measured in a real window.

Run it from the checkout, with a screen or under xvfb-run: python docs/images/make_screenshot.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Settings and cases of the person who runs this are neither used nor changed.
WORK = Path(tempfile.mkdtemp())
os.environ["NAPARI_CONFIG"] = str(WORK / "settings.yaml")
os.environ["CALCANNOT_CASES"] = str(WORK / "cases")

import napari  # noqa: E402
from PIL import Image  # noqa: E402
from qtpy.QtCore import QTimer  # noqa: E402


def main() -> None:
    """Open, measure, take the picture, leave."""
    viewer = napari.Viewer(title="calcannot")
    viewer.window.resize(1600, 1000)
    _, panel = viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
    panel.open_path(HERE.parents[1] / "sample_images" / "section.tif")

    def shoot() -> None:
        if panel.session is None or not panel.session.is_saved:
            QTimer.singleShot(300, shoot)
            return
        panel.controls.tabs.setCurrentIndex(2)
        QTimer.singleShot(1500, picture)

    def picture() -> None:
        shot = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)).convert("RGB")
        shot.quantize(256).save(HERE / "plugin.png", optimize=True)
        viewer.close()

    QTimer.singleShot(3000, panel.measure)
    QTimer.singleShot(6000, shoot)
    napari.run()


if __name__ == "__main__":
    main()
