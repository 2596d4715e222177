"""One writer at a time in a case folder, on any file system, and no lock that outlives its holder.

The lock is a file that is created exclusively, the one thing that local disks, SMB and NFS all do at once. A holder
that died is recognised by its process where it ran on this machine, and anywhere by a lock that nobody has touched for
``LEASE_S`` by the clock of the disk that it lies on: clocks of machines differ.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from calcannot.errors import CaseBusyError
from calcannot.store.atomic import cannot_write
from calcannot.store.process import is_running, machine, started

if TYPE_CHECKING:
    from pathlib import Path

LEASE_S = 60.0
_HEARTBEAT_S = 10.0
_NAME = ".calcannot-lock"


class FolderLock:
    """Exclusive right to write in a folder: ``with FolderLock(folder) as lock``.

    Parameters
    ----------
    wait_s
        How long to wait for another writer.

    Raises
    ------
    CaseBusyError
        If another writer does not let go in that time.
    OutputError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, *, wait_s: float = 30.0) -> None:
        self.path = folder / _NAME
        self.wait_s = wait_s
        self.token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._beat: threading.Thread | None = None
        self._look_at_clock = 0.0

    def __enter__(self) -> Self:
        deadline = time.monotonic() + self.wait_s
        pause = 0.002
        while not self._created():
            if not self._taken_over():
                if time.monotonic() > deadline:
                    what = "another program has been writing in this case for too long"
                    raise CaseBusyError(what, path=self.path.parent, remedy="try again when it has finished")
                time.sleep(pause * (0.5 + random.random()))
                pause = min(pause * 1.5, 0.1)
        self._beat = threading.Thread(target=self._touch, name="calcannot-lock", daemon=True)
        self._beat.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stop.set()
        if self._beat is not None:
            self._beat.join()
        if self.is_ours():
            for _try in range(50):  # a scanner of viruses may hold the file open for a moment on Windows
                try:
                    self.path.unlink(missing_ok=True)
                    return
                except PermissionError:
                    time.sleep(0.02)
                except OSError:
                    return  # the share has gone; the lease ends by itself

    def is_ours(self) -> bool:
        """Whether the lock is still held: a machine that slept for a while may have lost it."""
        content = _read(self.path)
        return content is not None and content.get("token") == self.token

    def confirm(self) -> None:
        """Raise CaseBusyError unless the lock is still ours; called right before a file is replaced."""
        if not self.is_ours():
            what = "another program took over this case while it was being saved"
            raise CaseBusyError(what, path=self.path.parent, remedy="save again")

    def _created(self) -> bool:
        """Create the lock with its content in one step; where the disk knows no links, in two."""
        content = {"token": self.token, "machine": machine(), "pid": os.getpid(), "start": started(os.getpid())}
        whole = self.path.with_name(f"{_NAME}-{self.token}")
        try:
            whole.write_text(json.dumps(content), encoding="utf-8")
            try:
                os.link(whole, self.path)
                return True
            except FileExistsError:
                return False
            except OSError:
                return self._created_in_two_steps(whole.read_bytes())
        except OSError as error:
            raise cannot_write(self.path.parent, error) from error
        finally:
            with suppress(OSError):
                whole.unlink(missing_ok=True)

    def _created_in_two_steps(self, content: bytes) -> bool:
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        except PermissionError:
            # Windows answers so while another's lock is being deleted.
            if os.name == "nt" and self.path.parent.is_dir():
                return False
            raise
        try:
            os.write(handle, content)
        except OSError:
            with suppress(OSError):
                self.path.unlink()
            raise
        finally:
            os.close(handle)
        return True

    def _taken_over(self) -> bool:
        """Remove a lock whose holder is gone. Of several that try, one does; the others go on waiting."""
        seen = _read(self.path)
        if not self._is_stale(seen):
            return False
        guard = self.path.with_name(f"{_NAME}-takeover")
        try:
            os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            if self._age_s(guard) > LEASE_S:
                with suppress(OSError):
                    guard.unlink()
            return False
        except OSError:
            return False
        try:
            # Only what was seen to be stale is removed: it may have been replaced by a living lock since.
            self._look_at_clock = 0.0
            if _read(self.path) == seen and self._is_stale(seen):
                with suppress(OSError):
                    self.path.unlink()
                self._tidy()
        finally:
            with suppress(OSError):
                guard.unlink()
        return True

    def _tidy(self) -> None:
        """Remove what a holder that was killed had not finished writing."""
        for left in self.path.parent.glob(".calcannot-*"):
            if left.name not in (_NAME, f"{_NAME}-takeover") and left.is_file() and self._age_s(left) > LEASE_S:
                with suppress(OSError):
                    left.unlink()

    def _is_stale(self, content: dict[str, Any] | None) -> bool:
        if content and content.get("machine") == machine():
            pid, start = content.get("pid"), content.get("start")
            if isinstance(pid, int) and not is_running(pid, str(start or "")):
                return True
        if time.monotonic() < self._look_at_clock:
            return False
        self._look_at_clock = time.monotonic() + 1.0
        # One without content was killed between two steps, for nobody takes that long to write a line.
        return self._age_s(self.path) > (LEASE_S if content else LEASE_S / 6)

    def _age_s(self, path: Path) -> float:
        """Seconds since a file was touched, by the clock of its own disk."""
        probe = path.with_name(f"{_NAME}-clock-{self.token}")
        try:
            touched = path.stat().st_mtime
            probe.touch()
            return probe.stat().st_mtime - touched
        except OSError:
            return 0.0
        finally:
            with suppress(OSError):
                probe.unlink()

    def _touch(self) -> None:
        while not self._stop.wait(_HEARTBEAT_S):
            if not self.is_ours():
                return
            with suppress(OSError):
                os.utime(self.path)


def _read(path: Path) -> dict[str, Any] | None:
    """Content of a lock; empty while it is being written, None where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
