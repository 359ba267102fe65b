from datetime import date
from decimal import Decimal

import pytest
from grids import layout_of
from hypothesis import given, settings
from hypothesis import strategies as st

from invoiceflow_contracts.extraction import Method
from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.local import read_layout

ENGLISH = """
     Contoso Ltd.                                    INVOICE
     12 Harbour Road
     London E1 7AW                                   Invoice No:     INV-2024/0117
     VAT no. GB980780684                             Invoice date:   03/04/2024
                                                     Due date:       30/04/2024
     Bill to:                                        PO number:      4500017
     Wingtip Toys Ltd
     5 High Street
     Leeds LS1 5AB

     Description                Qty     Unit price       Amount
     Oak table                    2         150.00       300.00
     Chair                        4          45.50       182.00

                                        Subtotal         £482.00
                                        VAT 20%           £96.40
                                        Total            £578.40
                                        Paid            -£100.00
                                        Amount due       £478.40

     IBAN: GB29 NWBK 6016 1331 9268 19      Swift: NWBKGB2L
"""


def test_an_invoice_is_read_as_a_person_reads_it() -> None:
    invoice = read_layout(layout_of(ENGLISH)).invoice
    assert invoice.number == "INV-2024/0117"
    assert invoice.issue_date == date(2024, 4, 3)
    assert invoice.due_date == date(2024, 4, 30)
    assert invoice.purchase_order == "4500017"
    assert invoice.currency == "GBP"
    assert invoice.seller.name == "Contoso Ltd."
    assert invoice.seller.vat_id == "GB980780684"
    assert invoice.buyer.name == "Wingtip Toys Ltd"
    assert invoice.payment.iban == "GB29NWBK60161331926819"
    assert invoice.payment.bic == "NWBKGB2L"
    totals = invoice.totals
    assert (totals.lines_net, totals.net, totals.tax, totals.gross, totals.prepaid, totals.payable) == tuple(
        map(Decimal, ("482.00", "482.00", "96.40", "578.40", "100.00", "478.40"))
    )
    assert [(line.description, line.net) for line in invoice.lines] == [
        ("Oak table", Decimal("300.00")),
        ("Chair", Decimal("182.00")),
    ]


def values_of(invoice: Invoice) -> set[str]:
    """Return the pointers of everything ``invoice`` says, the type and list positions aside."""

    def walk(node: object, at: str) -> set[str]:
        if isinstance(node, dict):
            return set().union(*(walk(child, f"{at}/{key}") for key, child in node.items()))
        if isinstance(node, list):
            return set().union(*(walk(child, f"{at}/{index}") for index, child in enumerate(node)))
        return {at}

    return walk(invoice.model_dump(mode="json", exclude_defaults=True), "")


def test_every_value_says_where_it_stands_and_how_sure_it_is() -> None:
    reading = read_layout(layout_of(ENGLISH))
    assert values_of(reading.invoice) <= set(reading.evidence)
    for pointer, evidence in reading.evidence.items():
        assert evidence.method is Method.LOCAL, pointer
        assert evidence.page == 1, pointer
        assert evidence.box is not None, pointer
        assert 0 < evidence.confidence < 1, pointer
    assert reading.evidence["/totals/gross"].text == "£578.40"
    assert reading.evidence["/issue_date"].text == "03/04/2024"


def test_what_arithmetic_proves_is_surer_than_what_only_a_label_names() -> None:
    proved = read_layout(layout_of(ENGLISH)).evidence["/totals/gross"].confidence
    alone = (
        read_layout(layout_of("\n     Invoice 12\n\n     Total      578.40 EUR\n")).evidence["/totals/gross"].confidence
    )
    assert proved > 0.9 > alone


def test_a_german_credit_note_is_read_with_its_numbers_and_dates() -> None:
    invoice = read_layout(
        layout_of("""
     GUTSCHRIFT

     Gutschrift Nr. 42           Datum: 31.01.2024

     Nr.   Bezeichnung        Menge        Einzelpreis      Gesamt
     1     Amboss             1 Stück      1.000,00         1.000,00
     2     Kette              30 Meter        10,00           300,00

                              Summe netto                   1.300,00
                              Umsatzsteuer 19%                247,00
                              Gesamtbetrag EUR              1.547,00
""")
    ).invoice
    assert invoice.type is InvoiceType.CREDIT_NOTE
    assert invoice.number == "42"
    assert invoice.issue_date == date(2024, 1, 31)
    assert invoice.currency == "EUR"
    assert (invoice.totals.net, invoice.totals.gross) == (Decimal("1300.00"), Decimal("1547.00"))
    assert invoice.lines[1].unit == "Meter"


@pytest.mark.parametrize(
    ("state", "issued"), [("New York, NY 10001", date(2024, 3, 4)), ("London E1 7AW", date(2024, 4, 3))]
)
def test_an_ambiguous_date_follows_the_country(state: str, issued: date) -> None:
    page = f"\n     Contoso Inc.\n     12 Main Street\n     {state}\n\n     Invoice number: 17\n     Invoice date: 03/04/2024\n"
    assert read_layout(layout_of(page)).invoice.issue_date == issued


@pytest.mark.parametrize("label", ["Payment until", "Pay until", "Due date", "Payable by"])
def test_the_day_to_pay_by_has_many_labels(label: str) -> None:
    invoice = read_layout(layout_of(f"\n     Invoice 12\n     Date: 30.06.2023\n     {label}: 30.07.2023\n")).invoice
    assert invoice.due_date == date(2023, 7, 30)


def test_values_under_their_labels_are_found_as_well() -> None:
    invoice = read_layout(
        layout_of("""
     Invoice number      Invoice date        Due date
     AC-32322            03 March 2018       06 November 2019
""")
    ).invoice
    assert invoice.number == "AC-32322"
    assert (invoice.issue_date, invoice.due_date) == (date(2018, 3, 3), date(2019, 11, 6))


def test_an_order_number_is_not_the_invoice_number() -> None:
    invoice = read_layout(
        layout_of("""
     Order number: 12572103
     Customer number: 6669263
     Invoice number: 993548900
     Order date: 18 April 2014
     Invoice date: 19 April 2014
""")
    ).invoice
    assert (invoice.number, invoice.purchase_order) == ("993548900", "12572103")
    assert invoice.issue_date == date(2014, 4, 19)


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("Numer faktury: 2/11/2023", "2/11/2023"),
        ("Invoice No.: No.123456789", "123456789"),
        ("Invoice number: 2024\u201003\u201020T09", "2024-03-20T09"),
        ("Rechnung Nr. 42 vom 31.01.2024", "42"),
        ("Faktura č. 198900000001", "198900000001"),
    ],
)
def test_the_number_is_read_without_what_surrounds_it(printed: str, number: str) -> None:
    assert read_layout(layout_of(f"\n     {printed}\n")).invoice.number == number


@pytest.mark.parametrize("printed", ["Total invoice: 2.629,10", "Invoice total 1,000.00", "Invoice date: 31/01/2024"])
def test_an_amount_or_a_date_is_not_the_number(printed: str) -> None:
    assert read_layout(layout_of(f"\n     {printed}\n")).invoice.number is None


def test_a_discount_named_by_a_compound_leads_from_the_lines_to_the_net_total() -> None:
    totals = read_layout(
        layout_of("""
     Rechnung Nr. 42

     Zwischensumme              1.000,00 EUR
     Rahmenvertragsrabatt 2 %     -20,00 EUR
     Gesamt netto                 980,00 EUR
     19 % MwSt.                   186,20 EUR
     Endbetrag                  1.166,20 EUR
""")
    ).invoice.totals
    assert (totals.lines_net, totals.allowances, totals.net, totals.tax, totals.gross) == tuple(
        map(Decimal, ("1000.00", "20.00", "980.00", "186.20", "1166.20"))
    )


@pytest.mark.parametrize(
    ("printed", "vat_id"),
    [
        ("NIF: 501964843", "501964843"),
        ("NIF: (PT) 501964843", "PT501964843"),
        ("VAT no.: PT 501 964 843", "PT501964843"),
    ],
)
def test_a_vat_id_has_the_country_that_is_printed_beside_it_and_none_that_is_not(printed: str, vat_id: str) -> None:
    page = f"\n     Livraria Central Lda\n     Rua Augusta 12\n     1100-053 Lisboa\n     {printed}\n\n     Fatura n.º 42\n"
    assert read_layout(layout_of(page)).invoice.seller.vat_id == vat_id


def test_an_e_behind_amounts_is_the_euro_sign_of_a_typesetters_font() -> None:
    reading = read_layout(layout_of("\n     Rechnung Nr. 42\n\n     Planung   280,00 e\n     Summe     280,00 e\n"))
    assert reading.invoice.currency == "EUR"


def test_a_document_that_says_nothing_yields_nothing() -> None:
    for layout in (
        Layout(engine=Engine(name="x", version="1")),
        layout_of("\n     Dear Sir or Madam,\n     good morning.\n"),
    ):
        reading = read_layout(layout)
        assert reading.invoice.number is None
        assert reading.invoice.totals.gross is None
        assert reading.invoice.lines == ()


@pytest.mark.parametrize("slope", [-0.05, -0.02, 0.02, 0.05])
def test_a_page_scanned_at_an_angle_is_read_like_a_straight_one(slope: float) -> None:
    straight, turned = (read_layout(layout_of(ENGLISH, source="ocr", slope=by)) for by in (0.0, slope))
    assert turned.invoice == straight.invoice
    assert turned.evidence["/totals/gross"].box != straight.evidence["/totals/gross"].box


def test_the_same_layout_gives_the_same_reading() -> None:
    assert read_layout(layout_of(ENGLISH)) == read_layout(layout_of(ENGLISH))


TOKENS = st.sampled_from(
    [
        "Invoice",
        "No.",
        "Total",
        "12.00",
        "1.234,56",
        "€",
        "Bill to:",
        "GmbH",
        "01/02/2024",
        "VAT",
        "20%",
        "x",
        ":",
        "((((",
        "IBAN",
        "DE89",
        "Qty",
        "Price",
        "Amount",
        "\u202e",
        "-",
        "9" * 40,
        "12345 Köln",
    ]
)
ROWS = st.lists(st.tuples(TOKENS, st.sampled_from([" ", "     "])), min_size=1, max_size=12).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


@settings(max_examples=60)
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_no_arrangement_of_words_makes_the_engine_fail(rows: list[str]) -> None:
    reading = read_layout(layout_of("\n".join(rows)))
    assert values_of(reading.invoice) <= set(reading.evidence)


def test_of_two_readings_of_a_date_the_one_that_puts_issue_before_due_is_taken() -> None:
    reading = read_layout(
        layout_of("""
     Rechnung Nr: 17            Rechnungsdatum: 04/03/2025
                                Fällig am: 03/10/2025
     Bezeichnung      Menge      Einzelpreis      Gesamt
     Kabel                3            15,50       46,50
""")
    )
    assert (reading.invoice.issue_date, reading.invoice.due_date) == (date(2025, 3, 4), date(2025, 10, 3))
    reading = read_layout(
        layout_of("""
     Rechnung Nr: 17            Rechnungsdatum: 03/05/2025
                                Fällig am: 04/03/2025
""")
    )
    assert reading.invoice.issue_date is not None
    assert reading.invoice.due_date is not None
    assert reading.invoice.issue_date <= reading.invoice.due_date
    assert reading.evidence["/due_date"].alternatives == ("2025-03-04",)


def test_the_evidence_names_what_else_was_considered() -> None:
    reading = read_layout(
        layout_of("""
     Invoice no: A-100         Date: 02.03.2025

     Subtotal                                    100.00
     VAT 20%                                      20.00
     Total                                       120.00
     Amount due                                  130.00
""")
    )
    assert str(reading.invoice.totals.gross) == "120.00"
    assert "130.00" in reading.evidence["/totals/gross"].alternatives
    assert reading.evidence["/number"].alternatives == ()


def test_tax_and_registration_numbers_go_to_the_party_they_stand_with() -> None:
    invoice = read_layout(
        layout_of("""
     Lindenhof Technik GmbH
     Werkstraße 5
     10115 Berlin
     Steuernummer: 30/123/45678
     Handelsregister: HRB 98765

     Rechnung an:
     Bäckerei Sommer KG
     Marktplatz 1
     80331 München

     Rechnung Nr: 2025-17       Datum: 02.03.2025
""")
    ).invoice
    assert (invoice.seller.tax_id, invoice.seller.registration_id) == ("30/123/45678", "HRB 98765")
    assert (invoice.buyer.tax_id, invoice.buyer.registration_id) == (None, None)


def test_a_discount_on_the_document_has_its_reason_and_per_cent() -> None:
    reading = read_layout(
        layout_of("""
     Invoice no: A-100         Date: 02.03.2025
     Description             Qty      Price      Amount
     Oak table                 2     150.00      300.00

     Subtotal                                    300.00
     Discount 10%                                -30.00
     Net total                                   270.00
     VAT 20%                                      54.00
     Total                                       324.00
""")
    )
    (discount,) = reading.invoice.allowances_charges
    assert not discount.is_charge
    assert (discount.amount, discount.percent, discount.reason) == (Decimal("30.00"), Decimal(10), "Discount")
    assert reading.evidence["/allowances_charges/0/amount"].text == "-30.00"


def test_the_total_tax_is_the_sum_of_the_rates_where_none_is_printed() -> None:
    reading = read_layout(
        layout_of("""
     Invoice no: A-100         Date: 02.03.2025

     Net total                                   300.00
     VAT 20%  on 200.00                           40.00
     VAT 10%  on 100.00                           10.00
     Total                                       350.00
""")
    )
    assert reading.invoice.totals.tax == Decimal("50.00")
    assert reading.evidence["/totals/tax"].text.startswith("computed:")


@pytest.mark.parametrize(
    "title",
    [
        "Final demand", "Zahlungserinnerung", "Rappel de paiement", "Aanmaning", "Recordatorio de pago",
        "Sollecito di pagamento", "Aviso de pagamento", "Wezwanie do zapłaty", "Betalningspåminnelse", "Rykker",
        "Purring", "Maksumuistutus", "Upomínka",
    ],
)  # fmt: skip
def test_a_reminder_is_told_from_an_invoice_in_every_language(title: str) -> None:
    reading = read_layout(layout_of(f"\n     {title}\n\n     Invoice no: A-100\n     Total      350.00\n"))
    assert reading.invoice.type is InvoiceType.REMINDER


@pytest.mark.parametrize(
    ("printed", "iban"),
    [("DE68 1004 8392 7221 8882 72", "DE68100483927221888272"), ("US12 3456 7890", "US1234567890")],
)
def test_an_account_whose_digits_are_wrong_is_reported_as_printed_where_it_is_called_an_iban(
    printed: str, iban: str
) -> None:
    reading = read_layout(layout_of(f"\n     IBAN: {printed}\n"))
    assert reading.invoice.payment.iban == iban
    assert reading.evidence["/payment/iban"].confidence < 0.7
    assert read_layout(layout_of(f"\n     Item {printed}\n")).invoice.payment.iban is None


def test_a_repaired_account_says_what_was_read_and_what_proves_it() -> None:
    reading = read_layout(layout_of("\n     IBAN: DE89 37O4 0044 0532 0130 00\n", source="ocr"))
    assert reading.invoice.payment.iban == "DE89370400440532013000"
    assert reading.evidence["/payment/iban"].repaired == (
        "DE89 37O4 0044 0532 0130 00 read as DE89370400440532013000: its check digits hold"
    )


def test_an_amount_beside_the_second_row_of_its_label_is_found() -> None:
    def row(y: float, *words: tuple[str, float]) -> Line:
        return Line(words=tuple(Word(text=t, box=Box(x, y, x + 0.008 * len(t), y + 0.01)) for t, x in words))

    rows = (
        row(0.60, ("Sub", 0.6)),
        row(0.608, ("Total", 0.6), ("150.00", 0.8)),
        row(0.65, ("VAT", 0.6)),
        row(0.656, ("30.00", 0.8)),
        row(0.70, ("Total", 0.6)),
        row(0.71, ("GBP", 0.6), ("180.00", 0.8)),
    )
    page = Page(number=1, width=600, height=600, source="ocr", lines=rows)
    totals = read_layout(Layout(engine=Engine(name="t", version="1"), pages=(page,))).invoice.totals
    assert (str(totals.tax), str(totals.gross)) == ("30.00", "180.00")


def test_a_date_set_in_large_type_stands_further_from_its_label() -> None:
    rows = (
        Line(
            words=(Word(text="Due", box=Box(0.1, 0.70, 0.14, 0.709)), Word(text="by", box=Box(0.15, 0.70, 0.18, 0.709)))
        ),
        Line(
            words=(
                Word(text="May", box=Box(0.1, 0.745, 0.16, 0.763)),
                Word(text="10,", box=Box(0.17, 0.745, 0.21, 0.763)),
                Word(text="2018", box=Box(0.22, 0.745, 0.30, 0.763)),
            )
        ),
    )
    page = Page(number=1, width=600, height=800, source="text", lines=rows)
    invoice = read_layout(Layout(engine=Engine(name="t", version="1"), pages=(page,))).invoice
    assert invoice.due_date == date(2018, 5, 10)
