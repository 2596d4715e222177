"""Work in a process of its own: what takes hundreds of megabytes for a while leaves none behind in the window.

The window sends what is to be done and reads how far it has come. The process stops when it is told so, and when the
window is gone.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from calcannot.errors import CalcannotError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.pipeline.scan import Progress

_ALIVE_S = 0.3
_STOP_S = 5.0
_BEGUN, _AT, _DONE, _FAILED = "begun", "at", "done", "failed"


class _Left(Exception):  # noqa: N818 - not an error: the window asked for it, or is gone
    pass


def run_apart(work: Callable[..., object], *given: object, progress: Progress, is_watched: bool = False) -> None:
    """Call ``work(*given)``, where ``is_watched`` with a progress too; errors as of ``work``.

    Parameters
    ----------
    work
        A function of a module; it and what is given are pickled.

    Raises
    ------
    OutputError
        If the process ended by itself, for instance because there was no memory for it.
    """
    try:
        process = _started()
    except OSError:
        process = None
    if process is None or not _is_begun(process, pickle.dumps((work, given, is_watched))):
        _end(process)
        work(*given, **({"progress": progress} if is_watched else {}))  # no Python to be had that knows calcannot
        return
    try:
        _follow(process, progress)
    finally:
        _end(process)


def _started() -> subprocess.Popen[bytes] | None:
    if not sys.executable:
        return None
    return subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip


def _is_begun(process: subprocess.Popen[bytes], task: bytes) -> bool:
    assert process.stdin is not None
    with suppress(OSError, EOFError, pickle.UnpicklingError):
        process.stdin.write(task)
        process.stdin.flush()
        return bool(_received(process) == (_BEGUN, None))
    return False


def _follow(process: subprocess.Popen[bytes], progress: Progress) -> None:
    while True:
        try:
            kind, content = _received(process)
        except (EOFError, OSError, pickle.UnpicklingError):
            what = f"the process that was writing ended by itself (code {process.wait()})"
            raise OutputError(what, remedy="close other programs, and try again") from None
        if kind == _DONE:
            return
        if kind == _FAILED:
            raise content
        progress(*content)


def _received(process: subprocess.Popen[bytes]) -> tuple[str, Any]:
    assert process.stdout is not None
    kind, content = pickle.load(process.stdout)
    return kind, content


def _end(process: subprocess.Popen[bytes] | None) -> None:
    """Let it end by itself, so that no half-written file stays; it is stopped where it does not."""
    if process is None:
        return
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _main() -> None:
    """Do what the window sends."""
    # What libraries print must not come between.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders = sys.stdin.buffer
    work, given, is_watched = pickle.load(orders)
    stop, state = threading.Event(), {"at": ("writing", 0, 1)}
    threading.Thread(target=_listen, args=(orders, stop), daemon=True).start()

    def watch(stage: str, done: int, total: int) -> None:
        if stop.is_set():
            raise _Left
        state["at"] = (stage, done, total)

    outcome: list[tuple[str, object]] = []

    def run() -> None:
        try:
            work(*given, **({"progress": watch} if is_watched else {}))
            outcome.append((_DONE, None))
        except _Left:
            outcome.append((_DONE, None))
        except CalcannotError as error:
            outcome.append((_FAILED, error))
        except MemoryError:
            outcome.append((_FAILED, MemoryError()))
        except Exception as error:
            outcome.append((_FAILED, RuntimeError(f"{type(error).__name__}: {error}")))

    _send(answers, (_BEGUN, None))
    thread = threading.Thread(target=run)
    thread.start()
    with suppress(OSError):  # the window has gone on
        while thread.is_alive():
            thread.join(_ALIVE_S)
            _send(answers, (_AT, state["at"]))
        _send(answers, outcome[0])
    thread.join()
    os._exit(0)  # pools of libraries may keep threads


def _listen(orders: BinaryIO, stop: threading.Event) -> None:
    orders.read(1)  # until the window closes it, or ends
    stop.set()


def _send(answers: BinaryIO, message: tuple[str, object]) -> None:
    pickle.dump(message, answers)
    answers.flush()


if __name__ == "__main__":
    _main()
