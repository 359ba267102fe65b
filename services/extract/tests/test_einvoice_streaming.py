"""An e-invoice of thousands of lines is read as it comes, and gives the same as a small one."""

import gc
from decimal import Decimal

import pytest
from lxml import etree

from invoiceflow_extract.einvoice import EInvoice, read
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.node import Node

LINES = 5_000


def of_many_lines(invoice: str, first: str, last: str, number: str) -> bytes:
    """Return the invoice with its first line, from ``first`` to ``last``, ``LINES`` times."""
    start, end = invoice.index(first), invoice.index(last) + len(last)
    line = invoice[start:end]
    numbered = "".join(line.replace(number, number.replace("1", str(index), 1)) for index in range(1, LINES + 1))
    return (invoice[:start] + numbered + invoice[end:]).encode()


@pytest.fixture
def many(request: pytest.FixtureRequest, ubl: str, cii: str) -> bytes:
    if request.param == "ubl":
        return of_many_lines(ubl, "<cac:InvoiceLine>", "</cac:InvoiceLine>", "<cbc:ID>1</cbc:ID>")
    tag = "ram:IncludedSupplyChainTradeLineItem>"
    return of_many_lines(cii, f"<{tag}", f"</{tag}", "<ram:LineID>1</ram:LineID>")


def last_line(einvoice: EInvoice, data: bytes) -> str | None:
    path = einvoice.reading.evidence[f"/lines/{LINES - 1}/id"].path
    assert path is not None
    root = etree.fromstring(data)
    prefixes = {str(prefix or "ubl"): uri for prefix, uri in root.nsmap.items()}
    found = root.xpath(f"string({path})", namespaces=prefixes)
    return str(found)


@pytest.mark.parametrize("many", ["ubl", "cii"], indirect=True)
def test_five_thousand_lines(many: bytes) -> None:
    einvoice = read(many)
    lines = einvoice.reading.invoice.lines
    assert einvoice.findings == ()
    assert [line.id for line in lines[:LINES]] == [str(index) for index in range(1, LINES + 1)]
    assert len({line.model_copy(update={"id": ""}).model_dump_json() for line in lines[:LINES]}) == 1
    assert einvoice.reading.invoice.totals.payable in {Decimal("100.00"), Decimal("80.00")}
    assert last_line(einvoice, many) == str(LINES)


@pytest.mark.parametrize("many", ["ubl"], indirect=True)
def test_what_has_been_read_of_a_large_file_is_let_go(many: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    standing: list[int] = []

    def put_quantity(draft: Draft, at: str, quantity: Node | None) -> None:
        assert quantity is not None
        standing.append(before(quantity.element.getparent()))

    monkeypatch.setattr("invoiceflow_extract.einvoice.ubl.put_quantity", put_quantity)
    read(many)
    assert len(standing) > LINES
    assert set(standing) == {0}


def before(line: etree._Element | None) -> int:
    """Return how many elements stand in the lines that were read before this one."""
    assert line is not None
    return sum(1 for earlier in line.itersiblings(line.tag, preceding=True) for _ in earlier)


def test_an_e_invoice_leaves_nothing_to_the_garbage_collector(ubl: str, cii: str) -> None:
    invoices = [invoice.encode() for invoice in (ubl, cii)]
    for invoice in invoices:
        read(invoice)
    gc.collect()
    gc.disable()
    try:
        for invoice in invoices:
            read(invoice)
        assert gc.collect() == 0
    finally:
        gc.enable()
