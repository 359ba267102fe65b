"""The whole read model made anew, while it is read and written, from what is stored and from the topics.

Merging does not care for order or repetition, so everything may be applied twice: from a stored result, from its topic, and by
the service itself. What is made is what the service would have made of the same events.
"""

from asyncio import gather
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import timedelta
from typing import Protocol

from invoiceflow_contracts.events import DocumentEvent, Event
from invoiceflow_query.comparing import compare
from invoiceflow_query.insisting import insist
from invoiceflow_query.ports import NewGeneration, Rebuildable
from invoiceflow_query.projection import Change, change_of
from invoiceflow_query.queries import InvoiceQuery, Sort, invoice_position
from invoiceflow_query.records import InvoiceRecord

__all__ = ["EventLog", "StoredEvents", "rebuild"]

SAY_EVERY = 1000
"""Changes between two words on how far it is."""

COMPARED_AT_ONCE = 100


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
        self.tenants: set[str] = set()

    async def apply(self, changes: Sequence[tuple[str, Change]]) -> None:
        await gather(*(self._insist(tenant, change) for tenant, change in changes))
        self.tenants |= {tenant for tenant, _ in changes}
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
    young: timedelta,
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
        young: for how long a seller's account is new (see ``comparing``).
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
        say("Holding the invoices of each seller against each other.")
        await _compare_all(generation, filling.tenants, young)
        say(f"{filling.count} events applied. Going live.")
        await generation.go_live()
    return filling.count


async def _compare_all(generation: NewGeneration, tenants: Collection[str], young: timedelta) -> None:
    """Add to each invoice what the others say, once all are there.

    The account that a seller named first is known only then. What is added now does not change the order in which they are gone through.
    """

    async def compared(tenant: str, record: InvoiceRecord) -> None:
        await insist(lambda: compare(generation, tenant, record, young))

    for tenant in sorted(tenants):
        query, after = InvoiceQuery(sort=Sort(field="extracted_at")), None
        while page := await generation.invoices(tenant, query, after=after, limit=COMPARED_AT_ONCE):
            found = await generation.invoices_by_id(tenant, [each.id for each in page])
            await gather(*(compared(tenant, each.record) for each in found))
            after = invoice_position(page[-1], "extracted_at")
