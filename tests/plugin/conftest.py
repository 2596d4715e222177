import gc
import shutil
from pathlib import Path

import numpy as np
import pytest

from calcannot.io import ArraySource
from napari_calcannot.session import Session


@pytest.fixture(scope="session", autouse=True)
def imported_is_no_garbage():
    """napari collects garbage with each layer that goes: what is imported would take a third of the time of a test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def own_cases(tmp_path_factory, monkeypatch) -> Path:
    """Cases that are made by themselves do not go to the home of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("own") / "cases"
    monkeypatch.setenv("CALCANNOT_CASES", str(folder))
    return folder


@pytest.fixture
def sample_case(tmp_path_factory) -> Path:
    """A copy, for strokes and runs are written into a case."""
    samples = Path(__file__).resolve().parents[2] / "sample_images"
    return shutil.copytree(samples, tmp_path_factory.mktemp("sample") / "case", ignore=shutil.ignore_patterns("*.py"))


@pytest.fixture
def panel(make_napari_viewer_proxy, qtbot):
    """The panel of a viewer of its own; the images that are open at the end are closed."""
    from napari_calcannot.widget import CalcificationPanel

    viewer = make_napari_viewer_proxy()
    widget = CalcificationPanel(viewer)
    qtbot.addWidget(widget)
    yield widget  # pytest-qt closes the panel; its images stay, as they do in napari
    for session in widget.stage.sessions():
        widget.stage.forget(session)
        session.close()
    viewer.layers.clear()


@pytest.fixture
def grey_source() -> ArraySource:
    pixels = np.random.default_rng(5).integers(0, 4096, (90, 130)).astype(np.uint16)
    return ArraySource(pixels, name="grey.png", value_range=(0.0, 4095.0))


@pytest.fixture
def colour_source() -> ArraySource:
    pixels = np.random.default_rng(6).integers(0, 256, (80, 120, 3)).astype(np.uint8)
    return ArraySource(pixels, name="colour.png")


@pytest.fixture
def opened():
    """Opens images as sessions, and closes them when the test is over."""
    sessions = []

    def open_session(path: Path, annotations=None) -> Session:
        sessions.append(Session.open(path, annotations))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()
