"""The whole read model made anew, while it is read and written, from what is stored and from the topics.

Merging does not care for order or repetition, so everything may be applied twice: from a stored result, from its topic, and by
the service itself. What is made is what the service would have made of the same events.
"""

from asyncio import gather
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Protocol

from invoiceflow_contracts.events import DocumentEvent, Event
from invoiceflow_query.insisting import insist
from invoiceflow_query.ports import NewGeneration, Rebuildable
from invoiceflow_query.projection import Change, change_of

__all__ = ["EventLog", "StoredEvents", "rebuild"]

SAY_EVERY = 1000
"""Changes between two words on how far it is."""


class EventLog(Protocol):
    """The topics, read beside the service's own consumer; where it begins is fixed before anything else is done."""

    def until_now(self) -> AsyncIterator[Sequence[tuple[Event, str]]]:
        """Yield events and their ids from where the last call ended, to the topics' ends at the time of the call."""
        ...


class StoredEvents(Protocol):
    """What the services have stored (see ``stored.Stored``)."""

    def changes(self, tenants: Collection[str]) -> AsyncIterator[Sequence[tuple[str, Change]]]: ...


class _Filling:
    """Applies and counts."""

    def __init__(self, generation: NewGeneration, say: Callable[[str], None]) -> None:
        self._generation = generation
        self._say = say
        self.count = 0

    async def apply(self, changes: Sequence[tuple[str, Change]]) -> None:
        await gather(*(self._insist(tenant, change) for tenant, change in changes))
        before, self.count = self.count, self.count + len(changes)
        if self.count // SAY_EVERY > before // SAY_EVERY:
            self._say(f"{self.count} events applied.")

    async def _insist(self, tenant: str, change: Change) -> None:
        await insist(lambda: self._generation.apply(tenant, change))

    async def catch_up(self, events: EventLog | None) -> None:
        if events is None:
            return
        async for batch in events.until_now():
            await self.apply(
                [(event.tenant, change_of(event, made)) for event, made in batch if isinstance(event, DocumentEvent)]
            )


async def rebuild(
    read_model: Rebuildable,
    *,
    stored: StoredEvents | None,
    events: EventLog | None,
    tenants: Collection[str],
    say: Callable[[str], None],
) -> int:
    """Fill a new generation, let it catch up with what arrives, and let it take the place of the live one.

    Ended at any moment, it has changed nothing that a reader sees, or everything.

    Args:
        read_model: whose generation is made anew; its service may run, where the store allows that.
        stored: where to begin, if not with the topics alone.
        events: the topics, from as far back as is wanted, but at least from what the service has not committed; None where
            nothing arrives meanwhile.
        tenants: whose stored events to look for, beside those that the read model knows.
        say: told how it goes, in sentences.

    Returns:
        How many events were applied.

    Raises:
        TransientError: another rebuild is under way, or something does not answer.
        InvoiceflowError: the store has to be free of its service, and is not.
    """
    async with read_model.rebuilding(say) as generation:
        filling = _Filling(generation, say)
        if stored is not None:
            say("Reading what is stored.")
            async for changes in stored.changes({*tenants, *await generation.tenants()}):
                await filling.apply(changes)
        if events is not None:
            say("Catching up with the topics.")
        await filling.catch_up(events)
        await generation.join()
        # Whatever was taken from the topics by someone who did not know yet of this generation is before their ends now.
        await filling.catch_up(events)
        say(f"{filling.count} events applied. Going live.")
        await generation.go_live()
    return filling.count
