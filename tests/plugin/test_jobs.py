"""Jobs one after the other."""

import pytest

pytest.importorskip("napari")

from qtpy.QtCore import QObject

from napari_calcannot.jobs import JobQueue

pytestmark = pytest.mark.gui


def test_the_next_job_runs_though_nobody_could_take_what_came_of_the_one_before(qtbot):
    parent, came = QObject(), []
    queue = JobQueue(parent)

    def break_down(_):
        raise KeyError("gone")

    with qtbot.captureExceptions() as raised:
        queue.add(lambda _: 1, break_down, came.append)
        queue.add(lambda _: 2, came.append, came.append)
        qtbot.waitUntil(lambda: came == [2], timeout=5_000)
    assert len(raised) == 1
    assert not queue.is_busy


def test_what_waits_is_dropped(qtbot):
    parent, came = QObject(), []
    queue = JobQueue(parent)
    for number in range(3):
        queue.add(lambda _, number=number: number, came.append, came.append)
    queue.drop()
    assert not queue.is_busy
    qtbot.wait(300)
    assert came == []
