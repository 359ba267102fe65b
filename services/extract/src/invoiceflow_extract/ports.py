"""What the extraction needs from outside its own domain."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from invoiceflow_contracts.extraction import Cost, Finding, Tried
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.reading import Reading

__all__ = ["Assistance", "Assistant", "Extractor", "Original"]


@dataclass(frozen=True)
class Original:
    """The document itself, read only where its pictures are wanted."""

    media_type: str
    read: Callable[[], Awaitable[bytes]]


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


class Assistance(Extractor, Protocol):
    """Reads one document with the help of a language model. Trouble with that is on record and never raised."""

    @property
    def tried(self) -> Sequence[Tried]:
        """The questions so far."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """What has to be said of the asking itself."""
        ...

    @property
    def cost(self) -> Cost | None: ...


class Assistant(Protocol):
    """A language model beside the local engine."""

    @property
    def version(self) -> str:
        """Part of a stored result's name: another model or another prompt makes another result."""
        ...

    def beside(self, local: Extractor, tenant: str, original: Original) -> Assistance:
        """Return a reader of one document."""
        ...
