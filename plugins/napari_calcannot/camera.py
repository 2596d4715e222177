"""Where the viewer looks, in pixels of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_calcannot.boxes import Box

if TYPE_CHECKING:
    from napari.components import ViewerModel

SEEN_AROUND_REGION = 4.0
_UNSEEN_SCREEN_PX = 2.0


class Camera:
    """A viewer's camera, for one image layer at a time.

    Parameters
    ----------
    viewer
        Of napari; its public names only.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.turn = np.eye(2)
        """How the image is drawn turned: its rows and columns to those of the screen."""

    def fly_to(self, layer: Any, box: tuple[float, float, float, float], margin: float = SEEN_AROUND_REGION) -> None:
        """Bring a box into view: first row and column, and the row and column after the last, in pixels."""
        scale = self.world_per_pixel(layer)
        size = np.abs(self.turn) @ [max(1.0, box[axis + 2] - box[axis]) * scale[axis] for axis in (0, 1)]
        canvas = self._viewer.canvas.size
        camera = self._viewer.scene.camera
        self.centre_on(layer, *((box[axis] + box[axis + 2] - 1) / 2 for axis in (0, 1)))
        camera.zoom = min(float(canvas[axis]) / (margin * size[axis]) for axis in (0, 1))

    def centre_on(self, layer: Any, row: float, col: float) -> None:
        """Look at a pixel without a change of zoom."""
        scale = self.world_per_pixel(layer)
        centre = self.turn @ (row * scale[0], col * scale[1])
        self._viewer.scene.camera.center = (0.0, float(centre[0]), float(centre[1]))

    def zoom_to(self, layer: Any, screen_px_per_pixel: float) -> None:
        """Draw a pixel of the image this large."""
        self._viewer.scene.camera.zoom = screen_px_per_pixel / float(self.world_per_pixel(layer)[1])

    def view(self, layer: Any) -> tuple[float, float, float, float]:
        """First row and column, last row and column that are in view; may reach out of the image."""
        scale = self.world_per_pixel(layer)
        camera = self._viewer.scene.camera
        canvas = self._viewer.canvas.size
        back = np.linalg.inv(self.turn)
        centre = back @ [float(camera.center[axis]) for axis in (-2, -1)] / scale
        half = np.abs(back) @ [float(canvas[axis]) / float(camera.zoom) / 2 for axis in (0, 1)] / scale
        row, col, last_row, last_col = (float(each) for each in (*(centre - half), *(centre + half)))
        return row, col, last_row, last_col

    def visible(self, layer: Any, height: int, width: int) -> Box | None:
        """Pixels of an image in view; None where it is out of view."""
        row, col, last_row, last_col = self.view(layer)
        box = Box(max(0, int(row)), max(0, int(col)), min(height, int(last_row) + 1), min(width, int(last_col) + 1))
        return box if box.last_row > box.row and box.last_col > box.col else None

    def shows_all(self, layer: Any, height: int, width: int) -> bool:
        """Whether all of an image is in view, but for what a person would not see is missing."""
        row, col, last_row, last_col = self.view(layer)
        slack = _UNSEEN_SCREEN_PX / self.screen_px_per_pixel(layer)
        return max(row, col) <= slack and last_row >= height - 1 - slack and last_col >= width - 1 - slack

    def screen_px_per_pixel(self, layer: Any) -> float:
        """Pixels of the screen to one of the image."""
        return float(self._viewer.scene.camera.zoom * self.world_per_pixel(layer)[1])

    def pixel_at(self, layer: Any, position: Any) -> tuple[float, float]:
        """Row and column of a place in the world; pixel (0, 0) is centred on (0, 0)."""
        row, col = layer.world_to_data(np.asarray(position, np.float64)[-2:] / self._world_per_unit(layer))
        return float(row), float(col)

    def world_per_pixel(self, layer: Any) -> npt.NDArray[np.float64]:
        """World units in one pixel: float64 (2,), down and across."""
        return np.array(layer.scale[-2:], np.float64) * self._world_per_unit(layer)

    def _world_per_unit(self, layer: Any) -> npt.NDArray[np.float64]:
        """World units in one of the layer's: napari draws in the smallest unit of all layers, also of other plugins."""
        world = self._viewer.layers.units
        if world is None:
            return np.ones(2)
        return np.array([float((1 * layer.units[axis]).to(world[axis]).magnitude) for axis in (-2, -1)])
