"""What the OpenAPI description says of ``POST /v1/documents`` beyond what the code's types do."""

from typing import Any

from invoiceflow_chassis.problems import Problem
from invoiceflow_ingest.errors import SUPPORTED

__all__ = ["ACCEPTED", "FORM", "PROBLEMS"]

_ID = "6c1f3a52-7f0e-5d0b-8f6b-0d7c9f1f2a34"
_LINKS = {
    "self": f"/v1/documents/{_ID}",
    "events": f"/v1/documents/{_ID}/events",
    "file": f"/v1/documents/{_ID}/file",
}
_UNSUPPORTED = f"This is a compressed archive. Unpack it and send the documents in it. What can be read: {SUPPORTED}."

FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": f"One or several files, each a field of its own. {SUPPORTED}.",
                    },
                    "source": {
                        "type": "string",
                        "maxLength": 200,
                        "description": "The sending system.",
                        "examples": ["portal"],
                    },
                    "external_reference": {
                        "type": "string",
                        "maxLength": 200,
                        "description": "The sender's own id of the documents.",
                        "examples": ["MAIL-4711"],
                    },
                    "tags": {
                        "type": "array",
                        "maxItems": 50,
                        "items": {"type": "string"},
                        "description": "Free labels, each a field of its own.",
                        "examples": [["2026", "travel"]],
                    },
                },
            },
            # One field per value, as curl -F and browsers send lists (OpenAPI 3.1, encoding object).
            "encoding": {"tags": {"style": "form", "explode": True}},
        }
    },
}
"""The request body, which FastAPI cannot know: it is read as a stream."""


def _example(summary: str, *documents: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "value": {"documents": list(documents)}}


def _document(*, known: bool) -> dict[str, Any]:
    return {
        "document_id": _ID,
        "filename": "invoice-2024-0117.pdf",
        "media_type": "application/pdf",
        "size": 48213,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "known": known,
        "links": _LINKS,
    }


def _problem(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    problem = Problem(
        type=f"urn:invoiceflow:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
    )
    return {**problem.model_dump(), **extra}


def _refusal(status: int, code: str, detail: str, *, filename: str | None = None) -> dict[str, Any]:
    """Return a problem document; ``filename`` for one that lists the files it is about."""
    errors = [{"filename": filename, "status": status, "code": code, "detail": detail}]
    return _problem(status, code, detail, **({"errors": errors} if filename is not None else {}))


def _response(description: str, *examples: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/problem+json": {
                "schema": Problem.model_json_schema(),
                "examples": {example["code"]: {"value": example} for example in examples},
            }
        },
    }


ACCEPTED: dict[str, Any] = {
    "description": "At least one file is stored and announced.",
    "headers": {
        "Location": {"description": "The document, where there is just one.", "schema": {"type": "string"}},
    },
    "content": {
        "application/json": {
            "examples": {
                "new": _example("A new document", _document(known=False)),
                "known": _example("The same bytes again", _document(known=True)),
                "several": _example(
                    "Several files, one of them refused",
                    _document(known=False),
                    {"filename": "scans.7z", "problem": _problem(415, "unsupported_media_type", _UNSUPPORTED)},
                ),
            }
        }
    },
}

PROBLEMS: dict[int, dict[str, Any]] = {
    400: _response(
        "The body is not a form that can be read.",
        _refusal(400, "invalid_multipart", "The request ends before its last boundary. Send it again."),
    ),
    413: _response(
        "Every file is too large, or the request as a whole.",
        _refusal(
            413,
            "content_too_large",
            "The document is larger than the limit of 52428800 bytes. Split it or send a smaller scan.",
            filename="book.pdf",
        ),
    ),
    415: _response(
        "No file is of a kind that can be read.",
        _refusal(415, "unsupported_media_type", _UNSUPPORTED, filename="scans.7z"),
    ),
    422: _response(
        "The form is complete and nothing in it can be accepted.",
        _refusal(422, "no_file", "The form has no file. Send at least one as a form field named file."),
        _refusal(
            422,
            "empty_file",
            "The file is empty. Send it again; the transfer may have failed.",
            filename="invoice.pdf",
        ),
        _refusal(422, "too_many_files", "A request may carry 100 files. Send the others in a request of their own."),
        _problem(
            422,
            "invalid_request",
            "The form is not valid: tag: is not a field of this form (file, source, external_reference, tags).",
            errors=[
                {"field": "tag", "message": "is not a field of this form (file, source, external_reference, tags)"}
            ],
        ),
    ),
    503: _response(
        "The object store or Kafka did not acknowledge; nothing is known to be accepted. Send the request again.",
        _refusal(503, "broker_unavailable", "Kafka is not connected yet. Try again in a moment."),
    ),
    507: _response(
        "The object store is full.",
        _refusal(507, "storage_full", "The object store has no room left. Free some space and try again."),
    ),
}
