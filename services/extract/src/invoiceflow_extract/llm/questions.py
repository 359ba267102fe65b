"""What is worth asking: what is missing, what does not close, and what the local engine is not sure of."""

from collections.abc import Iterable

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.llm.schema import FIELDS, ROWS
from invoiceflow_extract.merge import REQUIRED
from invoiceflow_extract.reading import Reading

__all__ = ["worth_asking"]

_WORTH_HAVING = (
    "/due_date",
    "/purchase_order",
    "/seller/vat_id",
    "/buyer/vat_id",
    "/payment/iban",
    "/totals/net",
    "/totals/tax",
    "/totals/payable",
)
"""Often not printed at all: asked for along with something that has to be asked, never alone."""


def worth_asking(reading: Reading, findings: Iterable[Finding], so_far: Reading, *, ask_below: float) -> frozenset[str]:
    """Return the pointers to ask for: single values, ``/lines`` and ``/taxes``; empty where nothing is to be gained.

    Args:
        reading: what the local engine made of the page.
        findings: what the checks say of it.
        so_far: what an e-invoice says exactly; it is never asked for again.
        ask_below: confidence of a value below which it is asked for.
    """
    wanted = set(_missing(reading)) | set(_unsure(reading, ask_below)) | set(_not_closing(findings))
    wanted -= {pointer for pointer in wanted if _is_said(so_far, pointer)}
    if wanted:
        wanted |= {
            pointer for pointer in _WORTH_HAVING if pointer not in reading.evidence and not _is_said(so_far, pointer)
        }
    return frozenset(wanted)


def _is_said(so_far: Reading, pointer: str) -> bool:
    return pointer in so_far.evidence or any(known.startswith(f"{pointer}/") for known in so_far.evidence)


def _missing(reading: Reading) -> Iterable[str]:
    receipt = reading.invoice.type is InvoiceType.RECEIPT
    for pointer in REQUIRED:
        if pointer not in reading.evidence and not (receipt and pointer in {"/number", "/buyer/name"}):
            yield pointer
    if not reading.invoice.lines:
        yield "/lines"


def _unsure(reading: Reading, ask_below: float) -> Iterable[str]:
    for pointer, evidence in reading.evidence.items():
        # A computed value stands nowhere, so nobody can point at it.
        if pointer in FIELDS and evidence.page is not None and evidence.confidence < ask_below:
            yield pointer


def _not_closing(findings: Iterable[Finding]) -> Iterable[str]:
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        for pointer in finding.pointers:
            head = "/" + pointer.removeprefix("/").partition("/")[0]
            if head in ROWS:
                yield head
            elif pointer in FIELDS:
                yield pointer
