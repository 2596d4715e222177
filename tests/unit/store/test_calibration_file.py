"""A calibration comes back from its file as it went in, and a damaged file is refused."""

import json
from dataclasses import replace

import pytest

from calcannot.errors import CalibrationError
from calcannot.model.calibration import Calibration, CalibrationSource
from calcannot.morphometry.calibrate import from_line, from_outline
from calcannot.store.calibration_file import read_calibration, write_calibration

LINE = from_line([(1.5, 2), (400, 2)], 1e5, tolerance_um=10.0, height_share=0.01)


@pytest.mark.parametrize(
    "calibration",
    [
        LINE,
        replace(LINE, evidence=replace(LINE.evidence, user="Ä. Müller", time="2026-01-01T00:00:00+00:00")),
        from_outline([(10, 0), (0, 10), (-10, 0), (0, -10), (7.07, 7.07)], 2e3, "coin"),
        Calibration(1.0, 2.0, CalibrationSource.USER),
    ],
)
def test_a_calibration_comes_back(tmp_path, calibration):
    write_calibration(tmp_path / "c.json", calibration)
    assert read_calibration(tmp_path / "c.json") == calibration


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c["calibration"].update(um_per_px_row=0),
        lambda c: c["calibration"].update(source="nobody"),
        lambda c: c["calibration"].update(relative_uncertainty=2),
        lambda c: c["calibration"].update(evidence={"object": "line"}),
        lambda c: c["calibration"].pop("um_per_px_col"),
        lambda c: c.update(calcannot_calibration=99),
        lambda c: c.pop("calibration"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path, damage):
    path = tmp_path / "c.json"
    write_calibration(path, LINE)
    content = json.loads(path.read_text(encoding="utf-8"))
    damage(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"c\.json"):
        read_calibration(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}'])
def test_what_is_no_calibration_is_refused(tmp_path, content):
    (tmp_path / "c.json").write_text(content, encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"c\.json"):
        read_calibration(tmp_path / "c.json")
