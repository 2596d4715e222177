import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import open_image
from calcannot.model.calibration import CalibrationPlane
from calcannot.model.image import Modality

RNG = np.random.default_rng(5)
GREY = RNG.integers(0, 1024, (40, 30), dtype=np.uint16)
CR, SLIDE = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.77.1.6"


def info_of(path, **options):
    with open_image(path, **options) as source:
        return source.info


def dicom(path, pixels, *, syntax=ExplicitVRLittleEndian, bits=10, **attributes):
    little = syntax != ExplicitVRBigEndian
    ds = FileDataset(None, {}, preamble=bytes(128), file_meta=FileMetaDataset(), is_little_endian=little)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.SOPClassUID, ds.SOPInstanceUID = CR, generate_uid()
    ds.Modality, ds.PatientName, ds.PatientID = "CR", "Secret^Name", "ID-4711"
    colour = pixels.shape[-1] == 3
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = pixels.dtype.itemsize * 8, bits, bits - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    order = "<" if little else ">"
    ds.add_new(0x7FE00010, "OW", pixels.astype(pixels.dtype.newbyteorder(order)).tobytes())
    for name, value in attributes.items():
        setattr(ds, name, value)
    if syntax == RLELossless:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(RLELossless)
    ds.save_as(path, enforce_file_format=True)
    return path


def whole(path):
    with open_image(path) as source:
        return source.read(0, 0, source.info.height_px, source.info.width_px)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless])
def test_stored_values_are_kept(tmp_path, syntax):
    path = dicom(tmp_path / "IM000001", GREY, syntax=syntax)
    info = info_of(path)
    assert (info.modality, info.dtype, info.value_range) == (Modality.RADIOGRAPH, "uint16", (0, 1023))
    assert info.polarity == "denser is brighter"
    np.testing.assert_array_equal(whole(path), GREY)


def test_a_data_set_without_preamble_and_suffix_opens(tmp_path):
    path = dicom(tmp_path / "a", GREY)
    ds = pydicom.dcmread(path)
    del ds.file_meta
    ds.preamble = None
    ds.save_as(tmp_path / "bare", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert (tmp_path / "bare").read_bytes()[:2] == b"\x08\x00"
    np.testing.assert_array_equal(whole(tmp_path / "bare"), GREY)


def test_a_preamble_that_is_a_tiff_header_does_not_hide_the_dicom(tmp_path):
    path = dicom(tmp_path / "a", GREY, ImagerPixelSpacing=[0.2, 0.1])
    data = bytearray(path.read_bytes())
    data[:8] = b"II*\x00\x08\x00\x00\x00"
    path.write_bytes(data)
    assert info_of(path).calibration.um_per_px_row == 200


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -100), (0.5, 1)])
@pytest.mark.parametrize("dtype", ["uint16", "int16"])
def test_monochrome1_is_byte_equal_to_its_twin(tmp_path, slope, intercept, dtype):
    rescale = {"RescaleSlope": slope, "RescaleIntercept": intercept}
    low, high = (0, 1023) if dtype == "uint16" else (-512, 511)
    stored = (GREY.astype(np.int32) + low).astype(dtype)
    negative = (low + high - stored.astype(np.int32)).astype(dtype)
    one = dicom(tmp_path / "1", negative, PhotometricInterpretation="MONOCHROME1", **rescale)
    shape = dicom(tmp_path / "s", negative, PresentationLUTShape="INVERSE", **rescale)
    two = dicom(tmp_path / "2", stored, **rescale)
    expected = stored * float(slope) + intercept
    np.testing.assert_array_equal(whole(two), expected)
    assert whole(one).tobytes() == whole(two).tobytes() == whole(shape).tobytes()
    assert info_of(one).value_range == info_of(two).value_range


def test_a_modality_lut_is_applied_and_a_window_is_not(tmp_path):
    table = np.sort(RNG.integers(0, 4096, 1024)).astype(np.uint16)
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [1024, 0, 12])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "US", table.tolist())
    path = dicom(tmp_path / "a", GREY, ModalityLUTSequence=[item], WindowCenter=100, WindowWidth=10)
    np.testing.assert_array_equal(whole(path), table[GREY])


def test_an_empty_modality_lut_is_said(tmp_path):
    path = dicom(tmp_path / "a", GREY, ModalityLUTSequence=[Dataset()])
    with pytest.raises(ImageReadError, match=r"the modality LUT is empty\."):
        open_image(path)


def test_bits_above_those_stored_are_not_pixel_data(tmp_path):
    path = dicom(tmp_path / "a", GREY | np.uint16(0x8000))
    np.testing.assert_array_equal(whole(path), GREY)


def test_a_palette_gives_its_colours(tmp_path):
    table = RNG.integers(0, 256, (3, 256), dtype=np.uint16)
    luts = {}
    for name, row in zip(("Red", "Green", "Blue"), table, strict=True):
        luts[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        luts[f"{name}PaletteColorLookupTableData"] = (row * 257).astype("<u2").tobytes()
    index = (GREY % 256).astype(np.uint8)
    path = dicom(tmp_path / "a", index, bits=8, PhotometricInterpretation="PALETTE COLOR", **luts)
    np.testing.assert_array_equal(whole(path), table.T[index].astype(np.uint8))


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"PresentationIntentType": "FOR PRESENTATION"}, "grey is not thickness"),
        ({"PixelIntensityRelationshipSign": 1}, "bone is dark"),
        ({"BurnedInAnnotation": "YES"}, "burned into"),
        ({"Modality": "CT"}, "not a plain radiograph"),
        ({"PixelAspectRatio": ["2", "1"]}, "not square"),
        ({"PixelSpacing": [0, 0.1]}, "not two positive lengths"),
    ],
)
def test_what_the_user_should_know_is_said(tmp_path, attributes, said):
    plain = info_of(dicom(tmp_path / "plain", GREY)).warnings
    warned = info_of(dicom(tmp_path / "a", GREY, **attributes)).warnings
    assert plain == () and len(warned) == 1 and said in warned[0]


def test_the_scale_is_that_of_the_table(tmp_path):
    info = info_of(dicom(tmp_path / "a", GREY, ImagerPixelSpacing=[0.2, 0.1]))
    found = info.calibration
    assert (found.um_per_px_row, found.um_per_px_col, found.plane) == (200, 100, CalibrationPlane.DETECTOR)


def test_nobody_is_named(tmp_path):
    attributes = {"InstitutionName": "Secret House", "StudyDate": "20200102", "BurnedInAnnotation": "YES"}
    path = dicom(tmp_path / "a", GREY, **attributes)
    told = repr(info_of(path))
    uid = pydicom.dcmread(path).SOPInstanceUID
    assert not any(secret in told for secret in ("Secret", "4711", "20200102", str(uid), str(tmp_path)))


def test_stacks_and_objects_that_are_no_image_are_refused(tmp_path):
    with pytest.raises(UnsupportedImageError, match="stack of 2 frames"):
        open_image(dicom(tmp_path / "a", np.stack([GREY, GREY]), NumberOfFrames=2))
    with pytest.raises(UnsupportedImageError, match="segmentation"):
        open_image(dicom(tmp_path / "b", GREY, Modality="SEG"))
    path = dicom(tmp_path / "c", GREY)
    ds = pydicom.dcmread(path)
    del ds.PixelData
    ds.save_as(path)
    with pytest.raises(ImageReadError, match="no pixel data"):
        open_image(path)


def test_an_unknown_transfer_syntax_is_named(tmp_path):
    path = dicom(tmp_path / "a", GREY, syntax=RLELossless)
    data = path.read_bytes().replace(b"1.2.840.10008.1.2.5\x00", b"1.2.840.10008.1.2.99")
    path.write_bytes(data)
    with pytest.raises(UnsupportedImageError, match=r"1\.2\.840\.10008\.1\.2\.99"):
        open_image(path)


def test_a_file_that_was_cut_short_is_an_error(tmp_path):
    for name, syntax in (("a", ExplicitVRLittleEndian), ("b", RLELossless)):
        path = dicom(tmp_path / name, GREY, syntax=syntax)
        path.write_bytes(path.read_bytes()[:-400])
        with pytest.raises(ImageReadError):
            whole(path)


def slide(path, rgb, tile=16, *, sparse=False, keep=None, **attributes):
    rows, cols = -(-rgb.shape[0] // tile), -(-rgb.shape[1] // tile)
    padded = np.zeros((rows * tile, cols * tile, 3), np.uint8)
    padded[: rgb.shape[0], : rgb.shape[1]] = rgb
    places = [(row, col) for row in range(rows) for col in range(cols)][:keep]
    frames = np.stack([padded[r * tile : (r + 1) * tile, c * tile : (c + 1) * tile] for r, c in places])
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.0005, 0.0004]
    shared.PixelMeasuresSequence = [measures]
    attributes = {
        "SOPClassUID": SLIDE,
        "Modality": "SM",
        "NumberOfFrames": len(frames),
        "TotalPixelMatrixRows": rgb.shape[0],
        "TotalPixelMatrixColumns": rgb.shape[1],
        "DimensionOrganizationType": "TILED_SPARSE" if sparse else "TILED_FULL",
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "SharedFunctionalGroupsSequence": [shared],
    } | attributes
    if sparse:
        groups = []
        for row, col in places[::-1]:
            place, group = Dataset(), Dataset()
            place.RowPositionInTotalImagePixelMatrix = row * tile + 1
            place.ColumnPositionInTotalImagePixelMatrix = col * tile + 1
            group.PlanePositionSlideSequence = [place]
            groups.append(group)
        attributes["PerFrameFunctionalGroupsSequence"] = groups
        frames = frames[::-1]
    return dicom(path, frames, bits=8, **attributes)


RGB = RNG.integers(0, 256, (40, 53, 3), dtype=np.uint8)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_slide_is_its_tiles_with_the_edge_cropped(tmp_path, sparse):
    with open_image(slide(tmp_path / "a", RGB, sparse=sparse)) as source:
        info = source.info
        assert (info.height_px, info.width_px, info.modality) == (40, 53, Modality.HISTOLOGY)
        assert (info.calibration.um_per_px_row, info.calibration.um_per_px_col) == pytest.approx((0.5, 0.4))
        np.testing.assert_array_equal(source.read(0, 0, 40, 53), RGB)
        np.testing.assert_array_equal(source.read(14, 30, 20, 23), RGB[14:34, 30:53])


def test_a_tile_that_was_not_scanned_is_white_and_said(tmp_path):
    with open_image(slide(tmp_path / "a", RGB, sparse=True, keep=11)) as source:
        expected = RGB.copy()
        expected[32:, 48:] = 255
        np.testing.assert_array_equal(source.read(0, 0, 40, 53), expected)
        assert any("1 tiles are not in the file" in warning for warning in source.info.warnings)


def test_labels_focal_planes_and_missing_tiles_are_refused(tmp_path):
    with pytest.raises(UnsupportedImageError, match="label picture"):
        open_image(slide(tmp_path / "a", RGB, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"]))
    with pytest.raises(UnsupportedImageError, match=r"3 focal planes \(Z\)"):
        open_image(slide(tmp_path / "b", RGB, TotalPixelMatrixFocalPlanes=3))
    with pytest.raises(ImageReadError, match="12 tiles are expected and 11"):
        open_image(slide(tmp_path / "c", RGB, keep=11))


@pytest.mark.parametrize(
    ("uid", "encode", "options"),
    [
        ("1.2.840.10008.1.2.4.80", "jpegls_encode", {}),
        ("1.2.840.10008.1.2.4.90", "jpeg2k_encode", {"codecformat": "j2k", "reversible": True, "level": 0}),
        ("1.2.840.10008.1.2.4.70", "ljpeg_encode", {"bitspersample": 10}),
    ],
)
def test_lossless_codecs_give_the_stored_values_and_miss_no_end(tmp_path, uid, encode, options):
    import imagecodecs

    smooth = np.add.outer(np.arange(40), np.arange(30)).astype(np.uint16) * 14
    coded = getattr(imagecodecs, encode)(smooth, **options)
    for name, stream in (("whole", coded), ("cut", coded[: len(coded) // 2])):
        ds = pydicom.dcmread(dicom(tmp_path / name, smooth))
        ds.file_meta.TransferSyntaxUID = uid
        ds.PixelData = pydicom.encaps.encapsulate([stream])
        ds["PixelData"].is_undefined_length = True
        ds.save_as(tmp_path / name)
    np.testing.assert_array_equal(whole(tmp_path / "whole"), smooth)
    with pytest.raises(ImageReadError, match="cut short"):
        whole(tmp_path / "cut")
