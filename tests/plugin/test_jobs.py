"""Jobs one after the other."""

import pytest

pytest.importorskip("napari")

from qtpy.QtCore import QObject, QThreadPool

from napari_calcannot.jobs import JobQueue, Runner, end_all

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


def test_no_thread_outlives_the_program(qtbot):
    parent, came = QObject(), []
    runner = Runner(parent)

    def work(progress):
        while True:
            progress("classify", 0, 1)

    runner.start(work, came.append, came.append)
    assert QThreadPool.globalInstance().activeThreadCount() > 0
    end_all()
    assert QThreadPool.globalInstance().activeThreadCount() == 0
    qtbot.waitUntil(lambda: came == [""], timeout=5_000)
