"""Cases damaged in one place, by a seed: what disks, networks, other programs and ill will do to files."""

from __future__ import annotations

import json
import random
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from calcannot.batch.case_images import add_image
from calcannot.batch.case_run import run_case
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import Leaf
from calcannot.store.case_folder import CaseFolder
from calcannot.store.case_record import read_record
from calcannot.store.json_file import checksum_of

GIGABYTE = 10**9
RECORD, STROKES, HISTORY = "case.json", "annotations/field.geojson", "history.jsonl"
ESCAPES = (
    "/etc/passwd", "C:/Windows/win.ini", "C:\\Windows\\win.ini", "\\\\server\\share\\a.tif", "a/../../outside/a.tif",
    "..", "../", "a//b.tif", "./a.tif", "../" * 17 + "etc/passwd", "a\x00b.tif", "../outside/../outside/a.tif", "",
)  # fmt: skip
NAMES = ("../../outside/x", "..", "a/b", "a\\b", "con", "NUL.txt", "x\u202etif", " x", "x.", ".x", "a:b", "x" * 181, "")


@dataclass(frozen=True)
class Damage:
    """What was done to which file of a case, relative to it."""

    kind: str
    file: str
    what: str


def sound_case(folder: Path) -> Path:
    """A case with every kind of file: record, strokes saved and unsaved, history, a run; a canary lies beside it."""
    outside = folder.parent / "outside"
    outside.mkdir(parents=True)
    (outside / "canary.txt").write_text("whole", encoding="utf-8")
    case = CaseFolder.create(folder, id="case-1", title="Zweiseitige Kalzinose", author="Ada")
    noise = np.random.default_rng(5)
    pixels = np.full((96, 128, 3), (230, 170, 200), np.int16) + noise.integers(-6, 7, (96, 128, 3))
    pixels[20:40, 30:60] = noise.integers(15, 30, (20, 30, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "field.png")
    add_image(case, folder / "field.png", role="histology", id="field", pixel_size="0.5um", author="Ada")
    facts = {
        "subject": {"age": leaf(58, "a"), "sex": leaf("female")},
        "lesions": [{"id": "right", "site": leaf("right flank"), "length": leaf(12.0, "cm")}],
        "labs": {"calcium": leaf(9.2, "mg/dL"), "phosphate": {"status": "not_reported"}},
        "other": {"biopsy number": leaf("3")},
    }
    case.update(lambda record: type(record).model_validate(record.to_dict() | facts), author="Ada")
    with case.stroke_log("field", author="Ada") as log:
        log.add([square(f"s{k}", 4 + 6 * k, StrokeKind.REGION if k else StrokeKind.EXCLUDE) for k in range(6)])
        log.save()
        log.add([square("late", 60), square("later", 70)])
    (run,) = run_case(case)
    assert run.outcome.error is None
    return folder


def leaf(value: object, unit: str | None = None) -> dict[str, object]:
    return Leaf.model_validate({"value": value, "unit": unit, "status": "reported"}).model_dump()


def square(name: str, at: float, kind: StrokeKind = StrokeKind.REGION) -> Stroke:
    ring = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float) + at
    return Stroke(name, kind, (ring,), name=name, author="Ada")


def damage(case: Path, seed: int) -> Damage:
    """Damage a sound case; the same seed damages it in the same way."""
    chance = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    return KINDS[kind](case, chance)


def parts_of(case: Path) -> dict[str, str]:
    """The files that are damaged, by what they hold; relative paths."""
    (journal,) = (case / "journal" / "field").glob("*.jsonl")
    (run,) = (case / "runs" / "field").glob("*/run.json")
    relative = [each.relative_to(case).as_posix() for each in (journal, run, run.with_name("strokes.geojson"))]
    return dict(
        zip(
            ("record", "strokes", "history", "journal", "run", "drawn"),
            (RECORD, STROKES, HISTORY, *relative),
            strict=True,
        )
    )


def truncated(case: Path, chance: random.Random) -> Damage:
    # The end of a journal or a history is what a crash leaves; that is no damage, and tested elsewhere.
    file = parts_of(case)[chance.choice(("record", "strokes", "run"))]
    data = (case / file).read_bytes()
    length = chance.choice((0, chance.randrange(len(data.rstrip()) - 1)))
    (case / file).write_bytes(data[:length])
    return Damage("truncated", file, f"after {length} of {len(data)} bytes")


def flipped(case: Path, chance: random.Random) -> Damage:
    file = parts_of(case)[chance.choice(("record", "strokes", "history", "journal"))]
    data = (case / file).read_bytes()
    while True:
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        changed = data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
        if not same_json(data, changed):
            break
    (case / file).write_bytes(changed)
    return Damage("bit flipped", file, f"bit {bit} of byte {place} of {len(data)}")


def same_json(a: bytes, b: bytes) -> bool:
    """Whether both say the same: 1e-05 and 1E-05 do."""
    try:
        return bool(json.loads(a) == json.loads(b))
    except ValueError:
        return False


def wrong_type(case: Path, chance: random.Random) -> Damage:
    part = chance.choice(("record", "strokes", "run", "journal", "history"))
    file = parts_of(case)[part]
    if part in ("journal", "history"):
        return _wrong_line(case, file, chance)
    content = json.loads((case / file).read_text(encoding="utf-8"))
    spared = (
        "checksum",
        "calcannot",
        "metadata",
        "timings_s",
        "libraries",
        "platform",
        "job_sha256",
        "other",
        "objectType",
    )
    if part == "strokes":
        del content["calcannot"]
        content = {"type": content["type"], "features": content["features"]}
    if part == "run":
        place = [("images",), *(("images", 0, *each) for each in places(content["images"][0], spared))]
        place = [each for each in place if each[-1] not in _LOOSE]
    else:
        place = places(content, spared)
    where = chance.choice(place)
    holder = content
    for step in where[:-1]:
        holder = holder[step]
    holder[where[-1]] = {"x": [1]} if not isinstance(holder[where[-1]], dict) else [[1]]
    write(case, file, content)
    return Damage("wrong type", file, ".".join(map(str, where)))


# What a run says in words of its own, or a later version may say otherwise.
_LOOSE = ("image", "sha256", "format", "modality", "polarity", "warnings", "excluded_by_image", "foci", "notes")


def places(content: object, spared: tuple[str, ...], here: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Paths to all values but those below the spared names."""
    if isinstance(content, dict):
        steps = [(key, value) for key, value in content.items() if key not in spared]
    elif isinstance(content, list):
        steps = list(enumerate(content))
    else:
        return []
    found = []
    for key, value in steps:
        found += [(*here, key), *places(value, spared, (*here, key))]
    return found


def _wrong_line(case: Path, file: str, chance: random.Random) -> Damage:
    lines = (case / file).read_bytes().splitlines(keepends=True)
    number = chance.randrange(len(lines))
    record = json.loads(lines[number])
    del record["crc"]
    key = chance.choice([each for each in record if each not in ("author", "machine", "time", "id")])
    record[key] = {"x": [1]}
    lines[number] = line_of(record)
    (case / file).write_bytes(b"".join(lines))
    return Damage("wrong type", file, f"line {number + 1}, {key}")


def line_of(record: dict[str, object]) -> bytes:
    """A line with a checksum that fits, written apart from the code under test."""
    body = json.dumps(record).encode()
    return b'{"crc":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def newer(case: Path, chance: random.Random) -> Damage:
    part = chance.choice(("record", "strokes", "run", "journal"))
    file, version = parts_of(case)[part], chance.choice((3, 7, 99, 10**6))
    if part == "journal":
        first, *rest = (case / file).read_bytes().splitlines(keepends=True)
        head = json.loads(first)
        del head["crc"]
        (case / file).write_bytes(line_of(head | {"journal": version}) + b"".join(rest))
    else:
        content = json.loads((case / file).read_text(encoding="utf-8"))
        if part == "strokes":
            content["calcannot"]["format"] = version
        else:
            content["schema_version" if part == "record" else "format"] = version
        write(case, file, content)
    return Damage("newer", file, f"version {version}")


def escaping(case: Path, chance: random.Random) -> Damage:
    """Places and names that lead out of the case."""
    way = chance.choice(("path", "path", "id", "id", "mask", "overlay", "link"))
    if way == "link" and hasattr(Path, "symlink_to"):
        return _link(case, chance)
    file = parts_of(case)["run" if way in ("mask", "overlay") else "record"]
    content = json.loads((case / file).read_text(encoding="utf-8"))
    if way in ("mask", "overlay"):
        given = content["images"][0][way] = chance.choice(("../../../../outside/canary.txt", "/etc/passwd"))
    else:
        given = content["images"][0][way] = chance.choice(ESCAPES if way == "path" else NAMES)
    write(case, file, content)
    return Damage("path traversal", file, f"{way} {given[:40]!a}")


def _link(case: Path, chance: random.Random) -> Damage:
    folder = chance.choice(("annotations", "journal", "runs"))
    target = case.parent / "outside" / folder
    shutil.move(case / folder, target)
    try:
        (case / folder).symlink_to(target, target_is_directory=True)
    except OSError:  # Windows gives links to few
        shutil.move(target, case / folder)
        return newer(case, chance)
    return Damage("path traversal", ".", f"link {folder}")


def gigabyte(case: Path, chance: random.Random) -> Damage:
    file = parts_of(case)[chance.choice(("record", "strokes", "history", "journal", "run"))]
    head = chance.choice((b"", b'{"a": "', b"[[", (case / file).read_bytes()))
    with (case / file).open("wb") as sparse:
        sparse.write(head)
        sparse.truncate(GIGABYTE)
    return Damage("1 GB", file, f"after {len(head)} bytes of JSON")


def deep(case: Path, chance: random.Random) -> Damage:
    part = chance.choice(("record", "strokes", "journal", "history", "run"))
    file, depth = parts_of(case)[part], chance.choice((60, 900, 3000, 100_000))
    before, after = chance.choice((("[", "]"), ('{"a":', "}")))
    nested = before * depth + "1" + after * depth
    if part in ("journal", "history"):
        first, *rest = (case / file).read_bytes().splitlines(keepends=True)
        body = first[len(b'{"crc":"00000000",') - 1 :].rstrip()
        body = b"{" + body[1:-1] + b', "x": ' + nested.encode() + b"}"
        (case / file).write_bytes(b'{"crc":"%08x",' % zlib.crc32(body) + body[1:] + b"\n" + b"".join(rest))
    else:
        text = (case / file).read_text(encoding="utf-8").rstrip()
        (case / file).write_text(f'{text[:-1]}, "x": {nested}}}', encoding="utf-8")
    return Damage("deep nesting", file, f"{depth} levels of {before[0]}")


KINDS = {
    "truncated": truncated, "flipped": flipped, "wrong type": wrong_type, "newer": newer, "escaping": escaping,
    "gigabyte": gigabyte, "deep": deep,
}  # fmt: skip


def write(case: Path, file: str, content: dict[str, object]) -> None:
    """Write changed JSON with checksums that fit, so that more than the checksum has to notice."""
    if "checksum" in content:
        content["checksum"] = checksum_of(content)
    member = content.get("calcannot")
    if isinstance(member, dict):
        kept = {key: value for key, value in member.items() if key != "checksum"}
        member["checksum"] = checksum_of({**content, "calcannot": kept})
    (case / file).write_text(json.dumps(content), encoding="utf-8")


def use(case: Path) -> None:
    """Read all that a case holds, as ``case show``, ``report`` and ``verify`` do."""
    from calcannot.batch.verify import verify
    from calcannot.store.results_reader import read_newest

    opened = CaseFolder.open(case)
    opened.history()
    for image in opened.images:
        opened.image_path(image.id)
        opened.annotations(image.id)
        opened.run_folder(image.id)
    for results in read_newest(case):
        for item in results.items:
            assert item.columns and item.runs
    for difference in verify([case]).differences:
        raise AssertionError(difference.what)


def write_everywhere(case: Path) -> None:
    """Try everything that writes; each attempt may fail with an error of ours and no other."""
    from contextlib import suppress

    from calcannot.errors import CalcannotError

    with suppress(CalcannotError):
        CaseFolder.open(case).update(lambda record: record.model_copy(update={"note": "written"}), author="Bea")
    with suppress(CalcannotError):
        log = CaseFolder.open(case).stroke_log("field", author="Ada")
        log.add([square("fresh", 40)])
        with suppress(CalcannotError):
            log.save()
        log.close()
    with suppress(CalcannotError):
        run_case(CaseFolder.open(case))
    with suppress(CalcannotError):
        read_record(case / RECORD)
