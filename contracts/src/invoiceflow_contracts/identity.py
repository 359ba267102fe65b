"""Who a document belongs to and what identifies it.

The same bytes of the same tenant are the same document: its id is a name-based
UUID (RFC 9562, version 5) of the tenant and the SHA-256 of the bytes.
"""

from typing import Annotated
from uuid import UUID, uuid5

from pydantic import StringConstraints

__all__ = ["DEFAULT_TENANT", "NAMESPACE", "Sha256", "Tenant", "document_id", "event_id", "first_event_id", "part_id"]

NAMESPACE = UUID("6f1d7c5e-3b0a-5c58-9b57-2a1f8a3f9d10")
"""The namespace of every name-based UUID the project makes; it must never change."""

Tenant = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A tenant's name: lower-case letters, digits and hyphens, as in a DNS label."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal."""

DEFAULT_TENANT = "default"


def document_id(tenant: str, sha256: str) -> UUID:
    """Return the id of the document with these bytes in this tenant."""
    return uuid5(NAMESPACE, f"document/{tenant}/{sha256}")


def part_id(document: UUID, number: int) -> UUID:
    """Return the id of the invoice ``number`` (from 1) of a document that holds several; the first has the document's own."""
    return document if number == 1 else uuid5(NAMESPACE, f"part/{document}/{number}")


def event_id(cause: str, event_type: str, pipeline_version: str, ordinal: int = 0) -> UUID:
    """Return the id of the event that ``cause`` leads to.

    A redelivered input gives the same output id, so consumers can drop the repetition.

    Args:
        cause: the ``ce_id`` of the event being handled, or whatever else identifies the input.
        event_type: the ``ce_type`` of the output.
        pipeline_version: the version of the code or engine that made the output.
        ordinal: position among the outputs of this type for this input.
    """
    return uuid5(NAMESPACE, f"event/{cause}/{event_type}/{pipeline_version}/{ordinal}")


def first_event_id(document: UUID, event_type: str) -> UUID:
    """Return the id of the event that announces a document.

    The step from bytes to a document has no outcome that newer code could better, so the event of the same bytes keeps its id
    for good, whoever publishes or reads it.
    """
    return event_id(str(document), event_type, "1")
