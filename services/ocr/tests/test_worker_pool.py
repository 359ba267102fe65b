"""A hostile document costs itself and one child process, never the service."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ocr_documents import layout_of

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_ocr.workers import EngineSpec, Job, Limits, Outcome, WorkerPool
from invoiceflow_ocr.workers.worker import WorkerDiedError

JOB = Job(media_type="application/pdf", embedded_bucket="results", embedded_prefix="default/embedded/")


async def read(pool: WorkerPool, order: str, on_progress: Callable[[int, int], None] | None = None) -> Outcome:
    return await pool.read(JOB, order.encode(), on_progress or (lambda _done, _total: None))


async def reader_of(pool: WorkerPool) -> int:
    """The process id of the child that reads the next document."""
    return int(layout_of((await read(pool, "pid")).layout).pages[0].lines[0].text)


async def refusal(pool: WorkerPool, order: str) -> str:
    with pytest.raises(PermanentError) as refused:
        await read(pool, order)
    return refused.value.code


async def until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"process {pid} is still there")


async def test_a_document_is_read_with_its_engine_pages_and_language(pool: WorkerPool) -> None:
    outcome = await read(pool, "pages 2")

    layout = layout_of(outcome.layout)
    assert (layout.engine.name, layout.engine.version) == ("obedient", "1")
    assert len(layout.pages) == outcome.summary.pages == 2
    assert layout.languages == outcome.summary.languages == ("en",)
    assert pool.engine == layout.engine


async def test_documents_are_read_one_after_the_other_by_the_same_child(pool: WorkerPool) -> None:
    assert await reader_of(pool) == await reader_of(pool)


async def test_every_page_done_is_told(pool: WorkerPool) -> None:
    told: list[tuple[int, int]] = []

    await read(pool, "pages 3", lambda done, total: told.append((done, total)))

    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_an_embedded_file_comes_with_the_reference_under_which_it_will_be_stored(pool: WorkerPool) -> None:
    outcome = await read(pool, "attach <Invoice/>")

    (file,) = outcome.summary.embedded
    assert outcome.embedded == (b"<Invoice/>",)
    assert file.content.key == f"default/embedded/{file.content.sha256}"
    assert layout_of(outcome.layout).embedded == (file,)


async def test_the_same_document_gives_the_same_bytes(pool: WorkerPool) -> None:
    assert (await read(pool, "pages 2")).layout == (await read(pool, "pages 2")).layout


async def test_what_the_engine_refuses_keeps_its_code_and_its_child(pool: WorkerPool) -> None:
    before = await reader_of(pool)

    assert await refusal(pool, "refuse") == "pdf_encrypted"
    assert await reader_of(pool) == before


async def test_what_the_engine_cannot_read_now_is_postponed_and_its_child_kept(pool: WorkerPool) -> None:
    before = await reader_of(pool)

    with pytest.raises(TransientError) as postponed:
        await read(pool, "postpone")

    assert (postponed.value.code, postponed.value.retry_after) == ("remote_engine_busy", 17.0)
    assert await reader_of(pool) == before


async def test_an_engine_that_stumbles_fails_the_document_and_keeps_its_text_to_itself(
    obedient: EngineSpec, capfd: pytest.CaptureFixture[str]
) -> None:
    pool = WorkerPool(obedient, workers=1)
    await pool.start()
    try:
        with pytest.raises(PermanentError) as refused:
            await read(pool, "stumble confidential")
    finally:
        await pool.stop()

    assert refused.value.code == "document_unreadable"
    out, err = capfd.readouterr()
    assert "ValueError" in err
    assert "confidential" not in out + err + refused.value.message


async def test_a_library_that_prints_does_no_harm(pool: WorkerPool) -> None:
    assert (await read(pool, "chatter")).summary.pages == 1


async def test_a_document_that_hangs_is_ended_with_its_child_and_the_next_is_read(obedient: EngineSpec) -> None:
    pool = WorkerPool(obedient, workers=1, limits=Limits(seconds=0.5))
    await pool.start()
    try:
        before = await reader_of(pool)
        assert await refusal(pool, "hang") == "document_timeout"
        await until_gone(before)
        assert await reader_of(pool) != before
    finally:
        await pool.stop()


async def test_a_document_that_eats_memory_is_refused_and_the_next_is_read(pool: WorkerPool) -> None:
    before = await reader_of(pool)

    assert await refusal(pool, "eat") == "document_too_complex"
    assert await reader_of(pool) != before


async def test_memory_that_others_have_left_full_is_no_fault_of_the_document(pool: WorkerPool) -> None:
    assert (await read(pool, "hoard 300")).summary.pages == 1

    assert (await read(pool, "hoard 300")).summary.pages == 1


async def test_a_document_that_crashes_its_reader_twice_is_to_blame(pool: WorkerPool) -> None:
    assert await refusal(pool, "crash") == "worker_crashed"
    assert (await read(pool, "pages 1")).summary.pages == 1


async def test_a_reader_that_was_killed_by_the_host_is_no_fault_of_the_document(
    pool: WorkerPool, tmp_path: Path
) -> None:
    outcome = await read(pool, f"crash-once {tmp_path / 'log'}")

    assert outcome.summary.pages == 1


async def test_a_child_that_died_while_idle_is_replaced(pool: WorkerPool) -> None:
    before = await reader_of(pool)
    os.kill(before, 9)

    assert await reader_of(pool) != before


async def test_cancelling_the_wait_ends_the_child(pool: WorkerPool) -> None:
    before = await reader_of(pool)
    begun = asyncio.Event()
    reading = asyncio.create_task(read(pool, "hang", lambda _done, _total: begun.set()))
    await begun.wait()

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    await until_gone(before)
    assert (await read(pool, "pages 1")).summary.pages == 1


async def test_a_hanging_document_does_not_hold_up_another(obedient: EngineSpec) -> None:
    pool = WorkerPool(obedient, workers=2)
    await pool.start()
    try:
        begun = asyncio.Event()
        hanging = asyncio.create_task(read(pool, "hang", lambda _done, _total: begun.set()))
        await begun.wait()
        assert (await read(pool, "pages 1")).summary.pages == 1
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
    finally:
        await pool.stop()


async def test_a_child_is_replaced_after_its_share_of_documents(obedient: EngineSpec) -> None:
    pool = WorkerPool(obedient, workers=1, limits=Limits(documents=2))
    await pool.start()
    try:
        readers = [await reader_of(pool) for _ in range(4)]
    finally:
        await pool.stop()

    assert readers[0] == readers[1] != readers[2] == readers[3]


@pytest.mark.parametrize("engine", ["ObedientEngine", "UnpreparedEngine"])
async def test_while_nothing_comes_one_child_after_the_other_warms_up_whether_or_not_it_succeeds(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_ocr.workers.pool.QUIET_SECONDS", 0.01)
    pool = WorkerPool(EngineSpec(f"hostile_engines:{engine}"), workers=2, warm=True)
    await pool.start()
    try:
        warm: set[str] = set()
        deadline = time.monotonic() + 20
        while len(warm) < 2 and time.monotonic() < deadline:
            outcomes = await asyncio.gather(read(pool, "warmth"), read(pool, "warmth"))
            texts = {layout_of(outcome.layout).pages[0].lines[0].text for outcome in outcomes}
            warm |= {text for text in texts if text.startswith("warm")}
            await asyncio.sleep(0.05)
        assert len(warm) == 2
    finally:
        await pool.stop()


async def test_no_child_warms_up_while_another_is_at_work(
    obedient: EngineSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_ocr.workers.pool.QUIET_SECONDS", 0.0)
    pool = WorkerPool(obedient, workers=2, warm=True)
    begun = asyncio.Event()
    hanging = asyncio.create_task(read_when_started(pool, begun))
    try:
        await begun.wait()
        for _ in range(10):
            outcome = await read(pool, "warmth")
            assert not layout_of(outcome.layout).pages[0].lines[0].text.startswith("warm")
    finally:
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        await pool.stop()


async def read_when_started(pool: WorkerPool, begun: asyncio.Event) -> None:
    """Start the pool and have its first child read a document that never ends."""
    await pool.start()
    await read(pool, "hang", lambda _done, _total: begun.set())


async def test_stopping_leaves_no_child_behind(obedient: EngineSpec) -> None:
    pool = WorkerPool(obedient, workers=1)
    await pool.start()
    reader = await reader_of(pool)

    await pool.stop()

    await until_gone(reader)
    with pytest.raises(TransientError):
        await pool.check()


async def test_an_engine_that_cannot_be_loaded_stops_the_start(obedient: EngineSpec) -> None:
    pool = WorkerPool(EngineSpec("hostile_engines:AbsentEngine"), workers=1)

    with pytest.raises(WorkerDiedError):
        await pool.start()
    await pool.stop()
