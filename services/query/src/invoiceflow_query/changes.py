"""Word within this process that a document has changed, so that live views need not wait for their next look."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

__all__ = ["Changes"]


class Changes:
    """Wakes those who watch a document. The read model stays the truth: other processes change it too."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[str, UUID], set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, tenant: str, document_id: UUID) -> Iterator[asyncio.Event]:
        """Give an event that is set after every change of the document; whoever waits for it clears it."""
        changed = asyncio.Event()
        watchers = self._watchers.setdefault((tenant, document_id), set())
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop((tenant, document_id), None)

    def notify(self, tenant: str, document_id: UUID) -> None:
        for changed in self._watchers.get((tenant, document_id), ()):
            changed.set()
