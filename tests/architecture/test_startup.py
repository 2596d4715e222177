"""Starting is quick because heavy packages are imported where they are used.

Seconds depend on the machine, so the packages are looked for instead.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "numba",
    "scipy",
    "skimage",
    "pydicom",
    "tifffile",
    "imagecodecs",
    "pyarrow",
    "pandas",
    "shapely",
    "PIL",
    "dask",
    "napari",
}
ASK_VERSION = """
import sys
sys.argv = ["calcannot", "--version"]
from calcannot.cli.main import main
try:
    main()
except SystemExit as leave:
    assert leave.code == 0, leave.code
"""


@pytest.mark.parametrize("code", ["import calcannot", ASK_VERSION], ids=["import calcannot", "calcannot --version"])
def test_nothing_heavy_is_imported(code: str) -> None:
    code += "\nimport sys; print(*sys.modules, sep='\\n')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert not HEAVY & set(result.stdout.split())


def test_every_public_name_can_be_imported() -> None:
    code = "import calcannot; [getattr(calcannot, name) for name in calcannot.__all__]"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
