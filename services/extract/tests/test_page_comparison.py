"""An e-invoice beside its page: real differences are found, other ways of printing are none."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.invoice import Invoice, InvoiceLine, Party, Payment, Totals
from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.comparison import differences, not_shown
from invoiceflow_extract.printed import PrintedText
from invoiceflow_extract.reading import Reading


def page(*texts: str, languages: tuple[str, ...] = ("de",)) -> PrintedText:
    lines = tuple(
        Line(words=tuple(Word(text=word, box=Box(0.1, 0.1, 0.2, 0.2)) for word in text.split())) for text in texts
    )
    layout = Layout(
        engine=Engine(name="t", version="1"),
        pages=(Page(number=1, width=595, height=842, source="text", lines=lines),),
        languages=languages,
    )
    return PrintedText(layout)


@pytest.mark.parametrize(
    "printed",
    ["1234.50", "1,234.50", "1.234,50 €", "1 234,50", "EUR 1'234.50", "1\u202f234,50", "Total: 1.234,5", "-1234,50"],
)
def test_an_amount_in_any_format(printed: str) -> None:
    assert page("Anything", printed).shows_amount(Decimal("1234.50"))


@pytest.mark.parametrize("printed", ["1234.55", "12345.0 items", "234.50", "1.234", "none"])
def test_another_amount_is_not_it(printed: str) -> None:
    assert not page("Anything", printed).shows_amount(Decimal("1234.50"))


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([",", "."]))
def test_whatever_is_printed_is_found(value: Decimal, mark: str) -> None:
    grouped = f"{value:,.2f}"
    printed = grouped if mark == "." else grouped.translate(str.maketrans(",.", ".,"))
    assert page(f"Summe {printed} EUR").shows_amount(value)


@pytest.mark.parametrize(
    "printed",
    [
        "2024-03-09",
        "09.03.2024",
        "9.3.24",
        "03/09/2024",
        "9. März 2024",
        "March 9, 2024",
        "Date: 20240309",
        "09-Mar-24",
    ],
)
def test_a_date_in_any_format(printed: str) -> None:
    assert page(printed).shows_date(date(2024, 3, 9))


@pytest.mark.parametrize("printed", ["2024-03-10", "9. April 2024", "2023-03-09", "March 2024", "9"])
def test_another_date_is_not_it(printed: str) -> None:
    assert not page(printed).shows_date(date(2024, 3, 9))


def test_an_iban_with_its_spaces() -> None:
    assert page("IBAN", "DE89 3704 0044 0532 0130 00").shows_text("DE89370400440532013000")


EINVOICE = Invoice(
    number="RE-7",
    issue_date=date(2024, 3, 9),
    seller=Party(vat_id="DE136695976"),
    payment=Payment(iban="DE89370400440532013000"),
    totals=Totals(net=Decimal(100), tax=Decimal(19), gross=Decimal(119), payable=Decimal(119)),
)


def printed(invoice: Invoice, sureness: float = 0.95, *pointers: str) -> Reading:
    return Reading(
        invoice, {pointer: Evidence(method=Method.LOCAL, text="?", confidence=sureness) for pointer in pointers}
    )


def test_another_total_on_the_page_is_an_error() -> None:
    missing = not_shown(EINVOICE, page("RE-7", "9.3.2024", "100,00", "19,00", "Total 129,00"))
    local = printed(Invoice(number="X", totals=Totals(gross=Decimal(129))), 0.95, "/number", "/totals/gross")
    (finding,) = differences(EINVOICE, missing, local)
    assert (finding.rule, finding.severity, finding.pointers) == ("IF-PAGE-TOTAL", "error", ("/totals/gross",))
    assert finding.values == {"e-invoice": "119", "page": "129", "text on the page": "?"}


def test_a_value_the_page_leaves_out_is_no_difference() -> None:
    missing = not_shown(EINVOICE, page("RE-7", "Total 119,00"))
    assert "/payment/iban" in missing
    assert list(differences(EINVOICE, missing, Reading())) == []


def test_a_total_that_follows_from_two_others_is_shown() -> None:
    missing = not_shown(EINVOICE, page("Net 100,00", "7 %: 2,10", "21 %: 16,90", "Total 119,00"))
    assert "/totals/tax" not in missing
    assert "/totals/tax" in not_shown(EINVOICE, page("7 %: 2,10", "21 %: 16,90", "Total 119,00"))


@pytest.mark.parametrize(
    ("shown", "found"), [("Südwind AG", True), ("NORDWIND", False), ("Nordwind Handelsgesellschaft", False)]
)
def test_another_seller_on_the_page(shown: str, found: bool) -> None:
    einvoice = Invoice(seller=Party(name="Nordwind Handel GmbH"))
    missing = not_shown(einvoice, page("Invoice of", shown))
    local = printed(Invoice(seller=Party(name=shown)), 0.95, "/seller/name")
    assert [finding.rule for finding in differences(einvoice, missing, local)] == ["IF-PAGE-PARTY"] * found


def test_a_reader_in_doubt_raises_no_alarm() -> None:
    missing = not_shown(EINVOICE, page("Total 129,00"))
    local = printed(Invoice(totals=Totals(gross=Decimal(129))), 0.4, "/totals/gross")
    assert list(differences(EINVOICE, missing, local)) == []


def test_a_credit_notes_minus_is_no_difference() -> None:
    local = printed(Invoice(totals=Totals(gross=Decimal(-119))), 0.95, "/totals/gross")
    assert list(differences(EINVOICE, frozenset({"/totals/gross"}), local)) == []


def test_a_cent_apart_is_a_warning() -> None:
    local = printed(Invoice(totals=Totals(gross=Decimal("119.01"))), 0.95, "/totals/gross")
    (finding,) = differences(EINVOICE, frozenset({"/totals/gross"}), local)
    assert finding.severity == "warning"


@pytest.mark.parametrize("shown", ["€ 119.00", "119,00 EUR", "euro 119"])
def test_a_currency_by_its_code_or_sign(shown: str) -> None:
    assert "/currency" not in not_shown(Invoice(currency="EUR"), page(shown))


def test_another_currency_on_the_page() -> None:
    einvoice = Invoice(currency="EUR")
    missing = not_shown(einvoice, page("Total $ 119.00"))
    (finding,) = differences(einvoice, missing, printed(Invoice(currency="USD"), 0.95, "/currency"))
    assert (finding.rule, finding.severity) == ("IF-PAGE-CURRENCY", "error")


@pytest.mark.parametrize(
    ("stated", "shown", "pointer", "rule"),
    [
        (Invoice(due_date=date(2024, 4, 1)), Invoice(due_date=date(2024, 3, 12)), "/due_date", "IF-PAGE-DATE"),
        (
            Invoice(buyer=Party(vat_id="ATU12345675")),
            Invoice(buyer=Party(vat_id="ATU99999999")),
            "/buyer/vat_id",
            "IF-PAGE-VAT-ID",
        ),
        (
            Invoice(payment=Payment(iban="DE89370400440532013000")),
            Invoice(payment=Payment(iban="AT611904300234573201")),
            "/payment/iban",
            "IF-PAGE-IBAN",
        ),
    ],
)
def test_another_value_on_the_page_is_an_error(stated: Invoice, shown: Invoice, pointer: str, rule: str) -> None:
    missing = not_shown(stated, page("Something else"))
    (finding,) = differences(stated, missing, printed(shown, 0.95, pointer))
    assert (finding.rule, finding.severity, finding.pointers) == (rule, "error", (pointer,))


def lines(*amounts: int) -> Invoice:
    return Invoice(lines=tuple(InvoiceLine(net=Decimal(amount)) for amount in amounts))


@pytest.mark.parametrize(
    ("stated", "shown", "severity"),
    [
        ((60, 40), (60, 45), "error"),
        ((60, 40), (60,), "error"),
        ((60, 40), (70, 30), "warning"),
        ((100,), (60, 40), "warning"),
    ],
    ids=["another amount", "a line less", "the same sum in other lines", "what the e-invoice sums up"],
)
def test_other_lines_on_the_page(stated: tuple[int, ...], shown: tuple[int, ...], severity: str) -> None:
    einvoice, on_page = lines(*stated), lines(*shown)
    missing = not_shown(einvoice, page(*(f"Item {amount},00" for amount in shown)))
    pointers = [f"/lines/{index}/net" for index in range(len(shown))]
    (finding,) = differences(einvoice, missing, printed(on_page, 0.95, *pointers))
    assert (finding.rule, finding.severity) == ("IF-PAGE-LINES", severity)
    assert (finding.values["e-invoice"], finding.values["page"]) == (str(len(stated)), str(len(shown)))


def test_lines_that_were_not_read_for_sure_raise_no_alarm() -> None:
    einvoice = lines(60, 40)
    missing = not_shown(einvoice, page("Item 60,00"))
    assert "/lines" in missing
    half_sure = printed(lines(60, 45), 0.95, "/lines/0/net")
    assert list(differences(einvoice, missing, half_sure)) == []


def test_an_empty_page_is_not_compared() -> None:
    assert not_shown(EINVOICE, page()) == frozenset()
