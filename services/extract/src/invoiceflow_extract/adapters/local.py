"""The local engine behind the port."""

import asyncio

from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.reading import Reading

__all__ = ["LocalExtractor"]


class LocalExtractor:
    """Runs the local engine in a thread, so that a long document does not hold up the event loop."""

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        return await asyncio.to_thread(_read, layout)


def _read(layout: Layout) -> Reading:
    # Its tables of labels and locales take a moment to load, and an e-invoice may never need them.
    from invoiceflow_extract.local import read_layout  # noqa: PLC0415

    return read_layout(layout)
