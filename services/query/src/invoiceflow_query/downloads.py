"""Headers under which files and single resources are handed out."""

import hashlib
from urllib.parse import quote

from fastapi import Request, Response
from pydantic import BaseModel

__all__ = ["attachment", "conditional_json", "not_modified", "private", "strong_etag"]

_PRIVATE = "private, no-cache"


def attachment(filename: str) -> str:
    """Return a ``Content-Disposition`` that saves under ``filename`` (RFC 6266, RFC 8187) and cannot be broken out of."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1] or "document"
    plain = "".join(char if " " <= char <= "~" and char not in '"%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def strong_etag(content: bytes) -> str:
    """Return an entity tag that is another for every other content (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """Return a 304 where the client says it has ``etag`` already (RFC 9110, section 13.1.2)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return None
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return Response(status_code=304, headers=private(etag)) if tags & {etag, "*"} else None


def private(etag: str) -> dict[str, str]:
    """Return the headers that let only the client itself keep a response, and ask each time."""
    return {"ETag": etag, "Cache-Control": _PRIVATE}


def conditional_json(request: Request, view: BaseModel) -> Response:
    """Return ``view`` with its entity tag, or 304 where the client has it."""
    content = view.model_dump_json().encode()
    etag = strong_etag(content)
    return not_modified(request, etag) or Response(content, media_type="application/json", headers=private(etag))
