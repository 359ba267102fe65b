"""What must hold once everything has come to rest, whatever was done to the system. Pure.

``judge`` is given what was seen from outside (the topics, the store, the API, the engine: never the services' own word on
themselves) and returns every rule that does not hold, each with the story of the document or offset in question.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from faultsuite.documents import Document
from faultsuite.load import Origin
from invoiceflow_contracts.invoice import Invoice

__all__ = ["Container", "DeadLetter", "DocumentHistory", "History", "Offset", "Violation", "judge"]


@dataclass(frozen=True)
class Look:
    """What the API and the object store say of a document in detail."""

    error: str | None = None
    """The code with which it failed."""
    invoice: Mapping[str, Any] | None = None
    """As the API shows it; None where it has none."""
    original: str | None = None
    """The SHA-256 of the stored bytes under the document's name; None where there are none."""


@dataclass(frozen=True)
class DocumentHistory:
    """What became of a document that was acknowledged."""

    document: Document
    acknowledged: int = 1
    new: int = 1
    """How often it was acknowledged as one that had not been known."""
    extracted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The invoices on ``invoice.extracted``, by event id."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """The codes on ``document.failed``, by event id."""
    rows: Sequence[str] = ()
    """The status of each row that the read model's list of documents has of it."""
    invoice_rows: int = 0
    """How many rows its list of invoices has of it."""
    look: Look | None = None
    """None where it was looked at before."""
    altered: bool = False
    """Whether somebody changed its stored bytes: it may fail with ``content_mismatch`` then."""


@dataclass(frozen=True)
class Offset:
    """How far a group has come in a partition."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int


@dataclass(frozen=True)
class DeadLetter:
    """What a record in a dead-letter topic says of its origin; the same again is the same."""

    origin: Origin
    group: str
    code: str


@dataclass(frozen=True)
class Container:
    """What the engine and the kernel say of a container that ran when the scenario began, or runs now."""

    name: str
    running: bool = True
    memory_peak: int = 0
    memory_limit: int = 0
    killed_for_memory: bool = False
    restarted: bool = False
    """Whether it was started anew since the scenario began."""
    meant_to_restart: bool = False


@dataclass(frozen=True)
class History:
    """Everything that was seen."""

    documents: Sequence[DocumentHistory]
    strangers: Sequence[str] = ()
    """Ids that the topics or the read model have, and that nobody was given a receipt for."""
    offsets: Sequence[Offset] = ()
    dead_letters: Sequence[DeadLetter] = ()
    poison: Mapping[tuple[Origin, str], str] = field(default_factory=dict)
    """The code that must be among the dead letters, by origin and group."""
    containers: Sequence[Container] = ()
    given_up: Sequence[str] = ()
    """What no receiver acknowledged, however often it was tried."""


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold."""

    rule: str
    subject: str
    story: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.subject}\n        {self.story}"


def judge(history: History) -> list[Violation]:
    """Return what does not hold."""
    return [
        *(found for document in history.documents for found in _document(document)),
        *_balance(history),
        *_offsets(history),
        *_dead_letters(history),
        *_containers(history),
        *(Violation("whatever is handed in is acknowledged in the end", one, "given up") for one in history.given_up),
        *(Violation("there is nothing that nobody handed in", one, "") for one in history.strangers),
    ]


def _document(one: DocumentHistory) -> Iterator[Violation]:
    rules = [*_ends(one), *_read_model(one)]
    if one.look is not None:
        rules += _looked_at(one, one.look)
    for rule in rules:
        yield Violation(rule, f"{one.document.id} {one.document.name}", _story(one))


def _ends(one: DocumentHistory) -> Iterator[str]:
    failure = one.document.failure
    if one.altered and not one.extracted:
        failure = "content_mismatch"
    if not one.extracted and not one.failed:
        yield "an accepted document comes to an end"
    if one.extracted and one.failed:
        yield "a document comes to one end only"
    if len(one.extracted) > 1:
        yield "a document is extracted under one event id"
    if len(one.failed) > 1:
        yield "a document fails under one event id"
    if failure is None and one.failed:
        yield "a readable document is extracted"
    if failure is not None and (one.extracted or set(one.failed.values()) - {failure}):
        yield f"this document fails with {failure}"


def _read_model(one: DocumentHistory) -> Iterator[str]:
    if one.new > 1:
        yield "a document is new only once"
    if len(one.rows) != 1:
        yield "a document stands in the read model exactly once"
    if set(one.rows) - ({"extracted"} if one.extracted else {"failed"}):
        yield "the read model says how a document ended"
    if one.invoice_rows != (1 if one.extracted else 0):
        yield "an extracted document has one invoice in the read model, and no other has any"


def _looked_at(one: DocumentHistory, look: Look) -> Iterator[str]:
    document = one.document
    if look.original != document.sha256 and not one.altered:
        yield "the stored original hashes to its name"
    if not one.extracted:
        if look.error not in set(one.failed.values()):
            yield "the read model says why a document failed"
        return
    if look.invoice is None:
        yield "the invoice can be asked for"
        return
    shown = Invoice.model_validate(look.invoice)
    if any(Invoice.model_validate(announced) != shown for announced in one.extracted.values()):
        yield "the invoice that is shown is the one that was announced"
    if one.altered and shown.number != document.number:
        yield "a document whose bytes were altered is never extracted from them"
    if document.number is not None and shown.number != document.number:
        yield f"an e-invoice is read exactly: its number is {document.number}"
    if document.gross is not None and Decimal(shown.totals.gross or 0) != document.gross:
        yield f"an e-invoice is read exactly: its total is {document.gross}"


def _story(one: DocumentHistory) -> str:
    announced = {
        event: (invoice.get("number"), invoice.get("totals", {}).get("gross"))
        for event, invoice in one.extracted.items()
    }
    shown = (
        ""
        if one.look is None
        else f"; original {one.look.original}, error {one.look.error}, shown {_brief(one.look.invoice)}"
    )
    return (
        f"acknowledged {one.acknowledged} times, {one.new} times as new; extracted {announced}; failed {dict(one.failed)}; "
        f"in the read model {list(one.rows)} with {one.invoice_rows} invoices{shown}"
    )


def _brief(invoice: Mapping[str, Any] | None) -> object:
    return invoice and (invoice.get("number"), invoice.get("totals", {}).get("gross"))


def _balance(history: History) -> Iterator[Violation]:
    """Count it all together: what the rules for one document cannot see, a document that is missing altogether."""
    accepted = sum(one.acknowledged for one in history.documents)
    known = sum(one.acknowledged - 1 for one in history.documents)
    extracted = sum(one.rows.count("extracted") for one in history.documents)
    failed = sum(one.rows.count("failed") for one in history.documents)
    if accepted != extracted + failed + known:
        yield Violation(
            "accepted = extracted + failed + known duplicates",
            f"{accepted} accepted",
            f"{extracted} extracted, {failed} failed, {known} duplicates",
        )


def _offsets(history: History) -> Iterator[Violation]:
    for one in history.offsets:
        if one.committed != one.end:
            yield Violation(
                "a group reaches the end of what it reads",
                f"{one.group} in {one.topic}-{one.partition}",
                f"committed {one.committed} of {one.end}",
            )


def _dead_letters(history: History) -> Iterator[Violation]:
    found: dict[tuple[Origin, str], set[str]] = {}
    for letter in history.dead_letters:
        found.setdefault((letter.origin, letter.group), set()).add(letter.code)
    for place in sorted(history.poison.keys() | found.keys()):
        (topic, partition, offset), group = place
        wanted, codes = history.poison.get(place), found.get(place, set())
        subject = f"{topic}-{partition}-{offset} for {group}"
        if wanted is None:
            yield Violation("nothing but poison is dead-lettered", subject, f"dead-lettered with {sorted(codes)}")
        elif codes != {wanted}:
            yield Violation(
                "poison is dead-lettered with its reason", subject, f"{wanted} expected, {sorted(codes)} found"
            )


def _containers(history: History) -> Iterator[Violation]:
    for one in history.containers:
        story = f"peak {one.memory_peak >> 20} of {one.memory_limit >> 20} MiB, restarted: {one.restarted}"
        if not one.running:
            yield Violation("everything runs in the end", one.name, "it does not")
        elif one.killed_for_memory or one.memory_peak >= one.memory_limit:
            yield Violation("memory is bounded", one.name, story)
        if one.restarted and not one.meant_to_restart:
            yield Violation("nothing restarts unless it was made to", one.name, story)
