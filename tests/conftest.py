"""What tests of several rooms share: real images, measuring a mask, and the command line in this process."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the checkout; the test is skipped where there is none."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real images is not beside the checkout")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Tables of slow channels go to a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALCANNOT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children():
    """A shell starts what runs in its background with Ctrl-C ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def measure_mask():
    """Function that measures a boolean mask through the one pipeline and gives the Analysis.

    Grey levels inside the mask differ from pixel to pixel, so that sums, minima and maxima can be told apart.
    """
    from calcannot import ArraySource, Recipe, analyse
    from calcannot.model.image import Modality

    above_127 = Recipe(name="mask", kind="radiograph", channel="intensity", mineral="bright", threshold=127.0)

    def measure(mask, calibration=None, *, recipe=above_127, annotations=None, tile=(256, 256), workers=1):
        levels = (np.arange(mask.size).reshape(mask.shape) * 37 % 128).astype(np.uint8)
        pixels = levels + np.where(mask, 128, 0).astype(np.uint8)
        source = ArraySource(pixels, name="mask.tif", calibration=calibration, modality=Modality.RADIOGRAPH, tile=tile)
        return analyse(source, recipe, annotations, workers=workers)

    return measure


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def calcannot(monkeypatch, capsys):
    """Function that runs the command line in this process."""
    from calcannot.cli.main import main

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr("sys.argv", ["calcannot", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)

    return run
