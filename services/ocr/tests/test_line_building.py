"""The geometry of lines holds whatever order the characters came in."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_ocr.lines import LINE_GAP, Fragment, compose


def fragment(text: str, x: float, baseline: float, size: float = 10.0, *, spaced: bool = False) -> Fragment:
    return Fragment(text, x, x + 0.5 * size * len(text), baseline - 8, baseline + 2, baseline, size, spaced=spaced)


def as_text(fragments: list[Fragment]) -> list[str]:
    return [" ".join(word.text for word in line) for line in compose(fragments)]


positions = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 40).map(lambda row: 20 * row)), min_size=1, max_size=30, unique=True
)


@given(positions, st.randoms())
def test_the_order_of_the_file_does_not_matter(
    places: list[tuple[int, int]],
    random: "st.random.Random",  # type: ignore[name-defined]
) -> None:
    fragments = [fragment(chr(97 + number % 26) + str(number), x, y) for number, (x, y) in enumerate(places)]
    shuffled = [*fragments]
    random.shuffle(shuffled)

    assert sorted(as_text([*fragments])) == sorted(as_text(shuffled))


@given(positions)
def test_no_character_is_lost_and_no_line_has_a_wide_gap(places: list[tuple[int, int]]) -> None:
    fragments = [fragment(f"w{number}", x, y) for number, (x, y) in enumerate(places)]

    lines = compose([*fragments])

    assert sorted("".join(word.text for line in lines for word in line)) == sorted("".join(f.text for f in fragments))
    for line in lines:
        assert all(right.x0 - left.x1 <= LINE_GAP * 10 for left, right in pairwise(line))


@given(positions)
def test_rows_come_from_top_to_bottom_and_within_a_row_from_left_to_right(places: list[tuple[int, int]]) -> None:
    lines = compose([fragment(f"w{number}", x, y) for number, (x, y) in enumerate(places)])

    keys = [(line[0].baseline, line[0].x0) for line in lines]
    assert keys == sorted(keys)


def test_parts_that_touch_are_one_word() -> None:
    assert as_text([fragment("Invo", 0, 10), fragment("ice", 20.5, 10)]) == ["Invoice"]


def test_a_space_in_the_document_parts_words_however_narrow_it_is() -> None:
    assert as_text([fragment("a", 0, 10, spaced=True), fragment("b", 5.5, 10)]) == ["a b"]


def test_a_baseline_that_is_a_little_off_is_the_same_row() -> None:
    assert as_text([fragment("Total", 0, 100), fragment("5.00", 30, 101.5)]) == ["Total 5.00"]


def test_a_small_line_beside_a_large_one_is_a_row_of_its_own() -> None:
    assert as_text([fragment("INVOICE", 0, 100, size=40), fragment("Date 5", 150, 90), fragment("No. 7", 150, 80)]) == [
        "No. 7",
        "Date 5",
        "INVOICE",
    ]


def test_initials_are_not_a_word_set_apart() -> None:
    assert as_text([fragment("A", 0, 10), fragment("B", 8, 10), fragment("C", 16, 10)]) == ["A B C"]


def test_letters_set_apart_evenly_are_one_word() -> None:
    letters = [fragment(letter, 10 * index, 10) for index, letter in enumerate("TOTAL")]

    assert as_text(letters) == ["TOTAL"]
