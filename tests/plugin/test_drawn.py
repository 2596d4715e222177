"""What is drawn on the image besides the mask."""

import numpy as np
import pytest

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_calcannot import layers as convert
from napari_calcannot.stage import Stage


def square(at, side):
    return np.array([[at, at], [at + side, at], [at + side, at + side], [at, at + side]], np.float64)


def test_the_outline_of_one_region_takes_the_place_of_another(opened, sample_case):
    stage, session = Stage(ViewerModel()), opened(sample_case / "section.tif")
    stage.add([convert.image_layer(session)])
    for rings in ([square(10, 20)], [square(50, 200), square(400, 5)], [square(7, 3)], [], [square(30, 40)]):
        stage.drawn.outline_chosen(session, rings)
        layer = stage.layer(session, convert.CHOSEN)
        assert len(layer.data) == len(rings)
        for shape, ring in zip(layer.data, rings, strict=True):
            np.testing.assert_allclose(shape, ring[:, ::-1] - 0.5)
        assert set(layer.shape_type) <= {"polygon"}
        for colour in layer.edge_color:
            np.testing.assert_allclose(colour, (*convert.CHOSEN_COLOUR, 1.0))
        assert not np.asarray(layer.face_color).reshape(-1, 4)[:, 3].any()
        longest = max((np.ptp(ring, axis=0).max() for ring in rings), default=1.0)
        np.testing.assert_allclose(layer.edge_width, [max(0.5, longest / 25)] * len(rings))
