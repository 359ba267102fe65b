"""A recognised line is cut where its picture is blank, whether or not the network saw a space."""

import numpy as np
import pytest

from invoiceflow_ocr.engines.native.networks import Reading
from invoiceflow_ocr.engines.native.word_cutting import cut

HEIGHT = 40
EM = 30


def words(text: str, glyphs: list[tuple[float, float]], *, dark: bool = True) -> list[tuple[str, float, float]]:
    """Cut a line whose printed characters cover the given ems, on a picture of ten ems at the page's left edge."""
    ink, paper = (0, 255) if dark else (255, 0)
    crop = np.full((HEIGHT, 10 * EM, 3), paper, dtype=np.uint8)
    for start, end in glyphs:
        crop[10:30, round(start * EM) : round(end * EM)] = ink
    middles = iter((start + end) / 2 for start, end in glyphs)
    previous = 0.0
    positions = []
    for character in text:
        previous = previous + 0.2 if character == " " else next(middles)
        positions.append(previous / 10)
    reading = Reading(text, tuple(0.9 for _ in text), tuple(positions))
    return [(word.text, word.x0, word.x1) for word in cut(reading, crop, (0.0, 0.0, float(10 * EM), float(HEIGHT)))]


def evenly(count: int, start: float = 0.0, width: float = 0.4) -> list[tuple[float, float]]:
    """Characters half an em apart."""
    return [(start + 0.5 * index, start + 0.5 * index + width) for index in range(count)]


def test_a_space_that_was_read_parts_words() -> None:
    assert [word for word, _, _ in words("ab cd", [*evenly(2), *evenly(2, 1.3)])] == ["ab", "cd"]


def test_a_gap_that_was_not_read_parts_words() -> None:
    assert [word for word, _, _ in words("2500", [*evenly(1), *evenly(3, 1.0)])] == ["2", "500"]


def test_narrow_figures_do_not_part_a_number() -> None:
    # The one is thin: there is much white around it, but its middle stands where a middle belongs.
    assert [word for word, _, _ in words("7117", [(0, 0.4), (0.62, 0.74), (1.12, 1.24), (1.5, 1.9)])] == ["7117"]


def test_a_label_is_parted_from_its_value() -> None:
    assert [word for word, _, _ in words("No:71", [*evenly(2), (1.1, 1.2), *evenly(2, 1.4)])] == ["No:", "71"]


def test_a_time_is_one_word() -> None:
    assert [word for word, _, _ in words("12:17", [*evenly(2), (1.1, 1.2), *evenly(2, 1.4)])] == ["12:17"]


@pytest.mark.parametrize("dark", [True, False])
def test_words_begin_and_end_with_their_ink(dark: bool) -> None:
    (_, start, end), (_, second, last) = words("ab cd", [*evenly(2, 0.2), *evenly(2, 3.0)], dark=dark)

    assert (start, end) == pytest.approx((0.2 * EM, 1.1 * EM), abs=1)
    assert (second, last) == pytest.approx((3.0 * EM, 3.9 * EM), abs=1)


def test_nothing_but_spaces_is_no_word() -> None:
    assert words(" ", []) == []
