from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_extract.local.amounts import Number, parse_number, prevailing_mark

LOCALES = ("en_US", "en_GB", "de_DE", "de_CH", "fr_FR", "nl_NL", "es_ES", "it_IT", "pt_PT", "pl_PL", "sv_SE", "da_DK", "nb_NO", "fi_FI", "cs_CZ", "en_IN")  # fmt: skip
cents = st.integers(min_value=0, max_value=10**11).map(lambda number: Decimal(number) / 100)


@given(amount=cents, locale=st.sampled_from(LOCALES))
def test_an_amount_printed_in_any_locale_is_read_back(amount: Decimal, locale: str) -> None:
    printed = format_decimal(amount, format="#,##,##0.00" if locale == "en_IN" else "#,##0.00", locale=locale)
    number = parse_number(printed)
    assert number is not None
    assert amount in number.values


@given(amount=cents, locale=st.sampled_from(LOCALES), currency=st.sampled_from(["EUR", "USD", "GBP", "PLN", "CHF"]))
def test_a_currency_beside_an_amount_does_not_change_it(amount: Decimal, locale: str, currency: str) -> None:
    number = parse_number(format_currency(amount, currency, locale=locale))
    assert number is None or amount in number.values


@given(amount=st.integers(min_value=1000, max_value=10**12).map(lambda number: Decimal(number) / 100))
def test_the_negative_of_an_amount_is_read_however_it_is_marked(amount: Decimal) -> None:
    printed = f"{amount:,.2f}"
    for negative in (f"-{printed}", f"{printed}-", f"({printed})", f"\u2212{printed}", f"€ -{printed}"):
        number = parse_number(negative)
        assert number is not None
        assert number.value == -amount


@pytest.mark.parametrize(
    ("printed", "values"),
    [
        ("1.234", ("1234", "1.234")),
        ("1,234", ("1234", "1.234")),
        ("1.234,56", ("1234.56",)),
        ("1,234.56", ("1234.56",)),
        ("1'234.56", ("1234.56",)),
        ("1 234,56", ("1234.56",)),
        ("12.345.678", ("12345678",)),
        ("0.125", ("0.125",)),
        ("12.100,-", ("12100", "12.100")),
        ("1,00,000.00", ("100000.00",)),
        ("CHF3,865.91", ("3865.91",)),
        ("17 115,45PLN", ("17115.45",)),
    ],
)
def test_a_number_has_the_readings_its_marks_allow(printed: str, values: tuple[str, ...]) -> None:
    number = parse_number(printed)
    assert number is not None
    assert number.values == tuple(map(Decimal, values))


@pytest.mark.parametrize("text", ["", "abc", "INV-100", "12/2024", "1.2.3.4", "1,23,4", "12-34", "A1", "1..2", "--5"])
def test_what_is_no_number_is_not_read_as_one(text: str) -> None:
    assert parse_number(text) is None


def test_the_decimal_mark_of_the_document_decides_an_ambiguous_number() -> None:
    unambiguous = [number for number in map(parse_number, ("1.234,50", "17,99", "3.000,00")) if number is not None]
    mark = prevailing_mark(unambiguous)
    assert mark == ","
    number = parse_number("1,500", mark)
    assert number is not None
    assert number.value == Decimal("1.500")


@given(text=st.text(max_size=80))
def test_any_text_is_a_number_or_not_but_never_an_error(text: str) -> None:
    number = parse_number(text)
    assert number is None or isinstance(number, Number)
