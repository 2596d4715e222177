"""One slide in the containers of several makers: where the pixels are the same, so are regions, masks and totals."""

from __future__ import annotations

import csv

import imagecodecs
import numpy as np
import pytest
import tifffile
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, generate_uid

from calcannot import measure
from calcannot.io import open_image
from calcannot.model.recipe import Recipe

TILE, UM = 64, 0.499
MISSING = 3  # a tile of glass that the scanner left out
RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=120.0, reference="tissue")
DESCRIPTION = f"Aperio Image Library v11.2.1 \r\n1 [0,0 1x1] ({TILE}x{TILE}) JPEG/RGB Q=90|AppMag = 20|MPP = {UM}"


def picture():
    """250 x 370 px, no multiple of a tile: tissue with dark spots, many of them across seams."""
    rng = np.random.default_rng(8)
    pixels = np.full((250, 370, 3), 242.0)
    pixels[30:240, 10:360] = (220, 150, 180)
    pixels[:TILE, MISSING * TILE : (MISSING + 1) * TILE] = 255
    for row, col in zip(rng.integers(70, 230, 60), rng.integers(15, 345, 60), strict=True):
        pixels[row : row + rng.integers(3, 20), col : col + rng.integers(3, 20)] = 25
    return np.clip(pixels + rng.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def write_svs(path, colours):
    """As Aperio does: streams without JFIF that are RGB, or YCbCr; offset and size of a tile left out are 0."""
    pixels = picture()
    padded = np.pad(pixels, ((0, -250 % TILE), (0, -370 % TILE), (0, 0)), mode="edge")
    tiles = [
        np.ascontiguousarray(padded[row : row + TILE, col : col + TILE])
        for row in range(0, padded.shape[0], TILE)
        for col in range(0, padded.shape[1], TILE)
    ]
    options = {"outcolorspace": "rgb"} if colours == "rgb" else {"subsampling": "422"}
    streams = [imagecodecs.jpeg8_encode(tile, level=90, **options) for tile in tiles]
    if colours == "rgb":
        streams = [each[:2] + each[4 + int.from_bytes(each[4:6], "big") :] for each in streams]  # no JFIF
    tifffile.imwrite(
        path, iter(streams), shape=pixels.shape, dtype="uint8", tile=(TILE, TILE), compression="jpeg",
        photometric="rgb" if colours == "rgb" else "ycbcr", subsampling=(1, 1) if colours == "rgb" else (2, 1),
        description=DESCRIPTION, metadata=None,
    )  # fmt: skip
    with tifffile.TiffFile(path, mode="r+b") as tif:
        for code in (324, 325):
            tag = tif.pages[0].tags[code]
            tag.overwrite([0 if at == MISSING else value for at, value in enumerate(tag.value)])
    return path


def streams_of(svs):
    """The JPEG stream of every tile of an SVS, whole, and None for those left out; size, and the side of a tile."""
    with tifffile.TiffFile(svs) as tif:
        page, file = tif.pages[0], tif.filehandle
        shared = (page.jpegtables or b"\xff\xd8\xff\xd9")[2:-2]
        found = []
        for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            file.seek(start)
            found.append(b"\xff\xd8" + shared + file.read(count)[2:] if count else None)
        return found, page.shape[:2], page.tilewidth


def dicom(path, streams, size, tile, photometric, *, sparse=False, first=0, **attributes):
    ds = FileDataset(None, {}, preamble=bytes(128), file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.77.1.6", generate_uid(), "SM"
    ds.ImageType, ds.SeriesInstanceUID = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "1.2.3"
    ds.DimensionOrganizationType = "TILED_SPARSE" if sparse else "TILED_FULL"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, photometric, 0
    ds.Rows = ds.Columns = tile
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.TotalPixelMatrixRows, ds.TotalPixelMatrixColumns = size
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [UM / 1000, UM / 1000]
    shared.PixelMeasuresSequence = [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    places = [at for at, each in enumerate(streams, first) if each is not None]
    if sparse:
        across = -(-size[1] // tile)
        groups = []
        for at in places:
            place, group = Dataset(), Dataset()
            place.RowPositionInTotalImagePixelMatrix = at // across * tile + 1
            place.ColumnPositionInTotalImagePixelMatrix = at % across * tile + 1
            group.PlanePositionSlideSequence = [place]
            groups.append(group)
        ds.PerFrameFunctionalGroupsSequence = groups
    ds.NumberOfFrames = len(places)
    for name, value in attributes.items():
        setattr(ds, name, value)
    ds.PixelData = encapsulate([each for each in streams if each is not None])
    ds["PixelData"].VR = "OB"
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


def write_containers(svs, folder, photometric):
    """The slide as DICOM in one file, in parts and with gaps, and as OME-Zarr; each named ``slide``."""
    streams, size, tile = streams_of(svs)
    places = {}
    white = imagecodecs.jpeg8_encode(np.full((tile, tile, 3), 255, np.uint8), level=100, outcolorspace="rgb")
    white = white[:2] + white[4 + int.from_bytes(white[4:6], "big") :]
    if photometric != "RGB":
        white = imagecodecs.jpeg8_encode(np.full((tile, tile, 3), 255, np.uint8), level=100, subsampling="422")
    places["full"] = folder / "full/slide"
    dicom(places["full"], [each or white for each in streams], size, tile, photometric)
    places["sparse"] = folder / "sparse/slide"
    dicom(places["sparse"], streams, size, tile, photometric, sparse=True)
    places["parts"] = folder / "parts/slide"
    half, uid = len(streams) // 2, generate_uid()
    for number, part in enumerate((streams[:half], streams[half:]), 1):
        dicom(
            places["parts"] / f"part{3 - number}.dcm", part, size, tile, photometric, sparse=True,
            first=half * (number - 1), ConcatenationUID=uid, InConcatenationNumber=number, InConcatenationTotalNumber=2,
        )  # fmt: skip
    try:
        import zarr
    except ImportError:
        return places
    places["zarr"] = folder / "zarr/slide"
    with open_image(svs) as source:
        pixels = source.read(0, 0, *size)
    group = zarr.open_group(places["zarr"], mode="w", zarr_format=3)
    array = group.create_array("0", shape=pixels.shape, dtype="uint8", chunks=(100, 90, 3))
    array[...] = pixels
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"] + [{"name": "c", "type": "channel"}]
    scale = [{"type": "scale", "scale": [UM, UM, 1.0]}]
    levels = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": levels}]}
    return places


def results(folder):
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    for name in ("sha256", "calibration_source", "warnings", "error"):
        row.pop(name, None)
    # The header of a mask says where the scale is from; its pixels say nothing of it.
    return row, (folder / "regions.csv").read_bytes(), tifffile.imread(folder / "masks/slide.ome.tif").tobytes()


def require_same(svs, photometric, tmp_path):
    assert measure(svs, RECIPE, output=tmp_path / "out-svs")[0].error is None
    truth = results(tmp_path / "out-svs")
    for name, path in write_containers(svs, tmp_path, photometric).items():
        (outcome,) = measure(path, RECIPE, output=tmp_path / f"out-{name}")
        assert outcome.error is None, (name, outcome.error)
        found = results(tmp_path / f"out-{name}")
        for mine, expected in zip(found, truth, strict=True):
            assert mine == expected, name
    return truth


@pytest.mark.slow
@pytest.mark.parametrize(("colours", "photometric"), [("rgb", "RGB"), ("ycbcr", "YBR_FULL_422")])
def test_a_slide_as_svs_dicom_and_zarr_gives_the_same_bytes(tmp_path, colours, photometric):
    (tmp_path / "svs").mkdir()
    row, regions, _ = require_same(write_svs(tmp_path / "svs/slide", colours), photometric, tmp_path)
    assert (row["width_px"], row["height_px"], row["um_per_px_row"]) == ("370", "250", str(UM))
    assert regions.count(b"\n") > 20


@pytest.mark.slow
@pytest.mark.shared
def test_a_real_slide_as_svs_dicom_and_zarr_gives_the_same_bytes(tmp_path, shared_data):
    (tmp_path / "svs").mkdir()
    svs = tmp_path / "svs/slide"
    svs.write_bytes((shared_data / "wsi/napari-wsi/CMU-1-Small-Region.svs").read_bytes())
    row, regions, _ = require_same(svs, "RGB", tmp_path)
    assert (row["width_px"], row["height_px"], row["um_per_px_row"]) == ("2220", "2967", str(UM))
    assert regions.count(b"\n") > 5000
