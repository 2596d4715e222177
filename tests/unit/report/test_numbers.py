"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from calcannot.report.numbers import area_text, extent_text, round_length, share_text, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.00123456, "0.00123"), (12.3456, "12.3"), (1234.5, "1 234"), (99.96, "100.0"), (1e6, "1 000 000"),
        (-5.678, "-5.68"), (float("nan"), "-"), (float("inf"), "-"), (1, "1.00"), (0.1, "0.100"),
    ],
)  # fmt: skip
def test_three_significant_digits_and_no_exponent(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("mm2", "px", "text"),
    [
        (1802.4, 5, "18.0 cm²"), (100, 5, "1.00 cm²"), (99.9, 5, "99.9 mm²"), (0.666, 5, "0.666 mm²"),
        (0.01, 5, "0.0100 mm²"), (0.00999, 5, "9 990 µm²"), (25e-6, 5, "25.0 µm²"), (0, 0, "0 mm²"),
        (None, 38_027, "38 027 px"), (None, 0, "0 px"), (None, None, "none"),
    ],
)  # fmt: skip
def test_an_area_has_the_unit_that_suits_it(mm2, px, text):
    assert area_text(mm2, px) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((220.0, 52.13, None, None), "220 x 52.1 mm"),
        ((0.5, 0.1, None, None), "500 x 100 µm"),
        ((None, None, 250.0, 12.34), "250 x 12.3 px"),
        ((None, None, None, None), "none"),
    ],
)
def test_an_extent_has_one_unit(arguments, text):
    assert extent_text(*arguments) == text


@pytest.mark.parametrize(
    ("fraction", "reference", "text"),
    [
        (0.20327, "tissue", "20.3 % of tissue"),
        (0.5, "roi", "50.0 % of region of interest"),
        (0, "image", "0 % of image"),
        (None, "tissue", "none"),
    ],
)
def test_a_share_says_of_what(fraction, reference, text):
    assert share_text(fraction, reference) == text


@pytest.mark.parametrize(
    ("target", "length", "label"),
    [
        (0.7, 0.5, "0.5 µm"), (1, 1, "1 µm"), (1.99, 1, "1 µm"), (2, 2, "2 µm"), (49, 20, "20 µm"), (50, 50, "50 µm"),
        (999, 500, "500 µm"), (1000, 1000, "1 mm"), (7000, 5000, "5 mm"), (12_000, 10_000, "1 cm"),
        (60_000, 50_000, "5 cm"), (250_000, 200_000, "20 cm"),
    ],
)  # fmt: skip
def test_a_scale_bar_is_1_2_or_5_times_a_power_of_ten(target, length, label):
    found, text = round_length(target)
    assert (found, text) == (pytest.approx(length), label)
