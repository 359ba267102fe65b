"""What the extraction needs from outside its own domain."""

from typing import Protocol

from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.reading import Reading

__all__ = ["Extractor"]


class Extractor(Protocol):
    """Reads an invoice from the page."""

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:
        """Return what it reads on the pages, with evidence for every value.

        It need not repeat what ``so_far`` already has, and may use it: to ask only for what is missing, or to tell which
        of several candidates fits. Joining the two is the caller's work.

        Raises:
            TransientError: it cannot be reached just now.
        """
        ...
