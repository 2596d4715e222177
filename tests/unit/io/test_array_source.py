import numpy as np
import pytest

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import ArraySource
from calcannot.model.image import Modality


def test_a_box_is_the_slice_and_a_copy():
    array = np.arange(5 * 7, dtype=np.uint16).reshape(5, 7)
    source = ArraySource(array, name="folder/grey.tif")
    box = source.read(1, 2, 3, 4)
    np.testing.assert_array_equal(box, array[1:4, 2:6])
    assert box.flags.c_contiguous
    box[:] = 0
    assert array[1, 2] == 9
    assert source.info.name == "grey.tif"


def test_colour_is_histology_and_grey_is_unknown():
    colour = ArraySource(np.zeros((2, 3, 3), np.uint8), name="a").info
    grey = ArraySource(np.zeros((2, 3), np.int16), name="a").info
    dense = ArraySource(np.zeros((2, 3), np.uint8), name="a", modality=Modality.RADIOGRAPH).info
    assert (colour.channels, colour.modality, colour.polarity) == (3, Modality.HISTOLOGY, "darker absorbs more")
    assert (grey.channels, grey.modality, grey.polarity) == (1, Modality.UNKNOWN, "unknown")
    assert dense.polarity == "denser is brighter"
    assert grey.value_range == (-32768, 32767)


@pytest.mark.parametrize(
    "box", [(0, 0, 6, 1, 0), (0, 0, 1, 8, 0), (-1, 0, 2, 2, 0), (0, 0, 0, 1, 0), (0, 0, 1, 1, 1), (0, 0, 1, 1, -1)]
)
def test_a_box_outside_is_a_value_error(box):
    source = ArraySource(np.zeros((5, 7), np.uint8), name="a")
    with pytest.raises(ValueError, match=r"not inside|does not exist"):
        source.read(*box)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.zeros((2, 2, 4), np.uint8), UnsupportedImageError),
        (np.zeros((2, 2, 1), np.uint8), UnsupportedImageError),
        (np.zeros((2, 2, 2, 3), np.uint8), UnsupportedImageError),
        (np.zeros((2, 2), np.float64), UnsupportedImageError),
        (np.zeros((2, 2, 3), np.float32), UnsupportedImageError),
        (np.zeros((0, 2), np.uint8), ImageReadError),
        (np.array([[1, np.nan]], np.float32), ImageReadError),
        (np.array([[1, np.inf]], np.float32), ImageReadError),
    ],
)
def test_what_cannot_be_measured_is_refused(array, kind):
    with pytest.raises(kind, match=r"a\.tif"):
        ArraySource(array, name="a.tif")
