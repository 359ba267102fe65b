"""From events to what the read model knows of a document. Pure, and indifferent to order and repetition.

What is known of a document is a set of registers, one for each kind of event, and each keeps one fact:

| register        | keeps      | because |
|-----------------|------------|---------|
| uploaded        | the first  | a document is what was first received; the same bytes again change nothing |
| progress[stage] | the newest | a retried stage starts again at its first page |
| read            | the newest | a document read again has the newer layout |
| extracted       | the newest | the newest invoice stands |
| failed          | the newest | the last attempt says best what is wrong |
| resubmitted     | the newest | the watchdog submits a document again once |

First and newest are by event time, then by event id, so that two facts never tie; of one extraction, the one with more findings
added is the newer. To merge two states is to
take the minimum or maximum of each register: associative, commutative and idempotent. Hence any order and any
repetition of the same events gives the same state.

What people see is computed from the state. Its status is the highest of: extracted, failed, processing, received.
Extracted stands above failed whatever the times: a failed document that is submitted again and succeeds is extracted,
and an invoice that others may have used already does not vanish because a later run failed. Failed stands above
processing and is not undone by a later upload or progress: the clocks of two machines are not good enough to tell
a new run from the one that failed, and a document must not lose its terminal state to a few milliseconds.
"""

from datetime import UTC, datetime
from typing import Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import (
    DocumentEvent,
    DocumentFailedV1,
    DocumentProgressV1,
    DocumentUploadedV1,
    InvoiceExtractedV1,
    Metadata,
    OcrCompletedV1,
)
from invoiceflow_contracts.events.document_progress.v1 import Stage
from invoiceflow_contracts.extraction import Part
from invoiceflow_query.records import InvoiceRecord, revised

__all__ = [
    "Change",
    "DocumentState",
    "Extracted",
    "Failed",
    "Progressed",
    "Read",
    "Resubmitted",
    "Status",
    "Uploaded",
    "change_of",
    "merge",
    "stage_of",
    "status_of",
    "updated_at",
]

Status = Literal["received", "processing", "extracted", "failed"]


class Fact(BaseModel):
    """What one event says."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    event_id: str

    @property
    def order(self) -> tuple[datetime, str]:
        return self.at, self.event_id


class Uploaded(Fact):
    """The document was taken in."""

    filename: str
    content: ContentRef
    channel: Literal["http", "kafka"]
    metadata: Metadata


class Progressed(Fact):
    """A stage was so far."""

    pages_done: int
    pages_total: int


class Read(Fact):
    """The document was read."""

    content: ContentRef
    pages: int
    layout: ContentRef | None = None
    """Text and layout as ocr has stored them; None where an older version of this program projected the event."""


class Extracted(Fact):
    """The invoice was extracted; the invoice itself is kept apart."""

    content: ContentRef
    needs_review: bool
    part: Part | None = None
    """Set where the document that was handed in holds several invoices; each of them is kept as a document of its own."""
    revision: int = 0
    """How often findings were added to it (see ``comparing``)."""

    @property
    def version(self) -> str:
        return revised(self.event_id, self.revision)

    @property
    def order(self) -> tuple[datetime, str]:
        return self.at, self.version


class Failed(Fact):
    """A stage gave the document up."""

    stage: Stage
    code: str
    message: str
    attempts: int


class Resubmitted(Fact):
    """The watchdog submitted the document again; its own note, which no event carries."""


class DocumentState(BaseModel):
    """The registers of one document."""

    model_config = ConfigDict(frozen=True)

    uploaded: Uploaded | None = None
    progress: dict[Stage, Progressed] = {}
    read: Read | None = None
    extracted: Extracted | None = None
    failed: Failed | None = None
    resubmitted: Resubmitted | None = None

    @property
    def content(self) -> ContentRef | None:
        """The original document, from whichever event named it."""
        fact = self.uploaded or self.read or self.extracted
        return fact.content if fact else None

    @property
    def layout(self) -> ContentRef | None:
        """What was read, from whichever event named it."""
        if self.read:
            return self.read.layout
        return self.extracted.part.layout if self.extracted and self.extracted.part else None

    @property
    def filename(self) -> str | None:
        """The file's name, from whichever event told it."""
        if self.uploaded:
            return self.uploaded.filename
        return self.extracted.part.filename if self.extracted and self.extracted.part else None


class Change(BaseModel):
    """What one event adds to the read model."""

    model_config = ConfigDict(frozen=True)

    document_id: UUID
    state: DocumentState
    """The document's state if there were only this event."""
    invoice: InvoiceRecord | None = None


F = TypeVar("F", bound=Fact)


def _first(one: F | None, other: F | None) -> F | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda fact: fact.order)


def _newest(one: F | None, other: F | None) -> F | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda fact: fact.order)


def merge(one: DocumentState, other: DocumentState) -> DocumentState:
    """Return what is known when both are."""
    progress = dict(one.progress)
    for stage, fact in other.progress.items():
        known = progress.get(stage)
        progress[stage] = fact if known is None else max(known, fact, key=lambda each: each.order)
    return DocumentState(
        uploaded=_first(one.uploaded, other.uploaded),
        progress=progress,
        read=_newest(one.read, other.read),
        extracted=_newest(one.extracted, other.extracted),
        failed=_newest(one.failed, other.failed),
        resubmitted=_newest(one.resubmitted, other.resubmitted),
    )


def change_of(event: DocumentEvent, event_id: str) -> Change:
    """Return what ``event`` adds to the read model.

    Raises:
        TypeError: the read model has no place for this type of event.
    """
    invoice = None
    match event:
        case DocumentUploadedV1():
            state = DocumentState(
                uploaded=Uploaded(
                    at=event.received_at.astimezone(UTC),
                    event_id=event_id,
                    filename=event.filename,
                    content=event.content,
                    channel=event.channel,
                    metadata=event.metadata,
                )
            )
        case DocumentProgressV1():
            progressed = Progressed(
                at=event.at.astimezone(UTC),
                event_id=event_id,
                pages_done=event.pages_done,
                pages_total=event.pages_total,
            )
            state = DocumentState(progress={event.stage: progressed})
        case OcrCompletedV1():
            state = DocumentState(
                read=Read(
                    at=event.completed_at.astimezone(UTC),
                    event_id=event_id,
                    content=event.content,
                    pages=event.pages,
                    layout=event.layout,
                )
            )
        case InvoiceExtractedV1():
            at = event.extracted_at.astimezone(UTC)
            state = DocumentState(
                extracted=Extracted(
                    at=at, event_id=event_id, content=event.content, needs_review=event.needs_review, part=event.part
                )
            )
            invoice = InvoiceRecord(
                document_id=event.document_id,
                event_id=event_id,
                part=event.part,
                invoice=event.invoice,
                evidence=event.evidence,
                findings=event.findings,
                confidence=event.confidence,
                needs_review=event.needs_review,
                engine=event.engine,
                costs=event.costs,
                tried=event.tried,
                extracted_at=at,
            )
        case DocumentFailedV1():
            state = DocumentState(
                failed=Failed(
                    at=event.failed_at.astimezone(UTC),
                    event_id=event_id,
                    stage=event.stage,
                    code=event.code,
                    message=event.message,
                    attempts=event.attempts,
                )
            )
        case _:
            raise TypeError(f"{event.ce_type()} says nothing that the read model keeps")
    return Change(document_id=event.document_id, state=state, invoice=invoice)


def status_of(state: DocumentState) -> Status:
    """Return the highest status that any event speaks for."""
    if state.extracted:
        return "extracted"
    if state.failed:
        return "failed"
    if state.read or state.progress.keys() & {"ocr", "extract"}:
        return "processing"
    return "received"


def stage_of(state: DocumentState) -> Stage:
    """Return the stage that failed, else the furthest stage that the document has come to."""
    if status_of(state) == "failed" and state.failed:
        return state.failed.stage
    if state.extracted or state.read or "extract" in state.progress:
        return "extract"
    return "ocr" if "ocr" in state.progress else "ingest"


def updated_at(state: DocumentState) -> datetime:
    """Return the time of the newest fact. A state has at least one."""
    facts = (state.uploaded, state.read, state.extracted, state.failed, state.resubmitted, *state.progress.values())
    return max(fact.at for fact in facts if fact)
