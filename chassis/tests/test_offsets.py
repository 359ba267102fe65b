"""Which offset may be committed."""

from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.kafka.offsets import OffsetTracker


def test_nothing_may_be_committed_before_something_is_finished() -> None:
    tracker = OffsetTracker()
    tracker.begin(7)
    assert tracker.committable is None


@given(st.integers(0, 10_000), st.permutations(range(12)), st.integers(0, 12))
def test_only_what_comes_before_the_first_unfinished_record_may_be_committed(
    first: int, order: list[int], finished: int
) -> None:
    tracker = OffsetTracker()
    for number in range(12):
        tracker.begin(first + number)
    done = set(order[:finished])
    for number in order[:finished]:
        tracker.finish(first + number)
    unfinished = [number for number in range(12) if number not in done]
    expected = first + (unfinished[0] if unfinished else 12)
    assert tracker.committable == (expected if expected > first else None)
    assert tracker.in_flight == first + 12 - expected


def test_gaps_that_compaction_left_do_not_hold_the_commit_back() -> None:
    tracker = OffsetTracker()
    for offset in (3, 9, 40):
        tracker.begin(offset)
    for offset in (9, 3):
        tracker.finish(offset)
    assert tracker.committable == 10


def test_what_may_be_committed_never_goes_back() -> None:
    tracker = OffsetTracker()
    for offset in (5, 6):
        tracker.begin(offset)
        tracker.finish(offset)
    tracker.finish(5)
    tracker.finish(99)
    assert tracker.committable == 7
