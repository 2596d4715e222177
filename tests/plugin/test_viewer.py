"""What napari itself does with the plugin: its manifest, its reader, its graphics card."""

import numpy as np
import pytest

pytest.importorskip("napari")

from calcannot.io import ArraySource
from calcannot.segment.shipped import load_recipe
from napari_calcannot.layers import IMAGE, PREVIEW
from napari_calcannot.preview import preview_rule
from napari_calcannot.session import Session
from napari_calcannot.stage import Stage, session_of

pytestmark = pytest.mark.gui


def test_manifest_names_what_there_is():
    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("calcannot")
    manifest.validate_imports()
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Calcification", "Record of a case"]


def test_a_case_opened_by_napari_keeps_scale_and_unit(make_napari_viewer, sample_case):
    viewer = make_napari_viewer()
    layers = viewer.open(sample_case, plugin="calcannot")
    assert [str(layer.units[0]) for layer in layers] == ["micrometer"] * 3, "in several units the mouse is lost"
    for session in {session_of(layer) for layer in layers}:
        session.close()


def test_what_cannot_be_read_is_a_notification_and_no_exception(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer()
    (tmp_path / "broken.tif").write_bytes(b"II*\x00 and no more")
    assert viewer.open(tmp_path / "broken.tif", plugin="calcannot") == []


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "bright"])
def test_the_graphics_card_draws_the_rule_pixel_for_pixel(make_napari_viewer, dark):
    """Every grey level once, drawn a screen pixel each, at thresholds from end to end."""
    pixels = np.random.default_rng(3).permutation(65536).reshape(256, 256) % 256
    source = ArraySource(pixels.astype(np.uint8), name="levels.png")
    recipe = load_recipe("radiograph-global").model_copy(update={"mineral": "dark" if dark else "bright"})
    session = Session(source)
    viewer = make_napari_viewer(show=True)
    stage = Stage(viewer)
    viewer.canvas.overlays.scale_bar.visible = False
    from napari_calcannot.layers import image_layer

    stage.add([image_layer(session)])
    stage.overlay.opacity = 1.0
    rule = preview_rule(recipe, source.info)
    stage.overlay.show_preview(session, rule, 100.0)
    stage.layer(session, IMAGE).visible = False
    for threshold in (0.0, 1.0, 99.5, 128.0, 200.0, 254.0):
        stage.overlay.show_preview(session, rule, threshold)
        viewer.scene.camera.center = (0.0, 127.5, 127.5)
        viewer.scene.camera.zoom = 1.0
        shot = viewer.screenshot(size=(256, 256), scale=1, canvas_only=True, flash=False)
        coloured = shot[..., :3].max(axis=-1) > 0
        expected = pixels <= threshold if dark else pixels > threshold
        assert coloured.shape == expected.shape
        np.testing.assert_array_equal(coloured, expected, err_msg=f"threshold {threshold}")
    assert stage.layer(session, PREVIEW).visible
    stage.forget(session)
    session.close()
