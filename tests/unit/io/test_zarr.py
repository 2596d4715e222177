import json
import sys

import numpy as np
import pytest

from calcannot.errors import CalcannotError, ImageReadError, MissingExtraError, TileError, UnsupportedImageError
from calcannot.io import open_image, sha256_of
from calcannot.io.zarr_layout import layout_of
from calcannot.model.image import Modality

zarr = pytest.importorskip("zarr")

RGB = np.random.default_rng(2).integers(1, 256, (70, 90, 3), dtype=np.uint8)
LEVELS = [RGB, RGB[::2, ::2], RGB[::4, ::4]]


def write(folder, levels, axes, *, version="0.5", scale=0.5, unit="micrometer", attributes=None, **options):
    """An OME-Zarr image of arrays whose axes are named, as each version keeps it."""
    group = zarr.open_group(folder, mode="w", zarr_format=3 if version == "0.5" else 2)
    for number, pixels in enumerate(levels):
        chunks = tuple(32 if axis in "yx" else size for axis, size in zip(axes, pixels.shape, strict=True))
        array = group.create_array(str(number), shape=pixels.shape, dtype=pixels.dtype, chunks=chunks, **options)
        array[...] = pixels
    kinds = {"c": "channel", "t": "time"}
    named = [{"name": axis, "type": kinds.get(axis, "space")} for axis in axes]
    for axis in named:
        if unit and axis["type"] == "space":
            axis["unit"] = unit
    datasets = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {"type": "scale", "scale": [scale * 2**number if axis in "yx" else 1.0 for axis in axes]}
            ],
        }
        for number in range(len(levels))
    ]
    image = {"multiscales": [{"axes": named, "datasets": datasets, "version": version}], **(attributes or {})}
    group.attrs.update({"ome": {"version": "0.5", **image}} if version == "0.5" else image)
    return folder


def stored(axes):
    """The levels with their axes in an order, and axes of length one in front."""
    order = {"cyx": (2, 0, 1), "yxc": (0, 1, 2), "tzcyx": (2, 0, 1)}[axes]
    return [pixels.transpose(order)[(None,) * (len(axes) - 3)] for pixels in LEVELS]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["cyx", "yxc", "tzcyx"])
def test_colour_is_read_wherever_its_axis_is(tmp_path, version, axes):
    with open_image(write(tmp_path / "a.ome.zarr", stored(axes), axes, version=version)) as source:
        info = source.info
        assert (info.modality, info.channels, info.tile_height_px) == (Modality.HISTOLOGY, 3, 32)
        assert (info.calibration.um_per_px_row, info.calibration.um_per_px_col) == (0.5, 0.5)
        assert [level.height_px for level in info.levels] == [70, 35, 18]
        for level, truth in enumerate(LEVELS):
            np.testing.assert_array_equal(source.read(3, 5, 10, 12, level), truth[3:13, 5:17])
        box = source.read(0, 0, 70, 90)
        np.testing.assert_array_equal(box, RGB)
        assert box.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", ">u2"])
def test_grey_is_read_in_its_type(tmp_path, dtype):
    grey = RGB[..., 0].astype(dtype)
    with open_image(write(tmp_path / "a", [grey], "yx")) as source:
        assert (source.info.channels, source.info.dtype) == (1, np.dtype(dtype).newbyteorder("=").name)
        np.testing.assert_array_equal(source.read(0, 0, 70, 90), grey)
        if dtype == "float32":
            assert source.info.value_range == (grey.min(), grey.max())


def test_the_unit_of_the_scale_counts(tmp_path):
    def found(name, **options):
        with open_image(write(tmp_path / name, [RGB], "yxc", **options)) as source:
            return source.info

    assert found("a", scale=500, unit="nanometer").calibration.um_per_px_row == pytest.approx(0.5)
    assert found("b", scale=1.0, unit=None).calibration is None
    nameless = found("c", scale=0.5, unit=None)
    assert nameless.calibration is None and any("without a unit" in warning for warning in nameless.warnings)


def test_channels_that_are_no_colours_are_refused(tmp_path):
    stains = {"omero": {"channels": [{"color": "0000FF"}, {"color": "00FF00"}, {"color": "FF0000"}]}}
    with pytest.raises(UnsupportedImageError, match=r"3 channels \(C\)"):
        open_image(write(tmp_path / "a", stored("cyx"), "cyx", attributes=stains))
    colours = {"omero": {"channels": [{"color": "FF0000"}, {"color": "00FF00"}, {"color": "0000FF"}]}}
    with open_image(write(tmp_path / "b", stored("cyx"), "cyx", attributes=colours)) as source:
        assert source.info.warnings == ()
    with open_image(write(tmp_path / "c", stored("cyx"), "cyx")) as source:
        assert any("taken as red, green and blue" in warning for warning in source.info.warnings)


def test_stacks_plates_and_collections_are_refused_and_one_image_inside_is_found(tmp_path):
    with pytest.raises(UnsupportedImageError, match=r"2 focal planes \(Z\)"):
        open_image(write(tmp_path / "z", [np.zeros((2, 40, 40), np.uint8)], "zyx"))
    zarr.open_group(tmp_path / "plate", mode="w").attrs["ome"] = {"plate": {}}
    with pytest.raises(UnsupportedImageError, match="plate"):
        open_image(tmp_path / "plate")
    zarr.open_group(tmp_path / "many", mode="w").attrs["ome"] = {"bioformats2raw.layout": 3}
    write(tmp_path / "many" / "0", [RGB], "yxc")
    with open_image(tmp_path / "many") as source:
        np.testing.assert_array_equal(source.read(0, 0, 70, 90), RGB)
    write(tmp_path / "many" / "1", [RGB], "yxc")
    with pytest.raises(UnsupportedImageError, match="2 images"):
        open_image(tmp_path / "many")


def test_chunks_that_are_not_there_are_said(tmp_path):
    folder = write(tmp_path / "a", [RGB], "yxc")
    (folder / "0" / "c" / "0" / "0" / "0").unlink()
    with open_image(folder) as source:
        assert any("1 chunks are not in the folder" in warning for warning in source.info.warnings)


def test_a_damaged_chunk_is_an_error_and_a_damaged_header_too(tmp_path):
    folder = write(tmp_path / "a", [RGB], "yxc")
    chunk = folder / "0" / "c" / "1" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:40])
    with open_image(folder) as source:
        source.read(0, 0, 32, 32)
        with pytest.raises(ImageReadError, match="row 32, column 32"):
            source.read(32, 32, 32, 32)
    (folder / "zarr.json").write_text("{")
    with pytest.raises(ImageReadError, match="metadata cannot be read"):
        open_image(folder)


def test_a_level_outside_the_folder_is_not_followed(tmp_path):
    folder = write(tmp_path / "a", [RGB], "yxc")
    write(tmp_path / "b", [RGB], "yxc")
    text = json.loads((folder / "zarr.json").read_text())
    text["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = "../b/0"
    (folder / "zarr.json").write_text(json.dumps(text))
    with pytest.raises(ImageReadError, match="outside its folder"):
        layout_of(folder)


def test_without_zarr_the_extra_is_named(tmp_path, monkeypatch):
    folder = write(tmp_path / "a", [RGB], "yxc")
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(MissingExtraError, match=r"calcannot\[zarr\]"):
        open_image(folder)


def test_the_hash_of_a_folder_is_that_of_its_files_and_names(tmp_path):
    one, two = write(tmp_path / "a", [RGB], "yxc"), write(tmp_path / "b", [RGB], "yxc")
    assert sha256_of(one) == sha256_of(two)
    (two / "0" / "c" / "0" / "0" / "0").rename(two / "0" / "c" / "0" / "0" / "9")
    assert sha256_of(one) != sha256_of(two)


@pytest.mark.shared
def test_real_folders_open_or_are_refused_in_one_line(shared_data):
    broken = shared_data / "adversarial" / "yaozarrs_broken" / "broken_v05.ome.zarr"
    folders = [
        broken,
        *(path.parent for path in broken.rglob("zarr.json")),
        *(shared_data / "wsi").glob("ome_zarr*/v?"),
    ]
    assert len(folders) > 10
    for folder in folders:
        try:
            with open_image(folder) as source:
                source.read(0, 0, 1, 1)
        except CalcannotError as error:
            assert "\n" not in str(error) and error.remedy and str(shared_data) not in str(error)


def test_a_chunk_that_does_not_decode_is_named_and_can_be_left_out(tmp_path):
    write(tmp_path / "a.zarr", [RGB], "yxc")
    (tmp_path / "a.zarr/0/c/1/2/0").write_bytes(b"\xa5" * 50)
    with open_image(tmp_path / "a.zarr") as source:
        with pytest.raises(TileError, match="the pixels at row 32, column 64 of level 0 cannot be decoded"):
            source.read(32, 64, 32, 26)
        source.skip_bad_tiles()
        box = source.read(0, 0, 70, 90)
        assert (box[32:64, 64:] == 255).all()
        box[32:64, 64:] = RGB[32:64, 64:]
        np.testing.assert_array_equal(box, RGB)
        assert source.leave_out_bad_tiles()
        assert [stroke.bounds() for stroke in source.info.excluded] == [(64, 32, 90, 64)]
