"""What the query service needs from its store. The tenant is always the first argument."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from invoiceflow_query.page_boxes import LabelledBox
from invoiceflow_query.projection import Change, DocumentState
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary
from invoiceflow_query.views import DocumentView, InvoiceView, Stats, document_view, invoice_view

__all__ = [
    "Comparable",
    "FacturXMaker",
    "NewGeneration",
    "PagePainter",
    "ReadModel",
    "Rebuildable",
    "StoredDocument",
    "StoredInvoice",
]


@dataclass(frozen=True)
class StoredDocument:
    """A document's state and how often it has changed."""

    id: UUID
    version: int
    """1 when the document became known, one more with every change a reader can see. It depends on the order in
    which events came, so it numbers what a client has seen and is no part of the document."""
    state: DocumentState

    @property
    def view(self) -> DocumentView:
        return document_view(self.id, self.state)


@dataclass(frozen=True)
class StoredInvoice:
    """The invoice that stands for a document, and the name of the file it came in, once that is known."""

    record: InvoiceRecord
    filename: str | None

    @property
    def view(self) -> InvoiceView:
        return invoice_view(self.record, self.filename)


class Comparable(Protocol):
    """Invoices that can be held against each other."""

    async def apply(self, tenant: str, change: Change) -> bool:
        """Merge ``change``; durable on return. Returns whether the document is another than before.

        Changes of the same document may be applied at the same time, here and in other processes: none is lost.
        A document whose status is extracted always has its invoice.
        """
        ...

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None: ...

    async def invoices(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[InvoiceSummary]:
        """Return at most ``limit`` invoices from ``after`` on, in the query's order."""
        ...

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        """Return those of the invoices that exist, in the order asked for."""
        ...

    async def accounts(self, tenant: str, seller: str) -> dict[str, datetime]:
        """Return the accounts that invoices of the seller (see ``cross_checks.sellers_of``) have named.

        With each comes when the first invoice that names it was extracted.
        """
        ...


class ReadModel(Comparable, Protocol):
    """Documents and invoices of all tenants, made from events.

    Nothing of one tenant can be seen through another, even when the ids are equal. Every method raises
    ``UnavailableError`` before it has been opened and while the store does not answer; it works again by itself once it does.
    """

    async def open(self) -> None:
        """Connect; may be called again after it failed.

        Raises:
            UnavailableError: the store does not answer, or is not prepared for this program yet.
            InvoiceflowError: the store is there and trying again will not help.
        """
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the store, opened or not."""
        ...

    async def ping(self) -> None:
        """Return when the store answers."""
        ...

    async def documents(
        self, tenant: str, query: DocumentQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[StoredDocument]:
        """Return at most ``limit`` documents from ``after`` on, in the query's order."""
        ...

    async def tenants(self) -> list[str]:
        """Return every tenant that has a document, for what is done on behalf of the system and not of one of them."""
        ...

    async def unfinished(self, tenant: str, *, after: UUID | None = None, limit: int = 1000) -> list[StoredDocument]:
        """Return documents that are in no terminal state, by id from ``after`` on: what to take up again after a stop."""
        ...

    async def invoice(self, tenant: str, document_id: UUID) -> StoredInvoice | None: ...

    async def invoices_json(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[str]:
        """Return the same, each as the JSON text of its ``InvoiceSummary``, without a line break: what the API answers with."""
        ...

    async def stats(self, tenant: str) -> Stats: ...


class NewGeneration(Comparable, Protocol):
    """A read model beside the one that is read, to be filled unseen by readers and then put in its place."""

    async def tenants(self) -> list[str]:
        """Return whose documents are in the one that is read; of a damaged one as far as is known."""
        ...

    async def join(self) -> None:
        """Return once whatever anyone applies to the read model reaches this generation as well."""
        ...

    async def go_live(self) -> None:
        """Let this be what is read, in one step, and return once everyone reads it."""
        ...


class Rebuildable(ReadModel, Protocol):
    """A read model that can be prepared for this program, and made anew."""

    async def migrate(self, say: Callable[[str], None]) -> None:
        """Bring the store's schema to this program's; may be run again and by several at once. Does not need ``open``.

        Raises:
            UnavailableError: the store does not answer.
            InvoiceflowError: it cannot be brought there.
        """
        ...

    def rebuilding(self, say: Callable[[str], None]) -> AbstractAsyncContextManager[NewGeneration]:
        """Give an empty generation. Unless it has gone live, nothing is changed at the end, however that comes.

        ``say`` is told what is done, in sentences. Does not need ``open``.

        Raises:
            TransientError: another rebuild is under way, or the store does not answer.
            InvoiceflowError: the store has to be free of its service, and is not.
        """
        ...


class PagePainter(Protocol):
    """Draws the pages of original documents, which come from strangers."""

    def can_draw(self, media_type: str) -> bool:
        """Whether files of this type have pages that can be drawn."""
        ...

    async def draw(
        self,
        document: bytes,
        media_type: str,
        page: int,
        *,
        layout: bytes = b"",
        width: int,
        boxes: Sequence[LabelledBox] = (),
    ) -> bytes:
        """Return a page as PNG.

        Args:
            document: the original.
            media_type: its type; one that can be drawn.
            page: its number, from 1.
            layout: the document's layout as it is stored, which says how pages were turned to be read; nothing where it is not known.
            width: of the picture in pixels; a long page may come out smaller.
            boxes: what to mark.

        Raises:
            PermanentError: ``page_not_found``, ``page_unreadable`` or ``page_too_complex``.
        """
        ...


class FacturXMaker(Protocol):
    """Puts e-invoices into original PDFs, which come from strangers."""

    async def embed(self, pdf: bytes, xml: bytes) -> bytes:
        """Return the PDF with the CII document ``xml`` inside, as Factur-X 1.0 in the profile EN 16931.

        Raises:
            PermanentError: ``pdf_not_writable``.
        """
        ...
