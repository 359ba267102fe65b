"""The read model is opened while the service runs already, since it may start before its store does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from invoiceflow_chassis.errors import InvoiceflowError, TransientError
from invoiceflow_query.ports import ReadModel

__all__ = ["kept_open"]

_log = logging.getLogger(__name__)

AT_ONCE_SECONDS = 2.0
"""A store that is there is open by then, and one that can never be opened has said so."""
RETRY_SECONDS = 1.0


@asynccontextmanager
async def kept_open(read_model: ReadModel) -> AsyncIterator[None]:
    """Open ``read_model``, in the background where its store is not there yet, and close it at the end.

    Raises:
        InvoiceflowError: the store is there and trying again will not open it.
    """
    opening = asyncio.create_task(_open(read_model), name="read-model-open")
    try:
        await asyncio.wait([opening], timeout=AT_ONCE_SECONDS)
        if opening.done():
            opening.result()
        yield
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await read_model.close()


async def _open(read_model: ReadModel) -> None:
    said = ""
    while True:
        try:
            await read_model.open()
        except TransientError as error:
            if error.message != said:
                said = error.message
                _log.warning("Not ready: %s", said)
            await asyncio.sleep(RETRY_SECONDS)
        except InvoiceflowError as error:
            _log.error("The read model cannot be opened: %s", error.message)
            raise
        else:
            if said:
                _log.info("The read model is open.")
            return
