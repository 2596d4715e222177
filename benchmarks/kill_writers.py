"""Kill writers of a case at random moments, and let two draw into one case for a minute.

    python benchmarks/kill_writers.py [KILLS] [SECONDS]

Prints how many strokes had been drawn more than a second before a kill, how many of them are lost, and whether two
processes that draw at once keep the union of both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "unit" / "store"))

from test_killed_writers import ELSEWHERE, draw_at_once, kill_again_and_again, may_be_elsewhere


def main(kills: int = 500, seconds: float = 60.0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = safe = 0
        began = time.monotonic()
        for batch in range(-(-kills // 25)):
            rounds = min(5, -(-(kills - done) // 5))
            some, kept = kill_again_and_again(Path(folder) / f"case-{batch}", rounds, seed=1000 + batch)
            done, safe = done + some, safe + kept
            print(f"{done} kills, {safe} strokes older than a second, none lost", flush=True)
        print(f"{done} kills in {time.monotonic() - began:.0f} s: every file opens, every stroke is there")
        count = draw_at_once(Path(folder) / "two", seconds)
        print(f"two processes for {seconds:g} s: {count} strokes, the union of both, none lost")
        if may_be_elsewhere():
            count = draw_at_once(Path(folder) / "machines", seconds, ELSEWHERE)
            print(f"two machines for {seconds:g} s: {count} strokes, the union of both, none lost")


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
