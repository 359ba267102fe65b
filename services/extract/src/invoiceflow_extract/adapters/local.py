"""The local engine behind the port."""

import asyncio

from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.calibration import Calibration
from invoiceflow_extract.reading import Reading

__all__ = ["LocalExtractor"]


class LocalExtractor:
    """Runs the local engine in a thread, so that a long document does not hold up the event loop.

    Its scores become chances by ``calibration``; without one they stay as they are, which is what a new one is fitted on.
    """

    def __init__(self, calibration: Calibration | None) -> None:
        self._calibration = calibration

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        return await asyncio.to_thread(_read, layout, self._calibration)


def _read(layout: Layout, calibration: Calibration | None) -> Reading:
    # Its tables of labels and locales take a moment to load, and an e-invoice may never need them.
    from invoiceflow_extract.local import read_layout  # noqa: PLC0415

    reading = read_layout(layout)
    return reading if calibration is None else calibration.apply(reading, layout)
