"""Pictures of pages by child processes."""

import logging
from collections.abc import Sequence

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_query.adapters.sandbox.child import EXHAUSTED, MISSING, UNREADABLE
from invoiceflow_query.adapters.sandbox.order import PICTURE_TYPES, Drawing
from invoiceflow_query.adapters.sandbox.runner import KILLED, Sandbox
from invoiceflow_query.page_boxes import LabelledBox

__all__ = ["ChildPainter"]

_log = logging.getLogger(__name__)


class ChildPainter:
    """Draws each page in a process of its own; see ``ports.PagePainter``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def can_draw(self, media_type: str) -> bool:
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
        drawing = Drawing(media_type=media_type, page=page, width=width, boxes=tuple(boxes))
        code, picture = await self._sandbox.run("draw", layout, document, drawing=drawing)
        if code == 0:
            return picture
        raise _refusal(code, page)


def _refusal(code: int, page: int) -> PermanentError:
    if code == MISSING:
        return PermanentError("page_not_found", f"The document has no page {page}.")
    if code == UNREADABLE:
        return PermanentError(
            "page_unreadable",
            f"Page {page} cannot be drawn: the file is damaged, protected or too large. Download it instead.",
        )
    if code not in {EXHAUSTED, KILLED}:
        _log.warning("A child that drew a page ended with %d.", code)
    return PermanentError(
        "page_too_complex",
        f"Page {page} needs more time or memory to be drawn than is allowed. Ask for a smaller width, or download the file.",
    )
