"""Whether an extracted invoice says what the document says.

Pure. The rules: of PDFs and images only what is printed counts; amounts are equal as decimals, dates as ISO dates; names are
compared with case, punctuation, spaces and legal form folded; a line is right when its quantity (if printed), its net amount
and its description (folded, similar by 0.8) are right. What was not labelled is not judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz

from invoiceflow_contracts.invoice import Invoice, InvoiceLine, InvoiceType
from invoiceflow_evaluation.folding import fold_identifier, fold_name, fold_text
from invoiceflow_evaluation.truth import TaxTruth, TruthLine, TruthRow

__all__ = ["FIELDS", "HEADER", "Counts", "DocumentScore", "Field", "FieldScore", "Outcome", "line_is_right", "score"]

_SIMILAR = 80.0  # per cent


class Outcome(StrEnum):
    """How a field fared."""

    CORRECT = "correct"
    WRONG = "wrong"
    MISSING = "missing"
    SPURIOUS = "spurious"
    """A value although the document is known not to have one."""
    ABSENT = "absent"
    """No value, and rightly so."""


@dataclass(frozen=True)
class Counts:
    """How many values were right, given and expected; they add up."""

    correct: int = 0
    given: int = 0
    expected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.correct + other.correct, self.given + other.given, self.expected + other.expected)

    @property
    def precision(self) -> float | None:
        """Right among those given; None where none was given."""
        return self.correct / self.given if self.given else None

    @property
    def recall(self) -> float | None:
        """Right among those expected; None where none was expected."""
        return self.correct / self.expected if self.expected else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where nothing was given or expected."""
        total = self.given + self.expected
        return 2 * self.correct / total if total else None

    @property
    def perfect(self) -> bool:
        return self.correct == self.given == self.expected


_OUTCOME_COUNTS = {
    Outcome.CORRECT: Counts(correct=1, given=1, expected=1),
    Outcome.WRONG: Counts(given=1, expected=1),
    Outcome.MISSING: Counts(expected=1),
    Outcome.SPURIOUS: Counts(given=1),
    Outcome.ABSENT: Counts(),
}


@dataclass(frozen=True)
class Field:
    """A labelled field: its name in the truth, where the invoice has it, and when two values are the same."""

    name: str
    read: Callable[[Invoice], Any]
    same: Callable[[Any, Any], bool]
    header: bool = True
    """Whether it is one of the header fields that the header figures are taken over."""


@dataclass(frozen=True)
class FieldScore:
    """What was expected of a field, what came, and the judgement."""

    outcome: Outcome
    expected: str | None
    given: str | None

    @property
    def counts(self) -> Counts:
        return _OUTCOME_COUNTS[self.outcome]


@dataclass(frozen=True)
class DocumentScore:
    """Every judged field of a document by its name in the truth, and its lines where they are labelled."""

    fields: Mapping[str, FieldScore]
    lines: Counts | None
    unmatched_lines: tuple[TruthLine, ...] = ()
    surplus_lines: tuple[InvoiceLine, ...] = ()

    @property
    def header(self) -> Counts:
        """The header fields together."""
        counts = (result.counts for name, result in self.fields.items() if name in HEADER)
        return sum(counts, start=Counts())

    @property
    def all_right(self) -> bool:
        """Whether no header field and no line is wrong, missing or too much."""
        return self.header.perfect and (self.lines is None or self.lines.perfect)


def _same_amount(expected: str, given: Decimal) -> bool:
    try:
        return Decimal(expected) == given
    except InvalidOperation:
        return False


def _same_text(expected: str, given: object) -> bool:
    return fold_text(expected) == fold_text(str(given))


def _same_identifier(expected: str, given: str) -> bool:
    return fold_identifier(expected) == fold_identifier(given)


def _same_code(expected: str, given: str) -> bool:
    return "".join(filter(str.isalnum, expected)).casefold() == "".join(filter(str.isalnum, given)).casefold()


def _same_name(expected: str, given: str) -> bool:
    return fold_name(expected) == fold_name(given)


def _same_date(expected: str, given: object) -> bool:
    return expected == str(given)


# UNTDID 1001, as far as the project tells documents apart.
_TYPE_CODES: Mapping[str, InvoiceType] = {
    "325": InvoiceType.PRO_FORMA,
    "380": InvoiceType.INVOICE,
    "381": InvoiceType.CREDIT_NOTE,
    "384": InvoiceType.CORRECTED_INVOICE,
    "386": InvoiceType.PREPAYMENT_INVOICE,
    "389": InvoiceType.SELF_BILLED_INVOICE,
}


def _same_type(expected: str, given: InvoiceType) -> bool:
    return _TYPE_CODES.get(expected, InvoiceType.INVOICE) is given


def _taxes(invoice: Invoice) -> Sequence[Any] | None:
    return invoice.taxes or None


def _same_taxes(expected: Sequence[TaxTruth], given: Sequence[Any]) -> bool:
    def key(*parts: Any) -> tuple[Decimal | None, ...]:
        return tuple(None if part is None else Decimal(part) for part in parts)

    def order(parts: tuple[Decimal | None, ...]) -> tuple[Decimal, ...]:
        return tuple(Decimal(0) if part is None else part for part in parts)

    theirs = sorted((key(tax.rate, tax.basis, tax.tax) for tax in expected), key=order)
    ours = sorted((key(tax.rate, tax.basis, tax.amount) for tax in given), key=order)
    return len(theirs) == len(ours) and all(
        label is None or label == value
        for labels, values in zip(theirs, ours, strict=True)
        for label, value in zip(labels, values, strict=True)
    )


FIELDS: tuple[Field, ...] = (
    Field("invoice_number", lambda invoice: invoice.number, _same_identifier),
    Field("issue_date", lambda invoice: invoice.issue_date, _same_date),
    Field("due_date", lambda invoice: invoice.due_date, _same_date),
    Field("seller_name", lambda invoice: invoice.seller.name, _same_name),
    Field("seller_vat_id", lambda invoice: invoice.seller.vat_id, _same_code),
    Field("buyer_name", lambda invoice: invoice.buyer.name, _same_name),
    Field("currency", lambda invoice: invoice.currency, _same_code),
    Field("order_reference", lambda invoice: invoice.purchase_order, _same_identifier),
    Field("line_total", lambda invoice: invoice.totals.lines_net, _same_amount),
    Field("tax_basis_total", lambda invoice: invoice.totals.net, _same_amount),
    Field("tax_total", lambda invoice: invoice.totals.tax, _same_amount),
    Field("grand_total", lambda invoice: invoice.totals.gross, _same_amount),
    Field("due_payable", lambda invoice: invoice.totals.payable, _same_amount),
    Field("type_code", lambda invoice: invoice.type, _same_type, header=False),
    Field("seller_country", lambda invoice: invoice.seller.address.country, _same_code, header=False),
    Field("buyer_vat_id", lambda invoice: invoice.buyer.vat_id, _same_code, header=False),
    Field("buyer_country", lambda invoice: invoice.buyer.address.country, _same_code, header=False),
    Field("buyer_reference", lambda invoice: invoice.buyer_reference, _same_identifier, header=False),
    Field("iban", lambda invoice: invoice.payment.iban, _same_code, header=False),
    Field("payment_reference", lambda invoice: invoice.payment.reference, _same_text, header=False),
    Field("allowance_total", lambda invoice: invoice.totals.allowances, _same_amount, header=False),
    Field("charge_total", lambda invoice: invoice.totals.charges, _same_amount, header=False),
    Field("prepaid", lambda invoice: invoice.totals.prepaid, _same_amount, header=False),
    Field("tax_breakdown", _taxes, _same_taxes, header=False),
)
"""Every field that is judged; the names are those of the truth."""

HEADER = frozenset(field.name for field in FIELDS if field.header)
"""The names of the header fields, which the header figures are taken over."""


def score(row: TruthRow, invoice: Invoice | None) -> DocumentScore:
    """Return how ``invoice`` (None: the document failed) compares with what the document says."""
    fields = {field.name: _judge(field, row, invoice) for field in FIELDS if row.counts(field.name)}
    labels = row.truth.lines
    if not labels:
        return DocumentScore(fields, None)
    given = invoice.lines if invoice else ()
    matched = _match(labels, given)
    return DocumentScore(
        fields,
        Counts(correct=len(matched), given=len(given), expected=len(labels)),
        tuple(label for index, label in enumerate(labels) if index not in matched),
        tuple(line for index, line in enumerate(given) if index not in matched.values()),
    )


def _judge(field: Field, row: TruthRow, invoice: Invoice | None) -> FieldScore:
    expected = getattr(row.truth, field.name)
    given = None if invoice is None else field.read(invoice)
    if given == "":
        given = None
    if expected is None:
        outcome = Outcome.ABSENT if given is None else Outcome.SPURIOUS
    elif given is None:
        outcome = Outcome.MISSING
    else:
        outcome = Outcome.CORRECT if field.same(expected, given) else Outcome.WRONG
    return FieldScore(outcome, None if expected is None else str(expected), None if given is None else str(given))


def line_is_right(expected: TruthLine, given: InvoiceLine) -> bool:
    """Whether a line has the right quantity (if printed), net amount and description.

    The description is the item's name, which an extractor may continue after a line break with the item's
    description: either the whole or the name alone may be what was labelled.
    """
    if expected.quantity is not None and (
        given.quantity is None or not _same_amount(expected.quantity, given.quantity)
    ):
        return False
    if expected.line_total is not None and (given.net is None or not _same_amount(expected.line_total, given.net)):
        return False
    if expected.description is None:
        return True
    description = given.description or ""
    label = fold_text(expected.description)
    return any(fuzz.ratio(label, fold_text(text)) >= _SIMILAR for text in {description, description.partition("\n")[0]})


def _match(expected: Sequence[TruthLine], given: Sequence[InvoiceLine]) -> dict[int, int]:
    """Return the largest one-to-one assignment of expected to right given lines (augmenting paths)."""
    right = [[index for index, line in enumerate(given) if line_is_right(label, line)] for label in expected]
    owner: dict[int, int] = {}

    def assign(label: int, seen: set[int]) -> bool:
        for index in right[label]:
            if index in seen:
                continue
            seen.add(index)
            if index not in owner or assign(owner[index], seen):
                owner[index] = label
                return True
        return False

    for label in range(len(expected)):
        assign(label, set())
    return {label: index for index, label in owner.items()}
