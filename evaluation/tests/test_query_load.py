"""The query part of the bench."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

import pytest
from typer import Typer
from typer.testing import CliRunner

from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_evaluation.bench.__main__ import bench
from invoiceflow_evaluation.bench.query_load import (
    LoadError,
    closed_load,
    open_load,
    requests_of,
    warm_up,
)
from invoiceflow_evaluation.bench.query_material import BRANCHES, documents, events
from invoiceflow_evaluation.bench.query_shapes import Shape, shapes
from invoiceflow_evaluation.bench.query_store import fill
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.cursors import decode_cursor
from invoiceflow_query.parameters import InvoiceFilters, InvoiceListParameters, InvoiceSort
from invoiceflow_query.queries import InvoiceQuery

SHAPE = Shape("all", ("/v1/invoices?sort=gross", "/v1/invoices?sort=-gross"))
PAGE = b'{"items":[{"extracted_at":"x"},{"extracted_at":"y"}],"next_cursor":null}'


def test_the_events_are_the_same_in_every_run_and_whatever_part_is_made() -> None:
    whole = list(events(1000, 0, 60))
    assert whole == [*events(1000, 0, 25), *events(1000, 25, 60)]
    assert len({name for _, name in whole}) == len(whole)


def test_the_events_make_as_many_invoices_as_are_wanted_and_some_of_others() -> None:
    tenants = Counter(
        event.tenant for event, _ in events(500, 0, documents(500)) if event.event_type == "invoice.extracted"
    )
    assert tenants[DEFAULT_TENANT] == 500
    assert set(tenants) == {DEFAULT_TENANT, *BRANCHES}


async def test_a_read_model_is_filled_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    told: list[int] = []
    first = await fill(model, 1200, told.append)
    again = await fill(model, 1200, told.append)
    stats = await model.stats(DEFAULT_TENANT)
    await model.close()
    assert (first.events > 2 * 1200, again.events) == (True, 0)
    assert stats.invoices.total == 1200
    assert 0 < stats.invoices.needs_review < 300
    assert stats.documents.failed > 0


def asked(shape: Shape) -> list[dict[str, str]]:
    return [dict(parse_qsl(urlsplit(target).query)) for target in shape.targets]


def test_every_filter_and_order_is_asked_and_every_question_is_one() -> None:
    found = shapes(2000)
    names: set[str] = set()
    sorts: set[str] = set()
    for shape in found:
        for each in asked(shape):
            parameters = InvoiceListParameters.model_validate(each)
            if parameters.cursor:
                decode_cursor(shape.tenant, parameters.query(), parameters.cursor)
            names |= each.keys()
            sorts.add(each.get("sort", "-issue_date"))
    assert set(InvoiceFilters.model_fields) <= names
    assert sorts == set(get_args(InvoiceSort))
    assert len({shape.name for shape in found}) == len(found)
    alone = [each for shape in found for each in asked(shape) if not each.keys() & {"sort", "cursor", "limit"}]
    assert {name for each in alone if len(each) == 1 for name in each} >= set(InvoiceFilters.model_fields) - {
        "sort", "issue_date_from", "issue_date_to", "gross_min", "gross_max",
    }  # fmt: skip


async def test_what_is_asked_finds_something(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    await fill(model, 1200, lambda _: None)
    for shape in shapes(1200):
        found = 0
        for each in asked(shape):
            parameters = InvoiceListParameters.model_validate(each)
            query: InvoiceQuery = parameters.query()
            after = decode_cursor(shape.tenant, query, parameters.cursor) if parameters.cursor else None
            found += len(await model.invoices_json(shape.tenant, query, after=after, limit=1))
        rare = any(
            word in shape.name for word in ("none", "JPY", "rare", "reminder", "end", "finding in", "in a month")
        )
        assert found or rare, shape.name
    await model.close()


class Server:
    """Answers every request with the same bytes, in two parts."""

    def __init__(self, status: str = "200 OK", delay: float = 0.0) -> None:
        self.answer = f"HTTP/1.1 {status}\r\ncontent-length: {len(PAGE)}\r\n\r\n".encode() + PAGE
        self.delay = delay
        self.asked: Counter[str] = Counter()
        self.connections: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Give the port; all connections have ended afterwards."""
        async with await asyncio.start_server(self.serve, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            await asyncio.gather(*self.connections)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.connections.add(task)
        await asyncio.sleep(self.delay)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                assert "X-API-Key: secret" in head
                self.asked[head.split()[1]] += 1
                writer.write(self.answer[:30])
                await writer.drain()
                writer.write(self.answer[30:])
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()


async def test_clients_ask_and_wait_for_whole_answers() -> None:
    server, requests = Server(), requests_of([SHAPE], {DEFAULT_TENANT: "secret"})
    async with server.listening() as port:
        assert await warm_up(port, requests) == {"all": 2}
        assert server.asked == dict.fromkeys(SHAPE.targets, 1)
        closed = await closed_load(port, requests, clients=3, seconds=0.2)
        opened = await open_load(port, requests, clients=3, rate=100, seconds=0.2)
    assert len(opened.answers["all"]) == 20
    assert sum(server.asked.values()) == 2 + len(closed.answers["all"]) + 20
    assert closed.seconds >= 0.2
    assert closed.rate > opened.rate
    assert closed.overall().values[0] > 0


async def test_an_answer_that_is_late_counts_from_when_its_request_was_due() -> None:
    requests = requests_of([SHAPE], {DEFAULT_TENANT: "secret"})
    async with Server(delay=0.2).listening() as port:
        load = await open_load(port, requests, clients=1, rate=100, seconds=0.1)
    # Those that were due while the first was waited for were late as well.
    assert len(load.answers["all"]) == 10
    assert load.overall().percentile(50) > 0.1


async def test_an_answer_that_is_no_page_ends_the_load() -> None:
    requests = requests_of([SHAPE], {DEFAULT_TENANT: "secret"})
    async with Server("500 Oh").listening() as port:
        with pytest.raises(LoadError, match=r"sort=-?gross was answered with HTTP/1.1 500 Oh"):
            await closed_load(port, requests, clients=2, seconds=5)


@pytest.mark.slow
def test_queries_are_measured(tmp_path: Path) -> None:
    app = Typer()
    app.command()(bench)
    figures_file = tmp_path / "figures.json"
    page = tmp_path / "page.md"
    page.write_text(
        "# Figures\n<!-- measured: queries -->\n<!-- end measured: queries -->\nthe rest\n", encoding="utf-8"
    )
    options = ["--part", "queries", "--invoices", "2000", "--seconds", "1", "--cache", str(tmp_path / "cache")]
    result = CliRunner().invoke(app, [*options, "--json", str(figures_file), "--page", str(page)])
    assert result.exit_code == 0, result.output
    assert "| open | " in page.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").endswith("the rest\n")
    figures = json.loads(figures_file.read_text(encoding="utf-8"))["queries"]
    assert figures["invoices"] == 2000
    assert figures["closed"]["answers a second"] > 10
    assert figures["open"]["all"]["p99"] > 0
    assert "kinds of question" in result.output
    assert (tmp_path / "cache").is_dir()
