"""From what a user typed to a list of images with names."""

from __future__ import annotations

import glob
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError
from calcannot.io.folder import looks_like_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Input:
    """One image: where it is, and the name it has in tables (relative, with forward slashes)."""

    path: Path
    name: str

    @property
    def file_stem(self) -> str:
        """The name as one file name, for masks and overlays."""
        return self.name.replace("/", "__")


def find_images(arguments: Sequence[str | Path], *, skip: Path | None = None) -> list[Input]:
    """Files, folders (searched to the bottom) and patterns, in the order given; inside a folder sorted by name.

    A file that was named is always taken, so that it fails with a reason if it is no image. In a folder only files that
    look like images are taken.

    Parameters
    ----------
    skip
        A folder to leave out: the results of this run.

    Raises
    ------
    ImageReadError
        If a named file or folder is not there, or a folder or pattern holds no image.
    """
    found: list[Input] = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            inside = [Input(file, file.relative_to(path).as_posix()) for file in _files(path, skip)]
            inside = [each for each in inside if looks_like_image(each.path)]
            if not inside:
                raise ImageReadError("the folder holds no image", path=path)
            found += inside
        elif not path.exists() and glob.has_magic(str(argument)):
            matches = sorted(Path(match) for match in glob.glob(str(argument), recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
            if not matches:
                raise ImageReadError("no file fits this pattern", path=path)
            found += [Input(match, match.name) for match in matches if match.is_file()]
        elif path.exists():
            found.append(Input(path, path.name))
        else:
            raise ImageReadError("there is no such file", path=path, remedy="check the path")
    return _with_unique_names(found)


def _files(folder: Path, skip: Path | None) -> Iterator[Path]:
    left_out = skip.resolve() if skip else None
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and not (left_out and path.resolve().is_relative_to(left_out)):
            yield path


def _with_unique_names(inputs: list[Input]) -> list[Input]:
    """The same image twice is one; two images of one name get their folder in front, or a number."""
    once = list({each.path.resolve(): each for each in inputs}.values())
    # Case-insensitive file systems would write both masks to one file.
    counts = Counter(each.file_stem.casefold() for each in once)
    named = [
        Input(each.path, f"{each.path.resolve().parent.name}/{each.name}")
        if counts[each.file_stem.casefold()] > 1
        else each
        for each in once
    ]
    seen: Counter[str] = Counter()
    result = []
    for each in named:
        key = each.file_stem.casefold()
        seen[key] += 1
        result.append(each if seen[key] == 1 else Input(each.path, f"{each.name}-{seen[key]}"))
    return result
