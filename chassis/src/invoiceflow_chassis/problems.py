"""Errors over HTTP as problem documents (RFC 9457)."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from invoiceflow_chassis.errors import PermanentError, TransientError

__all__ = ["Problem", "ProblemError", "install_problem_handlers", "problem_response"]

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """A problem document (RFC 9457, section 3)."""

    type: str = Field(examples=["urn:invoiceflow:problem:document_not_found"])
    title: str
    status: int
    detail: str = Field(description="A sentence that says what to do.")
    code: str = Field(description="Stable code.", examples=["document_not_found"])


class ProblemError(Exception):
    """Raised in a route to answer with a problem document."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.extra = extra


def problem_response(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: Any
) -> JSONResponse:
    """Return the problem document as a response; ``extra`` are its extension members."""
    problem = Problem(
        type=f"urn:invoiceflow:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
    )
    return JSONResponse({**problem.model_dump(), **extra}, status, headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""

    @app.exception_handler(ProblemError)
    async def on_problem(_: Request, error: ProblemError) -> JSONResponse:
        return problem_response(error.status, error.code, error.detail, headers=error.headers, **error.extra)

    @app.exception_handler(TransientError)
    async def on_transient(_: Request, error: TransientError) -> JSONResponse:
        status = 507 if error.code == "storage_full" else 503
        return problem_response(status, error.code, error.message, headers={"Retry-After": "5"})

    @app.exception_handler(PermanentError)
    async def on_permanent(_: Request, error: PermanentError) -> JSONResponse:
        status = {"object_not_found": 404, "content_too_large": 413}.get(error.code, 422)
        return problem_response(status, error.code, error.message)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()
        ]
        fields = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
        return problem_response(422, "invalid_request", f"The request is not valid: {fields}.", errors=errors)

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        detail = {
            404: "There is nothing at this address. The API is described at /docs.",
            405: "This address does not take this method. The API is described at /docs.",
        }.get(error.status_code, str(error.detail))
        return problem_response(error.status_code, code, detail, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def on_bug(_: Request, __: Exception) -> JSONResponse:
        return problem_response(
            500, "internal_error", "Something went wrong on our side. Try again; the log has the details."
        )
