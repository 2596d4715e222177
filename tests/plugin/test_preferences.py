"""What is set in napari's preferences, and where it arrives."""

from pathlib import Path

import pytest

pytest.importorskip("napari")

import yaml
from napari.settings import get_plugin_settings

import napari_calcannot
from napari_calcannot.layers import COLOURS
from napari_calcannot.preferences import Style, choose_user_name, user_name
from napari_calcannot.style_view import StyleView

pytestmark = pytest.mark.gui


@pytest.fixture
def desk(tmp_path):
    settings = get_plugin_settings("calcannot").desk
    before = settings.model_dump()
    yield settings
    for name, value in before.items():
        setattr(settings, name, value)


def test_the_manifest_offers_the_colours_there_are():
    manifest = yaml.safe_load((Path(napari_calcannot.__file__).parent / "napari.yaml").read_text(encoding="utf-8"))
    properties = manifest["contributions"]["configurations"]["desk"]["properties"]
    assert properties["colour"]["enum"] == list(COLOURS)


def test_nobody_is_named_who_did_not_choose_a_name(desk):
    assert user_name() == ""
    desk.author = " Dr. Ito "
    assert user_name() == "Dr. Ito"
    choose_user_name("Reader 2 ")
    assert user_name() == "Reader 2"


def test_style_follows_the_preferences(desk, qtbot):
    view = StyleView()
    qtbot.addWidget(view)
    seen = []
    view.style_changed.connect(lambda *style: seen.append(style))
    desk.colour = "cyan"
    style = Style(view)
    assert seen[-1] == ("cyan", 0.75, False)
    desk.outline = True
    assert seen[-1] == ("cyan", 0.75, True)
    style.stop()
    desk.colour = "orange"
    assert seen[-1][0] == "cyan"
