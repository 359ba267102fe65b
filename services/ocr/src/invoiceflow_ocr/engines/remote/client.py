"""docling-serve's HTTP API, version 1: one file to ``POST /v1/convert/file``, its ``DoclingDocument`` back.

The synchronous call: an invoice has few pages, and one request leaves no task behind that somebody would have to
look after. docling-serve itself gives up after ``DOCLING_SERVE_MAX_SYNC_WAIT`` seconds with a 504.
"""

import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from invoiceflow_chassis.errors import PermanentError, TransientError

__all__ = ["DoclingServe"]

PATH = "v1/convert/file"

FILES = {"pdf": ("document.pdf", "application/pdf"), "image": ("document.tiff", "image/tiff")}
"""Names and types of what is sent; a document's own name is nobody else's business."""

OPTIONS = {
    "to_formats": "json",
    "target_type": "inbody",
    "image_export_mode": "placeholder",
    "include_images": "false",
    "do_ocr": "true",
    "do_table_structure": "true",
    "table_mode": "accurate",
}
"""The rest, such as the recognition's language and engine, is for the server to choose."""

CONNECT_SECONDS = 10.0
MOST_BYTES = 200_000_000
"""Of an answer; what a document of 200 pages comes to is far below."""

DOCUMENT_TO_BLAME = frozenset({400, 413, 415, 422})
"""Refusals that another attempt cannot change. All others (a wrong key or address, a quota, an overload) are none of
the document's doing: it is tried again, and stays in the dead letters to be redriven once the cause is mended."""


class DoclingServe:
    """One server.

    Args:
        url: where it listens; may have a path.
        api_key: sent as ``X-Api-Key``, where it wants one.
        seconds: longest time for one conversion, from the connection to the last byte.
    """

    def __init__(self, url: str, *, api_key: str | None, seconds: float) -> None:
        self._url = f"{url.rstrip('/')}/{PATH}"
        self._headers = {"Accept": "application/json", **({"X-Api-Key": api_key} if api_key else {})}
        self._seconds = seconds

    def convert(self, data: bytes, kind: Literal["pdf", "image"]) -> bytes:
        """Have a file converted; return the JSON of the answer.

        Raises:
            PermanentError: ``remote_engine_refused`` or ``document_too_complex``.
            TransientError: ``remote_engine_unavailable``, ``remote_engine_busy`` or ``remote_engine_misconfigured``.
        """
        deadline = time.monotonic() + self._seconds
        name, media_type = FILES[kind]
        timeout = httpx.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds))
        try:
            # A connection for each document: one that was kept may have been closed over there in the meantime, and
            # compared with the work a new one costs nothing.
            with (
                httpx.Client(timeout=timeout, headers=self._headers) as client,
                client.stream(
                    "POST",
                    self._url,
                    data={"from_formats": kind, **OPTIONS},
                    files={"files": (name, data, media_type)},
                ) as response,
            ):
                body = _received(response, deadline)
        except httpx.TimeoutException:
            raise _too_slow(self._seconds) from None
        except httpx.HTTPError as error:
            raise TransientError(
                "remote_engine_unavailable", f"docling-serve cannot be reached ({type(error).__name__})."
            ) from None
        if body is None:
            raise _too_slow(self._seconds)
        if not response.is_success:
            raise _refusal(response)
        return body


def _received(response: httpx.Response, deadline: float) -> bytes | None:
    """The whole answer, or None where it did not come in time."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise PermanentError(
                "document_too_complex",
                "What docling-serve made of the document is too large. Split it and send the parts.",
            )
        if time.monotonic() > deadline:
            return None
        parts.append(part)
    return b"".join(parts)


def _too_slow(seconds: float) -> TransientError:
    return TransientError(
        "remote_engine_unavailable",
        f"docling-serve did not answer within {seconds:g} seconds. Give it more processors, or raise INVOICEFLOW_OCR_REMOTE_SECONDS.",
    )


def _refusal(response: httpx.Response) -> PermanentError | TransientError:
    status = response.status_code
    if status in DOCUMENT_TO_BLAME:
        return PermanentError(
            "remote_engine_refused",
            f"docling-serve refused the document (HTTP {status}). It may be larger than that server takes, or damaged: its log says why.",
        )
    if status in {429, 503}:
        return TransientError(
            "remote_engine_busy",
            f"docling-serve has no room for the document now (HTTP {status}).",
            retry_after=_seconds_to_wait(response.headers.get("Retry-After")),
        )
    if status >= 500:
        return TransientError("remote_engine_unavailable", f"docling-serve failed (HTTP {status}); its log says why.")
    return TransientError(
        "remote_engine_misconfigured",
        f"docling-serve does not let this service in (HTTP {status}). Check INVOICEFLOW_OCR_REMOTE_URL and INVOICEFLOW_OCR_REMOTE_API_KEY.",
    )


def _seconds_to_wait(header: str | None) -> float | None:
    """``Retry-After`` (RFC 9110, 10.2.3) in seconds: a number of them, or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
