import hashlib

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

from calcannot.errors import ImageReadError, TileError, UnsupportedImageError
from calcannot.io import open_image, sha256_of
from calcannot.io.byte_file import ByteFile
from calcannot.io.folder import looks_like_image
from calcannot.io.jpeg_planes import load_library
from calcannot.jpeg_colours import pixels_of

TILE = 16
SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
SMOOTH = np.add.outer(np.arange(80) * 2, np.arange(64))[..., None] * np.array([1.0, 0.7, 0.4])
FULL = np.clip(SMOOTH + np.random.default_rng(3).normal(0, 3, SMOOTH.shape), 0, 255).astype(np.uint8)
HALF, QUARTER = FULL[::2, ::2], FULL[::4, ::4]
FIRST, SECOND = generate_uid(), generate_uid()


def frames_of(rgb):
    rows, cols = -(-rgb.shape[0] // TILE), -(-rgb.shape[1] // TILE)
    padded = np.pad(rgb, ((0, rows * TILE - rgb.shape[0]), (0, cols * TILE - rgb.shape[1]), (0, 0)))
    return [
        np.ascontiguousarray(padded[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE])
        for r in range(rows)
        for c in range(cols)
    ]


def write(path, rgb, *, only=slice(None), encode=None, photometric="RGB", **attributes):
    """A level of a slide, or the frames ``only`` of it; ``encode`` makes a JPEG of a frame."""
    frames = frames_of(rgb)[only]
    ds = FileDataset(None, {}, preamble=bytes(128), file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if encode else ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = SLIDE, generate_uid(), "SM"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.SeriesInstanceUID, ds.DimensionOrganizationType = FIRST, "TILED_FULL"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, photometric, 0
    ds.Rows = ds.Columns = TILE
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.NumberOfFrames = len(frames)
    ds.TotalPixelMatrixRows, ds.TotalPixelMatrixColumns = rgb.shape[:2]
    for name, value in attributes.items():
        setattr(ds, name, value)
    if encode:
        ds.PixelData = encapsulate([encode(frame) for frame in frames])
        ds["PixelData"].VR = "OB"
    else:
        ds.add_new(0x7FE00010, "OB", b"".join(frame.tobytes() for frame in frames))
    ds.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def folder(tmp_path):
    """A slide of three levels, its label, a level of another slide, and files that are no slide."""
    write(tmp_path / "b-full.dcm", FULL)
    write(tmp_path / "c-half.dcm", HALF)
    write(tmp_path / "a-quarter.dcm", QUARTER)
    write(tmp_path / "label.dcm", FULL[:16, :16], ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])
    write(tmp_path / "other.dcm", FULL[::-2, ::2], SeriesInstanceUID=SECOND)
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "below").mkdir()
    return tmp_path


def test_the_levels_of_a_series_are_one_slide(folder):
    with open_image(folder / "b-full.dcm") as source:
        assert [(each.height_px, each.width_px, each.downsample) for each in source.info.levels] == [
            (80, 64, 1.0),
            (40, 32, 2.0),
            (20, 16, 4.0),
        ]
        assert source.info.warnings == ()
        for level, truth in enumerate((FULL, HALF, QUARTER)):
            np.testing.assert_array_equal(source.read(0, 0, *truth.shape[:2], level), truth)
            np.testing.assert_array_equal(source.read(3, 5, 10, 9, level), truth[3:13, 5:14])


def test_a_smaller_level_that_was_named_is_read_and_said_to_be_one(folder):
    with open_image(folder / "c-half.dcm") as source:
        assert [each.height_px for each in source.info.levels] == [40, 20]
        assert "not the full resolution" in source.info.warnings[0] and "b-full.dcm" in source.info.warnings[0]
        np.testing.assert_array_equal(source.read(0, 0, 40, 32), HALF)


@pytest.mark.parametrize("damage", ["cut", "other shape", "no grid"])
def test_a_smaller_level_that_cannot_be_used_is_left_out_and_said(folder, damage):
    path = folder / "c-half.dcm"
    if damage == "cut":
        path.write_bytes(path.read_bytes().replace(b"RGB ", b"CMY "))
    elif damage == "other shape":
        write(path, HALF[:20])
    else:
        write(path, HALF, only=slice(1, None))
    with open_image(folder / "b-full.dcm") as source:
        assert [each.height_px for each in source.info.levels] == [80, 20]
        assert any("c-half.dcm is not used" in warning for warning in source.info.warnings)


@pytest.mark.parametrize("encode", [None, lambda frame: imagecodecs.jpeg8_encode(frame, level=90)])
def test_a_box_is_one_read_of_each_part(tmp_path, monkeypatch, encode):
    common = {"ConcatenationUID": generate_uid(), "InConcatenationTotalNumber": 2, "encode": encode}
    for number, part in enumerate((slice(0, 7), slice(7, None)), 1):
        write(tmp_path / f"part{number}.dcm", FULL, only=part, InConcatenationNumber=number, **common)
    asked, whole = [], ByteFile._whole
    monkeypatch.setattr(ByteFile, "_whole", lambda *given: asked.append(given) or whole(*given))
    with open_image(tmp_path / "part1.dcm") as source:
        one_by_one = [source.read(row, col, 16, 16) for row in range(0, 80, 16) for col in range(0, 64, 16)]
        asked.clear()
        together = source.read(0, 0, 80, 64)
        assert len(asked) == 2
    np.testing.assert_array_equal(together, np.vstack([np.hstack(one_by_one[at : at + 4]) for at in range(0, 20, 4)]))


@pytest.mark.parametrize("named", ["part1.dcm", "part2.dcm"])
def test_the_parts_of_a_level_are_put_together_in_order(tmp_path, named):
    uid = generate_uid()
    common = {"ConcatenationUID": uid, "InConcatenationTotalNumber": 2}
    write(tmp_path / "part2.dcm", FULL, only=slice(7, None), InConcatenationNumber=2, **common)
    write(tmp_path / "part1.dcm", FULL, only=slice(0, 7), InConcatenationNumber=1, **common)
    with open_image(tmp_path / named) as source:
        np.testing.assert_array_equal(source.read(0, 0, 80, 64), FULL)
        source.check_unchanged()
        (tmp_path / "part2.dcm").write_bytes(b"")
        with pytest.raises(ImageReadError, match=r"part2\.dcm"):
            source.check_unchanged()


def test_the_hash_of_a_level_in_parts_is_that_of_all_of_them_whichever_is_named(tmp_path):
    common = {"ConcatenationUID": generate_uid(), "InConcatenationTotalNumber": 2}
    for number, part in enumerate((slice(0, 7), slice(7, None)), 1):
        write(tmp_path / f"part{number}.dcm", FULL, only=part, InConcatenationNumber=number, **common)
    write(tmp_path / "half.dcm", HALF)
    lines = [f"{hashlib.sha256((tmp_path / n).read_bytes()).hexdigest()}  {n}\n" for n in ("part1.dcm", "part2.dcm")]
    assert sha256_of(tmp_path / "part2.dcm") == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert sha256_of(tmp_path / "part1.dcm") == sha256_of(tmp_path / "part2.dcm")
    assert sha256_of(tmp_path / "half.dcm") == hashlib.sha256((tmp_path / "half.dcm").read_bytes()).hexdigest()


def test_a_part_without_the_others_is_refused(tmp_path):
    write(tmp_path / "part1.dcm", FULL, only=slice(0, 7), ConcatenationUID=generate_uid(), InConcatenationNumber=1)
    with pytest.raises(ImageReadError, match="Put all parts"):
        open_image(tmp_path / "part1.dcm")


def test_two_levels_of_one_size_are_not_guessed_between(folder):
    write(folder / "d-half.dcm", HALF[::-1])
    with open_image(folder / "b-full.dcm") as source:
        assert [each.height_px for each in source.info.levels] == [80, 20]
    with open_image(folder / "d-half.dcm") as source:
        np.testing.assert_array_equal(source.read(0, 0, 40, 32), HALF[::-1])


def test_a_folder_of_one_slide_opens_as_the_slide(folder):
    with pytest.raises(UnsupportedImageError, match="2 DICOM slides"):
        open_image(folder)
    (folder / "other.dcm").unlink()
    with open_image(folder) as source:
        assert source.path.name == "b-full.dcm" and len(source.info.levels) == 3
        assert [file.name for file in source.files] == ["b-full.dcm", "c-half.dcm", "a-quarter.dcm"]
    write(folder / "copy.dcm", FULL)
    with pytest.raises(UnsupportedImageError, match="2 pictures of 80 x 64"):
        open_image(folder)
    with pytest.raises(ImageReadError, match="folder, not an image"):
        open_image(folder / "below")


def test_in_a_folder_a_slide_is_one_image(folder):
    found = {path.name for path in folder.iterdir() if path.is_file() and looks_like_image(path)}
    assert found == {"b-full.dcm", "other.dcm"}


def without_jfif(stream):
    size = int.from_bytes(stream[4:6], "big")
    return stream[:2] + stream[4 + size :]


STREAMS = {
    "YBR_FULL_422": lambda tile: imagecodecs.jpeg8_encode(tile, level=95, subsampling="422"),
    "RGB": lambda tile: without_jfif(imagecodecs.jpeg8_encode(tile, level=95, outcolorspace="rgb")),
    # What some writers do: the header says RGB, and the stream is JFIF, which is YCbCr.
    "RGB ": lambda tile: imagecodecs.jpeg8_encode(tile, level=95, subsampling="444"),
}


@pytest.mark.parametrize("photometric", STREAMS)
def test_jpeg_frames_have_the_colours_that_were_put_in(tmp_path, photometric):
    encode = STREAMS[photometric]
    path = write(tmp_path / "a.dcm", FULL, encode=encode, photometric=photometric.strip())
    with open_image(path) as source:
        tile = source.read(16, 32, 16, 16)
        assert np.abs(tile.astype(int) - FULL[16:32, 32:48]).mean() < 4
        np.testing.assert_array_equal(source.read(0, 0, 80, 64)[16:32, 32:48], tile)


def test_a_damaged_frame_is_told_by_its_place(tmp_path):
    def encode(tile):
        return STREAMS["YBR_FULL_422"](tile) if tile[0, 0, 0] < 100 else b"\xff\xd8\xff\xda\x00\x00\xff\xd9"

    path = write(tmp_path / "a.dcm", FULL, encode=encode, photometric="YBR_FULL_422")
    with open_image(path) as source:
        source.read(0, 0, 16, 16)
        with pytest.raises(ImageReadError, match="tile at row 64, column 0"):
            source.read(64, 0, 16, 16)


@pytest.mark.filterwarnings("ignore:The .0028,0004.")  # pydicom, of a stream that is JFIF in a header that says RGB
@pytest.mark.shared
def test_a_real_pyramid_of_twelve_files_is_one_slide(shared_data):
    folder = shared_data / "wsi" / "jcupitt_dicom_pyramid"
    with open_image(folder / "level-0-frames-0-30.dcm") as source:
        levels = source.info.levels
        assert [(each.height_px, each.width_px) for each in levels[:3]] == [(2967, 2220), (1483, 1110), (741, 555)]
        assert len(levels) == 12
        full, half = source.read(1000, 1000, 500, 500), source.read(500, 500, 250, 250, 1)
        coarse = [each.reshape(25, size, 25, size, 3).mean(axis=(1, 3)) for each, size in ((full, 20), (half, 10))]
        assert np.abs(coarse[0] - coarse[1]).mean() < 3
        truth = pydicom.dcmread(folder / "level-0-frames-0-30.dcm").pixel_array[0]
        assert np.abs(truth.astype(int) - source.read(0, 0, 500, 500)).mean() < 1


@pytest.mark.shared
def test_a_slide_and_its_dicom_copy_show_the_same_section(shared_data):
    folder = shared_data / "wsi" / "napari-wsi"
    copy = next((folder / "CMU-1-Small-Region").glob("*58740178995208579534253317996600852419.dcm"))
    with open_image(folder / "CMU-1-Small-Region.svs") as one, open_image(copy) as other:
        assert one.info.levels == other.info.levels
        assert one.info.calibration.um_per_px_row == other.info.calibration.um_per_px_row
        first, second = (source.read(0, 0, 2967, 2220).astype(int) for source in (one, other))
        assert np.abs(first - second).mean() < 3  # the copy was compressed again
        assert np.abs(first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))).max() < 0.5


def test_a_frame_that_does_not_decode_is_named_and_can_be_left_out(tmp_path):
    jpeg = [imagecodecs.jpeg8_encode(frame, level=95) for frame in frames_of(FULL)]
    jpeg[5] = b"\xff\xd8" + bytes(40) + b"\xff\xd9"
    frames = iter(jpeg)
    write(tmp_path / "a.dcm", FULL, encode=lambda _: next(frames), photometric="YBR_FULL_422")
    with open_image(tmp_path / "a.dcm") as source:
        with pytest.raises(TileError, match="the tile at row 16, column 16 cannot be decoded"):
            source.read(0, 0, 80, 64)
        sound = source.read(0, 0, 16, 64)
        source.skip_bad_tiles()
        box = source.read(0, 0, 80, 64)
        assert (box[16:32, 16:32] == 255).all()
        np.testing.assert_array_equal(box[:16], sound)
        assert source.leave_out_bad_tiles()
        assert [stroke.bounds() for stroke in source.info.excluded] == [(16, 16, 32, 32)]
        assert not source.leave_out_bad_tiles()


def cropped_at_the_edge(frame_number, rows):
    """Encoder that ends the tiles of the last row with the slide, as some programs do."""
    count = iter(range(10**6))

    def encode(frame):
        last_row = next(count) >= frame_number
        return imagecodecs.jpeg8_encode(np.ascontiguousarray(frame[:rows] if last_row else frame), level=95)

    return encode


def test_tiles_at_the_edge_may_end_with_the_slide(tmp_path):
    rgb = FULL[:75]  # the last row of tiles holds 11 rows
    write(tmp_path / "whole.dcm", rgb, encode=cropped_at_the_edge(10**6, 16), photometric="YBR_FULL_422")
    write(tmp_path / "cropped.dcm", rgb, encode=cropped_at_the_edge(16, 11), photometric="YBR_FULL_422")
    with open_image(tmp_path / "cropped.dcm") as source:
        pixels = source.read(0, 0, 75, 64)
        np.testing.assert_array_equal(source.read(70, 3, 5, 30), pixels[70:, 3:33])
    with open_image(tmp_path / "whole.dcm") as source:
        np.testing.assert_array_equal(pixels[:64], source.read(0, 0, 64, 64))
    assert np.abs(pixels[64:].astype(int) - rgb[64:]).mean() < 6


@pytest.mark.parametrize(
    ("from_frame", "rows"), [(16, 10), (8, 11)], ids=["rows of the slide missing", "not at the edge"]
)
def test_a_tile_that_is_too_small_is_an_error(tmp_path, from_frame, rows):
    encode = cropped_at_the_edge(from_frame, rows)
    write(tmp_path / "a.dcm", FULL[:75], encode=encode, photometric="YBR_FULL_422")
    with open_image(tmp_path / "a.dcm") as source, pytest.raises(TileError, match=f"is {rows} x 16 px"):
        source.read(0, 0, 75, 64)


needs_library = pytest.mark.skipif(load_library() is None, reason="needs the package turbojpeg")


def handed_out(path, most=200):
    """Which tiles are handed out as they are stored; those that are have the pixels of ``read``."""
    with open_image(path) as source:
        info, handed = source.info, []
        for row in range(0, info.height_px, info.tile_height_px):
            for col in range(0, info.width_px, info.tile_width_px):
                box = (
                    row,
                    col,
                    min(info.tile_height_px, info.height_px - row),
                    min(info.tile_width_px, info.width_px - col),
                )
                tiles = source.coded_tiles([box])
                pixels = None if tiles is None else pixels_of(tiles, 0)
                handed.append(pixels is not None)
                if pixels is not None:
                    np.testing.assert_array_equal(pixels, source.read(*box))
                if len(handed) == most:
                    return handed
        return handed


@needs_library
def test_tiles_of_parts_are_handed_out_as_they_are_stored(tmp_path):
    def halved(frame):
        return imagecodecs.jpeg8_encode(frame, level=90, subsampling="420")

    uid = generate_uid()
    for number, frames in enumerate((slice(0, 7), slice(7, 20)), start=1):
        write(
            tmp_path / f"part-{number}.dcm", FULL, only=frames, encode=halved, photometric="YBR_FULL_422",
            ConcatenationUID=uid, InConcatenationNumber=number, ConcatenationFrameOffsetNumber=frames.start,
        )  # fmt: skip
    assert handed_out(tmp_path / "part-1.dcm") == [True] * 20


@needs_library
def test_damaged_and_unusual_frames_are_read_as_pixels(tmp_path):
    streams = [imagecodecs.jpeg8_encode(frame, level=90, subsampling="420") for frame in frames_of(FULL)]
    streams[3] = imagecodecs.jpeg8_encode(frames_of(FULL)[3], level=90, subsampling="444")
    streams[6] = streams[6][:-9]
    frames = iter(streams)
    write(tmp_path / "a.dcm", FULL, encode=lambda _: next(frames), photometric="YBR_FULL_422")
    with open_image(tmp_path / "a.dcm") as source:
        tiles = source.coded_tiles([(row, col, 16, 16) for row in range(0, 80, 16) for col in range(0, 64, 16)])
        assert [number for number in range(20) if pixels_of(tiles, number) is None] == [3, 6]


@needs_library
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
def test_frames_of_colours_that_the_header_names_wrongly(tmp_path, photometric):
    """The stream says what it is by its marker, and the first tile is decoded both ways."""
    write(
        tmp_path / "a.dcm", FULL, photometric=photometric,
        encode=lambda frame: imagecodecs.jpeg8_encode(frame, level=90, subsampling="420"),
    )  # fmt: skip
    assert handed_out(tmp_path / "a.dcm") == [True] * 20


def test_uncompressed_slides_are_read_as_pixels(tmp_path):
    assert not any(handed_out(write(tmp_path / "a.dcm", FULL)))


@needs_library
@pytest.mark.shared
def test_a_real_slide_is_handed_out_but_for_its_right_edge(shared_data):
    folder = shared_data / "wsi" / "napari-wsi" / "CMU-1-Small-Region"
    handed = handed_out(next(folder.glob("*58740178995208579534253317996600852419.dcm")))
    assert len(handed) == 130 and sum(handed) == 9 * 13
