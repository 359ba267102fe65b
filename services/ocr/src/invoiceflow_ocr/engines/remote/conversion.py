"""What docling-serve answers, checked and made into a ``DoclingDocument``.

Models of its API: ``ConvertDocumentResponse`` and ``TaskFailureResult`` of docling 2.142.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_ocr.engines.docling_document.ports import Converted
from invoiceflow_ocr.engines.remote.client import DoclingServe
from invoiceflow_ocr.ports import Progress

__all__ = ["RemoteConverter"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _PageScores(_Answer):
    ocr_score: float | None = None


class _Scores(_Answer):
    pages: dict[int, _PageScores] | None = None


class _Document(_Answer):
    json_content: dict[str, Any] | None = None


class _Conversion(_Answer):
    status: str
    document: _Document
    confidence: _Scores | None = None


class _FailureInfo(_Answer):
    retryable: bool = False


class _Failure(_Answer):
    """What newer versions answer where the work itself, not the document, has failed."""

    kind: Literal["TaskFailureResult"]
    failure: _FailureInfo


class RemoteConverter:
    """Has files converted by a docling-serve."""

    def __init__(self, server: DoclingServe) -> None:
        self._server = server

    def warm_up(self) -> None:
        """There is nothing to load here."""

    def convert(self, data: bytes, kind: Literal["pdf", "image"], progress: Progress) -> Converted:
        conversion = _checked(self._server.convert(data, kind))
        document = _document(conversion.document.json_content)
        pages = len(document.pages)
        progress(pages, pages)
        scores = conversion.confidence.pages if conversion.confidence is not None else None
        return Converted(
            document,
            scores={
                number: min(1.0, max(0.0, one.ocr_score))
                for number, one in (scores or {}).items()
                if one.ocr_score is not None
            },
        )


def _checked(body: bytes) -> _Conversion:
    try:
        failure = _Failure.model_validate_json(body)
    except ValidationError:
        pass
    else:
        if failure.failure.retryable:
            raise TransientError("remote_engine_unavailable", "docling-serve could not do the work now.")
        raise _unreadable()
    try:
        conversion = _Conversion.model_validate_json(body)
    except ValidationError:
        raise _not_understood() from None
    match conversion.status:
        case "success":
            return conversion
        case "partial_success":
            raise PermanentError(
                "document_partly_read",
                "Only a part of the document could be read: pages failed, or docling-serve's own time limit for a document was too short.",
            )
        case "failure" | "skipped":
            raise _unreadable()
        case _:
            raise _not_understood()


def _document(content: dict[str, Any] | None) -> Any:
    import docling_core.types.doc as types  # noqa: PLC0415

    model: Any = types  # its names are re-exported without saying so, which strict typing does not accept
    if content is None:
        raise _not_understood()
    try:
        return model.DoclingDocument.model_validate(content)
    except ValidationError:
        raise _not_understood() from None


def _unreadable() -> PermanentError:
    return PermanentError(
        "document_unreadable", "docling-serve could not read the document. Save it anew and send it again."
    )


def _not_understood() -> TransientError:
    return TransientError(
        "remote_engine_not_understood",
        "What answers at INVOICEFLOW_OCR_REMOTE_URL is no docling-serve, or one of a version that is not known here.",
    )
