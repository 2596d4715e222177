"""Tiles that are handed out as they are stored give the pixels of the decoder; what is unusual is read as pixels."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from calcannot.errors import ImageReadError
from calcannot.io import jpeg_planes, open_image
from calcannot.jpeg_colours import pixels_of

pytestmark = pytest.mark.skipif(jpeg_planes.load_library() is None, reason="needs the package turbojpeg")

TILE = (64, 96)
GRID = (3, 4)


def image(seed=1, size=(TILE[0] * GRID[0], TILE[1] * GRID[1])):
    """Saturated blobs, edges, noise and flat glass."""
    rng = np.random.default_rng(seed)
    pixels = np.full((*size, 3), (243, 241, 244), np.float64)
    blobs = ndimage.gaussian_filter(rng.normal(size=size), 3)
    for threshold, colour in ((0.03, (255, 0, 0)), (0.07, (0, 0, 255)), (0.1, (20, 18, 21)), (0.13, (0, 255, 0))):
        pixels[blobs > threshold] = colour
    third = size[1] // 3
    pixels[:, :third] += rng.normal(0, 3, (size[0], third, 3))
    pixels[:, third : 2 * third] = rng.integers(0, 256, (size[0], third, 3))
    return pixels.clip(0, 255).astype(np.uint8)


def encoded(pixels, quality=85, subsampling="420", **options):
    return imagecodecs.jpeg8_encode(pixels, level=quality, subsampling=subsampling, **options)


def tiles_of(pixels, tile=TILE):
    return [
        np.ascontiguousarray(pixels[row : row + tile[0], col : col + tile[1]])
        for row in range(0, pixels.shape[0], tile[0])
        for col in range(0, pixels.shape[1], tile[1])
    ]


def write(path, streams, *, tile=TILE, shape=None, subsampling=(2, 2), extratags=(), photometric="ycbcr"):
    shape = shape or (tile[0] * GRID[0], tile[1] * GRID[1], 3)
    tifffile.imwrite(
        path, iter(streams), shape=shape, dtype="uint8", tile=tile, compression="jpeg", photometric=photometric,
        subsampling=subsampling, extratags=extratags, metadata=None,
    )  # fmt: skip
    return path


def places_of(info):
    return [
        (row, col, min(info.tile_height_px, info.height_px - row), min(info.tile_width_px, info.width_px - col))
        for row in range(0, info.height_px, info.tile_height_px)
        for col in range(0, info.width_px, info.tile_width_px)
    ]


def compare(path, most=400):
    """Which tiles are handed out; those that are have the pixels of ``read``."""
    with open_image(path) as source:
        places = places_of(source.info)[:most]
        handed = []
        for row in sorted({place[0] for place in places}):
            some = [place for place in places if place[0] == row]
            tiles = source.coded_tiles(some)
            for number, place in enumerate(some):
                pixels = None if tiles is None else pixels_of(tiles, number)
                handed.append(pixels is not None)
                if pixels is not None:
                    np.testing.assert_array_equal(pixels, source.read(*place))
        return handed


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("quality", [1, 30, 85, 100])
def test_pixels_of_planes_are_those_of_the_decoder(tmp_path, subsampling, quality):
    streams = [encoded(tile, quality, subsampling) for tile in tiles_of(image())]
    path = write(tmp_path / "a.tif", streams, subsampling=(2, 2 if subsampling == "420" else 1))
    assert compare(path) == [True] * 12


@pytest.mark.parametrize("tile", [(16, 16), (16, 272), (80, 48), (256, 256), (512, 16)])
def test_tiles_of_all_sizes(tmp_path, tile):
    pixels = image(2, (2 * tile[0], 2 * tile[1]))
    path = write(tmp_path / "a.tif", [encoded(each) for each in tiles_of(pixels, tile)], tile=tile, shape=pixels.shape)
    assert compare(path) == [True] * 4


@pytest.mark.parametrize("subsampling", ["444", "411", "440"])
def test_other_samplings_are_read_as_pixels(tmp_path, subsampling):
    streams = [encoded(tile, subsampling=subsampling) for tile in tiles_of(image())]
    assert not any(compare(write(tmp_path / "a.tif", streams)))


def progressive(tile):
    buffer = io.BytesIO()
    Image.fromarray(tile).save(buffer, "JPEG", quality=85, progressive=True, subsampling="4:2:0")
    return buffer.getvalue()


def as_rgb(tile):
    return encoded(tile, colorspace="rgb", outcolorspace="rgb")


def arithmetic(tile):
    import turbojpeg

    return turbojpeg.compress(tile, 85, turbojpeg.SAMP.Y420, arithmetic=True)


@pytest.mark.parametrize("coded", [progressive, as_rgb, arithmetic])
def test_unusual_streams_are_read_as_pixels_among_usual_ones(tmp_path, coded):
    tiles = tiles_of(image())
    streams = [coded(tile) if number in (0, 5) else encoded(tile) for number, tile in enumerate(tiles)]
    handed = compare(write(tmp_path / "a.tif", streams))
    assert handed == [number not in (0, 5) for number in range(12)]


def test_a_stream_of_another_size_is_never_decoded(tmp_path):
    """Its planes would be written over what lies behind the tile's."""
    large = encoded(image(3, (1024, 1024)))
    streams = [large if number == 4 else encoded(tile) for number, tile in enumerate(tiles_of(image()))]
    with open_image(write(tmp_path / "a.tif", streams)) as source:
        tiles = source.coded_tiles(places_of(source.info))
        assert [pixels_of(tiles, number) is None for number in range(12)] == [number == 4 for number in range(12)]


def test_streams_that_share_tables(tmp_path):
    """As Aperio writes them: quantisation and Huffman tables in a tag, and the rest in each tile."""
    parted = [split(encoded(tile)) for tile in tiles_of(image())]
    tables = parted[0][0]
    path = write(tmp_path / "a.tif", [rest for _, rest in parted], extratags=[(347, 7, len(tables), tables, True)])
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].jpegtables == tables
    assert compare(path) == [True] * 12


def split(stream):
    """Tables of a stream as a stream of their own, and the stream without them."""
    at, tables, rest = 2, b"", b""
    while stream[at + 1] != 0xDA:
        size = 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if stream[at + 1] in (0xDB, 0xC4):
            tables += stream[at : at + size]
        else:
            rest += stream[at : at + size]
        at += size
    return b"\xff\xd8" + tables + b"\xff\xd9", b"\xff\xd8" + rest + stream[at:]


def cut(stream):
    return stream[: len(stream) // 2]


def cut_and_ended(stream):
    return stream[: len(stream) // 2] + b"\xff\xd9"


def noise_inside(stream):
    at = len(stream) // 2
    return stream[:at] + np.random.default_rng(1).integers(0, 255, 60, np.uint8).tobytes() + stream[at + 60 :]


def no_header(stream):
    return b"\x00" * 40 + stream[40:]


def half_a_header(stream):
    return stream[:100]


@pytest.mark.parametrize("damage", [cut, cut_and_ended, noise_inside, no_header, half_a_header])
@pytest.mark.parametrize("place", [0, 5])
def test_a_damaged_tile_is_told_as_without_planes(tmp_path, damage, place):
    streams = [encoded(tile) for tile in tiles_of(image())]
    streams[place] = damage(streams[place])
    path = write(tmp_path / "a.tif", streams)
    with open_image(path) as source:
        places = places_of(source.info)
        tiles = source.coded_tiles(places)
        for number, box in enumerate(places):
            pixels = None if tiles is None else pixels_of(tiles, number)
            if number != place:
                np.testing.assert_array_equal(pixels, source.read(*box))
                continue
            try:
                read = source.read(*box)
            except ImageReadError:
                assert pixels is None
            else:
                assert pixels is None or np.array_equal(pixels, read)


def test_tiles_at_the_right_edge_or_left_out_are_read_as_pixels(tmp_path):
    streams = [b"" if number == 1 else encoded(tile) for number, tile in enumerate(tiles_of(image()))]
    path = write(tmp_path / "a.tif", streams, shape=(TILE[0] * 3 - 5, TILE[1] * 4 - 1, 3))
    handed = np.array(compare(path)).reshape(GRID)
    assert handed.tolist() == [[True, False, True, False], [True] * 3 + [False], [True] * 3 + [False]]


def test_tiles_in_any_order_and_far_apart(tmp_path):
    path = write(tmp_path / "a.tif", [encoded(tile) for tile in tiles_of(image())])
    with open_image(path) as source:
        places = places_of(source.info)
        for some in (places[::-1], [places[0], places[11]], [places[7]] * 3):
            tiles = source.coded_tiles(some)
            for number, place in enumerate(some):
                np.testing.assert_array_equal(pixels_of(tiles, number), source.read(*place))


def test_tiles_that_may_be_bad_are_read_as_pixels(tmp_path):
    path = write(tmp_path / "a.tif", [encoded(tile) for tile in tiles_of(image())])
    with open_image(path) as source:
        source.skip_bad_tiles()
        assert source.coded_tiles(places_of(source.info)) is None


def test_threads_have_decoders_of_their_own(tmp_path):
    path = write(tmp_path / "a.tif", [encoded(tile) for tile in tiles_of(image())])
    wrong = []
    with open_image(path) as source:
        places = places_of(source.info)
        expected = [source.read(*place) for place in places]

        def work(shift):
            for turn in range(40):
                numbers = [(shift + turn + n) % 12 for n in range(3)]
                tiles = source.coded_tiles([places[number] for number in numbers])
                for n, number in enumerate(numbers):
                    if not np.array_equal(pixels_of(tiles, n), expected[number]):
                        wrong.append(number)

        threads = [threading.Thread(target=work, args=(shift,)) for shift in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_without_the_library_there_are_no_coded_tiles(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", [encoded(tile) for tile in tiles_of(image())])
    monkeypatch.setattr(jpeg_planes, "load_library", lambda: None)
    with open_image(path) as source:
        assert source.coded_tiles(places_of(source.info)) is None


def test_to_open_an_image_does_not_bring_the_compiler(tmp_path):
    path = write(tmp_path / "a.tif", [encoded(tile) for tile in tiles_of(image())])
    code = "import sys; from calcannot.io import open_image as o; o(sys.argv[1]).close(); print('numba' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.shared
def test_a_real_section_stored_with_halved_chroma(tmp_path, shared_data):
    """The scanner stored it with full chroma, so it is encoded anew."""
    (path,) = shared_data.rglob("CMU-1-Small-Region.svs")
    with open_image(path) as source:
        pixels = source.read(200, 100, 2560, 2048)
    streams = [encoded(tile) for tile in tiles_of(pixels, (256, 256))]
    assert all(compare(write(tmp_path / "a.tif", streams, tile=(256, 256), shape=pixels.shape)))
