"""Opaque cursors: where the next page of one list begins."""

import base64
import hashlib
import json
from collections.abc import Callable

from pydantic import BaseModel

from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.queries import Position

__all__ = ["decode_cursor", "encode_cursor"]

_CHECK = 8


def _check(tenant: str, query: BaseModel, payload: bytes) -> bytes:
    """Return what ties a position to its list.

    It finds mistakes (a cut cursor, other filters than those of the page before). It guards nothing: a position reveals nothing
    that the tenant may not see, and the tenant comes from the key.
    """
    scope = f"{tenant}\n{type(query).__name__}\n{query.model_dump_json()}\n".encode()
    return hashlib.blake2b(scope + payload, digest_size=_CHECK).digest()


def encode_cursor(tenant: str, query: BaseModel, position: Position) -> str:
    """Return the cursor of what follows ``position`` in the list of ``query``."""
    payload = json.dumps([position.value, str(position.id)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_check(tenant, query, payload) + payload).rstrip(b"=").decode()


def decode_cursor(
    tenant: str, query: BaseModel, cursor: str, check: Callable[[Position], None] | None = None
) -> Position:
    """Return the position that ``cursor`` stands for.

    Args:
        tenant: whose list it is.
        query: what the list is of.
        cursor: as it was sent.
        check: raises ``ValueError`` at a position that the list has nowhere; nothing else keeps a client from making one up.

    Raises:
        ProblemError: 400 ``invalid_cursor``, it is not one that this list has given out.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[_CHECK:]
        if raw[:_CHECK] == _check(tenant, query, payload):
            value, document_id = json.loads(payload)
            position = Position(value=value, id=document_id)
            if check is not None:
                check(position)
            return position
    except ValueError:
        pass
    raise ProblemError(
        400,
        "invalid_cursor",
        "The cursor does not belong to this list. Take next_cursor of the page before as it is, with the same filters and sort.",
    )
