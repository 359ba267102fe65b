import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from invoiceflow_standalone.cli.app import app


def test_list_prints_invoices_and_passes_the_filters_on(invoiceflow: Any, api: Any) -> None:
    api.rows = [api.row("2024-0117"), api.row("2024-0118")]
    result = invoiceflow(
        "list", "--seller", "acme", "--since", "2026-01-01", "--until", "2026-12-31", "--currency", "eur",
        "--needs-review", "--finding", "BR-CO-15", "--sort", "-gross", "--q", "bolts",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert [word for word in result.stdout.split() if word.startswith("2024-")] == [
        "2024-0117", "2024-0117.pdf", "2024-0118", "2024-0118.pdf",
    ]  # fmt: skip
    assert "119.00" in result.stdout
    query = api.queries[-1]
    assert {name: query[name] for name in query if name != "limit"} == {
        "seller": "acme",
        "issue_date_from": "2026-01-01",
        "issue_date_to": "2026-12-31",
        "currency": "EUR",
        "needs_review": "true",
        "finding": "BR-CO-15",
        "sort": "-gross",
        "q": "bolts",
    }


def test_list_goes_over_pages_up_to_the_limit_and_says_that_there_is_more(invoiceflow: Any, api: Any) -> None:
    api.rows = [api.row(f"R-{number:03}") for number in range(250)]
    result = invoiceflow("list", "--json", "--limit", "220")
    numbers = [json.loads(line)["number"] for line in result.stdout.splitlines()]
    assert numbers == [f"R-{number:03}" for number in range(220)]
    assert "more than 220" in result.stderr
    assert "more than" not in invoiceflow("list", "--json", "--limit", "250").stderr


def test_an_empty_list_says_what_to_do(invoiceflow: Any) -> None:
    result = invoiceflow("list")
    assert result.exit_code == 0
    assert "invoiceflow send" in result.stderr


def test_a_date_that_is_none_is_a_usage_error(invoiceflow: Any) -> None:
    result = invoiceflow("list", "--since", "yesterday")
    assert result.exit_code == 2
    assert "--since" in result.stderr


@pytest.fixture
def one_invoice(api: Any) -> str:
    api.rows = [api.row("2024-0117", name="one.pdf")]
    api.invoices["one.pdf"] = {
        "needs_review": True,
        "invoice": {
            "number": "2024-0117",
            "issue_date": "2024-01-17",
            "seller": {"name": "Acme GmbH"},
            "totals": {"gross": "1190.00"},
            "lines": [{"id": "1", "description": "Steel bolts", "quantity": "10", "net": "1000.00"}],
        },
        "evidence": {
            "/number": {
                "method": "local", "text": "No. 2024-0117", "confidence": 0.98, "page": 1, "box": [0.1, 0.2, 0.3, 0.25],
            },
            "/totals/gross": {"method": "local", "text": "1.190,00", "confidence": 0.4, "page": 2},
            "/lines/0/net": {"method": "local", "text": "1.000,00", "confidence": 0.9, "page": 2},
        },
        "findings": [{"rule": "BR-CO-15", "severity": "error", "message": "The total is not net and tax."}],
    }  # fmt: skip
    return str(api.rows[0]["id"])


def test_show_tells_where_each_value_stands(invoiceflow: Any, one_invoice: str) -> None:
    result = invoiceflow("show", "2024-0117")
    assert result.exit_code == 0, result.output
    number = next(line for line in result.stdout.splitlines() if "No. 2024-0117" in line)
    for expected in ("number", "1", "10.0% 20.0% - 30.0% 25.0%", "98%", "local"):
        assert expected in number
    gross = next(line for line in result.stdout.splitlines() if "totals.gross" in line)
    assert "1.190,00" in gross
    assert "40%" in gross
    assert "Steel bolts" in result.stdout
    assert "BR-CO-15 (error): The total is not net and tax." in result.stdout


def test_show_tells_what_a_language_model_was_asked_and_what_it_made_up(
    invoiceflow: Any, api: Any, one_invoice: str
) -> None:
    api.invoices["one.pdf"]["tried"] = [
        {
            "question": "fields", "asked": ["/due_date", "/number"], "model": "gpt-4o-mini",
            "prompt": "fields-525ac2d04fe0", "outcome": "answered", "requests": 2, "input_tokens": 1840,
            "output_tokens": 60, "money": "0.000312", "currency": "USD", "seconds": 1.7,
            "answers": [
                {"pointer": "/number", "verdict": "added", "value": "2024-0117", "lines": ["1.7"]},
                {"pointer": "/due_date", "verdict": "ungrounded", "value": "2024-02-20", "lines": ["1.14"]},
            ],
        },
        {
            "question": "lines", "asked": ["/lines"], "model": "gpt-4o-mini", "prompt": "lines-3784db8d512c",
            "outcome": "timed_out", "requests": 3, "seconds": 40.0,
        },
    ]  # fmt: skip
    result = invoiceflow("show", "2024-0117")
    assert result.exit_code == 0, result.output
    fields = next(line for line in result.stdout.splitlines() if "fields-525ac2d04fe0" in line)
    for expected in ("gpt-4o-mini", "answered", "1900", "0.000312 USD", "1.7", "1 added, 1 ungrounded"):
        assert expected in fields
    assert "timed out" in next(line for line in result.stdout.splitlines() if "lines-3784db8d512c" in line)
    assert "gpt-4o-mini said due_date = 2024-02-20: ungrounded" in result.stdout


def test_show_takes_the_beginning_of_an_id(invoiceflow: Any, one_invoice: str) -> None:
    for reference in (one_invoice, one_invoice[:8]):
        result = invoiceflow("show", reference, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["id"] == one_invoice


def test_show_lists_the_invoices_that_share_a_number(invoiceflow: Any, api: Any) -> None:
    api.rows = [api.row("7", name="a.pdf"), api.row("7", name="b.pdf")]
    result = invoiceflow("show", "7")
    assert result.exit_code == 1
    for row in api.rows:
        assert row["id"][:8] in result.stdout
    assert "show one by its id" in result.stdout


def test_show_says_why_there_is_no_invoice(invoiceflow: Any, api: Any) -> None:
    api.scripts["bad.pdf"] = [
        {"status": "failed", "stage": "ocr", "error": {"code": "pdf_encrypted", "message": "Remove the password."}}
    ]
    result = invoiceflow("show", api.add("bad.pdf"))
    assert result.exit_code == 1
    assert "bad.pdf has no invoice: pdf_encrypted. Remove the password." in result.stderr


def test_show_of_what_there_is_not_says_how_to_find_it(invoiceflow: Any) -> None:
    result = invoiceflow("show", "nothing")
    assert result.exit_code == 1
    assert "invoiceflow list" in result.stderr


def test_show_writes_an_einvoice_to_a_file_or_the_standard_output(
    invoiceflow: Any, one_invoice: str, tmp_path: Path
) -> None:
    assert invoiceflow("show", "2024-0117", "--format", "ubl").stdout == "<ubl/>"
    target = tmp_path / "invoice.xml"
    result = invoiceflow("show", one_invoice[:8], "-f", "cii", "-o", target)
    assert result.exit_code == 0, result.output
    assert (target.read_text(), result.stdout) == ("<cii/>", "")
    assert "invoice.xml" in result.stderr


def test_show_names_the_rules_that_are_in_the_way_of_an_einvoice(
    invoiceflow: Any, api: Any, one_invoice: str, tmp_path: Path
) -> None:
    api.violations = [{"rule": "BR-02", "message": "The invoice has no number (BT-1).", "pointers": ["/number"]}]
    result = invoiceflow("show", one_invoice, "-f", "ubl", "-o", tmp_path / "invoice.xml")
    assert result.exit_code == 2
    assert "BR-02: The invoice has no number (BT-1)." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_show_wants_to_know_as_what_to_write_a_file(invoiceflow: Any, one_invoice: str, tmp_path: Path) -> None:
    result = invoiceflow("show", one_invoice, "-o", tmp_path / "invoice.xml")
    assert result.exit_code == 2
    assert "--format ubl" in result.stderr


def test_export_writes_a_file_or_the_standard_output(invoiceflow: Any, api: Any, tmp_path: Path) -> None:
    result = invoiceflow("export", "--format", "csv", "--seller", "acme")
    assert result.stdout == "number,gross\n2024-0117,119.00\n"
    assert api.queries[-1] == {"format": "csv", "seller": "acme"}
    target = tmp_path / "invoices.csv"
    assert invoiceflow("export", "-o", target).exit_code == 0
    assert target.read_text() == result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["invoices.csv"]


def test_an_export_that_cannot_be_written_is_a_sentence(invoiceflow: Any, tmp_path: Path) -> None:
    result = invoiceflow("export", "-o", tmp_path / "missing" / "invoices.csv")
    assert result.exit_code == 2
    assert "another place with -o" in result.stderr


def test_status_counts_and_names_what_failed(invoiceflow: Any, api: Any) -> None:
    api.scripts["bad.pdf"] = [
        {"status": "failed", "stage": "ocr", "error": {"code": "pdf_encrypted", "message": "Remove the password."}}
    ]
    document_id = api.add("bad.pdf")
    api.add("good.pdf")
    overview = invoiceflow("status")
    assert overview.exit_code == 0, overview.output
    assert "documents: 2 extracted, 1 failed" in overview.stdout
    assert "bad.pdf" in overview.stdout
    one = invoiceflow("status", document_id[:8])
    assert one.exit_code == 1
    assert "Remove the password." in one.stdout


def test_every_query_says_how_to_start_a_server_that_is_not_there(invoiceflow: Any) -> None:
    for command in (("list",), ("show", "7"), ("export",), ("status",)):
        result = invoiceflow(*command, "--url", "http://127.0.0.1:1")
        assert result.exit_code == 2
        assert "make run" in result.stderr


def test_an_address_that_is_none_is_said(invoiceflow: Any) -> None:
    result = invoiceflow("list", "--url", "acme.example")
    assert result.exit_code == 2
    assert "is not an address" in result.stderr


def test_something_else_at_the_address_is_said(invoiceflow: Any, api: Any) -> None:
    result = invoiceflow("list", "--url", f"{api.url}/elsewhere")
    assert result.exit_code == 2
    assert "404" in result.stderr


def test_the_command_line_starts_without_its_services_and_heavy_libraries() -> None:
    code = "import sys; import invoiceflow_standalone.cli.app; print(*sorted(sys.modules), sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"httpx", "pydantic", "fastapi", "invoiceflow_ingest", "invoiceflow_query", "invoiceflow_contracts"}
    assert heavy.isdisjoint(loaded)


def test_the_address_may_stand_before_the_command_too(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api.rows = [api.row("2024-0117")]
    monkeypatch.setenv("INVOICEFLOW_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(app, ["--url", api.url, "list", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["number"] == "2024-0117"
