"""The report of the sample case: what stands in it, whether everybody can read it, and how a browser shows it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcannot import measure

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_images"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
IDENTIFYING = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers", "OtherPatientNames",
    "PatientMotherBirthName", "PatientComments", "AccessionNumber", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName",
    "NameOfPhysiciansReadingStudy", "RequestingPhysician", "StationName", "DeviceSerialNumber", "StudyID",
    "StudyDescription", "SeriesDescription", "ProtocolName", "StudyDate", "SeriesDate", "AcquisitionDate",
    "ContentDate", "StudyTime", "PatientAge", "Occupation", "AdmittingDiagnosesDescription", "AdditionalPatientHistory",
    "EthnicGroup", "PatientReligiousPreference", "MilitaryRank", "RequestedProcedureDescription", "ImageComments",
    "PerformedProcedureStepDescription", "CountryOfResidence", "RegionOfResidence",
)  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    """The sample case, measured."""
    folder = tmp_path_factory.mktemp("study") / "case"
    folder.mkdir()
    for name in ("case.json", "radiograph.dcm", "section.tif"):
        shutil.copy(SAMPLES / name, folder / name)
    shutil.copytree(SAMPLES / "annotations", folder / "annotations")
    drawn = SAMPLES / "annotations" / "radiograph.dcm.geojson"
    measure(folder / "radiograph.dcm", output=folder / "runs" / "radiograph.dcm" / "1", within=drawn)
    measure(folder / "section.tif", output=folder / "runs" / "section.tif" / "1")
    return folder


@pytest.fixture(scope="module")
def page(case) -> Path:
    from calcannot.batch.report import write_report

    write_report(case, case.parent / "report.html")
    return case.parent / "report.html"


class Outline(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "rect", "line", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("rect", "line", "polyline"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def outline(page) -> Outline:
    return Outline(page.read_text(encoding="utf-8"))


def test_every_total_stands_with_its_interval_unit_and_origin_of_scale(case, outline):
    record = json.loads((case / "runs/section.tif/1/run.json").read_text(encoding="utf-8"))
    assert f"{record['images'][0]['totals']['calcified_area_mm2']:.3f} mm²" in outline.text
    assert "95 % interval 0.660 mm² to 0.671 mm², ± 0.86 %" in outline.text
    assert "physical size in the OME-XML block of the file" in outline.text
    assert "spacing at the detector over a stated magnification (DICOM)" in outline.text
    for image in ("radiograph.dcm", "section.tif"):
        measured = json.loads((case / "runs" / image / "1/run.json").read_text(encoding="utf-8"))["images"][0]
        assert measured["sha256"] in outline.text
        assert measured["resolved"]["fingerprint"] in outline.text
        doubted = any("not believe the area" in each for each in measured["warnings"])
        summary = outline.text.partition("Clinical size and measured extent")[0]
        assert (f"Of {image} one says not to believe the area" in summary) == doubted
        for warning in measured["warnings"]:
            assert warning in outline.text


def test_clinical_size_and_measured_extent_stand_side_by_side(outline):
    text = outline.text.partition("Clinical size and measured extent")[2]
    assert "mass-1 lumbar region 5 cm × 4 cm not reported" in text
    assert re.search(r"lesion 1 radiograph\.dcm 5\d\.\d × 4\d\.\d mm ± 10 % 1[23]\.\d cm²", text)
    assert "neither is corrected by the other" in text


def test_each_focus_of_the_film_has_a_sentence(case, outline):
    foci = json.loads((case / "runs/radiograph.dcm/1/run.json").read_text(encoding="utf-8"))["images"][0]["foci"]
    assert foci["count"] == 2
    assert "Foci 2 (regions up to 2 mm apart are one, however small, outline at " in outline.text
    assert "By side of the patient not told" in outline.text
    for row in foci["rows"]:
        size = f"{row['long_axis_mm']:.1f} × {row['perpendicular_mm']:.1f} mm ± 10 % (long axis × perpendicular)"
        assert f"Focus {row['focus']}: {size}" in outline.text


def test_what_was_not_reported_is_shown_as_such(case, outline):
    record = (case / "case.json").read_text(encoding="utf-8")
    assert outline.text.count("not reported") >= record.count('"not_reported"')
    assert "it does not mean normal" in outline.text


def test_what_was_drawn_by_hand_is_told(outline):
    film, section = outline.text.split("Drawn by hand")[1:]
    assert film.startswith(" Regions of interest 2 lesion 1, lesion 2")
    assert section.startswith(" Strokes none everything is as the rule decided")


def test_an_image_without_mineral_says_so_and_draws_no_conclusion_from_its_cut(tmp_path, calcannot):
    Image.new("RGB", (64, 64), (240, 240, 240)).save(tmp_path / "blank.png")
    measure(tmp_path / "blank.png", output=tmp_path / "results")
    calcannot("report", tmp_path / "results", "-o", tmp_path / "report.html")
    text = Outline((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "blank.png Histological section none found none" in text
    assert "no mineral was found by the recipe von-kossa" in text
    assert "A pixel is mineral where" not in text


def test_limits_and_the_word_about_devices_are_there(outline):
    assert "not a diagnostic device" in outline.text
    assert "No calcium mass" in outline.text and "No mass and no density" in outline.text


def test_the_page_needs_no_script_and_nothing_from_elsewhere(page, outline):
    assert outline.open == []
    assert outline.all("script", "link", "iframe", "object") == []
    targets = [value for _, tag in outline.tags for key, value in tag.items() if key in ("src", "href")]
    assert targets and all(target.startswith(("data:image/", "#")) for target in targets)
    text = page.read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text
    assert [key for _, tag in outline.tags for key in tag if key.startswith("on")] == []


def test_the_page_can_be_read_without_seeing_it(outline):
    assert outline.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert max(np.diff(levels)) == 1, "a level of heading is skipped"
    assert all(len(image["alt"]) > 20 for image in outline.all("img"))
    assert len(outline.all("img")) == 6
    tables = len(outline.all("table"))
    assert tables == len(outline.all("caption")) > 10
    assert all(cell["scope"] in ("row", "col") for cell in outline.all("th"))
    ids = {tag["id"] for _, tag in outline.tags if "id" in tag}
    assert {tag["aria-labelledby"] for tag in outline.all("section")} <= ids


def test_colours_have_the_contrast_of_wcag_aa(page):
    text = page.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    for ink in ("ink", "muted", "accent", "warn"):
        assert min(contrast(colours[ink], paper) for paper in ("#ffffff", colours["warn-soft"])) >= 4.5, ink
    drawn = set(re.findall(r'<text[^>]* fill="(#\w+)"', text))
    assert drawn and all(contrast(ink, "#ffffff") >= 4.5 for ink in drawn)


def test_the_same_case_gives_the_same_bytes_and_no_path(case, page, calcannot, tmp_path):
    moved = shutil.copytree(case, tmp_path / "elsewhere" / "case")
    ran = calcannot("report", moved, "-o", tmp_path / "again.html")
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert str(case.parent) not in page.read_text(encoding="utf-8")


def test_nothing_of_the_patient_gets_from_a_header_into_a_report_or_a_table(tmp_path, calcannot):
    import pydicom
    from pydicom.datadict import dictionary_VR

    film = pydicom.dcmread(SAMPLES / "radiograph.dcm")
    planted = {}
    for number, name in enumerate(IDENTIFYING):
        value = {"DA": "19991231", "PN": f"Secret^Name{number}", "AS": "097Y", "TM": "235959"}.get(
            dictionary_VR(name), f"SECRET{number:02}"
        )
        setattr(film, name, value)
        planted[name] = value
    film.save_as(tmp_path / "film.dcm")
    case = tmp_path / "case"
    assert calcannot("case", "new", case, "--id", "p1").code == 0
    assert calcannot("case", "add", case, tmp_path / "film.dcm", "--id", "film").code == 0
    (case / "annotations").mkdir(exist_ok=True)
    shutil.copy(SAMPLES / "annotations" / "radiograph.dcm.geojson", case / "annotations" / "film.geojson")
    assert calcannot("run", case).code == 0
    made = [tmp_path / name for name in ("report.html", "image.csv", "lesion.csv", "case.csv")]
    assert calcannot("report", case, "-o", made[0]).code == 0
    for path in made[1:]:
        assert calcannot("table", case, "-o", path, "--rows", path.stem).code == 0
    for path in made:
        # Four letters of a picture in base 64 can be anything.
        content = re.sub(r"data:image/\S+", "", path.read_text(encoding="utf-8"))
        assert [name for name, value in planted.items() if value in content] == [], path.name


def test_results_without_a_case_have_a_report_too(case, calcannot, tmp_path):
    ran = calcannot("report", case / "runs/section.tif/1", "-o", tmp_path / "run.html")
    assert (ran.code, ran.err) == (0, "")
    text = Outline((tmp_path / "run.html").read_text(encoding="utf-8")).text
    assert "0.666 mm²" in text and "Record of the case" not in text and "not a diagnostic device" in text


def test_names_and_records_cannot_smuggle_markup(case, calcannot, tmp_path):
    bad = shutil.copytree(case, tmp_path / "case")
    record = json.loads((bad / "case.json").read_text(encoding="utf-8"))
    record.pop("checksum", None)
    record["title"] = "<script>alert(1)</script>"
    record["lesions"][0]["site"]["value"] = '"><img src=http://x onerror=1>'
    (bad / "case.json").write_text(json.dumps(record), encoding="utf-8")
    ran = calcannot("report", bad, "-o", tmp_path / "out.html")
    assert (ran.code, ran.err) == (0, "")
    found = Outline((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert found.all("script") == []
    assert len(found.all("img")) == 6
    assert "<script>alert(1)</script>" in found.text


def test_a_folder_without_results_is_refused(calcannot, tmp_path):
    ran = calcannot("report", tmp_path, "-o", tmp_path / "out.html")
    assert ran.code == 2
    assert ran.err.startswith("calcannot: run.json:") and ran.err.count("\n") == 1
    assert not (tmp_path / "out.html").exists()


def browse(page: Path, profile: Path, *options: str) -> None:
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [1100, 500])
def test_a_browser_shows_it_at_any_width(page, tmp_path, width):
    browse(page, tmp_path / "profile", f"--window-size={width},2400", f"--screenshot={tmp_path / 'shot.png'}")
    shot = np.asarray(Image.open(tmp_path / "shot.png").convert("RGB")).astype(int)
    assert shot.shape == (2400, width, 3)
    teal = (np.abs(shot - (11, 85, 99)).sum(axis=2) < 30).any(axis=1)
    ink = (shot.sum(axis=2) < 200).any(axis=1)
    assert teal.sum() > 30, "headings in their colour"
    assert ink.mean() > 0.2, "text and pictures all the way down"
    # Nothing is cut off on the right: the page's margin stays white there.
    assert (shot[:, -10:] > 240).all()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_it_prints_on_a4(page, tmp_path):
    browse(page, tmp_path / "profile", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'report.pdf'}")
    pdf = (tmp_path / "report.pdf").read_bytes()
    sizes = {
        tuple(round(float(side)) for side in box)
        for box in re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    }
    assert sizes == {(595, 842)}
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
