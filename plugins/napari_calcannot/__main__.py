"""``python -m napari_calcannot [PATH]``: napari with the panel docked and an image or case open."""

from __future__ import annotations

import sys

import napari

PLUGIN, WIDGET = "calcannot", "Calcification"


def main(arguments: list[str]) -> int:
    """Open the window and run until it is closed. What cannot be opened is said in the panel."""
    viewer = napari.Viewer(title="calcannot")
    viewer.window.resize(1500, 950)  # napari's own size leaves an image beside the panel no room
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    for path in arguments:
        panel.open_path(path)
    napari.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
