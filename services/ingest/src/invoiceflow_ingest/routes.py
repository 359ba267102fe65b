"""``POST /v1/documents``."""

from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from invoiceflow_chassis.auth import CurrentTenant
from invoiceflow_chassis.errors import PermanentError
from invoiceflow_chassis.problems import Problem, ProblemError
from invoiceflow_contracts.events import Metadata
from invoiceflow_ingest.descriptions import ACCEPTED, FORM, PROBLEMS
from invoiceflow_ingest.handlers import Acceptance, Intake, Refusal, accept_all
from invoiceflow_ingest.multipart import MultipartError, boundary_of, parts
from invoiceflow_ingest.uploads import InvalidFieldError, Upload, receive_uploads

__all__ = ["DocumentsAccepted", "document_routes"]

_STATUS = {
    "unsupported_media_type": status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    "content_too_large": status.HTTP_413_CONTENT_TOO_LARGE,
}
"""All other reasons to refuse are 422."""


class Links(BaseModel):
    """Where to go on, relative to the API's address."""

    self: str = Field(description="The document's state.")
    events: str = Field(description="Its progress, live (server-sent events).")
    file: str = Field(description="Its bytes.")


class DocumentAccepted(BaseModel):
    """A document that was taken in, now or before."""

    document_id: UUID
    filename: str = Field(description="As the document was called when it was first taken in.")
    media_type: str = Field(description="Found from the content.")
    size: int = Field(description="Bytes.")
    sha256: str
    known: bool = Field(description="Whether these bytes had been taken in before; nothing is run again then.")
    links: Links


class DocumentRefused(BaseModel):
    """A file that was not taken in, beside others that were."""

    filename: str
    problem: Problem


class DocumentsAccepted(BaseModel):
    """The files of the request, in its order."""

    documents: list[DocumentAccepted | DocumentRefused]


def document_routes(intake: Intake, *, max_files: int, max_request_size: int) -> APIRouter:
    """Return the routes that take documents in."""
    router = APIRouter(prefix="/v1", tags=["Documents"])

    @router.post(
        "/documents",
        status_code=status.HTTP_202_ACCEPTED,
        summary="Hand documents in",
        responses=cast("dict[int | str, dict[str, Any]]", {202: ACCEPTED, **PROBLEMS}),
        openapi_extra={"requestBody": FORM},
    )
    async def submit(request: Request, response: Response, tenant: CurrentTenant) -> DocumentsAccepted:
        """Take in one or several files, each a document of its own.

        The answer comes when the files are stored and announced: nothing accepted is lost after that. What a file
        is follows from its content, not from its name. The same bytes again are the same document (`known`).
        An e-mail or a ZIP archive stands for the documents in it. Where some files of a request are refused, the others are
        accepted and each refused one carries its `problem`.
        """
        try:
            boundary = boundary_of(request.headers.get("content-type", ""))
            form = parts(_limited(request, max_request_size), boundary)
            uploads = await receive_uploads(intake, tenant, form, max_files=max_files)
        except MultipartError as error:
            raise ProblemError(400, "invalid_multipart", str(error)) from error
        except ClientDisconnect as error:
            # Nobody is left to read this; as a bug it would be logged with a traceback.
            raise ProblemError(400, "client_disconnected", "The connection ended before the request did.") from error
        except InvalidFieldError as error:
            raise ProblemError(422, error.code, error.message, errors=error.errors) from error
        documents = [
            document
            for upload in uploads.files
            for document in await _taken_in(intake, tenant, upload, uploads.metadata)
        ]
        refused = [document for document in documents if isinstance(document, DocumentRefused)]
        if len(refused) == len(documents):
            raise _all_refused(refused)
        if len(documents) == 1 and isinstance(documents[0], DocumentAccepted):
            response.headers["Location"] = documents[0].links.self
        return DocumentsAccepted(documents=documents)

    return router


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, up to ``limit`` bytes."""
    size = int(request.headers.get("content-length", "0"))
    if size <= limit:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                break
            yield chunk
    if size > limit:
        raise ProblemError(
            status.HTTP_413_CONTENT_TOO_LARGE,
            "content_too_large",
            f"The request is larger than the limit of {limit} bytes. Send the files in several requests.",
        )


async def _taken_in(
    intake: Intake, tenant: str, upload: Upload, metadata: Metadata
) -> list[DocumentAccepted | DocumentRefused]:
    """Accept the document of an upload, or the documents in it."""
    if isinstance(upload.outcome, PermanentError):
        return [DocumentRefused(filename=upload.filename, problem=_problem(upload.outcome))]
    outcomes = await accept_all(
        intake, tenant, upload.outcome, filename=upload.filename, channel="http", metadata=metadata
    )
    return [
        DocumentRefused(filename=one.filename, problem=_problem(one.error))
        if isinstance(one, Refusal)
        else _accepted(one)
        for one in outcomes
    ]


def _accepted(acceptance: Acceptance) -> DocumentAccepted:
    event = acceptance.event
    path = f"/v1/documents/{event.document_id}"
    return DocumentAccepted(
        document_id=event.document_id,
        filename=event.filename,
        media_type=event.content.media_type,
        size=event.content.size,
        sha256=event.content.sha256,
        known=acceptance.known,
        links=Links(self=path, events=f"{path}/events", file=f"{path}/file"),
    )


def _problem(error: PermanentError) -> Problem:
    return Problem(
        type=f"urn:invoiceflow:problem:{error.code}",
        title=error.code.replace("_", " ").capitalize(),
        status=_STATUS.get(error.code, status.HTTP_422_UNPROCESSABLE_CONTENT),
        detail=error.message,
        code=error.code,
    )


def _all_refused(files: list[DocumentRefused]) -> ProblemError:
    """Return the first file's problem, with those of all under ``errors``."""
    first = files[0].problem
    errors = [
        {
            "filename": file.filename,
            "status": file.problem.status,
            "code": file.problem.code,
            "detail": file.problem.detail,
        }
        for file in files
    ]
    return ProblemError(first.status, first.code, first.detail, errors=errors)
