"""What holds for the SQLite store alone: its plans, its file, its life after a kill."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from invoiceflow_chassis.errors import StorageFullError, TransientError
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.adapters.sqlite.reading import documents_statement, invoice_conditions, invoices_statement
from invoiceflow_query.adapters.sqlite.schema import SchemaVersionError
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position, Sort
from invoiceflow_query.testing import document, extracted, uploaded

ANYWHERE = document("anywhere")


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    await model.close()
    return tmp_path / "db.sqlite"


def plan(file: Path, sql: str, values: tuple[str | int, ...]) -> str:
    connection = sqlite3.connect(file)
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    connection.close()
    return "\n".join(step[3] for step in steps)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("field", "index", "value"),
    [
        ("issue_date", "invoices_by_issue_date", "2024-01-17"),
        ("due_date", "invoices_by_due_date", "2024-01-17"),
        ("gross", "invoices_by_gross", "119.00"),
        ("number", "invoices_by_number", "2024-0117"),
        ("seller", "invoices_by_seller", "acme gmbh"),
        ("extracted_at", "invoices_by_extraction", "2024-01-17T00:00:00.000000Z"),
    ],
)
def test_a_page_of_any_order_is_a_walk_along_its_index(
    file: Path, field: str, index: str, value: str, descending: bool
) -> None:
    query = InvoiceQuery(sort=Sort(field=field, descending=descending))  # type: ignore[arg-type]
    for after in (None, Position(value=value, id=ANYWHERE)):
        page = invoices_statement("default", query, after, 50, few=None, tested=[])
        steps = plan(file, *astuple(page))
        assert f"USING COVERING INDEX {index}" in steps
        assert "TEMP B-TREE" not in steps
        # It begins at the position and does not pass over what was on the pages before.
        assert ("(tenant=? AND (" in steps) == (after is not None)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"number": "2024-0117"}, "invoices_by_number (tenant=? AND number=?)"),
        ({"seller_vat_id": "DE129273398"}, "invoices_by_seller_vat_id (tenant=? AND seller_vat_id=?)"),
        ({"currency": "EUR"}, "invoices_by_currency (tenant=? AND currency=?)"),
        ({"type": "credit_note"}, "invoices_by_type (tenant=? AND type=?)"),
        ({"needs_review": True}, "invoices_by_review (tenant=? AND needs_review=?)"),
        ({"issue_date_from": date(2024, 1, 1)}, "invoices_by_issue_date (tenant=? AND issue_date>?)"),
        ({"due_date_to": date(2024, 1, 1)}, "invoices_by_due_date (tenant=? AND due_date>? AND due_date<?)"),
        ({"gross_min": Decimal(1), "gross_max": Decimal(9)}, "invoices_by_gross (tenant=? AND gross>? AND gross<?)"),
    ],
)
def test_what_meets_a_filter_is_counted_and_found_by_its_index(
    file: Path, query: dict[str, object], index: str
) -> None:
    (condition,) = invoice_conditions("default", InvoiceQuery(**query))  # type: ignore[arg-type]
    assert plan(file, *astuple(condition.rows)) == f"SEARCH invoices USING COVERING INDEX {index}"
    page = invoices_statement("default", InvoiceQuery(), None, 50, few=condition, tested=[])
    steps = plan(file, *astuple(page))
    assert index in steps
    assert "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)" in steps


@pytest.mark.parametrize("query", [{"currency": "EUR"}, {"type": "credit_note"}, {"needs_review": True}])
def test_the_latest_of_a_large_part_are_a_walk_along_an_index(file: Path, query: dict[str, object]) -> None:
    conditions = invoice_conditions("default", InvoiceQuery(**query))  # type: ignore[arg-type]
    page = invoices_statement("default", InvoiceQuery(), None, 50, few=None, tested=conditions)
    steps = plan(file, *astuple(page))
    assert f"(tenant=? AND {next(iter(query))}=?" in steps
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (InvoiceQuery(gross_min=Decimal(1), number="7"), "invoices_by_issue_date"),
        (InvoiceQuery(currency="EUR", needs_review=True, sort=Sort(field="gross")), "invoices_by_gross"),
        (InvoiceQuery(due_date_from=date(2024, 1, 1), sort=Sort(field="due_date")), "invoices_by_due_date"),
        (InvoiceQuery(seller_vat_id="DE1", type="invoice", sort=Sort(field="seller")), "invoices_by_seller"),
    ],
)
def test_conditions_that_many_meet_do_not_lead_off_the_order(file: Path, query: InvoiceQuery, index: str) -> None:
    page = invoices_statement("default", query, None, 50, few=None, tested=invoice_conditions("default", query))
    steps = plan(file, *astuple(page))
    assert f"INDEX {index} (tenant=?" in steps
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize("query", [InvoiceQuery(q="acme steel"), InvoiceQuery(finding="BR-CO-15")])
def test_rare_terms_lead_to_their_invoices_and_frequent_ones_are_tested_along_the_order(
    file: Path, query: InvoiceQuery
) -> None:
    (term,) = invoice_conditions("default", query)
    few = invoices_statement("default", query, None, 50, few=term, tested=[])
    steps = plan(file, *astuple(few))
    assert "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)" in steps
    tested = invoices_statement("default", query, None, 50, few=None, tested=[term])
    steps = plan(file, *astuple(tested))
    assert "invoices_by_issue_date" in steps
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (DocumentQuery(), "documents_by_receipt"),
        (DocumentQuery(sort=Sort(field="updated_at")), "documents_by_update"),
        (DocumentQuery(sort=Sort(field="filename"), filename="a"), "documents_by_filename (tenant=? AND filename>?"),
        (DocumentQuery(status="failed"), "documents_by_status (tenant=? AND status=?"),
        (DocumentQuery(stage="ocr"), "documents_by_stage (tenant=? AND stage=?"),
    ],
)
def test_lists_of_documents_have_their_index(file: Path, query: DocumentQuery, index: str) -> None:
    page = documents_statement("default", query, None, 50)
    steps = plan(file, *astuple(page))
    assert index in steps
    assert "TEMP B-TREE" not in steps


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
            patch.setattr("invoiceflow_query.adapters.sqlite.store.FEW", 1)
            assert await model.invoices("default", query) == rare
    await model.close()


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
