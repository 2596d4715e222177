"""A writer to be killed: draws strokes and saves them until it is, and says on stdout what is safe on disk.

Run as ``python killed_writer.py CASE AUTHOR SEED``. A line of stdout is ``<seconds> <id>``: at that time the stroke was
given to the log. The reader adds the second that the log asks for.
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np

from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.store.case_folder import CaseFolder


def main(folder: str, author: str, seed: str, seconds: float = 1e9) -> None:
    """Draw until killed, or for some seconds."""
    chance = random.Random(seed)
    case = CaseFolder.open(folder)
    log = case.stroke_log("film", author=author)
    end, number, next_save = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        number += 1
        name = f"{author}-{seed}-{number}"
        corner = np.array([chance.uniform(0, 900), chance.uniform(0, 900)])
        ring = corner + np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float)
        log.add([Stroke(name, StrokeKind.REGION, (ring,))])
        print(f"{time.time():.4f} {name}", flush=True)
        if chance.random() < 0.1:
            log.add([Stroke(f"{name}-x", StrokeKind.ERASE, (ring,))])
            log.undo()
            if log.redo():
                log.undo()
        if time.monotonic() > next_save:
            log.save()
            case.update(lambda record: record.model_copy(update={"note": f"{author} {number}"}), author=author)  # noqa: B023
            next_save = time.monotonic() + chance.uniform(0, 0.2)
        time.sleep(chance.uniform(0, 0.01))
    log.save()
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(float, sys.argv[4:]))
