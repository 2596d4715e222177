"""Fail unless a wheel holds both packages and what is not Python in them: ``check_wheel.py WHEEL``."""

import sys
import zipfile
from pathlib import Path

MUST_HAVE = (
    "calcannot/__init__.py",
    "calcannot/py.typed",
    "calcannot/sample_images/MANIFEST.tsv",
    "calcannot/sample_images/case.json",
    "napari_calcannot/__init__.py",
    "napari_calcannot/napari.yaml",
    "napari_calcannot/py.typed",
)


def missing(wheel: Path) -> list[str]:
    """Names that the wheel should hold and does not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = Path(__file__).parent.parent / "src" / "calcannot" / "segment" / "recipes"
    recipes = [f"calcannot/segment/recipes/{path.name}" for path in shipped.glob("*.toml")] or ["any recipe"]
    return [name for name in (*MUST_HAVE, *recipes) if name not in names]


if __name__ == "__main__":
    absent = missing(Path(sys.argv[1]))
    sys.exit(f"not in the wheel: {', '.join(absent)}" if absent else 0)
