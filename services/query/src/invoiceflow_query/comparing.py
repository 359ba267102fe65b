"""The use case of holding an invoice against the others of its seller.

It follows the writing of the invoice: of two that are written at the same time, at least one is then seen by the other's look.
Findings are only ever added, and each rule once to an invoice, so it may be done again and by several at once.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_query.cross_checks import account_findings, accounts_of, number_findings, sellers_of
from invoiceflow_query.ports import Comparable
from invoiceflow_query.projection import Change, DocumentState
from invoiceflow_query.queries import InvoiceQuery, Sort
from invoiceflow_query.records import InvoiceRecord, summarise

__all__ = ["compare"]

MOST = 100
"""Invoices with the same number that are looked at, the first ones: sellers of all kinds have an invoice number 1."""

ATTEMPTS = 5


async def compare(invoices: Comparable, tenant: str, record: InvoiceRecord, young: timedelta) -> frozenset[UUID]:
    """Add what the other invoices of the seller have to say; durable on return.

    Args:
        invoices: all of them, this one included.
        tenant: whose they are.
        record: as it was extracted.
        young: for how long an account is new; zero to leave accounts out.

    Returns:
        The ids of invoices that have other findings than before: of this one, or of one that was extracted later.
    """
    wanted: dict[UUID, tuple[Finding, ...]] = {}
    if record.invoice.number and sellers_of(record.invoice):
        query = InvoiceQuery(number=record.invoice.number, sort=Sort(field="extracted_at"))
        wanted.update(number_findings(summarise(record), await invoices.invoices(tenant, query, limit=MOST)))
    if young and accounts_of(record.invoice) and (sellers := sellers_of(record.invoice)):
        since = await invoices.accounts(tenant, sellers[0])
        if found := account_findings(record.invoice, record.extracted_at, since, young):
            wanted[record.document_id] = (*wanted.get(record.document_id, ()), *found)
    return frozenset([each for each, findings in wanted.items() if await _add(invoices, tenant, each, findings)])


async def _add(invoices: Comparable, tenant: str, document_id: UUID, findings: Sequence[Finding]) -> bool:
    """Add findings of rules that the invoice has none of, to whichever extraction stands."""
    added = False
    for _ in range(ATTEMPTS):
        document = await invoices.document(tenant, document_id)
        found = await invoices.invoices_by_id(tenant, [document_id])
        if document is None or document.state.extracted is None or not found:
            return added
        record, fact = found[0].record, document.state.extracted
        known = {finding.rule for finding in record.findings}
        new = tuple(finding for finding in findings if finding.rule not in known)
        # Where another extraction is being written, that is compared next.
        if not new or record.version != fact.version:
            return added
        revision = record.revision + 1
        review = record.needs_review or any(finding.severity is Severity.ERROR for finding in new)
        change = Change(
            document_id=document_id,
            state=DocumentState(extracted=fact.model_copy(update={"revision": revision, "needs_review": review})),
            invoice=record.model_copy(
                update={"revision": revision, "needs_review": review, "findings": (*record.findings, *new)}
            ),
        )
        # Others may add to it at the same time; hence another look.
        added = await invoices.apply(tenant, change) or added
    return added
