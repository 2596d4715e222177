"""Folders of tiles as training programs want them: PNG pairs, YOLO, nnU-Net, NumPy."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from calcannot.errors import OutputError
from calcannot.export.selection import SPLITS
from calcannot.export.subject import CLASS_NAME
from calcannot.runs.from_mask import runs_of_mask
from calcannot.runs.outlines import trace_outlines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Pixels = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Range = tuple[float, float]

_NAME: Final = CLASS_NAME.lower()
_YOLO_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class Kind:
    """What all tiles of a folder have in common.

    Attributes
    ----------
    tile_px
        Side of a tile.
    channels
        3 or 1.
    dtype
        Of the images.
    modality
        ``histology`` or ``radiograph``.
    """

    tile_px: int
    channels: int
    dtype: str
    modality: str


class Layout(Protocol):
    """Takes tiles one by one.

    Parameters
    ----------
    folder
        Where everything goes.
    kind
        Of all tiles.
    counts
        Tiles to come in each split.
    """

    def __init__(self, folder: Path, kind: Kind, counts: Mapping[str, int]) -> None: ...

    def add(self, name: str, split: str, image: Pixels, mask: Bools, value_range: Range) -> dict[str, Any]:
        """Write a tile; gives ``image_file``, ``mask_file`` and ``lost_px``, the pixels that the format gets wrong."""

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write what describes the whole folder."""


class PngPairs:
    """``<split>/images/<tile>.png`` and ``<split>/masks/<tile>.png`` with 0 and 255."""

    def __init__(self, folder: Path, kind: Kind, counts: Mapping[str, int]) -> None:
        self._folder, self._kind = folder, kind

    def add(self, name: str, split: str, image: Pixels, mask: Bools, value_range: Range) -> dict[str, Any]:
        """Write a tile as two pictures of one name."""
        files = {"image_file": f"{split}/images/{name}.png", "mask_file": f"{split}/masks/{name}.png"}
        write_png(self._folder / files["image_file"], as_png(image, value_range, 16))
        write_png(self._folder / files["mask_file"], mask.astype(np.uint8) * np.uint8(255))
        return files | {"lost_px": 0}

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Nothing is left to say."""


class Yolo:
    """``images/<split>``, ``labels/<split>`` and ``data.yaml``, as Ultralytics reads them: outer outlines only."""

    def __init__(self, folder: Path, kind: Kind, counts: Mapping[str, int]) -> None:
        self._folder, self._kind, self._counts = folder, kind, counts

    def add(self, name: str, split: str, image: Pixels, mask: Bools, value_range: Range) -> dict[str, Any]:
        """Write a picture of 8 bits and its outlines: class, then x and y from 0 to 1."""
        from scipy import ndimage

        files = {"image_file": f"images/{split}/{name}.png", "mask_file": f"labels/{split}/{name}.txt"}
        write_png(self._folder / files["image_file"], as_png(image, value_range, 8))
        outer = [polygon[0] for polygons in trace_outlines(runs_of_mask(mask)) for polygon in polygons]
        lines = [
            "0 " + " ".join(f"{value:.{_YOLO_DIGITS}g}" for value in (ring / self._kind.tile_px).ravel().tolist())
            for ring in outer
        ]
        _write(self._folder / files["mask_file"], "".join(f"{line}\n" for line in lines))
        # A gap through a corner stays open: a ring of pixels that touch there is cut, and encloses nothing.
        filled = ndimage.binary_fill_holes(mask, structure=np.ones((3, 3)))
        return files | {"lost_px": int(filled.sum() - mask.sum())}

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write ``data.yaml``; its paths are relative to itself, so the folder can be moved."""
        there = [split for split in SPLITS if self._counts[split]]
        lines = [f"{split}: images/{split}" for split in there] + ["names:", f"  0: {_NAME}"]
        _write(self._folder / "data.yaml", "\n".join(lines) + "\n")


class NnUnet:
    """Folders ``imagesTr``, ``labelsTr`` and so on, ``dataset.json`` and ``splits_final.json`` of nnU-Net v2."""

    def __init__(self, folder: Path, kind: Kind, counts: Mapping[str, int]) -> None:
        self._folder, self._kind = folder, kind
        self._cases: dict[str, list[str]] = {split: [] for split in SPLITS}

    def add(self, name: str, split: str, image: Pixels, mask: Bools, value_range: Range) -> dict[str, Any]:
        """Write ``<tile>_0000.png`` with all channels, and a mask of 0 and 1 under the tile's name."""
        end = "Ts" if split == "test" else "Tr"
        files = {"image_file": f"images{end}/{name}_0000.png", "mask_file": f"labels{end}/{name}.png"}
        write_png(self._folder / files["image_file"], as_png(image, value_range, 16))
        write_png(self._folder / files["mask_file"], mask.astype(np.uint8))
        self._cases[split].append(name)
        return files | {"lost_px": 0}

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write the two records; both are checked by nnU-Net before it plans."""
        channels = ["R", "G", "B"] if self._kind.channels == 3 else [self._kind.modality]
        content = {
            "channel_names": {str(i): name for i, name in enumerate(channels)},
            "labels": {"background": 0, _NAME: 1},
            "numTraining": len(self._cases["train"]) + len(self._cases["val"]),
            "file_ending": ".png",
            "overwrite_image_reader_writer": "NaturalImage2DIO",
            "licence": facts["licence"],
            "calcannot": facts["calcannot"],
        }
        _write(self._folder / "dataset.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        split = [{"train": self._cases["train"], "val": self._cases["val"]}]
        _write(self._folder / "splits_final.json", json.dumps(split, indent=1) + "\n")


class NumpyArrays:
    """``<split>_images.npy`` and ``<split>_masks.npy``, one tile after another in the order of the manifest."""

    def __init__(self, folder: Path, kind: Kind, counts: Mapping[str, int]) -> None:
        self._folder, self._kind = folder, kind
        self._arrays: dict[str, tuple[Any, Any]] = {}
        self._written = dict.fromkeys(SPLITS, 0)
        tile = (kind.tile_px, kind.tile_px)
        folder.mkdir(parents=True, exist_ok=True)
        for split in SPLITS:
            if counts[split]:
                shape = (counts[split], *tile)
                full = (*shape, 3) if kind.channels == 3 else shape
                self._arrays[split] = (
                    _opened(folder / f"{split}_images.npy", kind.dtype, full),
                    _opened(folder / f"{split}_masks.npy", "uint8", shape),
                )

    def add(self, name: str, split: str, image: Pixels, mask: Bools, value_range: Range) -> dict[str, Any]:
        """Write a tile at its place; values are those of the image, the mask is 0 and 1."""
        images, masks = self._arrays[split]
        place = self._written[split]
        images[place], masks[place] = image, mask
        self._written[split] += 1
        return {
            "image_file": f"{split}_images.npy",
            "mask_file": f"{split}_masks.npy",
            "index": place,
            "lost_px": 0,
        }

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Flush the arrays."""
        for images, masks in self._arrays.values():
            images.flush()
            masks.flush()
        self._arrays.clear()


LAYOUTS: Final[dict[str, type[Layout]]] = {"png": PngPairs, "yolo": Yolo, "nnunet": NnUnet, "numpy": NumpyArrays}


def as_png(image: Pixels, value_range: Range, bits: int) -> Pixels:
    """Values as a PNG holds them: unchanged where they fit, else linear from the value range to all of ``bits``.

    Raises
    ------
    OutputError
        If the range is not finite.
    """
    if image.dtype == np.uint8 or (image.dtype == np.uint16 and bits == 16):
        return image
    low, high = value_range
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise OutputError("the images have no range of values that a PNG can hold", remedy="export them as numpy")
    share = np.clip((image.astype(np.float64) - low) / (high - low), 0, 1)
    scaled: Pixels = np.rint(share * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    return scaled


def write_png(path: Path, pixels: Pixels) -> None:
    """Write 8 or 16 bits."""
    import imagecodecs

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=6))


def safe_name(text: str) -> str:
    """A name that every program and file system takes: letters, digits, full stops, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "image"


def _opened(path: Path, dtype: str, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
