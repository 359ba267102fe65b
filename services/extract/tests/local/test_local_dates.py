from datetime import date
from itertools import pairwise

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_extract.local.dates import LANGUAGES, day_first, find_dates

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2069, 12, 31))


@given(day=days, language=st.sampled_from(LANGUAGES), width=st.sampled_from(["long", "medium"]))
def test_a_date_printed_in_any_language_is_read_back(day: date, language: str, width: str) -> None:
    printed = format_date(day, format=width, locale=language)
    found = find_dates(f"xx: {printed} yy")
    assert found, printed
    assert day in found[0].values, printed


@given(day=days)
def test_an_iso_date_has_one_reading(day: date) -> None:
    (found,) = find_dates(day.isoformat())
    assert found.values == (day,)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("03/04/2025", (date(2025, 4, 3), date(2025, 3, 4))),
        ("19.04.2014", (date(2014, 4, 19),)),
        ("04/19/2014", (date(2014, 4, 19),)),
        ("January 25, 2016", (date(2016, 1, 25),)),
        ("25 Jan 16", (date(2016, 1, 25),)),
        ("1st of March 2024", (date(2024, 3, 1),)),
        ("19 / 5 / 2024", (date(2024, 5, 19),)),
        ("21. April 1978", (date(1978, 4, 21),)),
        ("20200115", (date(2020, 1, 15),)),
        ("5 de marzo de 2024", (date(2024, 3, 5),)),
    ],
)
def test_a_date_has_the_readings_its_form_allows(text: str, values: tuple[date, ...]) -> None:
    (found,) = find_dates(text)
    assert found.values == values


@pytest.mark.parametrize("text", ["31.02.2024", "13/13/2024", "192.168.1.20", "1234-5678", "12.50", "00/00/2024"])
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert find_dates(text) == []


def test_an_unambiguous_date_decides_the_order_of_the_others() -> None:
    dates = find_dates("05/03/2016 and 19/03/2016")
    assert day_first(dates, default=False)
    assert dates[0].choose(day_first=day_first(dates, default=False)) == date(2016, 3, 5)


@given(text=st.text(alphabet="0123456789./- ,abJanuarymärz年月日", max_size=200))
def test_hostile_text_yields_dates_that_do_not_overlap(text: str) -> None:
    found = find_dates(text)
    assert all(left.end <= right.start for left, right in pairwise(found))
