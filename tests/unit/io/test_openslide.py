"""Slides of scanners, written as their documentation says, and read by OpenSlide itself.

A scanner's tiles overlap, lie in several files or in several fields. Each slide here is one picture, cut up the way its
scanner does, and what is read must be that picture to the pixel. The formats are those that
openslide.org describes; no file of a scanner was at hand.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from calcannot import Recipe, analyse, measure, open_image
from calcannot.errors import CalcannotError, ImageReadError
from calcannot.io import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

openslide = pytest.importorskip("openslide")

TILE = 64
ACROSS, DOWN = 4, 3
OVERLAP_ROWS, OVERLAP_COLS = 6, 8  # of neighbouring tiles
DARK = Recipe(name="dark", kind="histology", channel="value", threshold=60.0)


def picture(height: int, width: int) -> np.ndarray:
    """Tissue with dark grains, no two places alike; it survives no shift by a pixel."""
    rng = np.random.default_rng(12)
    rgb = 190 + 12 * ndimage.gaussian_filter(rng.normal(size=(height, width, 3)), (1, 1, 0))
    rgb[ndimage.gaussian_filter(rng.normal(size=(height, width)), 3) > 0.17] = (30, 25, 35)
    return np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)


def overlapping(count_rows: int, count_cols: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A picture, and the tiles of it that a camera takes, row by row."""
    step_rows, step_cols = TILE - OVERLAP_ROWS, TILE - OVERLAP_COLS
    whole = picture(step_rows * (count_rows - 1) + TILE, step_cols * (count_cols - 1) + TILE)
    corners = [(step_rows * r, step_cols * c) for r in range(count_rows) for c in range(count_cols)]
    return whole, [whole[r : r + TILE, c : c + TILE] for r, c in corners]


def side_by_side(tiles: list[np.ndarray]) -> np.ndarray:
    """Tiles as the scanner's TIFF holds them: a picture in which everything near a seam is there twice."""
    return np.vstack([np.hstack(tiles[ACROSS * row : ACROSS * (row + 1)]) for row in range(DOWN)])


def mirax(folder: Path) -> tuple[Path, np.ndarray]:
    """3DHISTECH MIRAX: images in one data file, places by an index, no positions of their own."""
    whole, tiles = overlapping(DOWN, ACROSS)
    place = folder / "slide"
    place.mkdir()
    name = "5AB19B0DE8B34B5FBD1C4A6A8E2C6D01"
    entries, data = [], b"\0" * 37
    for number, tile in enumerate(tiles):
        Image.fromarray(tile).save(place / "tile.png")
        coded = (place / "tile.png").read_bytes()
        entries.append(struct.pack("<4i", number, len(data), len(coded), 0))
        data += coded
    (place / "tile.png").unlink()
    (place / "Data0000.dat").write_bytes(data)
    root = 5 + len(name)  # of the roots of the hierarchical and the other records
    first, page, last = root + 8, root + 12, root + 20
    (place / "Index.dat").write_bytes(
        b"01.02" + name.encode() + struct.pack("<2i", first, first) + struct.pack("<i", page)
        + struct.pack("<2i", 0, last) + struct.pack("<2i", len(entries), 0) + b"".join(entries)
    )  # fmt: skip
    (place / "Slidedat.ini").write_text(
        f"[GENERAL]\nSLIDE_ID = {name}\nIMAGENUMBER_X = {ACROSS}\nIMAGENUMBER_Y = {DOWN}\n"
        "OBJECTIVE_MAGNIFICATION = 20\n[HIERARCHICAL]\nHIER_COUNT = 1\nNONHIER_COUNT = 0\nINDEXFILE = Index.dat\n"
        "HIER_0_NAME = Slide zoom level\nHIER_0_COUNT = 1\nHIER_0_VAL_0_SECTION = LEVEL_0\n"
        "[DATAFILE]\nFILE_COUNT = 1\nFILE_0 = Data0000.dat\n"
        f"[LEVEL_0]\nOVERLAP_X = {OVERLAP_COLS}\nOVERLAP_Y = {OVERLAP_ROWS}\nMICROMETER_PER_PIXEL_X = 0.25\n"
        "MICROMETER_PER_PIXEL_Y = 0.5\nIMAGE_FORMAT = PNG\nIMAGE_FILL_COLOR_BGR = 16777215\nIMAGE_CONCAT_FACTOR = 0\n"
        f"DIGITIZER_WIDTH = {TILE}\nDIGITIZER_HEIGHT = {TILE}\n",
        encoding="utf-8-sig",
    )
    Image.fromarray(whole[::4, ::4]).save(folder / "slide.mrxs", format="JPEG")
    return folder / "slide.mrxs", whole


def ventana(folder: Path) -> tuple[Path, np.ndarray]:
    """Ventana BIF: tiles numbered from the bottom in a serpentine, with the overlap of each pair."""
    whole, tiles = overlapping(DOWN, ACROSS)

    def number(row: int, col: int) -> int:
        up = DOWN - 1 - row
        return up * ACROSS + (col if up % 2 == 0 else ACROSS - 1 - col) + 1

    joints = ""
    pairs = [((r, c), (r, c + 1), "RIGHT", OVERLAP_COLS, 0) for r in range(DOWN) for c in range(ACROSS - 1)]
    pairs += [((r, c), (r - 1, c), "UP", 0, OVERLAP_ROWS) for r in range(1, DOWN) for c in range(ACROSS)]
    for one, other, direction, cols, rows in pairs:
        joints += (
            f'<TileJointInfo FlagJoined="1" Confidence="99" Direction="{direction}" Tile1="{number(*one)}" '
            f'Tile2="{number(*other)}" OverlapX="{cols}" OverlapY="{rows}"/>'
        )
    stitched = (
        f'<EncodeInfo><SlideStitchInfo><ImageInfo AOIScanned="1" Width="{TILE}" Height="{TILE}" NumRows="{DOWN}" '
        f'NumCols="{ACROSS}" Pos-X="0" Pos-Y="0">{joints}</ImageInfo></SlideStitchInfo>'
        '<AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>'
    ).encode()
    scan = b'<iScan Magnification="20" ScanRes="0.25"/>'
    path = folder / "slide.bif"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for pixels, text, xmp in (
            (picture(40, 90), "Label Image", scan),
            (side_by_side(tiles), "level=0 mag=20 quality=95", stitched),
        ):
            tiff.write(
                pixels, photometric="rgb", tile=(TILE, TILE), compression="zlib", description=text, metadata=None,
                extratags=[(700, "B", len(xmp), xmp, True)],
            )  # fmt: skip
    return path, whole


def trestle(folder: Path) -> tuple[Path, np.ndarray]:
    """Trestle: the overlap of a level in the description, the pixel size where TIFF has pixels an inch."""
    whole, tiles = overlapping(DOWN, ACROSS)
    path = folder / "slide.tif"
    text = f"Objective Power=20;OverlapsXY= {OVERLAP_COLS} {OVERLAP_ROWS};Capture Time=now"
    tifffile.imwrite(
        path, side_by_side(tiles), photometric="rgb", tile=(TILE, TILE), compression="zlib", description=text,
        software="MedScan 1.0", metadata=None, resolution=(0.25, 0.25), resolutionunit=1,
    )  # fmt: skip
    return path, whole


def leica(folder: Path) -> tuple[Path, np.ndarray]:
    """Leica SCN: two fields, each a page, on a canvas in nm; a macro image of all of it."""
    whole = np.full((300, 400, 3), 255, np.uint8)
    fields = ((30, 40, picture(96, 128)), (170, 210, picture(112, 144)))
    nm = 250

    def image(ifd: int, row: int, col: int, height: int, width: int, shape: tuple[int, int]) -> str:
        return (
            f'<image><pixels sizeX="{shape[1]}" sizeY="{shape[0]}"><dimension sizeX="{shape[1]}" sizeY="{shape[0]}" '
            f'r="0" ifd="{ifd}"/></pixels><view sizeX="{width * nm}" sizeY="{height * nm}" offsetX="{col * nm}" '
            f'offsetY="{row * nm}"/><scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>'
            "<illuminationSettings><illuminationSource>brightfield</illuminationSource></illuminationSettings>"
            "</scanSettings></image>"
        )

    images = image(0, 0, 0, 300, 400, (75, 100))
    for ifd, (row, col, pixels) in enumerate(fields, 1):
        whole[row : row + pixels.shape[0], col : col + pixels.shape[1]] = pixels
        images += image(ifd, row, col, *pixels.shape[:2], pixels.shape[:2])
    text = (
        '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection sizeX="{400 * nm}" sizeY="{300 * nm}">{images}</collection></scn>'
    )
    path = folder / "slide.scn"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for number, pixels in enumerate([picture(75, 100), *(each[2] for each in fields)]):
            tiff.write(
                pixels, photometric="rgb", tile=(TILE, TILE), compression="zlib", metadata=None,
                description=None if number else text, resolution=(1e7 / nm, 1e7 / nm), resolutionunit="CENTIMETER",
            )  # fmt: skip
    return path, whole


def hamamatsu(folder: Path) -> tuple[Path, np.ndarray]:
    """Hamamatsu VMS: JPEGs side by side, each with restart markers, named by a text file."""
    parts = []
    for col, width in enumerate((128, 96)):
        part = Image.fromarray(picture(96, 224)[:, 128 * col : 128 * col + width])
        part.save(folder / f"{col}.jpg", quality=90, subsampling=0, restart_marker_blocks=4)
        parts.append(np.asarray(Image.open(folder / f"{col}.jpg")))
    whole = np.hstack(parts)
    Image.fromarray(whole[::8, ::8]).save(folder / "map.jpg", subsampling=0, restart_marker_blocks=1)
    (folder / "slide.vms").write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns=2\nNoJpegRows=1\nImageFile=0.jpg\n"
        f"ImageFile(1,0)=1.jpg\nMapFile=map.jpg\nSourceLens=20\nPhysicalWidth={224 * 250}\nPhysicalHeight={96 * 250}\n"
    )
    return folder / "slide.vms", whole


@pytest.mark.parametrize("scanner", [mirax, ventana, trestle, leica, hamamatsu], ids=lambda each: each.__name__)
def test_a_slide_is_read_as_the_picture_that_was_cut_up(scanner, tmp_path):
    path, whole = scanner(tmp_path)
    with open_image(path) as source:
        info = source.info
        assert (info.height_px, info.width_px) == whole.shape[:2]
        assert info.calibration.um_per_px_col == pytest.approx(0.25)
        assert info.calibration.um_per_px_row == pytest.approx(0.5 if scanner is mirax else 0.25)
        np.testing.assert_array_equal(source.read(0, 0, *whole.shape[:2]), whole)
        np.testing.assert_array_equal(source.read(51, 49, 33, 40), whole[51:84, 49:89])
        analysis = analyse(source, DARK, workers=2)
    mask = whole.max(axis=2) <= 60
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, *mask.shape), mask)
    assert analysis.totals.region_count == ndimage.label(mask, np.ones((3, 3)))[1] > 5


@pytest.mark.parametrize("scanner", [mirax, ventana, leica, hamamatsu], ids=lambda each: each.__name__)
def test_a_slide_that_lost_a_piece_is_an_error(scanner, tmp_path):
    path, _ = scanner(tmp_path)
    lost = {"mirax": "slide/Data0000.dat", "hamamatsu": "1.jpg"}.get(scanner.__name__, path.name)
    data = (tmp_path / lost).read_bytes()
    (tmp_path / lost).write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(CalcannotError), open_image(path) as source:
        analyse(source, DARK, workers=1)


@pytest.mark.parametrize(("scanner", "piece"), [(mirax, "slide/Data0000.dat"), (hamamatsu, "1.jpg")])
def test_the_hash_and_a_run_that_resumes_see_a_change_in_any_file_of_a_slide(scanner, piece, tmp_path):
    (tmp_path / "in").mkdir()
    path, _ = scanner(tmp_path / "in")
    names = sorted(each.relative_to(path.parent).as_posix() for each in path.parent.rglob("*") if each.is_file())
    lines = "".join(f"{hashlib.sha256((path.parent / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    assert sha256_of(path) == hashlib.sha256(lines.encode()).hexdigest()
    (first,) = measure(path, DARK, output=tmp_path / "out")
    assert first.record["sha256"] == sha256_of(path)
    with open_image(path) as source:
        target = tmp_path / "in" / piece
        if target.suffix == ".jpg":
            Image.open(target).save(target, quality=80, subsampling=0, restart_marker_blocks=4)
        else:
            target.write_bytes(target.read_bytes() + b"more")
        with pytest.raises(ImageReadError, match="was changed while it was read"):
            source.check_unchanged()
    (second,) = measure(path, DARK, output=tmp_path / "out", resume=True)
    assert second.record["sha256"] == sha256_of(path) != first.record["sha256"]
