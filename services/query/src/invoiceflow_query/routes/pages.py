"""Pictures of pages, with where the values stand."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from invoiceflow_chassis.auth import CurrentTenant
from invoiceflow_chassis.errors import PermanentError
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.downloads import not_modified, private
from invoiceflow_query.page_boxes import LabelledBox, boxes_on
from invoiceflow_query.ports import PagePainter, ReadModel
from invoiceflow_query.routes.responses import NOT_MODIFIED, document_not_found, problems

__all__ = ["page_routes"]

DRAWING = 1
"""Another number for other pictures of the same page, so that nobody keeps the old ones."""


def page_routes(read_model: ReadModel, objects: ObjectStore, painter: PagePainter) -> APIRouter:
    """Return the route to pictures of pages."""
    router = APIRouter(prefix="/documents", tags=["documents"])

    @router.get(
        "/{document_id}/pages/{number}.png",
        summary="See a page, with the places of the invoice's values",
        description=(
            "The page as it was read: upright. With `boxes=1` a frame stands around every value of the invoice, with its field and in green, "
            "amber or red by its confidence. Of Office files and e-invoices without a PDF there are no pictures."
        ),
        response_class=Response,
        responses={
            200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
            **NOT_MODIFIED,
            **problems(
                document_not_found=404,
                file_not_found=404,
                object_not_found=404,
                page_not_found=404,
                invalid_request=422,
                page_too_complex=422,
                page_unreadable=422,
                page_without_picture=422,
            ),
        },
    )
    async def get_page(
        tenant: CurrentTenant,
        document_id: UUID,
        number: Annotated[int, Path(ge=1, description="Of the page, from 1.")],
        request: Request,
        *,
        boxes: Annotated[bool, Query(description="Mark where the values stand.")] = False,
        field: Annotated[
            list[str] | None,
            Query(
                max_length=50,
                description="Mark only this field and those beneath it, such as `totals.gross` or `lines.0`; may be repeated.",
            ),
        ] = None,
        width: Annotated[int, Query(ge=50, le=3000, description="Of the picture in pixels.")] = 1240,
    ) -> Response:
        document = await read_model.document(tenant, document_id)
        if document is None:
            raise document_not_found(document_id)
        content, layout = document.state.content, document.state.layout
        if content is None:
            raise ProblemError(
                404, "file_not_found", "Nothing has told yet where the document's file is. Try again in a moment."
            )
        if not painter.can_draw(content.media_type):
            raise ProblemError(
                422,
                "page_without_picture",
                f"Pages of PDFs and pictures can be seen; this document is {content.media_type}. Download it instead.",
            )
        read = document.state.read
        if read is not None and number > read.pages:
            raise ProblemError(404, "page_not_found", f"The document has no page {number}; it has {read.pages}.")
        marks: tuple[LabelledBox, ...] = ()
        if boxes:
            invoice = await read_model.invoice(tenant, document_id)
            marks = boxes_on(number, invoice.record.evidence, field or ()) if invoice else ()
        facts = (DRAWING, content.sha256, layout.sha256 if layout else "", number, width, marks)
        etag = f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'
        unchanged = not_modified(request, etag)
        if unchanged:
            return unchanged
        original = await objects.get(tenant, content)
        turned = await objects.get(tenant, layout) if layout else b""
        try:
            picture = await painter.draw(original, content.media_type, number, layout=turned, width=width, boxes=marks)
        except PermanentError as error:
            status = 404 if error.code == "page_not_found" else 422
            raise ProblemError(status, error.code, error.message) from error
        return Response(picture, media_type="image/png", headers={**private(etag), "X-Content-Type-Options": "nosniff"})

    return router
