"""Keys that compare as people and numbers do."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_query.folding import decimal_key, fold, name_key, number_key, time_key, vat_id_key, words

DECIMALS = st.decimals(
    min_value=-(10**29), max_value=10**29, allow_nan=False, allow_infinity=False, places=6
) | st.sampled_from(
    [Decimal(text) for text in ("0", "-0", "1E-29", "-1E-29", "1.50", "1.5", "-1.5", "-1.55", "9.99", "10", "1E+20")]
)


@given(DECIMALS, DECIMALS)
def test_keys_of_numbers_are_ordered_as_the_numbers(one: Decimal, other: Decimal) -> None:
    assert (decimal_key(one) < decimal_key(other)) == (one < other)
    assert (decimal_key(one) == decimal_key(other)) == (one == other)


@given(DECIMALS)
def test_a_number_stands_above_no_number(number: Decimal) -> None:
    assert decimal_key(number) > ""


@given(st.datetimes(), st.datetimes())
def test_keys_of_times_are_ordered_as_the_times(one: datetime, other: datetime) -> None:
    one, other = one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)
    assert (time_key(one) < time_key(other)) == (one < other)


def test_the_zone_of_a_time_does_not_matter() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert time_key(noon.astimezone(timezone(timedelta(hours=5)))) == time_key(noon) == "2026-03-02T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Łódź", "lodz"), ("Straße", "strasse"), ("ÅNGSTRÖM", "angstrom"), ("Œuvre", "oeuvre"), ("ﬁn", "fin"), ("İ", "i")],
)
def test_case_and_accents_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folded_text_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_words_are_letters_and_digits_only(text: str) -> None:
    assert all(word.isalnum() and len(word) <= 64 for word in words(text))


def test_keys_of_nothing_are_nothing() -> None:
    assert (name_key(None), name_key(" - "), number_key(None), number_key(" "), vat_id_key(None), vat_id_key("-")) == (
        None,
    ) * 6


def test_numbers_and_vat_ids_are_found_however_they_are_spaced() -> None:
    assert number_key("re 2024 - 7") == number_key("RE2024-7")
    assert vat_id_key("de 129.273-398") == "DE129273398"
