"""What is drawn and clicked without a stroke: examples, lines, figures, and files that are dropped."""

import json
import shutil
from collections import ChainMap

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

from napari.settings import get_plugin_settings
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from calcannot.errors import ImageReadError
from calcannot.report.numbers import area_text
from napari_calcannot.keys import KEYS
from napari_calcannot.layers import IMAGE, MINERAL, PREVIEW
from napari_calcannot.session_state import TILES
from napari_calcannot.tools import Tool

pytestmark = pytest.mark.gui


@pytest.fixture
def dark_and_red(tmp_path):
    """Grains of 40 grey beside red of a dye that is as dark on the whole, on glass."""
    pixels = np.full((200, 300, 3), 240, np.uint8)
    pixels[20:60, 20:60] = 40
    pixels[100:160, 100:200] = (120, 20, 20)
    path = tmp_path / "stain.png"
    Image.fromarray(pixels).save(path)
    return path


def opened(panel, qtbot, path):
    assert panel.open_path(path)
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    return panel.session


def test_examples_find_the_rule_that_tells_them_apart(panel, qtbot, dark_and_red, tmp_path):
    session = opened(panel, qtbot, dark_and_red)
    panel.hand.use(Tool.MINERAL_EXAMPLE)
    for row, col in ((30.0, 30.0), (50.0, 45.0)):
        panel.hand.clicked.emit(row, col)
    assert not panel.controls.examples.pick.isEnabled(), "one kind tells nothing apart"
    panel.hand.use(Tool.OTHER_EXAMPLE)
    for row, col in ((130.0, 150.0), (10.0, 250.0)):
        panel.hand.clicked.emit(row, col)
    assert panel.controls.examples.mineral.text() == "+ mineral (2)"
    assert panel.controls.examples.pick.isEnabled()
    panel.controls.examples.pick.click()
    assert "from your examples" in panel.controls.message.text()
    rule = panel.controls.rule
    qtbot.waitUntil(lambda: rule.counts.text().startswith(f"Image: {area_text(None, 1600)}"), timeout=30_000)
    assert "(of the recipe: " in rule.note.text(), "a number that somebody gave is not automatic"
    assert session.statistics.histogram(rule.rule.channel.spec).total == session.info.height_px * session.info.width_px
    session.measure()
    assert session.mask.area_px == 40 * 40, "the grain, and none of the red"
    panel._undo()
    assert session.recipe.name == "von-kossa"
    assert panel.open_path(shutil.copyfile(dark_and_red, tmp_path / "other.png"))
    assert panel.controls.examples.mineral.text() == "+ mineral (0)", "of the other image none was clicked"
    assert not panel.controls.examples.pick.isEnabled()
    panel._on_image(0)
    assert panel.controls.examples.mineral.text() == "+ mineral (2)"


def test_a_line_of_known_length_gives_the_pixel_size(panel, qtbot, dark_and_red):
    session = opened(panel, qtbot, dark_and_red)
    assert not panel.controls.scale.isHidden()
    ends = [[10.0, 50.0], [210.0, 50.0]]
    panel.calibrating.calibrate("line", ends, {"size": "100 parsec"})
    qtbot.waitUntil(lambda: "parsec" in panel.controls.message.text(), timeout=10_000)
    panel.calibrating.calibrate("line", ends, {"size": "100um"})
    qtbot.waitUntil(lambda: session.info.calibration is not None, timeout=10_000)
    assert session.info.calibration.um_per_px_col == pytest.approx(0.5)
    assert panel.controls.scale.isHidden()
    panel.hand.use(Tool.RULER)
    panel.hand.measured.emit(np.array([[0.0, 0.0], [30.0, 40.0]]))
    qtbot.wait(50)
    assert panel.hand.tool is Tool.RULER, "the line is a new layer, and does not take the mouse"
    assert panel.controls.message.text() == "25.0 µm"


def test_the_view_is_written_as_a_figure_of_300_dpi(panel, qtbot, dark_and_red, tmp_path):
    session = opened(panel, qtbot, dark_and_red)
    session.measure()
    panel.leaving.figure(tmp_path / "figure.png")
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=30_000)
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.info["dpi"][0] >= 299
        assert picture.width / picture.info["dpi"][0] == pytest.approx(170 / 25.4, rel=0.01), "170 mm wide"
    panel.leaving.figure(tmp_path / "absent" / "figure.png")
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=30_000)
    assert "figure.png" in panel.controls.message.text()


def test_a_measured_image_leaves_as_report_and_export(panel, qtbot, dark_and_red, tmp_path):
    opened(panel, qtbot, dark_and_red)
    panel.leaving.export("geojson", tmp_path / "out")
    assert "Press Measure" in panel.controls.message.text()
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: bool(panel.session.saved_to), timeout=60_000)
    (tmp_path / "out").mkdir()
    for leave in (
        lambda: panel.leaving.report(tmp_path / "report.html"),
        lambda: panel.leaving.export("geojson", tmp_path / "out"),
    ):
        leave()
        qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=60_000)
        assert panel.controls.message.text().startswith("Written: ")
    assert "Calcification report" in (tmp_path / "report.html").read_text(encoding="utf-8")
    (file,) = (tmp_path / "out").rglob("*.geojson")
    (feature,) = json.loads(file.read_text(encoding="utf-8"))["features"]
    (ring,) = feature["geometry"]["coordinates"]
    assert len(ring) == 5, "the square grain"


def test_a_file_that_is_dropped_on_the_panel_is_opened(panel, dark_and_red):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(dark_and_red))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                       Qt.KeyboardModifier.NoModifier)  # fmt: skip
    panel.opening.eventFilter(panel.controls, event)
    assert panel.session.path == dark_and_red


def test_an_image_that_is_gone_for_a_while_is_read_when_it_is_back(panel, qtbot, dark_and_red, monkeypatch):
    session = opened(panel, qtbot, dark_and_red)
    source, read = session.source, session.source.read

    def lost(*_):
        raise ImageReadError("the network folder is gone", path=dark_and_red)

    monkeypatch.setattr(source, "read", lost)
    TILES.drop(lambda _: True)
    panel.stage.refresh_pixels(session, [IMAGE])
    qtbot.waitUntil(lambda: "tried again" in panel.controls.message.text(), timeout=10_000)
    monkeypatch.setattr(source, "read", read)
    qtbot.waitUntil(lambda: session.pixels.loader.failure is None, timeout=10_000)
    panel.stage.refresh_pixels(session, [IMAGE])
    assert session.pixels.loader.failure is None
    shown = panel.stage.layer(session, IMAGE).data
    np.testing.assert_array_equal(np.asarray(shown), read(0, 0, 200, 300))


def test_every_key_of_the_panel_comes_to_it_whatever_layer_of_ours_is_in_use(panel, qtbot, dark_and_red):
    session = opened(panel, qtbot, dark_and_red)
    panel.measure()
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    qtbot.wait(50)
    for role in (IMAGE, MINERAL, PREVIEW):
        layer = panel.stage.layer(session, role)
        chain = ChainMap(layer.keymap, type(layer).class_keymap)
        for key in ("V", "B", "E", "L", "X", "F", "D"):
            panel.hand.use(Tool.MOVE)
            chain[coerce_keybinding(key)](layer)
            assert panel.hand.tool.value == KEYS[key][0], (role, key)
        before = panel.controls.style_view.outline.isChecked()
        chain[coerce_keybinding("O")](layer)
        assert panel.controls.style_view.outline.isChecked() is not before, "napari turns a plane with it"


def test_bounded_paint_where_nothing_is_mineral_is_said(panel, qtbot, dark_and_red):
    session = opened(panel, qtbot, dark_and_red)
    panel.measure()
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    area = session.mask.area_px
    panel.correcting.bound = 90.0
    panel.hand.use(Tool.BRUSH)
    for place, said in (
        ((250.0, 20.0), "Nothing here is mineral at a threshold of 90, so nothing was painted."),
        ((30.0, 30.0), ""),
    ):
        way = np.array([place])
        panel.hand.moved.emit(way)
        panel.hand.drawn.emit(way)
        assert panel.controls.message.text() == said
        assert session.mask.area_px == area
    assert len(session.annotations.strokes) == 1


def test_a_view_that_is_short_of_the_image_by_a_hair_shows_all_of_it(panel, qtbot, dark_and_red):
    session = opened(panel, qtbot, dark_and_red)
    layer, camera = panel.stage.layer(session, IMAGE), panel.stage.viewer.scene.camera
    height, width = panel.stage.viewer.canvas.size
    counts = panel.controls.rule.counts
    for hidden_screen_px, is_all in ((-2.0, True), (1.0, True), (8.0, False)):
        camera.center = (0.0, 99.5, 149.5)
        camera.zoom = min((height + 2 * hidden_screen_px) / 200, (width + 2 * hidden_screen_px) / 300)
        assert panel.stage.camera.shows_all(layer, 200, 300) is is_all
        panel.finding._count()
        assert ("In view" in counts.text()) is not is_all
        assert "Image: " in counts.text()


def test_a_name_that_is_chosen_while_an_image_is_open_stands_with_the_next_stroke(panel, qtbot, dark_and_red):
    session = opened(panel, qtbot, dark_and_red)
    settings = get_plugin_settings("calcannot").desk
    before = settings.author
    try:
        settings.author = "Reader 2"
        assert session.hand.author == "Reader 2"
    finally:
        settings.author = before
    assert session.hand.author == before
