"""Factur-X files by child processes."""

import logging

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_query.adapters.sandbox.runner import Sandbox

__all__ = ["ChildFacturX"]

_log = logging.getLogger(__name__)


class ChildFacturX:
    """Makes each file in a process of its own; see ``ports.FacturXMaker``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def embed(self, pdf: bytes, xml: bytes) -> bytes:
        code, made = await self._sandbox.run("embed", pdf, xml)
        if code == 0:
            return made
        _log.info("A child that made a Factur-X file ended with %d.", code)
        raise PermanentError(
            "pdf_not_writable",
            "The original PDF cannot be written anew: it is damaged, protected or too large. Take the e-invoice by itself: format=cii.",
        )
