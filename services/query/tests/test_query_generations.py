"""What a process knows of the generations of the read model, and when it must not write any more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_chassis.testing.kafka import eventually
from invoiceflow_query.adapters.mongodb.generations import GenerationWatch, Patience
from invoiceflow_query.adapters.mongodb.schema import SCHEMA_VERSION, Collections


class Meta:
    """The one document of ``meta``, on a server that may be away or slow."""

    def __init__(self) -> None:
        self.says: dict[str, Any] | None = {"schema": SCHEMA_VERSION, "generation": 1, "next": None}
        self.is_there = True
        self.asked = 0

    async def find_one(self, _: object) -> dict[str, Any] | None:
        self.asked += 1
        if not self.is_there:
            raise AutoReconnect("connection refused")
        return self.says


class Database:
    """Its collections are their names."""

    def __init__(self) -> None:
        self.meta = Meta()

    def __getitem__(self, name: str) -> Any:
        return self.meta if name == "meta" else name


def of(generation: int) -> Collections:
    return Collections(f"documents_{generation}", f"invoices_{generation}", f"sellers_{generation}")


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
async def watch(database: Database) -> AsyncIterator[GenerationWatch]:
    watch = GenerationWatch(database, Patience(poll=0.01, fresh=0.1, operation=1))
    yield watch
    await watch.stop()


async def test_nothing_is_read_or_written_before_it_is_known_what_is_live(watch: GenerationWatch) -> None:
    with pytest.raises(UnavailableError, match="not open yet"):
        watch.reading()
    await watch.look()
    assert watch.reading() == of(1)
    assert await watch.writing() == (of(1),)


async def test_a_switch_is_noticed_by_itself(watch: GenerationWatch, database: Database) -> None:
    await watch.look()
    watch.start()
    database.meta.says = {"schema": SCHEMA_VERSION, "generation": 1, "next": 2}

    async def both() -> bool:
        return await watch.writing() == (of(1), of(2))

    await eventually(both)
    assert watch.reading() == of(1)
    database.meta.says = {"schema": SCHEMA_VERSION, "generation": 2, "next": 1}
    await eventually(lambda: watch.reading() == of(2))
    assert await watch.writing() == (of(2), of(1))


async def test_who_has_not_looked_for_too_long_looks_before_it_writes(
    watch: GenerationWatch, database: Database
) -> None:
    await watch.look()
    database.meta.says = {"schema": SCHEMA_VERSION, "generation": 2, "next": None}
    assert await watch.writing() == (of(1),)  # it may: whoever switched waits for this
    await asyncio.sleep(0.11)
    assert await watch.writing() == (of(2),)


async def test_who_cannot_look_does_not_write(watch: GenerationWatch, database: Database) -> None:
    await watch.look()
    database.meta.is_there = False
    assert await watch.writing() == (of(1),)
    await asyncio.sleep(0.11)
    with pytest.raises(UnavailableError, match="AutoReconnect"):
        await watch.writing()
    database.meta.is_there = True
    assert await watch.writing() == (of(1),)


async def test_readers_try_for_as_long_as_it_may_be_a_moment_and_are_then_told_at_once(
    watch: GenerationWatch, database: Database
) -> None:
    await watch.look()
    watch.start()
    database.meta.is_there = False
    asked = database.meta.asked
    await eventually(lambda: database.meta.asked > asked)
    assert watch.reading() == of(1)

    def is_told() -> bool:
        try:
            watch.reading()
        except UnavailableError:
            return True
        return False

    await eventually(is_told)
    database.meta.is_there = True
    await eventually(lambda: not is_told())


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (None, "read_model_not_migrated"),
        ({"schema": SCHEMA_VERSION + 1, "generation": 1, "next": None}, "read_model_version"),
    ],
)
async def test_another_schema_is_neither_read_nor_written_from_the_moment_it_is_seen(
    watch: GenerationWatch, database: Database, says: dict[str, Any] | None, code: str
) -> None:
    await watch.look()
    database.meta.says = says
    with pytest.raises(UnavailableError):
        await watch.look()
    for asking in (watch.writing, _reading(watch)):
        with pytest.raises(UnavailableError) as told:
            await asking()
        assert told.value.code == code


def _reading(watch: GenerationWatch) -> Any:
    async def reading() -> Collections:
        return watch.reading()

    return reading


def test_a_rebuild_waits_for_longer_than_any_write_may_take_that_does_not_know_of_it() -> None:
    patience = Patience()
    assert patience.noticed >= patience.fresh + patience.operation
    # A process looks again long before it must not write any more, and a lease outlives a few lost renewals.
    assert patience.poll * 5 <= patience.fresh
    assert patience.noticed < patience.lease
