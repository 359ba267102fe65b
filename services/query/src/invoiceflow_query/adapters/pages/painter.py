"""The service's side of the child processes that draw pages."""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_query.adapters.pages.child import EXHAUSTED, MISSING, UNREADABLE
from invoiceflow_query.adapters.pages.order import PICTURE_TYPES, Order
from invoiceflow_query.page_boxes import LabelledBox

__all__ = ["ChildPainter"]

_log = logging.getLogger(__name__)

_KILLED = -9
_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
"""What of the service's environment a child is given: nothing that could be a secret."""


class ChildPainter:
    """Draws each page in a process of its own, with limits on time and memory, and a few at a time."""

    def __init__(self, *, at_a_time: int, seconds: float, memory_bytes: int) -> None:
        self._room = asyncio.Semaphore(at_a_time)
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    def can_draw(self, media_type: str) -> bool:
        """Whether files of this type have pages that can be drawn."""
        return media_type == "application/pdf" or media_type in PICTURE_TYPES

    async def draw(
        self,
        document: bytes,
        media_type: str,
        page: int,
        *,
        layout: bytes = b"",
        width: int,
        boxes: Sequence[LabelledBox] = (),
    ) -> bytes:
        """Return the page as PNG; see ``ports.PagePainter``."""
        order = Order(
            media_type=media_type,
            page=page,
            width=width,
            boxes=tuple(boxes),
            layout_size=len(layout),
            memory_bytes=self._memory_bytes,
            cpu_seconds=max(1, round(self._seconds)),
        )
        async with self._room:
            code, picture = await self._run(order.model_dump_json().encode() + b"\n" + layout + document)
        if code == 0:
            return picture
        raise _refusal(code, page)

    async def _run(self, given: bytes) -> tuple[int, bytes]:
        """Return the exit code and what was written; the child is gone when this returns, however."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "invoiceflow_query.adapters.pages.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the document
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._seconds):
                written, _ = await child.communicate(given)
        except TimeoutError:
            return _KILLED, b""
        finally:
            if child.returncode is None:
                child.kill()
                await asyncio.shield(child.wait())
        return child.returncode or 0, written


def _refusal(code: int, page: int) -> PermanentError:
    if code == MISSING:
        return PermanentError("page_not_found", f"The document has no page {page}.")
    if code == UNREADABLE:
        return PermanentError(
            "page_unreadable",
            f"Page {page} cannot be drawn: the file is damaged, protected or too large. Download it instead.",
        )
    if code not in {EXHAUSTED, _KILLED}:
        _log.warning("A child that drew a page ended with %d.", code)
    return PermanentError(
        "page_too_complex",
        f"Page {page} needs more time or memory to be drawn than is allowed. Ask for a smaller width, or download the file.",
    )
