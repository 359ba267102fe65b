"""Dead letters as a fold of their log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.dead_letters import DeadLetter, Fold, Origin, Place, Redriven, Selection

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DOCUMENT = UUID(int=7)


def origin(number: int = 0, group: str = "invoiceflow-ocr") -> Origin:
    return Origin("document.uploaded", 1, number, group)


def letter(number: int = 0, *, redrives: int = 0, at: int = 0, group: str = "invoiceflow-ocr") -> DeadLetter:
    return DeadLetter(
        origin=origin(number, group),
        place=Place("document.uploaded.dlq", 1, at),
        code="schema_violation",
        message="A field is missing.",
        attempts=1,
        redrives=redrives,
        dead_at=NOON + timedelta(seconds=at),
        document_id=DOCUMENT,
        event_id="4711",
        event_type=None,
        source=None,
        size=3,
    )


def mark(number: int = 0, *, count: int = 1, at: int = 0) -> Redriven:
    return Redriven(origin(number), count, NOON + timedelta(seconds=at))


def states(*entries: DeadLetter | Redriven) -> list[str]:
    fold = Fold(10)
    for entry in entries:
        fold.add(entry)
    return [one.state for one in fold.letters()]


def test_a_letter_is_open_until_it_is_redriven_and_again_when_it_is_given_up_once_more() -> None:
    assert states(letter()) == ["open"]
    assert states(letter(), mark()) == ["redriven"]
    assert states(letter(), mark(), letter(redrives=1, at=9)) == ["open"]
    assert states(letter(), mark(), letter(redrives=1, at=9), mark(count=2)) == ["redriven"]


def test_a_letter_that_is_given_up_again_before_its_mark_is_written_is_open() -> None:
    assert states(letter(), letter(redrives=1, at=9), mark()) == ["open"]


def test_two_groups_that_give_up_the_same_record_have_a_letter_each() -> None:
    assert states(letter(), letter(group="invoiceflow-query"), mark()) in (["open", "redriven"], ["redriven", "open"])


HISTORY = [
    letter(1),
    mark(1, at=5),
    letter(1, redrives=1, at=9),
    letter(2, at=3),
    letter(3, at=4),
    mark(3, at=8),
    letter(3, at=4),
    letter(1, redrives=1, at=11),
]


@given(st.permutations(HISTORY), st.integers(0, 2**32))
def test_any_order_and_repetition_gives_the_same_letters(history: list[DeadLetter | Redriven], seed: int) -> None:
    expected, fold, random = Fold(10), Fold(10), Random(seed)
    for entry in HISTORY:
        expected.add(entry)
    for entry in [*history, *random.choices(history, k=5)]:
        fold.add(entry)
    assert fold.letters() == expected.letters()
    assert [(one.origin.offset, one.state) for one in fold.letters()] == [(1, "open"), (3, "redriven"), (2, "open")]


def test_what_the_log_does_not_keep_any_more_is_forgotten() -> None:
    fold = Fold(10)
    for entry in (letter(1, at=3), letter(2, at=7)):
        fold.add(entry)
    assert fold.forget({("document.uploaded.dlq", 1): 4, ("document.uploaded.dlq", 0): 100}) == 0
    assert [one.origin.offset for one in fold.letters()] == [2]


def test_beyond_the_limit_the_redriven_are_forgotten_first_and_then_the_oldest() -> None:
    fold = Fold(2)
    for entry in (letter(1, at=1), letter(2, at=2), letter(3, at=3), letter(4, at=4), mark(4)):
        fold.add(entry)
    assert fold.forget({}) == 2
    assert [one.origin.offset for one in fold.letters()] == [3, 2]


@pytest.mark.parametrize(
    ("selection", "fits"),
    [
        (Selection(), True),
        (Selection(state="open"), True),
        (Selection(state="redriven"), False),
        (Selection(topic="document.uploaded", code="schema_violation", document_id=DOCUMENT), True),
        (Selection(topic="document.submitted"), False),
        (Selection(code="not_json"), False),
        (Selection(document_id=UUID(int=8)), False),
        (Selection(ids=(letter().id,)), True),
        (Selection(ids=()), False),
    ],
)
def test_a_selection_takes_what_fits_everything_it_says(selection: Selection, fits: bool) -> None:
    assert selection.matches(letter()) is fits


def test_a_letter_of_the_retry_topic_counts_for_its_topic() -> None:
    of_retry = replace(letter(), origin=replace(origin(), topic="document.uploaded.retry"))
    assert Selection(topic="document.uploaded").matches(of_retry)
