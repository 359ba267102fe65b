"""Whatever the sample generator writes as an e-invoice is read back as it was, and nothing is found wrong with it."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.einvoice import read
from invoiceflow_samples.einvoice.cii import write_cii
from invoiceflow_samples.einvoice.ubl import write_ubl
from invoiceflow_samples.fiction import imagine
from invoiceflow_samples.scenario import Scenario, random_scenario

WRITERS = (write_ubl, write_cii)


def plain(invoice: Invoice) -> dict[str, object]:
    """Return the invoice without what the writers add or leave out.

    That is sums of nothing, a dash where Peppol wants a text, the buyer's contact, and what an e-invoice says about itself.
    """
    values = invoice.model_dump(exclude={"type_code", "business_process", "specification", "preceding_invoices"})
    for name in ("allowances", "charges", "prepaid"):
        values["totals"][name] = values["totals"][name] or Decimal(0)
    values["buyer_reference"] = values["buyer_reference"] or "-"
    values["buyer"] |= {"email": None, "phone": None}
    for party in (values["seller"], values["buyer"]):
        party |= {"electronic_address": None, "contact_name": None}
    for line in values["lines"]:
        line["allowances_charges"] = ()
    return values


@pytest.mark.parametrize("write", WRITERS)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_an_einvoice_is_read_as_it_was_written(write: Callable[[Invoice], bytes], seed: int) -> None:
    rng = Random(seed)
    invoice = imagine(random_scenario(rng), rng).invoice
    einvoice = read(write(invoice))
    got = plain(einvoice.reading.invoice)
    expected = plain(invoice)
    assert got == expected
    assert einvoice.findings == ()
    # The date of supply that some laws ask for is optional in EN 16931, and so among the samples.
    found = check(Subject(einvoice.reading.invoice, Origin.EN16931))
    assert [finding for finding in found if finding.rule != "IF-LAW"] == []


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("defect", ["gross_total", "tax_amount", "line_amount"])
def test_a_spoilt_invoice_is_found(write: Callable[[Invoice], bytes], defect: str) -> None:
    invoice = imagine(Scenario("de", "DE", defect=defect), Random(7)).invoice
    findings = check(Subject(read(write(invoice)).reading.invoice, Origin.EN16931))
    assert any(finding.severity is Severity.ERROR for finding in findings)
