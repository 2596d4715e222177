"""Serial sections side by side: aligned by places that are clicked in both, moved together, kept in the case."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("napari")

import tifffile
from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks

from calcannot.batch.case_images import add_image
from calcannot.store.case_folder import CaseFolder
from napari_calcannot.layers import IMAGE, MARKS, ROLE

pytestmark = pytest.mark.gui

UM = {"one": 1.0, "two": 0.5}
SHIFT = np.array([40.0, -25.0])  # µm, row and column
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])  # of (row, col): right becomes down, a quarter turn clockwise


def same_place(row, col):
    """Of the second section, in its pixels of half a µm."""
    return (TURN @ (row, col) + SHIFT) / UM["two"]


@pytest.fixture
def sections(tmp_path):
    case = CaseFolder.create(tmp_path / "case", author="")
    for name, um in UM.items():
        pixels = np.full((300, 400, 3), (225, 150, 180), np.uint8)
        pixels[100:140, 100:180] = 30
        path = tmp_path / f"{name}.ome.tif"
        sizes = {"PhysicalSizeX": um, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": um, "PhysicalSizeYUnit": "µm"}
        tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": "YXS", **sizes})
        add_image(case, path, id=name, role="histology")
    return case.path


def put_beside(panel, qtbot, path):
    assert panel.open_path(path), panel.controls.message.text()
    qtbot.waitUntil(lambda: panel.desk.runner.is_busy is False, timeout=30_000)
    panel.controls.beside.asked.emit(panel.desk.sessions[1])
    qtbot.waitUntil(lambda: panel.beside._views() is not None)
    qtbot.wait(300)


def click(panel, row, col):
    panel.hand.clicked.emit(row, col)


def click_beside(panel, row, col):
    model, layer = panel.beside.model, panel.beside.image
    for call, kind in ((mouse_press_callbacks, "mouse_press"), (mouse_release_callbacks, "mouse_release")):
        event = SimpleNamespace(
            type=kind, button=1, position=layer.data_to_world((row, col)), handled=False, modifiers=()
        )
        call(model, event)


def middles(panel):
    return [(np.array(each.middle), each.zoom) for each in panel.beside._views()]


def assert_on_one_place(panel):
    (here, zoom), (there, other_zoom) = middles(panel)
    np.testing.assert_allclose(there, same_place(*here), atol=0.2)
    assert zoom / UM["one"] == pytest.approx(other_zoom / UM["two"]), "a µm is as large in both"


def marks(panel):
    layers = [each for model in (panel.stage.viewer, panel.beside.model) for each in model.layers]
    return [len(each.data) for each in layers if each.metadata.get(ROLE) == MARKS]


def test_sections_are_aligned_by_places_and_the_case_keeps_it(panel, qtbot, sections):
    put_beside(panel, qtbot, sections)
    session = panel.session
    view = panel.controls.beside
    assert not panel.beside.is_linked
    view.align.setChecked(True)
    assert "same place" in panel.controls.message.text()
    click(panel, 10, 10)
    click(panel, 50, 60)  # of two in a row the second is meant
    assert marks(panel) == [1]
    click_beside(panel, *same_place(50, 60))
    assert marks(panel) == [1, 1]
    assert panel.beside.is_linked
    (here, _), (there, _) = middles(panel)
    np.testing.assert_allclose(there * 0.5 - here, np.array(same_place(50, 60)) * 0.5 - (50, 60), atol=1e-6)
    click_beside(panel, *same_place(250, 300))
    click(panel, 250, 300)
    assert "Turned by 90.0° clockwise; the places fit to" in panel.controls.message.text()
    assert_on_one_place(panel)
    click(panel, 20, 20)
    click_beside(panel, 5, 5)
    assert marks(panel) == [3, 3]
    panel._undo()
    assert marks(panel) == [2, 2], "of a pair that was a mistake nothing is left"
    assert_on_one_place(panel)
    view.align.setChecked(False)
    assert marks(panel) == []
    image = panel.stage.layer(session, IMAGE)
    panel.stage.camera.centre_on(image, 120, 200)
    panel.stage.viewer.scene.camera.zoom *= 3
    assert_on_one_place(panel)
    panel.beside.model.scene.camera.zoom *= 0.4
    panel.beside.model.scene.camera.center = (0, 80, 20)
    assert_on_one_place(panel)
    assert panel.beside.image.affine.affine_matrix[:2, :2] @ TURN == pytest.approx(np.eye(2)), "drawn as the other lies"

    view.link.setChecked(False)
    before = middles(panel)[1][0]
    panel.stage.camera.centre_on(image, 10, 10)
    np.testing.assert_allclose(middles(panel)[1][0], before)
    panel._on_beside(None)
    panel.beside.show(panel.desk.sessions[1])
    assert not panel.beside.is_linked, "as it was left in this window"

    panel._undo()
    assert panel.beside.is_linked
    assert panel.beside._link.alignment.angle_deg == 0, "one place is left, which turns nothing"
    panel._undo(redo=True)
    assert_on_one_place(panel)
    panel._on_image(1)
    assert panel.beside.session is session
    assert panel.beside._link.alignment.angle_deg == pytest.approx(-90, abs=0.1), "back, seen from the other one"
    panel._on_beside(None)


def test_sections_of_no_common_case_are_aligned_while_the_window_is_open(panel, qtbot, sections):
    for name in UM:
        assert panel.open_path(sections.parent / f"{name}.ome.tif"), panel.controls.message.text()
        qtbot.waitUntil(lambda: panel.desk.runner.is_busy is False, timeout=30_000)
    panel._on_image(0)
    panel.controls.beside.asked.emit(panel.desk.sessions[1])
    qtbot.waitUntil(lambda: panel.beside._views() is not None)
    panel.controls.beside.align.setChecked(True)
    for count, place in enumerate([(50, 60), (250, 300), (20, 300)], start=1):
        click(panel, *place)
        click_beside(panel, *same_place(*place))
        panel.desk.state_changed.emit()
        assert marks(panel) == [count, count]
    assert "Turned by 90.0° clockwise" in panel.controls.message.text()
    assert_on_one_place(panel)
    panel.controls.beside.align.setChecked(False)
    panel._on_beside(None)


def test_an_alignment_is_there_when_the_case_is_opened_again_from_either_section(panel, qtbot, sections):
    put_beside(panel, qtbot, sections)
    panel.controls.beside.align.setChecked(True)
    for place in ((50, 60), (250, 300)):
        click(panel, *place)
        click_beside(panel, *same_place(*place))
    panel.controls.beside.align.setChecked(False)
    panel._on_beside(None)
    for session in panel.desk.sessions:
        panel.stage.viewer.layers.remove(panel.stage.layer(session, IMAGE))
    qtbot.waitUntil(lambda: not panel.desk.sessions, timeout=10_000)
    put_beside(panel, qtbot, sections)
    assert panel.beside.is_linked
    assert_on_one_place(panel)
    panel._on_beside(None)
    panel.beside._earlier.clear()
    panel._on_image(1)
    panel._on_beside(panel.desk.sessions[0])
    assert panel.beside._link.alignment.angle_deg == pytest.approx(-90, abs=0.1)
    assert "changed" not in panel.controls.message.text()
    assert not panel.controls.others.isVisible()
    panel._on_beside(None)
