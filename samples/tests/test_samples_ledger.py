"""Invoices that come in over years."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_samples.arithmetic import total_up
from invoiceflow_samples.ledger import Ledger


def test_an_invoice_is_the_same_whatever_was_made_before() -> None:
    assert Ledger(1, 1000).invoice(500) == [Ledger(1, 1000).invoice(number) for number in range(490, 510)][10]
    assert Ledger(1, 1000).invoice(500) != Ledger(2, 1000).invoice(500)


def test_totals_close() -> None:
    ledger = Ledger(3, 200)
    for number in range(60):
        invoice = ledger.invoice(number)
        assert invoice.totals == total_up(invoice.lines, (), invoice.taxes)


def test_sellers_come_again_with_the_same_identity_and_few_send_much() -> None:
    ledger = Ledger(4, 2000, sellers=100)
    invoices = [ledger.invoice(number) for number in range(600)]
    sellers = Counter(invoice.seller.vat_id for invoice in invoices)
    assert 40 < len(sellers) <= 100
    assert sellers.most_common(1)[0][1] > 4 * 600 / 100
    assert len({(invoice.seller.vat_id, invoice.payment.iban) for invoice in invoices}) == len(sellers)
    assert len({invoice.number for invoice in invoices}) == 600


def test_invoices_come_in_one_after_the_other_soon_after_their_day() -> None:
    ledger = Ledger(5, 500)
    arrivals = [ledger.arrival(number) for number in range(500)]
    assert all(one < other for one, other in pairwise(arrivals))
    assert (arrivals[0].year, arrivals[-1].year) == (2019, 2025)
    for number in range(0, 500, 10):
        invoice = ledger.invoice(number)
        assert invoice.issue_date
        assert timedelta(0) <= arrivals[number].date() - invoice.issue_date <= timedelta(days=61)
        credit = invoice.type in {InvoiceType.CREDIT_NOTE, InvoiceType.RECEIPT}
        assert (invoice.due_date is None) == credit
