"""The dates beside each other."""

from collections.abc import Iterator

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.checks.subject import Subject
from invoiceflow_extract.rules import RULES

__all__ = ["due_date_follows", "period_runs_forward"]


def due_date_follows(subject: Subject) -> Iterator[Finding]:
    """IF-DUE-DATE: an invoice is not due before it is issued."""
    issued, due = subject.invoice.issue_date, subject.invoice.due_date
    if issued is not None and due is not None and due < issued:
        yield RULES["IF-DUE-DATE"].finding(
            f"The invoice is due on {due}, before it was issued on {issued}.",
            pointers=("/due_date", "/issue_date"),
            values={"due_date": due, "issue_date": issued},
        )


def period_runs_forward(subject: Subject) -> Iterator[Finding]:
    """BR-29: the invoicing period does not end before it starts."""
    start, end = subject.invoice.period_start, subject.invoice.period_end
    if start is not None and end is not None and end < start:
        yield RULES["BR-29"].finding(
            f"The invoicing period ends on {end}, before it starts on {start}.",
            pointers=("/period_end", "/period_start"),
            values={"period_start": start, "period_end": end},
        )
