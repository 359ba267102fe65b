"""Documents followed live."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.changes import Changes
from invoiceflow_query.handlers import project
from invoiceflow_query.live import document_events, document_soon, last_seen
from invoiceflow_query.projection import change_of
from invoiceflow_query.testing import MONTH, document, extracted, failed, progress, read, uploaded

D = document("d")

NEVER = 3600.0


@pytest.fixture
async def model(tmp_path: Path) -> AsyncIterator[SqliteReadModel]:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    yield model
    await model.close()


def parsed(event: str) -> tuple[int, Any]:
    number, kind, data = event.strip().split("\n")
    assert kind == "event: document"
    return int(number.removeprefix("id: ")), json.loads(data.removeprefix("data: "))


async def test_a_document_that_was_taken_in_this_moment_is_waited_for(model: SqliteReadModel) -> None:
    changes = Changes()
    waiting = asyncio.create_task(document_soon(model, changes, "default", D, patience=NEVER, poll=NEVER))
    await asyncio.sleep(0)
    await project(uploaded(D), "0", model, changes, young=MONTH)
    async with asyncio.timeout(10):
        found = await waiting
    assert found is not None
    assert await document_soon(model, changes, "default", document("other"), patience=0.01, poll=NEVER) is None


async def test_each_change_in_this_process_is_seen_at_once(model: SqliteReadModel) -> None:
    changes = Changes()
    await project(uploaded(D), "0", model, changes, young=MONTH)
    stream = document_events(model, changes, "default", D, None, poll=NEVER, heartbeat=NEVER)
    seen = [parsed(await anext(stream))]
    for event in (progress(D), read(D), extracted(D)):
        following = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
        await project(event, type(event).__name__, model, changes, young=MONTH)
        async with asyncio.timeout(10):
            seen.append(parsed(await following))
    assert [(number, state["status"]) for number, state in seen] == [
        (1, "received"),
        (2, "processing"),
        (3, "processing"),
        (4, "extracted"),
    ]
    assert [each async for each in stream] == []


async def test_a_change_between_two_looks_is_not_missed(model: SqliteReadModel) -> None:
    changes = Changes()
    await project(uploaded(D), "0", model, changes, young=MONTH)
    stream = document_events(model, changes, "default", D, None, poll=NEVER, heartbeat=NEVER)
    await anext(stream)
    await project(failed(D), "1", model, changes, young=MONTH)
    async with asyncio.timeout(10):
        assert parsed(await anext(stream))[1]["status"] == "failed"


async def test_a_change_by_another_process_is_seen_at_the_next_look(model: SqliteReadModel) -> None:
    await model.apply("default", change_of(uploaded(D), "0"))
    stream = document_events(model, Changes(), "default", D, 1, poll=0.01, heartbeat=NEVER)
    following = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await model.apply("default", change_of(failed(D), "1"))
    async with asyncio.timeout(10):
        assert parsed(await following)[0] == 2


async def test_another_document_wakes_nobody(model: SqliteReadModel) -> None:
    changes = Changes()
    with changes.watch("default", D) as mine, changes.watch("other", D) as theirs:
        changes.notify("default", document("another"))
        changes.notify("other", D)
        assert (mine.is_set(), theirs.is_set()) == (False, True)
    changes.notify("other", D)


async def test_a_silent_stream_shows_that_it_lives(model: SqliteReadModel) -> None:
    await model.apply("default", change_of(uploaded(D), "0"))
    stream = document_events(model, Changes(), "default", D, 1, poll=0.001, heartbeat=0)
    assert await anext(stream) == ": still here\n\n"
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "seen"), [(None, None), ("", None), ("7", 7), ("-1", None), ("x", None), ("²", None)]
)
def test_reads_the_last_event_id(header: str | None, seen: int | None) -> None:
    assert last_seen(header) == seen
