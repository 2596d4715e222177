"""A calibration as a JSON file: one that a person made, to be used again on the same image."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from calcannot._version import __version__
from calcannot.errors import CalibrationError
from calcannot.model.calibration import Calibration, CalibrationPlane, CalibrationSource
from calcannot.store.atomic import write_text
from calcannot.store.json_file import dumps, load_json

FORMAT = 1
_LARGEST_BYTES = 1 << 20
_REMEDY = "make it again with calcannot calibrate"


def write_calibration(path: str | Path, calibration: Calibration) -> None:
    """Write a calibration.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    content = {"calcannot_calibration": FORMAT, "calcannot": __version__, "calibration": asdict(calibration)}
    write_text(Path(path), dumps(content, indent=1) + "\n")


def read_calibration(path: str | Path) -> Calibration:
    """Read what ``write_calibration`` wrote.

    Raises
    ------
    CalibrationError
        If the file is absent or damaged, or is no calibration.
    """
    path = Path(path)
    content = load_json(path, CalibrationError, largest_bytes=_LARGEST_BYTES)
    version = content.get("calcannot_calibration") if isinstance(content, dict) else None
    if not isinstance(version, int) or not isinstance(content.get("calibration"), dict):
        raise CalibrationError("is not a calibration of calcannot", path=path, remedy=_REMEDY)
    if version > FORMAT:
        what = f"has format {version}, this calcannot knows up to {FORMAT}"
        raise CalibrationError(what, path=path, remedy="update calcannot")
    values: dict[str, Any] = dict(content["calibration"])
    try:
        values["source"] = CalibrationSource(values["source"])
        values["plane"] = CalibrationPlane(values["plane"])
        return Calibration(**values)
    except (KeyError, TypeError, ValueError) as error:
        fault = error.what if isinstance(error, CalibrationError) else str(error)
        raise CalibrationError(f"is damaged ({fault})", path=path, remedy=_REMEDY) from None
