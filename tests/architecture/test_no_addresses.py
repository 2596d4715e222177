"""Nothing in the project depends on one machine, or says from where packages come."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In pieces, so that this file is not its own finding.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry.npm" + "js",
    "deb." + "debian.org",
    "conda" + ".anaconda.org",
]
MACHINE_PATH = re.compile(r"(?<![\w./<>~-])/(?:work|root|opt|home|Users)" + r"/\w")
INDEX_OPTION = re.compile(r"^\s*(?:-i|-f|--(?:extra-)?index-url|--find-links)\b")


def texts(paths: list[Path]) -> list[tuple[Path, str]]:
    """Those of the files that are text."""
    found = []
    for path in paths:
        data = (ROOT / path).read_bytes()
        if b"\0" not in data[:8192]:
            found.append((path, data.decode("utf-8", errors="replace")))
    return found


def test_no_file_names_a_registry(tracked_files: list[Path]) -> None:
    named = re.compile("|".join(map(re.escape, REGISTRIES)))
    assert [(str(path), found[0]) for path, text in texts(tracked_files) if (found := named.search(text))] == []


def test_no_file_names_a_folder_of_one_machine(tracked_files: list[Path]) -> None:
    assert [(str(path), found[0]) for path, text in texts(tracked_files) if (found := MACHINE_PATH.search(text))] == []


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-core.txt", "constraints-lowest.txt"])
def test_the_locks_have_hashes_and_no_index(name: str) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert not [line for line in lines if INDEX_OPTION.match(line) or "://" in line or " @ " in line]
    pins = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z0-9]", line)]
    assert pins
    assert [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]] == []


def test_the_lane_without_a_window_has_the_versions_of_the_whole() -> None:
    # Without the markers: a package needed for fewer reasons is needed on fewer systems.
    whole, core = (
        set(re.findall(r"^(?:[\w.-]+==\S+| +--hash=\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("constraints.txt", "constraints-core.txt")
    )
    assert core
    assert core - whole == set()


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)
    arrays = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    silent = []
    for requirement in (entry for array in arrays for entry in array if isinstance(entry, str)):
        before, _, after = text.partition(f'"{requirement}",')
        above = before.rpartition("[\n")[2]  # a comment at the head of the array speaks for what follows
        if (
            not requirement.startswith("calcannot[")
            and "#" not in after.partition("\n")[0]
            and "\n  #" not in f"\n{above}"
        ):
            silent.append(requirement)
    assert silent == []
