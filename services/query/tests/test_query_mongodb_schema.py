"""The schema in MongoDB, who brings it about, and a server that comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from invoiceflow_chassis.errors import InvoiceflowError, UnavailableError
from invoiceflow_chassis.testing.kafka import eventually
from invoiceflow_query import commands
from invoiceflow_query.adapters.mongodb import MongoReadModel
from invoiceflow_query.adapters.mongodb.documents import document_fields, invoice_document, key
from invoiceflow_query.adapters.mongodb.generations import Patience
from invoiceflow_query.adapters.mongodb.schema import META_ID, SCHEMA_VERSION, Collections
from invoiceflow_query.projection import change_of, merge
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.testing import document, extracted, invoice, uploaded

pytestmark = pytest.mark.engine

D = document("d")
HASTE = Patience(poll=0.02, fresh=0.2, operation=0.5)


@pytest.fixture
async def model(mongodb_uri: str) -> AsyncIterator[MongoReadModel]:
    model = MongoReadModel(mongodb_uri, f"schema-{uuid4().hex}", patience=HASTE)
    yield model
    await model.close()


async def test_a_database_that_nobody_migrated_is_not_ready_and_the_sentence_names_the_command(
    model: MongoReadModel,
) -> None:
    with pytest.raises(UnavailableError, match="python -m invoiceflow_query migrate") as refused:
        await model.open()
    assert refused.value.code == "read_model_not_migrated"
    assert await model._database.list_collection_names() == []  # nothing was made silently
    await model.migrate(print)
    await model.open()
    await model.ping()


async def test_a_newer_database_is_left_alone(model: MongoReadModel) -> None:
    await model.migrate(print)
    await model.open()
    newer = {"$set": {"schema": SCHEMA_VERSION + 1}}
    await model._database["meta"].update_one({"_id": META_ID}, newer)

    async def is_refused() -> bool:
        try:
            await model.ping()
        except UnavailableError as error:
            return error.code == "read_model_version"
        return False

    await eventually(is_refused)
    with pytest.raises(UnavailableError, match="newer program"):
        await model.apply("default", change_of(uploaded(D), "u"))
    with pytest.raises(InvoiceflowError, match="newer program"):
        await model.migrate(print)


async def test_several_may_migrate_at_once_and_again(model: MongoReadModel) -> None:
    await asyncio.gather(*(model.migrate(print) for _ in range(3)))
    await model.open()
    await model.apply("default", change_of(uploaded(D), "u"))
    await model.migrate(print)
    assert await model.document("default", D)


async def test_an_index_that_is_missing_is_noticed_and_made(model: MongoReadModel) -> None:
    await model.migrate(print)
    await Collections.of(model._database, 1).invoices.drop_index("tenant_1_words_1")
    with pytest.raises(UnavailableError, match="tenant, words"):
        await model.open()
    said: list[str] = []
    await model.migrate(said.append)
    assert any("Making 1 indexes" in sentence for sentence in said)
    await model.open()


async def test_what_release_0_1_0_kept_is_taken_over(model: MongoReadModel) -> None:
    for number in range(3):
        one = document(str(number))
        changes = [change_of(uploaded(one), f"u{number}"), change_of(extracted(one), f"e{number}")]
        state = merge(changes[0].state, changes[1].state)
        old = {"_id": key("acme", one), "tenant": "acme", "id": str(one), "version": 2, "filename": "2024-0117.pdf"}
        await model._database["documents"].insert_one({**old, **without_keys(document_fields(one, state))})
        assert changes[1].invoice
        kept = without_keys(invoice_document("acme", changes[1].invoice))
        await model._database["invoices"].insert_one({"_id": key("acme", one), **kept})
    await model.migrate(print)
    await model.open()
    found = await model.invoices("acme", InvoiceQuery(q="bolts"))
    assert {each.id for each in found} == {document(str(number)) for number in range(3)}
    assert {each.filename for each in found} == {"2024-0117.pdf"}


def without_keys(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in {"keys", "marks"}}


def test_the_command_migrates_what_the_settings_name(
    mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INVOICEFLOW_QUERY_MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("INVOICEFLOW_QUERY_MONGODB_DATABASE", f"command-{uuid4().hex}")
    for _ in range(2):
        commands.COMMANDS["migrate"]([])
        assert "generation 1 is live" in capsys.readouterr().err


# -- a server that comes and goes --------------------------------------------------------------------------------------


class Wire:
    """A connection to the server that can be cut and mended."""

    def __init__(self, uri: str) -> None:
        self._server = urlsplit(uri)
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._listening = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._listening:
            self._listening.close()
            for writer in tuple(self._open):
                writer.transport.abort()
            await self._listening.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._open |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        for each in (writer, far_writer):
            self._open.discard(each)
            each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()


async def test_a_server_that_goes_is_said_to_be_away_and_one_that_comes_back_is_used_again(mongodb_uri: str) -> None:
    wire = Wire(mongodb_uri)
    await wire.mend()
    name = f"wire-{uuid4().hex}"
    model = MongoReadModel(f"mongodb://127.0.0.1:{wire.port}/?heartbeatFrequencyMS=500", name, patience=HASTE)
    await model.migrate(print)
    await model.open()
    await model.apply("default", change_of(uploaded(D), "u"))

    await wire.cut()

    async def is_away() -> bool:
        try:
            await model.ping()
        except UnavailableError:
            return True
        return False

    await eventually(is_away)
    results = await asyncio.gather(
        *(model.apply("default", change_of(extracted(D, of=invoice(number=str(n))), f"e{n}")) for n in range(5)),
        return_exceptions=True,
    )
    assert {type(each) for each in results} == {UnavailableError}
    with pytest.raises(UnavailableError, match="read_model_unavailable"):
        await model.invoices("default", InvoiceQuery())

    await wire.mend()

    async def is_back() -> bool:
        return not await is_away()

    await eventually(is_back)
    assert await model.apply("default", change_of(extracted(D), "e"))
    assert len(await model.invoices("default", InvoiceQuery())) == 1
    await model.close()
    await wire.cut()


async def test_changes_that_wait_at_the_same_time_are_written_together(model: MongoReadModel) -> None:
    await model.migrate(print)
    await model.open()
    writes = []
    write = model._batches._write_all

    async def counted(changes: Any) -> Any:
        writes.append(len(changes))
        return await write(changes)

    model._batches._write_all = counted
    await asyncio.gather(
        *(
            model.apply("default", change_of(event, f"{number}"))
            for number in range(20)
            for event in (uploaded(document(str(number))), extracted(document(str(number))))
        )
    )
    assert sum(writes) == 40
    assert len(writes) <= 2
    stats = await model.stats("default")
    assert stats.documents.extracted == stats.invoices.total == 20
