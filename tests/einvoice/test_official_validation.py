"""What the query service writes as UBL and CII is valid by the schemas and the official rules, and extract reads it as it was."""

from random import Random

import pytest
from enriched import enriched
from make_code_lists import TARGET, rendered
from official_validation import Breach, validate
from spoiling import spoilt

from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_extract.einvoice import read
from invoiceflow_query.einvoice import NotPossibleError, Syntax, completed, violations, write
from invoiceflow_query.einvoice.cii import write_cii
from invoiceflow_query.einvoice.ubl import write_ubl
from invoiceflow_samples.curated import CURATED
from invoiceflow_samples.fiction import imagine
from invoiceflow_samples.scenario import Scenario, random_scenario

WRITERS = {Syntax.UBL: write_ubl, Syntax.CII: write_cii}


def invented(seed: int) -> Invoice:
    rng = Random(seed)
    return imagine(random_scenario(rng), rng).invoice


def full(seed: int) -> Invoice:
    """An invoice of the generator with much of what EN 16931 has a place for besides."""
    return enriched(invented(seed), Random(seed))


def errors(document: bytes) -> list[Breach]:
    """Return what is wrong, without the one warning that the schema of CII makes unavoidable: it wants the delivery, be it empty."""
    return [
        breach for breach in validate(document) if breach.rule != "PEPPOL-EN16931-R008" or b"Delivery/>" not in document
    ]


def assert_written_and_read(invoice: Invoice) -> None:
    for syntax in Syntax:
        document = write(invoice, syntax)
        assert errors(document) == []
        einvoice = read(document)
        assert einvoice.findings == ()
        assert einvoice.reading.invoice == completed(invoice)


def test_the_validation_finds_what_is_wrong() -> None:
    """Guards the tests below: a validation that finds nothing would let everything pass."""
    document = write(invented(1), Syntax.UBL)
    assert errors(document.replace(b"<cbc:IssueDate>", b"<cbc:IssueDate>x"))[0].rule == "XSD"
    whole = completed(invented(1))
    for writer in WRITERS.values():
        wrong = whole.model_copy(
            update={"totals": whole.totals.model_copy(update={"tax": 1 + (whole.totals.tax or 0)})}
        )
        assert {"BR-CO-14", "BR-CO-15"} <= {breach.rule for breach in errors(writer(wrong))}


@pytest.mark.parametrize("scenario", [order.scenario for order in CURATED], ids=[order.stem for order in CURATED])
def test_the_invoices_of_the_samples(scenario: Scenario) -> None:
    """The invoice with the wrong total is refused by the rule that says so."""
    invoice = imagine(scenario, Random(1)).invoice
    if scenario.defect:
        with pytest.raises(NotPossibleError) as refusal:
            write(invoice, Syntax.UBL)
        assert "BR-CO-15" in str(refusal.value)
    else:
        assert_written_and_read(invoice)


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 200), marks=pytest.mark.slow)], ids=["few", "many"])
def test_invoices_of_the_generator(seeds: range) -> None:
    for seed in seeds:
        assert_written_and_read(invented(seed))


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 200), marks=pytest.mark.slow)], ids=["few", "many"])
def test_invoices_that_say_all_there_is_to_say(seeds: range) -> None:
    for seed in seeds:
        assert_written_and_read(full(seed))


@pytest.mark.parametrize(
    "seeds", [range(60), pytest.param(range(60, 800), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_what_is_refused_is_what_the_official_rules_refuse(seeds: range) -> None:
    """A spoilt invoice that the rules let pass gives valid documents; of one that they stop, at least one would not be valid."""
    stopped = 0
    for seed in seeds:
        invoice = completed(spoilt(full(seed) if seed % 2 else invented(seed), Random(seed)))
        wrong = [breach for writer in WRITERS.values() for breach in errors(writer(invoice))]
        found = violations(invoice)
        assert bool(wrong) == bool(found), (seed, wrong, found)
        stopped += bool(found)
    assert len(seeds) / 6 < stopped < len(seeds)


@pytest.mark.parametrize("kind", sorted(set(InvoiceType) - {InvoiceType.RECEIPT, InvoiceType.REMINDER}))
def test_every_kind_of_invoice(kind: InvoiceType) -> None:
    assert_written_and_read(invented(2).model_copy(update={"type": kind, "type_code": None}))


def test_the_code_lists_are_those_of_the_official_artefacts() -> None:
    assert TARGET.read_text(encoding="utf-8") == rendered(), "run tests/einvoice/make_code_lists.py"
