from decimal import Decimal

from grids import layout_of

from invoiceflow_extract.local import first_pages, read_layout

FIRST = """
     Harrow Mill Ltd

     Invoice no: A-100                  Date: 02.03.2025

     Description             Qty      Price      Amount
     Oak table                 2     150.00      300.00

     Total                                       300.00
"""
SECOND = FIRST.replace("A-100", "A-101").replace("300.00", "450.00").replace(" 2 ", " 3 ")
CLAUSES = (
    "\n".join(
        f"     {number} Goods stay our property until they are paid and interest of 40.00 is due after 30 days"
        for number in range(1, 21)
    )
    + "\n     Due date: 05.06.2025 or earlier is meant wherever these terms say due without a date"
)


def test_a_second_invoice_is_seen_where_its_own_number_and_total_stand() -> None:
    layout = layout_of(FIRST, SECOND)
    assert first_pages(layout) == [("A-100", 1), ("A-101", 2)]
    invoice = read_layout(layout).invoice
    assert (invoice.number, invoice.totals.gross) == ("A-100", Decimal("300.00"))
    assert len(invoice.lines) == 1


def test_an_invoice_may_have_pages_of_its_own_before_the_next_begins() -> None:
    begin = FIRST.replace("     Total                                       300.00\n", "")
    end = "\n     Page 2\n\n     Total                                       300.00\n"
    assert first_pages(layout_of(begin, end, SECOND)) == [("A-100", 1), ("A-101", 3)]


def test_a_page_that_names_the_invoice_and_another_one_belongs_to_it() -> None:
    page = SECOND.replace("Harrow Mill Ltd", "Statement for A-100")
    assert first_pages(layout_of(FIRST, page)) == []


def test_the_pages_of_one_invoice_are_one_invoice() -> None:
    assert first_pages(layout_of(FIRST, FIRST)) == []
    assert first_pages(layout_of(FIRST)) == []


def test_what_the_terms_of_business_say_is_not_the_invoices() -> None:
    alone, with_terms = read_layout(layout_of(FIRST)), read_layout(layout_of(FIRST, CLAUSES))
    assert with_terms.invoice == alone.invoice
