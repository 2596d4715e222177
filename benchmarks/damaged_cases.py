"""Damage a case in 300 ways, and hold time, memory and message of each against what a user may expect.

    python benchmarks/damaged_cases.py [NUMBER] [FIRST]

Each is opened in a process of its own. Prints the messages by kind of damage, and at the end the slowest and the
largest. POSIX only: processes are forked, so that what is measured is reading and not starting Python.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "unit" / "store"))

from damaged_cases import KINDS, damage, sound_case, use
from test_damaged_cases import check, copy_of

SECONDS, MEBIBYTES = 1.0, 500.0


def main(number: int = 300, first: int = 0) -> None:
    with tempfile.TemporaryDirectory() as place:
        sound = sound_case(Path(place) / "sound" / "case")
        use(sound)  # everything is imported
        worst, failed = [0.0, 0.0], Counter[str]()
        for seed in range(first, first + number):
            folder = Path(place) / f"{seed}"
            seconds, mebibytes = cost(copy_of(sound, folder / "timed"), seed)
            worst = [max(worst[0], seconds), max(worst[1], mebibytes)]
            try:
                message = check(copy_of(sound, folder / "checked"), seed)
            except BaseException as error:
                message, failed = f"FAILED {error}", failed + Counter([list(KINDS)[seed % len(KINDS)]])
            slow = " TOO MUCH" if seconds > SECONDS or mebibytes > MEBIBYTES else ""
            print(f"{seed:3} {seconds:.3f} s {mebibytes:4.0f} MiB{slow} {message}", flush=True)
            shutil.rmtree(folder)
        print(f"{number} damaged cases, {failed.total()} without a right error {dict(failed) or ''}")
        print(f"at most {worst[0]:.3f} s of processor time and {worst[1]:.0f} MiB each")


def cost(case: Path, seed: int) -> tuple[float, float]:
    """Processor time of opening a damaged case, and the peak of the process, what it had before included."""
    damage(case, seed)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak from here on
        began = time.process_time()
        with suppress(Exception):
            use(case)
        peak = next(x for x in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if "VmHWM" in x)
        os.write(writer, pickle.dumps((time.process_time() - began, int(peak.split()[1]) / 1024)))
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        return pickle.loads(pipe.read())


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
