"""From a slide never seen to a saved measurement, with a real mouse in a real window."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("napari")

pytestmark = [pytest.mark.gui, pytest.mark.slow]

WALK = Path(__file__).resolve().parents[2] / "docs" / "images" / "make_walk.py"


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="no xdotool, which moves the mouse")
@pytest.mark.skipif(shutil.which("openbox") is None, reason="no openbox, which places the dialog")
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="no xvfb-run, for a screen that is large enough")
def test_a_slide_never_seen_is_measured_and_saved_in_six_clicks_or_fewer():
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", sys.executable, str(WALK), "--clicks"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    clicks = re.search(r"clicks: (\d+)", done.stdout)
    assert clicks is not None
    assert 0 < int(clicks[1]) <= 6
