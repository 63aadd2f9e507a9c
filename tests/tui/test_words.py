"""Texts that are made to fit."""

import pytest

from tui.words import cut, ending, fitting, lines, phrases, shortened, squeezed

TEXTS = ("confusion matrix", "matrix", "cm")


@pytest.mark.parametrize(
    ("width", "fits", "shown"),
    [
        (16, "confusion matrix", "confusion matrix"),
        (15, "matrix", "matrix"),
        (2, "cm", "cm"),
        (1, "", "…"),
        (0, "", ""),
    ],
)
def test_the_longest_text_that_fits(width: int, fits: str, shown: str) -> None:
    assert fitting(TEXTS, width) == fits
    assert squeezed(TEXTS, width) == shown


def test_what_is_cut_off_is_told_by_an_ellipsis() -> None:
    assert [shortened("dense1", width) for width in (6, 5, 1, 0)] == ["dense1", "dens…", "…", ""]
    assert [ending("cats/01.png", width) for width in (11, 6, 0)] == ["cats/01.png", "…1.png", ""]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("conv2d1 32 padding=1", 20, "conv2d1 32 padding=1"),
        ("conv2d1 32 padding=1", 12, "conv2d1 32 …"),
        ("cnn 32,64 hidden=64", 18, "cnn 32,64 …"),
        ("cross_entropy", 8, "cross_e…"),
        ("a binary_cross_entropy", 12, "a binary_cr…"),
        ("word", 0, "…"),
    ],
)
def test_what_does_not_fit_is_cut_behind_a_word_where_that_wastes_little(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_lines_end_behind_words_and_phrases() -> None:
    assert lines("it reads images, of one-channel data", 16) == ["it reads images,", "of one-channel", "data"]
    assert phrases(["channel 2", "row 1", "column 1"], 17) == ["channel 2, row 1,", "column 1"]
    assert phrases(["sees the whole input"], 10) == ["sees the", "whole", "input"]
