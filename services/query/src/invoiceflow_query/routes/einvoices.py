"""An invoice handed out as an e-invoice."""

import asyncio
import hashlib
from dataclasses import asdict

from fastapi import Request, Response

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.downloads import attachment, not_modified, private, strong_etag
from invoiceflow_query.einvoice import NotPossibleError, Syntax, write
from invoiceflow_query.ports import FacturXMaker, ReadModel, StoredInvoice
from invoiceflow_query.representations import PDF, InvoiceFormat, filename, media_type

__all__ = ["EInvoices"]


class EInvoices:
    """Answers requests for e-invoices."""

    def __init__(self, read_model: ReadModel, objects: ObjectStore, factur_x: FacturXMaker) -> None:
        self._read_model = read_model
        self._objects = objects
        self._factur_x = factur_x

    async def response(self, request: Request, tenant: str, invoice: StoredInvoice, form: InvoiceFormat) -> Response:
        """Return ``invoice`` in ``form``, or 304 where the client has it.

        Raises:
            ProblemError: ``einvoice_not_possible``, with the rules in the way; ``not_a_pdf``.
            PermanentError: ``object_not_found``, ``pdf_not_writable``.
        """
        content = await _written(invoice, Syntax.UBL if form is InvoiceFormat.UBL else Syntax.CII)
        name = filename(invoice.record.invoice.number, invoice.record.document_id, form)
        headers = {"Content-Disposition": attachment(name), "X-Content-Type-Options": "nosniff"}
        if form is InvoiceFormat.FACTUR_X:
            return await self._hybrid(request, tenant, invoice, content, headers)
        etag = strong_etag(content)
        unchanged = not_modified(request, etag)
        return unchanged or Response(content, media_type=media_type(form), headers={**private(etag), **headers})

    async def _hybrid(
        self, request: Request, tenant: str, invoice: StoredInvoice, xml: bytes, headers: dict[str, str]
    ) -> Response:
        document = await self._read_model.document(tenant, invoice.record.document_id)
        original = document.state.content if document else None
        if original is None or original.media_type != PDF:
            raise ProblemError(
                422,
                "not_a_pdf",
                "Factur-X is an e-invoice inside of the original PDF, and this document is none. Take the e-invoice by itself: format=cii.",
            )
        # Of what goes in: the file that comes out has the time in it at which it was made.
        etag = f'"{hashlib.sha256(original.sha256.encode() + xml).hexdigest()[:32]}"'
        unchanged = not_modified(request, etag)
        if unchanged:
            return unchanged
        made = await self._factur_x.embed(await self._objects.get(tenant, original), xml)
        return Response(made, media_type=PDF, headers={**private(etag), **headers})


async def _written(invoice: StoredInvoice, syntax: Syntax) -> bytes:
    try:
        # In a thread: an invoice of thousands of lines would hold up everybody else.
        return await asyncio.to_thread(write, invoice.record.invoice, syntax)
    except NotPossibleError as error:
        count, rules = len(error.violations), str(error)
        raise ProblemError(
            422,
            "einvoice_not_possible",
            f"The invoice breaks {count} rule{'s' if count > 1 else ''} of EN 16931 ({rules}), so there is no valid e-invoice of it. "
            "violations says what is missing or wrong.",
            violations=[asdict(each) for each in error.violations],
        ) from error
