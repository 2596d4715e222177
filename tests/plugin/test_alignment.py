"""How one section lies to another, from places that are the same in both."""

import cmath
import math

import numpy as np
import pytest

pytest.importorskip("qtpy")

from napari_calcannot.alignment import Alignment, fit, pairs_of, plain_pairs

PLACES = (10 + 20j, 900 + 35j, 400 + 700j)
TWELVE = cmath.exp(1j * math.radians(12))


def by_matrix(place):
    """Turned by 12 degrees clockwise as seen, for rows go down, then shifted: by the textbook's matrix."""
    c, s = math.cos(math.radians(12)), math.sin(math.radians(12))
    x, y = np.array([[c, -s], [s, c]]) @ (place.real, place.imag) + (50, -30)
    return complex(x, y)


def test_two_places_give_turn_and_shift():
    found = fit([(place, by_matrix(place)) for place in PLACES[:2]], Alignment(), rigid=True)
    assert found.alignment.angle_deg == pytest.approx(12)
    assert found.alignment.shift == pytest.approx(50 - 30j)
    assert not found.alignment.mirrored
    assert found.apart == pytest.approx(0, abs=1e-9)
    assert found.alignment.there(PLACES[2]) == pytest.approx(by_matrix(PLACES[2]))
    assert found.alignment.here(by_matrix(PLACES[2])) == pytest.approx(PLACES[2])


def test_one_place_shifts_and_keeps_the_turn_that_is_known():
    found = fit([(3 + 4j, 10 + 10j)], Alignment(TWELVE, 5j), rigid=True).alignment
    assert found.turn == TWELVE
    assert found.there(3 + 4j) == pytest.approx(10 + 10j)
    assert fit([(1j, 2), (1j, 2)], Alignment(TWELVE), rigid=True).alignment.turn == TWELVE, "the same place twice"


def test_three_places_tell_that_a_section_was_turned_over():
    def over(place):
        return by_matrix(complex(-place.real, place.imag))

    found = fit([(place, over(place)) for place in PLACES], Alignment(), rigid=True).alignment
    assert found.mirrored
    assert found.there(123 + 456j) == pytest.approx(over(123 + 456j))
    assert found.here(over(123 + 456j)) == pytest.approx(123 + 456j)
    assert not fit([(place, by_matrix(place)) for place in PLACES], Alignment(), rigid=True).alignment.mirrored


def test_lengths_differ_only_where_a_pixel_size_is_not_known():
    pairs = [(place, 2 * by_matrix(place)) for place in PLACES]
    assert abs(fit(pairs, Alignment(), rigid=False).alignment.turn) == pytest.approx(2)
    rigid = fit(pairs, Alignment(), rigid=True)
    assert abs(rigid.alignment.turn) == pytest.approx(1)
    around = np.array(PLACES) - np.mean(PLACES)
    assert rigid.apart == pytest.approx(math.sqrt(np.mean(np.abs(around) ** 2))), (
        "said: as far as they are too far apart"
    )


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_other_image_is_drawn_as_the_first_one_lies(mirrored):
    alignment = Alignment(3 * TWELVE, 7 - 2j, mirrored)
    step = 4 - 9j
    moved = alignment.there(100 + 5j + step) - alignment.there(100 + 5j)
    assert alignment.shown() @ (moved.imag, moved.real) == pytest.approx([3 * step.imag, 3 * step.real])


def test_places_go_into_the_record_and_back():
    pairs = [(1.25 + 2j, 3 + 4.5j)]
    assert plain_pairs(pairs) == [[2, 1.25, 4.5, 3]]
    assert pairs_of(plain_pairs(pairs)) == pairs
    assert pairs_of(plain_pairs(pairs), swapped=True) == [(3 + 4.5j, 1.25 + 2j)]
    for other in (None, 5, [[1, 2, 3]], [[1, 2, 3, "x"]], [[1, 2, 3, math.inf]], {"a": 1}):
        assert pairs_of(other) == [], other
