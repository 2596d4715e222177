"""The panel in a viewer: what a user presses, and what is then true."""

import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

from qtpy.QtWidgets import QFileDialog

from calcannot.cli.summary import summary_rows
from calcannot.model.annotation import StrokeKind
from calcannot.model.recipe_rules import Method
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import load_recipe
from napari_calcannot import question as question_module
from napari_calcannot.layers import IMAGE, MINERAL, PREVIEW, REGIONS
from napari_calcannot.tools import Tool

pytestmark = pytest.mark.gui


def settle(panel, qtbot):
    """Wait until nothing runs."""
    qtbot.waitUntil(lambda: panel.desk.runner.is_busy is False, timeout=30_000)


def opened(panel, qtbot, path):
    assert panel.open_path(path), panel.controls.message.text()
    settle(panel, qtbot)
    return panel.session


def measured(panel, qtbot):
    panel.controls.measure.click()
    settle(panel, qtbot)
    assert panel.controls.message.text() == ""
    return panel.session.analysis


def shown_totals(panel):
    form = panel.controls.results.totals
    return [
        (
            form.itemAt(row, form.ItemRole.LabelRole).widget().text(),
            form.itemAt(row, form.ItemRole.FieldRole).widget().text(),
        )
        for row in range(form.rowCount())
    ]


def test_section_from_opening_to_saved(panel, qtbot, sample_case, tmp_path):
    session = opened(panel, qtbot, sample_case / "section.tif")
    stage = panel.stage
    assert session.resolved.threshold == panel.controls.rule.slider.value()
    assert stage.layer(session, PREVIEW).visible, "what would be measured is shown at once"
    assert panel.controls.state.text() == "Not measured yet."
    analysis = measured(panel, qtbot)
    assert stage.layer(session, MINERAL).visible
    assert not stage.layer(session, PREVIEW).visible
    np.testing.assert_array_equal(
        np.asarray(stage.layer(session, MINERAL).data[0]) > 0, analysis.runs.mask(0, 0, 1800, 2400)
    )
    rows = [row for row in summary_rows(analysis) if row[0] not in ("warning", "scale")]
    assert shown_totals(panel) == rows
    qtbot.waitUntil(lambda: session.is_saved, timeout=30_000)
    case = session.drawing.case.path
    assert session.saved_to.parent.parent == case / "runs"
    assert panel.controls.state.text() == f"Measured and saved in {case.name}."
    panel.leaving.results(tmp_path / "out")
    settle(panel, qtbot)
    assert session.saved_to == tmp_path / "out"
    assert (tmp_path / "out" / "regions.csv").exists()


def test_a_number_that_is_not_mineral_alone_is_read_after_its_note(panel, qtbot, sample_case):
    opened(panel, qtbot, sample_case / "radiograph.dcm")
    measured(panel, qtbot)
    results = panel.controls.results
    assert "counts bone as mineral" in results.warnings.text()
    assert results.layout().indexOf(results.warnings) < results.layout().indexOf(results.totals)
    qtbot.waitUntil(lambda: panel.session.is_saved, timeout=30_000)
    qtbot.waitUntil(lambda: panel.controls.state.text().endswith("Read has a note on it."), timeout=5_000)


def test_slider_previews_and_makes_the_measurement_old(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    measured(panel, qtbot)
    automatic = session.resolved.threshold
    panel.controls.rule.slider.setValue(90)
    assert session.threshold_by_hand == 90
    assert panel.stage.layer(session, PREVIEW).visible
    assert not panel.stage.layer(session, MINERAL).visible
    assert "Changed" in panel.controls.state.text()
    assert not panel.controls.share.results.isEnabled()
    analysis = measured(panel, qtbot)
    assert analysis.recipe.name == "von-kossa (by hand)"
    assert analysis.resolved.threshold == 90
    panel.controls.rule.automatic.click()
    settle(panel, qtbot)
    assert session.threshold == automatic
    assert panel.controls.rule.slider.value() == automatic


def test_case_with_regions_a_film_and_a_section(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case)
    assert [panel.controls.images.itemText(i) for i in range(2)] == [
        "radiograph: radiograph.dcm", "histology: section.tif",
    ]  # fmt: skip
    assert panel.controls.rule.rule is None
    assert "no live preview" in panel.controls.rule.note.text()
    analysis = measured(panel, qtbot)
    assert analysis.recipe.name == "radiograph-local"
    panel._on_image(1)
    settle(panel, qtbot)
    assert panel.session is not session
    assert {str(unit) for layer in panel.stage.viewer.layers for unit in layer.units} == {"micrometer"}
    assert not panel.stage.layer(session, IMAGE).visible
    assert measured(panel, qtbot).recipe.name == "von-kossa"


@pytest.mark.parametrize("unit", [None, "nm", "mm"], ids=["alone", "beside nm", "beside mm"])
def test_a_place_in_the_view_is_that_place_of_the_image(panel, qtbot, sample_case, unit):
    session = opened(panel, qtbot, sample_case)
    viewer, camera, layer = panel.stage.viewer, panel.stage.camera, panel.stage.layer(session, IMAGE)
    if unit is not None:  # of another plugin
        viewer.add_image(np.zeros((9, 9), np.uint8), units=(unit, unit))
    camera.centre_on(layer, 300, 200)
    assert camera.pixel_at(layer, viewer.scene.camera.center) == pytest.approx((300, 200))
    row, col, last_row, last_col = camera.view(layer)
    assert ((row + last_row) / 2, (col + last_col) / 2) == pytest.approx((300, 200))


def test_the_scale_bar_has_the_unit_of_the_image_on_show(panel, qtbot, sample_case, tmp_path):
    def units():
        return {str(unit) for unit in panel.stage.viewer.layers.units}

    opened(panel, qtbot, sample_case / "section.tif")
    assert units() == {"micrometer"}
    Image.new("RGB", (200, 100), "pink").save(tmp_path / "bare.png")
    bare = opened(panel, qtbot, tmp_path / "bare.png")
    assert units() == {"pixel"}
    panel._on_image(0)
    settle(panel, qtbot)
    assert units() == {"micrometer"}, "the hidden image does not take it away"
    panel._on_image(1)
    assert panel.session is bare
    panel.controls.scale.size_given.emit("0.5um")
    assert units() == {"micrometer"}
    assert panel.stage.layer(bare, IMAGE).scale.tolist() == [0.5, 0.5]


def test_drawn_region_is_measured_and_nothing_else(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    panel.controls.regions.draw.click()
    layer = panel.stage.layer(session, REGIONS)
    assert str(layer.mode) == "add_polygon"
    corners = np.array([(699.5, 799.5), (699.5, 1199.5), (1099.5, 1199.5), (1099.5, 799.5)])
    layer.add_polygons([corners])
    qtbot.waitUntil(lambda: len(session.annotations.regions) == 1)
    settle(panel, qtbot)
    np.testing.assert_array_equal(session.annotations.regions[0].rings[0], corners[:, ::-1] + 0.5)
    analysis = measured(panel, qtbot)
    mask = analysis.runs.mask(0, 0, 1800, 2400)
    assert mask[700:1100, 800:1200].sum() == mask.sum() > 0
    layer.data = []
    qtbot.waitUntil(lambda: not session.annotations.regions)
    assert not session.is_current


def test_a_region_that_crosses_itself_is_said_and_not_measured(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    layer = panel.stage.drawn.draw_region(session)
    layer.add_polygons([np.array([(0, 0), (100, 100), (0, 100), (100, 0)])])
    panel.controls.measure.click()
    assert "crosses itself" in panel.controls.message.text()
    assert session.analysis is None
    layer.data = []


def test_pixel_size_banner_makes_everything_physical(panel, qtbot, sample_case, tmp_path):
    from calcannot.io import open_image

    with open_image(sample_case / "section.tif") as source:
        Image.fromarray(source.read(600, 800, 300, 400)).save(tmp_path / "part.png")
    session = opened(panel, qtbot, tmp_path / "part.png")
    banner = panel.controls.scale
    assert not banner.isHidden()
    pixels = measured(panel, qtbot).totals.calcified_area_px
    banner.field.setText("half a micron")
    banner.button.click()
    assert "not a number with a unit" in panel.controls.message.text()
    banner.field.setText("0.5um")
    banner.button.click()
    settle(panel, qtbot)
    assert banner.isHidden()
    for layer in panel.stage.viewer.layers:
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 2, layer.name
        np.testing.assert_allclose(layer.scale, 0.5)
    assert not session.is_current
    assert measured(panel, qtbot).totals.calcified_area_mm2 == pytest.approx(pixels * 0.25e-6)


def test_pixel_size_banner_asks_for_a_line(panel, qtbot, tmp_path):
    Image.new("RGB", (200, 100), "white").save(tmp_path / "blank.png")
    opened(panel, qtbot, tmp_path / "blank.png")
    panel.controls.scale.line.click()
    assert panel.hand.tool is Tool.SCALE_LINE


def test_errors_are_said_and_life_goes_on(panel, qtbot, sample_case, tmp_path):
    bad = tmp_path / "broken.tif"
    bad.write_bytes(b"II*\x00 and no more")
    assert not panel.open_path(bad)
    assert "broken.tif" in panel.controls.message.text()
    assert not panel.open_path(tmp_path / "absent")
    opened(panel, qtbot, sample_case / "section.tif")
    panel.controls.rule.recipe_chosen.emit("radiograph-global")
    panel.controls.measure.click()
    settle(panel, qtbot)
    assert "colour" in panel.controls.message.text()
    panel.controls.rule.recipe_chosen.emit("")
    settle(panel, qtbot)
    measured(panel, qtbot)


def test_an_unforeseen_fault_is_said_too(panel, qtbot, sample_case, monkeypatch):
    opened(panel, qtbot, sample_case / "section.tif")
    monkeypatch.setattr(question_module, "analyse", lambda *_, **__: 1 / 0)
    panel.controls.measure.click()
    settle(panel, qtbot)
    assert "ZeroDivisionError" in panel.controls.message.text()
    assert panel.controls.measure.text() == "Measure"


def test_cancel_stops_and_leaves_things_as_they_were(panel, qtbot, sample_case, monkeypatch):
    session = opened(panel, qtbot, sample_case / "section.tif")
    begun, go_on = threading.Event(), threading.Event()

    def slow(source, recipe, annotations, *, progress):
        progress("classify", 1, 10)
        begun.set()
        go_on.wait(10)
        return analyse(source, recipe, annotations, progress=progress)

    monkeypatch.setattr(question_module, "analyse", slow)
    panel.controls.measure.click()
    assert panel.controls.measure.text() == "Cancel"
    assert panel.controls.rule.isEnabled() and not panel.controls.images.isEnabled()
    qtbot.waitUntil(begun.is_set)
    qtbot.waitUntil(lambda: panel.controls.progress.value() == 1)
    panel.controls.measure.click()
    go_on.set()
    settle(panel, qtbot)
    assert panel.controls.message.text() == "Cancelled."
    assert session.analysis is None
    assert panel.controls.images.isEnabled()


def test_row_of_the_table_flies_to_its_region(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    analysis = measured(panel, qtbot)
    table = panel.controls.results.table
    table.sortByColumn(1, table.horizontalHeader().sortIndicatorOrder().AscendingOrder)
    model = panel.controls.results.model
    table.selectRow(0)
    region = model.region_at(0)
    assert analysis.regions.area[region] == analysis.regions.area.min()
    middle = (analysis.regions.row_min[region] + analysis.regions.row_max[region] - 1) / 2
    assert panel.stage.viewer.scene.camera.center[1] == pytest.approx(middle)
    assert session is panel.session


def test_removed_image_is_closed_and_the_panel_empty(panel, qtbot, sample_case, tmp_path):
    path = tmp_path / "copy.tif"
    shutil.copyfile(sample_case / "section.tif", path)
    session = opened(panel, qtbot, path)
    panel.stage.viewer.layers.remove(panel.stage.layer(session, IMAGE))
    qtbot.waitUntil(lambda: panel.session is None)
    assert panel.stage.layer(session, PREVIEW) is None
    assert not panel.controls.measure.isEnabled()


def test_renamed_layers_are_still_found(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    panel.stage.layer(session, IMAGE).name = "something else"
    assert measured(panel, qtbot).totals.region_count > 100


def test_style(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    measured(panel, qtbot)
    layer = panel.stage.layer(session, MINERAL)
    style = panel.controls.style_view
    style.outline.setChecked(True)
    style.opacity.setValue(0.4)
    style.colour.setCurrentText("cyan")
    assert layer.contour > 0
    assert layer.opacity == pytest.approx(0.4)
    np.testing.assert_allclose(layer.colormap.map(np.array([1]))[0][:3], (0.0, 0.85, 1.0), atol=0.01)


def test_a_folder_is_worked_through_one_image_after_the_other(panel, qtbot, sample_case, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("a.tif", "b.tif"):
        shutil.copyfile(sample_case / "section.tif", folder / name)
    (folder / "c.tif").write_bytes(b"II*\x00 and no more")
    first = opened(panel, qtbot, folder)
    listed = panel.controls.worklist
    assert listed.progress.text() == "1 of 3"
    first.draw([first.hand.stroke(StrokeKind.ADD, (np.array([(0, 0), (9, 0), (9, 9), (0, 9)], np.float64),))], "brush")
    listed.after.click()
    qtbot.waitUntil(lambda: panel.desk.sessions == [panel.session])
    assert panel.session.path == folder / "b.tif"
    listed.after.click()
    assert "c.tif" in panel.controls.message.text()
    assert panel.session.path == folder / "b.tif"
    listed.after.click()
    qtbot.waitUntil(lambda: len(panel.desk.sessions) == 1)
    assert panel.session.path == folder / "a.tif"
    assert len(panel.session.annotations.strokes) == 1, "drawn before the case was made, and written when it was closed"


def test_another_method_finds_the_threshold_and_the_rule_travels_as_a_file(panel, qtbot, sample_case, tmp_path):
    session = opened(panel, qtbot, sample_case / "section.tif")
    rule = panel.controls.rule
    assert rule.methods.currentText() == "valley"
    rule.method_chosen.emit("otsu")
    settle(panel, qtbot)
    assert session.recipe.threshold is Method.OTSU
    assert session.recipe.core is session.recipe.gate is None
    assert rule.methods.currentText() == "otsu"
    expected = analyse(session.source, load_recipe("von-kossa").model_copy(
        update={"threshold": Method.OTSU, "core": None, "gate": None}))  # fmt: skip
    assert measured(panel, qtbot).totals.calcified_area_px == expected.totals.calcified_area_px
    panel.finding.save_recipe(tmp_path / "mine.json")
    rule.recipe_chosen.emit("")
    assert session.recipe.name == "von-kossa"
    assert panel.finding.load_recipe(tmp_path / "mine.json")
    assert session.recipe.name == "von-kossa (otsu)"
    newer = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8")) | {"schema_version": 2}
    (tmp_path / "newer.json").write_text(json.dumps(newer), encoding="utf-8")
    assert not panel.finding.load_recipe(tmp_path / "newer.json")
    assert "Update calcannot" in panel.controls.message.text()
    assert session.recipe.name == "von-kossa (otsu)"


def test_two_images_side_by_side_move_together(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case)
    other = panel.desk.sessions[1]
    beside = panel.beside

    def places():
        """Row and column of both middles in mm, and pixels of the screen to one of each image."""
        here, there = beside._views()
        sizes = [each.session.info.calibration.um_per_px_row / 1e3 for each in (here, there)]
        return [(*(np.array(each.middle) * mm), each.zoom) for each, mm in zip((here, there), sizes, strict=True)]

    panel.controls.beside.asked.emit(other)
    assert [each.metadata["calcannot_role"] for each in beside.model.layers] == [IMAGE]
    qtbot.waitUntil(lambda: beside._views() is not None)
    qtbot.wait(300)
    panel.controls.beside.link.setChecked(True)
    (row, col, zoom), (row2, col2, zoom2) = places()
    panel.stage.camera.centre_on(panel.stage.layer(session, IMAGE), 100, 200)
    panel.stage.viewer.scene.camera.zoom *= 2
    here, there = places()
    assert here != (row, col, zoom)
    np.testing.assert_allclose(np.subtract(there[:2], here[:2]), np.subtract((row2, col2), (row, col)), rtol=1e-6)
    assert there[2] / here[2] == pytest.approx(zoom2 / zoom), "a film beside a slide keeps its magnification"
    beside.model.scene.camera.zoom *= 3
    assert places()[0][2] == pytest.approx(3 * here[2]), "either of them leads"
    panel._on_image(1)
    assert beside.session is session, "the other one takes the place of the one that is now in hand"
    panel.controls.beside.asked.emit(None)
    assert beside.model is None


def test_a_closing_window_writes_what_is_not_written(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case / "section.tif")
    panel.controls.measure.click()
    settle(panel, qtbot)
    panel.keeping.finish()
    assert session.is_saved
    assert (session.saved_to / "regions.csv").exists()


def test_each_way_to_open_asks_for_what_it_says(panel, qtbot, sample_case, monkeypatch):
    asked = []
    image, folder = str(sample_case / "section.tif"), str(sample_case)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: asked.append("image") or (image, ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda _, title: asked.append(title) or folder)
    for action in panel.controls.open_menu.actions():
        action.trigger()
        settle(panel, qtbot)
        qtbot.wait(400)  # the view is fitted once more when the window has been laid out
        assert panel.session is not None
    assert asked == ["image", "Open a case folder", "Open a folder of images"]
