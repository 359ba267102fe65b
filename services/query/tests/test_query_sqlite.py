"""What holds for the SQLite store alone: its plans, its file, its life after a kill."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from invoiceflow_chassis.errors import StorageFullError, TransientError
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.adapters.sqlite.planning import Planner
from invoiceflow_query.adapters.sqlite.schema import SchemaVersionError
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.testing import document, extracted, invoice, uploaded


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    await model.close()
    return tmp_path / "db.sqlite"


async def test_frequent_and_rare_terms_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    for number in range(5):
        findings = (("IF-1", "error"),) if number % 2 else ()
        await model.apply("default", change_of(extracted(document(str(number)), findings=findings), str(number)))
    for query in (
        InvoiceQuery(q="acme stee"),
        InvoiceQuery(seller="gmbh", finding="IF-1"),
        InvoiceQuery(severity="error"),
        InvoiceQuery(q="cme"),
    ):
        rare = await model.invoices("default", query)
        with monkeypatch.context() as patch:
            patch.setattr("invoiceflow_query.adapters.sqlite.planning.FEW", 1)
            patch.setattr(model, "_planner", Planner())
            assert await model.invoices("default", query) == rare
            # A walk that takes too long is given up for the other way.
            patch.setattr("invoiceflow_query.adapters.sqlite.planning.PATIENCE", 1)
            assert await model.invoices("default", query) == rare
    await model.close()


async def test_facets_count_the_invoices_that_stand(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    for seconds, currency in enumerate(("EUR", "GBP", "EUR", "CHF")):
        event = extracted(document("same"), seconds, of=invoice(currency=currency))
        await model.apply("default", change_of(event, str(seconds)))
    others = (change_of(extracted(document(f"other-{n}")), f"other-{n}") for n in range(3))
    await asyncio.gather(*(model.apply("default", each) for each in others))
    await model.close()
    connection = sqlite3.connect(tmp_path / "db.sqlite")
    counted = connection.execute("SELECT currency, invoices FROM invoice_facets ORDER BY 1").fetchall()
    connection.close()
    assert counted == [("CHF", 1), ("EUR", 3), ("GBP", 0)]


async def test_what_is_written_together_is_as_if_written_one_after_the_other(tmp_path: Path) -> None:
    events = [
        extracted(document("d"), 1, of=invoice(number="1", description="Copper pipe"), findings=(("IF-1", "error"),)),
        extracted(document("d"), 9, of=invoice(number="2"), findings=(("IF-2", "info"),)),
        uploaded(document("d"), 0, filename="late.pdf"),
        extracted(document("d"), 5, of=invoice(number="3", description="Copper pipe")),
    ]
    seen = []
    for together in (True, False):
        model = SqliteReadModel(tmp_path / f"{together}.sqlite")
        await model.open()
        changes = [change_of(event, str(number)) for number, event in enumerate(events)]
        if together:
            results = await asyncio.gather(*(model.apply("default", change) for change in changes))
        else:
            results = [await model.apply("default", change) for change in changes]
        copper = await model.invoices("default", InvoiceQuery(q="copper"))
        found = await model.invoices_json("default", InvoiceQuery(finding="IF-2"))
        seen.append((results, copper, found, await model.document("default", document("d"))))
        await model.close()
    assert seen[0] == seen[1]
    assert seen[0][0] == [True, True, True, False]
    assert '"filename":"late.pdf"' in seen[0][2][0]


async def test_reopens_what_was_kept(tmp_path: Path) -> None:
    for number in range(2):
        model = SqliteReadModel(tmp_path / "db.sqlite")
        await model.open()
        await model.apply("default", change_of(extracted(document(str(number))), str(number)))
        assert len(await model.invoices("default", InvoiceQuery(q="acme"))) == number + 1
        await model.close()


async def test_refuses_the_file_of_another_version(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    model = SqliteReadModel(file)
    with pytest.raises(SchemaVersionError, match="version 99"):
        await model.open()
    await model.close()


async def test_two_processes_may_write_to_one_file(file: Path) -> None:
    models = [SqliteReadModel(file), SqliteReadModel(file)]
    for model in models:
        await model.open()
    await asyncio.gather(
        *(
            model.apply("default", change_of(uploaded(document(f"{place}-{n}")), f"{place}-{n}"))
            for n in range(20)
            for place, model in enumerate(models)
        )
    )
    assert (await models[0].stats("default")).documents.received == 40
    for model in models:
        await model.close()


async def test_a_change_that_cannot_be_kept_spoils_no_other(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    good, bad = change_of(uploaded(document("good")), "good"), change_of(uploaded(document("bad")), "bad")
    unkeepable = bad.model_copy(update={"state": None})
    results = await asyncio.gather(
        *(model.apply("default", change) for change in (good, unkeepable)), return_exceptions=True
    )
    assert results[0] is True
    assert isinstance(results[1], AttributeError)
    await model.close()


async def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    await model._run(model._writer, lambda: model._connection().execute("PRAGMA max_page_count = 1"))
    changes = [change_of(extracted(document(str(number))), str(number)) for number in range(100)]
    with pytest.raises(StorageFullError):
        await asyncio.gather(*(model.apply("default", change) for change in changes))
    await model.close()


async def test_a_file_that_cannot_be_opened_is_trouble_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite").mkdir()
    model = SqliteReadModel(tmp_path / "db.sqlite")
    with pytest.raises(TransientError, match="read_model_unavailable"):
        await model.open()
    await model.close()


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from invoiceflow_query.adapters.sqlite import SqliteReadModel
    from invoiceflow_query.projection import change_of
    from invoiceflow_query.testing import document, extracted

    async def main():
        model = SqliteReadModel(Path(sys.argv[1]))
        await model.open()

        async def write(number):
            await model.apply("default", change_of(extracted(document(str(number))), str(number)))
            print(number, flush=True)

        for start in range(0, 1_000_000, 8):
            await asyncio.gather(*map(write, range(start, start + 8)))

    asyncio.run(main())
"""


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path / "db.sqlite"), stdout=subprocess.PIPE
    )
    assert process.stdout
    acknowledged = [int(await process.stdout.readline()) for _ in range(100)]
    process.kill()
    acknowledged += [int(line) async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()

    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    for number in acknowledged:
        assert await model.invoice("default", document(str(number)))
    # What is kept is whole: every document with its invoice, found by its words.
    stats = await model.stats("default")
    assert stats.documents.extracted == stats.invoices.total >= len(acknowledged)
    connection = sqlite3.connect(tmp_path / "db.sqlite")
    connection.execute("INSERT INTO invoice_terms (invoice_terms, rank) VALUES ('integrity-check', 1)")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    await model.close()
