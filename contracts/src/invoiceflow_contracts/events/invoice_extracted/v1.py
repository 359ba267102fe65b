"""``invoice.extracted`` version 1: the checked invoice; a document's good end."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events.base import DocumentEvent
from invoiceflow_contracts.extraction import Cost, Evidence, Finding, JsonPointer, Part, Tried
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Engine

__all__ = ["InvoiceExtractedV1"]


class InvoiceExtractedV1(DocumentEvent):
    """The invoice with, for every value in it, where it stands and how sure that is.

    A document that holds several makes an event for each. The first has the document's id; each further one has an id of its
    own (``identity.part_id``), and ``part`` names the document.
    """

    event_type: ClassVar[str] = "invoice.extracted"
    event_version: ClassVar[int] = 1

    content: ContentRef = Field(description="The original document.")
    part: Part | None = Field(default=None, description="Set where the document holds several invoices.")
    invoice: Invoice
    evidence: dict[JsonPointer, Evidence] = Field(description="By JSON pointer into the invoice.")
    findings: tuple[Finding, ...] = ()
    confidence: float = Field(ge=0.0, le=1.0, description="Of the invoice as a whole.")
    needs_review: bool
    engine: Engine
    costs: tuple[Cost, ...] = Field(default=(), description="One per stage that worked on the document.")
    tried: tuple[Tried, ...] = Field(default=(), description="The questions to language models, in order.")
    extracted_at: AwareDatetime
