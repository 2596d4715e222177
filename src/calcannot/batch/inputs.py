"""From what a user typed to a list of images with names."""

from __future__ import annotations

import glob
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError
from calcannot.io.folder import is_image_folder, looks_like_image, parts_of_slides

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
    look like images are taken. A folder that is one image (OME-Zarr, the files of one DICOM slide) is one image.

    Parameters
    ----------
    skip
        A folder to leave out: the results of this run.

    Raises
    ------
    ImageReadError
        If a named file or folder is not there, or a folder or pattern holds no image.
    """
    left_out = skip.resolve() if skip else None
    found: list[Input] = []
    for argument in arguments:
        path = Path(argument)
        if path.exists():
            inside = list(_images_at(path, left_out))
            if not inside:
                raise ImageReadError("the folder holds no image", path=path)
            found += inside
        elif glob.has_magic(str(argument)):
            # A shell that expands patterns never shows them; that of Windows leaves them to the program.
            matches = sorted(Path(match) for match in glob.glob(str(argument), recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
            inside = [image for match in _outermost(matches) for image in _images_at(match, left_out)]
            if not inside:
                raise ImageReadError("no image fits this pattern", path=path)
            found += inside
        else:
            raise ImageReadError("there is no such file", path=path, remedy="check the path")
    return _with_unique_names(found)


def _images_at(path: Path, left_out: Path | None) -> Iterator[Input]:
    """The image itself, a file of any kind included; or the images in a folder."""
    if path.is_dir() and not is_image_folder(path):
        for image in _images_below(path, left_out):
            yield Input(image, image.relative_to(path).as_posix())
    else:
        # A folder may have been given as ``.``, which is no name.
        yield Input(path, path.name or path.resolve().name)


def _images_below(folder: Path, left_out: Path | None) -> Iterator[Path]:
    parts = parts_of_slides(folder)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path in parts or (left_out and path.resolve() == left_out):
            continue
        if path.is_dir() and not is_image_folder(path):
            if not path.is_symlink():  # it may lead back here
                yield from _images_below(path, left_out)
        elif path.is_dir() or looks_like_image(path):
            yield path


def _outermost(paths: list[Path]) -> list[Path]:
    """Without what lies in an image that is a folder: a pattern that goes to the bottom matches its pieces too."""
    images = {path for path in paths if path.is_dir() and is_image_folder(path)}
    return [path for path in paths if not images.intersection(path.parents)]


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
