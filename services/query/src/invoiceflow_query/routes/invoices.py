"""Invoices: found, shown, handed out as e-invoices and exported."""

import json
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from invoiceflow_chassis.auth import CurrentTenant
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.cursors import decode_cursor, encode_cursor
from invoiceflow_query.downloads import attachment, conditional_json
from invoiceflow_query.exports import MEDIA_TYPES, export_chunks
from invoiceflow_query.parameters import ExportParameters, InvoiceListParameters
from invoiceflow_query.ports import FacturXMaker, ReadModel
from invoiceflow_query.queries import check_invoice_position, invoice_position
from invoiceflow_query.records import InvoiceSummary
from invoiceflow_query.representations import InvoiceFormat, accepted
from invoiceflow_query.routes.einvoices import EInvoices
from invoiceflow_query.routes.query_strings import QueryStringRoute
from invoiceflow_query.routes.responses import NOT_MODIFIED, problems
from invoiceflow_query.views import InvoiceView

__all__ = ["InvoicePage", "invoice_routes"]


class InvoicePage(BaseModel):
    """A page of invoices."""

    items: Sequence[InvoiceSummary]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")


def invoice_routes(read_model: ReadModel, objects: ObjectStore, factur_x: FacturXMaker) -> APIRouter:
    """Return the routes over invoices."""
    einvoices = EInvoices(read_model, objects, factur_x)
    router = APIRouter(prefix="/invoices", tags=["invoices"])

    async def list_invoices(tenant: CurrentTenant, parameters: Annotated[InvoiceListParameters, Query()]) -> Response:
        query = parameters.query()
        after, field = None, query.sort.field
        if parameters.cursor is not None:
            after = decode_cursor(tenant, query, parameters.cursor, lambda each: check_invoice_position(each, field))
        found = await read_model.invoices_json(tenant, query, after=after, limit=parameters.limit + 1)
        items = found[: parameters.limit]
        cursor = None
        if len(found) > parameters.limit:
            last = InvoiceSummary.model_validate_json(items[-1])
            cursor = encode_cursor(tenant, query, invoice_position(last, field))
        # The page as text, as the read model keeps it: to build and serialise its models takes ten times as long.
        content = f'{{"items":[{",".join(items)}],"next_cursor":{json.dumps(cursor)}}}'
        return Response(content, media_type="application/json")

    router.add_api_route(
        "",
        list_invoices,
        summary="Find invoices",
        response_model=InvoicePage,
        responses=problems(invalid_cursor=400, invalid_request=422),
        route_class_override=QueryStringRoute,
    )

    @router.get(
        "/export",
        summary="Export invoices",
        description=(
            "All invoices that the filters find. `csv`: one row for each, streamed. `json`: an array of what "
            "`GET /v1/invoices/{invoice_id}` returns, streamed. `xlsx`: a sheet of invoices and one of their lines. In `csv`, a text that "
            "a spreadsheet would take for a formula has an apostrophe before it."
        ),
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    MEDIA_TYPES["json"]: {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/InvoiceView"}}
                    },
                    MEDIA_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
                }
            },
            **problems(export_too_large=422, invalid_request=422),
        },
    )
    async def export_invoices(tenant: CurrentTenant, parameters: Annotated[ExportParameters, Query()]) -> Response:
        chunks = await export_chunks(read_model, tenant, parameters.query(), parameters.format)
        return StreamingResponse(
            chunks,
            media_type=MEDIA_TYPES[parameters.format],
            headers={
                "Content-Disposition": attachment(f"invoices.{parameters.format}"),
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    @router.get(
        "/{invoice_id}",
        summary="Get an invoice with where each value stands and what the checks found, or as an e-invoice",
        description=(
            "`ubl` is UBL 2.1, `cii` UN/CEFACT CII in Factur-X's profile EN 16931, `factur-x` the original PDF with the latter inside. "
            "`format` goes before `Accept`, in which `application/pdf` is Factur-X, and `application/xml` is UBL or what the namespace as "
            "`profile` names. An invoice that lacks what EN 16931 "
            "demands, or contradicts itself, has no valid e-invoice: `violations` of the 422 lists each rule with a sentence and the fields."
        ),
        response_model=InvoiceView,
        responses={
            200: {
                "content": {
                    "application/xml": {"schema": {"type": "string"}},
                    "application/pdf": {"schema": {"type": "string", "format": "binary"}},
                }
            },
            **NOT_MODIFIED,
            **problems(
                invoice_not_found=404,
                object_not_found=404,
                einvoice_not_possible=422,
                invalid_request=422,
                not_a_pdf=422,
                pdf_not_writable=422,
            ),
        },
    )
    async def get_invoice(
        tenant: CurrentTenant,
        invoice_id: UUID,
        request: Request,
        form: Annotated[InvoiceFormat | None, Query(alias="format", description="Default: what `Accept` says.")] = None,
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        invoice = await read_model.invoice(tenant, invoice_id)
        if invoice is None:
            raise ProblemError(
                404,
                "invoice_not_found",
                f"There is no invoice {invoice_id}. GET /v1/documents/{invoice_id} says whether its document is under way or failed.",
            )
        wanted = form or accepted(accept)
        if wanted is InvoiceFormat.JSON:
            response = conditional_json(request, invoice.view)
        else:
            response = await einvoices.response(request, tenant, invoice, wanted)
        response.headers["Vary"] = "Accept"
        return response

    return router
