"""Where an image is measured, told from outlines, against the pixels that they hold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.segment.allowed import AllowedArea

places = st.integers(-20, 60).map(lambda n: n / 2)
rings = st.lists(st.tuples(places, places), min_size=3, max_size=7).map(np.array)
strokes = st.lists(
    st.tuples(st.sampled_from([StrokeKind.REGION, StrokeKind.EXCLUDE]), st.lists(rings, min_size=1, max_size=2)),
    max_size=4,
)


def annotations_of(drawn):
    return Annotations(tuple(Stroke(str(n), kind, tuple(rings)) for n, (kind, rings) in enumerate(drawn)))


@settings(deadline=None)  # the first call compiles
@given(strokes, *(st.integers(0, 25) for _ in range(2)), *(st.integers(1, 8) for _ in range(2)))
def test_a_box_is_told_from_outlines_as_from_pixels(drawn, row, col, height, width):
    area = AllowedArea(annotations_of(drawn))
    pixels = area.mask(row - 1, col - 1, height + 2, width + 2)
    covered = area.covers(row, col, height, width)
    if covered is not None:
        assert (pixels == covered).all()


def test_boxes_away_from_outlines_are_told():
    square = np.array([(10, 10), (90, 10), (90, 90), (10, 90)], float)
    hole = np.array([(40, 40), (60, 40), (60, 60), (40, 60)], float)
    area = AllowedArea(annotations_of([(StrokeKind.REGION, [square]), (StrokeKind.EXCLUDE, [hole])]))
    told = {(row, col): area.covers(row, col, 5, 5) for row in range(0, 100, 5) for col in range(0, 100, 5)}
    assert told[20, 20] is True and told[45, 45] is False and told[0, 95] is False
    assert told[10, 10] is None and told[55, 50] is None
    assert [list(told.values()).count(each) for each in (True, False, None)] == [160, 80, 160]
    assert AllowedArea(Annotations()).covers(0, 0, 5, 5) is True
