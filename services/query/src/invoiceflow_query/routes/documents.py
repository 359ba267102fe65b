"""Documents: where each one is on its way, live if wanted, and its original file."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from invoiceflow_chassis.auth import CurrentTenant
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.changes import Changes
from invoiceflow_query.cursors import decode_cursor, encode_cursor
from invoiceflow_query.downloads import attachment, conditional_json, not_modified, private
from invoiceflow_query.live import document_events, document_soon, last_seen
from invoiceflow_query.parameters import DocumentListParameters
from invoiceflow_query.ports import ReadModel, StoredDocument
from invoiceflow_query.queries import document_position
from invoiceflow_query.routes.query_strings import QueryStringRoute
from invoiceflow_query.routes.responses import NOT_MODIFIED, document_not_found, problems
from invoiceflow_query.views import DocumentView

__all__ = ["DocumentPage", "document_routes"]


class DocumentPage(BaseModel):
    """A page of documents."""

    items: Sequence[DocumentView]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")


PATIENCE_SECONDS = 2.0
"""How long following waits for a document that was taken in this moment."""


def document_routes(
    read_model: ReadModel, objects: ObjectStore, changes: Changes, *, poll: float, heartbeat: float
) -> APIRouter:
    """Return the routes over documents."""
    router = APIRouter(prefix="/documents", tags=["documents"])

    async def find(tenant: str, document_id: UUID, *, patience: float = 0.0) -> StoredDocument:
        document = await document_soon(read_model, changes, tenant, document_id, patience=patience, poll=poll)
        if document is None:
            raise document_not_found(document_id)
        return document

    async def list_documents(tenant: CurrentTenant, parameters: Annotated[DocumentListParameters, Query()]) -> Response:
        query = parameters.query()
        after = decode_cursor(tenant, query, parameters.cursor) if parameters.cursor is not None else None
        found = await read_model.documents(tenant, query, after=after, limit=parameters.limit + 1)
        items = [document.view for document in found[: parameters.limit]]
        more = len(found) > parameters.limit
        cursor = encode_cursor(tenant, query, document_position(items[-1], query.sort.field)) if more else None
        page = DocumentPage(items=items, next_cursor=cursor)
        return Response(page.model_dump_json(), media_type="application/json")

    router.add_api_route(
        "",
        list_documents,
        summary="List documents",
        response_model=DocumentPage,
        responses=problems(invalid_cursor=400, invalid_request=422),
        route_class_override=QueryStringRoute,
    )

    @router.get(
        "/{document_id}",
        summary="Get a document: its status, progress, times and error",
        response_model=DocumentView,
        responses={**NOT_MODIFIED, **problems(document_not_found=404, invalid_request=422)},
    )
    async def get_document(tenant: CurrentTenant, document_id: UUID, request: Request) -> Response:
        return conditional_json(request, (await find(tenant, document_id)).view)

    @router.get(
        "/{document_id}/events",
        summary="Follow a document as server-sent events",
        description=(
            "The document's state now, then again after each change, as events of type `document` whose data is what "
            "`GET /v1/documents/{document_id}` returns. The stream ends after a terminal state. A client that reconnects with "
            "`Last-Event-ID` goes on where it was; 204 tells it that there is nothing left to wait for. A document taken in "
            "this moment is waited for."
        ),
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {
                    "text/event-stream": {
                        "schema": {"type": "string"},
                        "example": 'id: 3\nevent: document\ndata: {"id": "…", "status": "processing", "pages_done": 2}\n\n',
                    }
                }
            },
            204: {"description": "The client has seen the terminal state already."},
            **problems(document_not_found=404, invalid_request=422),
        },
    )
    async def follow_document(
        tenant: CurrentTenant,
        document_id: UUID,
        last_event_id: Annotated[str | None, Header(description="`id` of the last event seen.")] = None,
    ) -> Response:
        document, seen = await find(tenant, document_id, patience=PATIENCE_SECONDS), last_seen(last_event_id)
        if document.view.terminal and document.version == seen:
            return Response(status_code=204)
        return StreamingResponse(
            document_events(read_model, changes, tenant, document_id, seen, poll=poll, heartbeat=heartbeat),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @router.get(
        "/{document_id}/file",
        summary="Download the original document",
        response_class=Response,
        responses={
            200: {
                "description": "The bytes as they were received.",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            },
            **NOT_MODIFIED,
            **problems(document_not_found=404, file_not_found=404, object_not_found=404, invalid_request=422),
        },
    )
    async def get_file(tenant: CurrentTenant, document_id: UUID, request: Request) -> Response:
        document = await find(tenant, document_id)
        content = document.state.content
        if content is None:
            raise ProblemError(
                404, "file_not_found", "Nothing has told yet where the document's file is. Try again in a moment."
            )
        etag = f'"{content.sha256}"'
        unchanged = not_modified(request, etag)
        if unchanged:
            return unchanged
        return Response(
            await objects.get(tenant, content),
            media_type=content.media_type,
            headers={
                **private(etag),
                "Content-Disposition": attachment(document.view.filename or str(document_id)),
                # A document is hostile until shown otherwise: it is saved, never run in the API's origin.
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )

    return router
