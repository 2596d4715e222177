import hashlib
import logging
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

from calcannot.errors import ImageReadError
from calcannot.io import open_image, sha256_of
from calcannot.io.codestream import stated_size
from calcannot.io.quiet import reading
from calcannot.io.segment_cache import SegmentCache

RGB = np.random.default_rng(1).integers(0, 256, (200, 150, 3), dtype=np.uint8)


@pytest.mark.parametrize("options", [{"tile": (32, 32)}, {"rowsperstrip": 11}])
def test_reading_from_many_threads_gives_the_same_pixels(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", compression="zlib", **options)
    boxes = [(row, col) for row in range(0, 160, 7) for col in range(0, 110, 13)]
    with open_image(tmp_path / "a.tif") as source, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda box: source.read(*box, 40, 40), boxes))
    for (row, col), pixels in zip(boxes, found, strict=True):
        np.testing.assert_array_equal(pixels, RGB[row : row + 40, col : col + 40])


def test_a_closed_tiff_says_so_and_closes_twice(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb")
    source = open_image(tmp_path / "a.tif")
    source.close()
    source.close()
    with pytest.raises(ImageReadError, match="closed"):
        source.read(0, 0, 1, 1)


def test_the_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(256)) * 9000)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(bytes(range(256)) * 9000).hexdigest()
    with pytest.raises(ImageReadError, match="absent"):
        sha256_of(tmp_path / "absent")


def test_the_hash_of_a_slide_whose_text_names_no_files_is_that_of_its_text(tmp_path):
    text = b"[Virtual Microscope Specimen]\nImageFile=..\nImageFile(1,0)=a\0b\nMapFile=:::\nMacroImage=gone.jpg\n"
    (tmp_path / "a.vms").write_bytes(text)
    line = f"{hashlib.sha256(text).hexdigest()}  a.vms\n"
    assert sha256_of(tmp_path / "a.vms") == hashlib.sha256(line.encode()).hexdigest()


def test_a_piece_that_two_threads_want_is_made_once_and_old_ones_go():
    made = []
    together = threading.Barrier(4)

    def make():
        made.append(1)
        return np.zeros(60, np.uint8)

    cache = SegmentCache(limit_bytes=100)

    def ask():
        together.wait()
        return cache.get("a", make)

    with ThreadPoolExecutor(4) as pool:
        results = [future.result() for future in [pool.submit(ask) for _ in range(4)]]
    assert len(made) == 1 and all(result is results[0] for result in results)
    cache.get("b", make)
    cache.get("a", make)
    assert len(made) == 3


def test_libraries_are_silent_inside_and_only_there(tmp_path, recwarn, caplog):
    log = logging.getLogger("tifffile")
    with reading(tmp_path / "a.tif", "x"):
        warnings.warn("inside", stacklevel=1)
        log.warning("inside")
    assert not recwarn.list and not caplog.records
    log.warning("outside")
    assert [record.message for record in caplog.records] == ["outside"]


def test_an_error_of_a_library_becomes_one_line(tmp_path):
    with pytest.raises(ImageReadError) as caught, reading(tmp_path / "a.tif", "it cannot be read", "do this"):
        raise KeyError("first\nsecond")
    assert str(caught.value).startswith("a.tif: it cannot be read (") and "\n" not in str(caught.value)


def test_the_size_in_a_codestream():
    import imagecodecs

    assert stated_size(imagecodecs.jpeg8_encode(RGB)) == (200, 150)
    assert stated_size(imagecodecs.jpegls_encode(np.zeros((200, 150), np.uint8))) == (200, 150)
    assert stated_size(imagecodecs.jpeg2k_encode(RGB, codecformat="j2k")) == (200, 150)
    assert stated_size(b"\xff\xd8\xff") is None and stated_size(b"none") is None
