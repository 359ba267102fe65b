"""How the API's description names its answers beside the usual one."""

from typing import Any
from uuid import UUID

from invoiceflow_chassis.problems import MEDIA_TYPE, Problem, ProblemError

__all__ = ["NOT_MODIFIED", "document_not_found", "problems"]

Responses = dict[int | str, dict[str, Any]]

NOT_MODIFIED: Responses = {304: {"description": "Unchanged since the response whose ETag is in If-None-Match."}}

_SENTENCES = {
    "broker_unavailable": "Kafka does not answer. Try again in a moment.",
    "dead_letter_not_found": "There is no dead letter 7d9e…. GET /v1/dead-letters?state=all lists those that Kafka still keeps.",
    "document_not_found": "There is no document 7d9e…. GET /v1/documents lists those there are.",
    "einvoice_not_possible": "The invoice breaks 1 rule of EN 16931 (BR-CO-15), so there is no valid e-invoice of it. violations says what is missing or wrong.",
    "export_too_large": "A sheet holds 1048576 rows at most. Export with narrower filters, or as csv or json.",
    "file_not_found": "Nothing has told yet where the document's file is. Try again in a moment.",
    "invalid_cursor": "The cursor does not belong to this list. Take next_cursor of the page before as it is, with the same filters and sort.",
    "invalid_request": "The request is not valid: query.limit: Input should be greater than or equal to 1.",
    "invoice_not_found": "There is no invoice 7d9e…. GET /v1/documents/7d9e… says whether its document is under way or failed.",
    "operator_required": "This is for operators of the deployment. Use a key that is set as <sha256>:<tenant>:operator.",
    "page_not_found": "The document has no page 4; it has 3.",
    "page_too_complex": "Page 1 needs more time or memory to be drawn than is allowed. Ask for a smaller width, or download the file.",
    "page_unreadable": "Page 1 cannot be drawn: the file is damaged, protected or too large. Download it instead.",
    "page_without_picture": "Pages of PDFs and pictures can be seen; this document is application/xml. Download it instead.",
    "not_a_pdf": "Factur-X is an e-invoice inside of the original PDF, and this document is none. Take the e-invoice by itself: format=cii.",
    "pdf_not_writable": "The original PDF cannot be written anew: it is damaged, protected or too large. Take the e-invoice by itself: format=cii.",
    "object_not_found": "There is no object 'default/9f86…' in bucket 'invoiceflow-originals'. Store it again and resubmit.",
}


def problems(**codes: int) -> Responses:
    """Return the problem documents that a route may answer with, given as code=status, each with an example."""
    responses: Responses = {}
    for status in sorted(set(codes.values())):
        names = [code for code, of in codes.items() if of == status]
        examples = {
            code: {
                "value": Problem(
                    type=f"urn:invoiceflow:problem:{code}",
                    title=code.replace("_", " ").capitalize(),
                    status=status,
                    detail=_SENTENCES[code],
                    code=code,
                ).model_dump()
            }
            for code in names
        }
        responses[status] = {
            "description": ", ".join(f"`{code}`" for code in names),
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema(), "examples": examples}},
        }
    return responses


def document_not_found(document_id: UUID) -> ProblemError:
    """Return the problem that there is no such document."""
    return ProblemError(
        404, "document_not_found", f"There is no document {document_id}. GET /v1/documents lists those there are."
    )
