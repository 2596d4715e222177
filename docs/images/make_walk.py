"""Walk through the plugin with real mouse and key events, from a section never seen to a corrected, exported case.

Takes a picture at each step into ``walk`` (or the folder given), and checks what each step must have done. It needs
xdotool, and a window manager for the keyboard. With ``--clicks`` it ends when the first measurement is saved, and only
says how many clicks that took:

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/images/make_walk.py [FOLDER | --clicks]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from walker import WORK, Walk  # first of all: napari must find the settings of the walk

# isort: split
from walk_images import SAMPLES, align, calibrate, case, film
from walk_section import correct, find, read, share

from calcannot.batch.verify import verify
from napari_calcannot.reader import open_path

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> None:
    """The walk."""
    walk = Walk(folder)
    section = shutil.copyfile(SAMPLES / "section.tif", WORK / "section.tif")
    find(walk, section)
    correct(walk)
    read(walk)
    share(walk)
    kept = walk.session.drawing.case.path, walk.session.mask.area_px, len(walk.session.annotations.strokes)
    align(walk, section)
    case(walk)
    film(walk)
    calibrate(walk)
    walk.end()
    check(section, *kept)
    shutil.rmtree(WORK, ignore_errors=True)


def check(section: Path, folder: Path, area_px: int, strokes: int) -> None:
    """The command line derives the same, and the image opens as it was left."""
    assert not verify([folder]).differences
    (again,) = open_path(section)
    assert len(again.annotations.strokes) == strokes
    again.measure()
    assert again.mask.area_px == area_px
    again.close()


def clicks() -> None:
    """From a slide never seen to a saved measurement, by the mouse alone."""
    walk = Walk(WORK)
    walk.open_by_hand(shutil.copyfile(SAMPLES / "section.tif", WORK / "section.tif"))
    walk.click(walk.controls.measure)
    walk.until(lambda: walk.session.is_saved, "measured and saved")
    assert (walk.session.saved_to / "regions.csv").exists()
    print("clicks:", walk.clicks, flush=True)
    walk.at_rest()
    walk.end()


if __name__ == "__main__":
    if sys.argv[1:] == ["--clicks"]:
        clicks()
    else:
        main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE / "walk")
