"""The command on a folder of its own: the real pipeline on a bare e-invoice and on what cannot be read."""

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from invoiceflow_contracts.layout import Engine, Layout
from invoiceflow_evaluation.__main__ import evaluate
from invoiceflow_evaluation.pipeline import LayoutCache, Read

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>R-1</cbc:ID><cbc:IssueDate>2026-01-31</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:LegalMonetaryTotal>
    <cbc:TaxInclusiveAmount currencyID="EUR">119.00</cbc:TaxInclusiveAmount>
    <cbc:PayableAmount currencyID="EUR">119.00</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="H87">2</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
    <cac:Item><cbc:Name>Chair</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>
"""
ROWS = (
    {
        "file": "good.xml",
        "kind": "xml-ubl",
        "truth": {
            "invoice_number": "R-1",
            "grand_total": "119",
            "due_date": "2026-02-28",
            "lines": [{"description": "chair", "quantity": "2", "line_total": "100"}],
        },
    },
    {"file": "noise.pdf", "kind": "pdf-text", "language": "en", "truth": {"invoice_number": "1"}},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.xml").write_text(UBL, encoding="utf-8")
    (tmp_path / "noise.pdf").write_bytes(b"\x00\x01\x02 neither this nor that")
    (tmp_path / "truth.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    return tmp_path


def command(*arguments: str) -> tuple[int, str]:
    app = Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.slow
def test_a_folder_is_measured_by_lane_and_field(folder: Path) -> None:
    figures_file = folder / "figures.json"
    code, output = command(
        str(folder), "--jobs", "1", "--cache", str(folder / "cache"), "--json", str(figures_file), "--show", "errors"
    )
    assert code == 0, output
    figures = json.loads(figures_file.read_text(encoding="utf-8"))
    assert figures["lanes"]["xml-ubl"]["fields"]["invoice_number"]["f1"] == 1.0
    assert figures["lanes"]["xml-ubl"]["fields"]["due_date"]["recall"] == 0.0
    assert figures["lanes"]["xml-ubl"]["lines"]["f1"] == 1.0
    assert figures["lanes"]["pdf-text"]["header"]["recall"] == 0.0
    good, noise = figures["documents"]
    assert good["failure"] is None
    assert noise["failure"]
    assert "good.xml: due_date: missing: expected '2026-02-28', got None" in output
    assert "noise.pdf: failed: " in output
    assert "xml-ubl" in output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--kinds", "image"], "no document of the folder is of these kinds"),
        (["--ignore-xml", "--kinds", "xml-ubl"], "no document of the folder is of these kinds"),
        (["--ignore-xml", "--url", "http://127.0.0.1:1"], "leave --ignore-xml or --url out"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(folder: Path, arguments: list[str], says: str) -> None:
    code, output = command(str(folder), *arguments)
    assert code == 2
    assert says in " ".join(output.replace("│", " ").split())


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    code, output = command(str(tmp_path))
    assert code == 2
    assert "truth.jsonl" in output


def test_a_kept_layout_is_found_for_the_same_bytes_and_engine_only(tmp_path: Path) -> None:
    cache = LayoutCache(tmp_path)
    read = Read(layout=Layout(engine=Engine(name="native", version="1")))
    cache.keep("a" * 64, "native-1", read)
    assert cache.find("a" * 64, "native-1") == read
    assert cache.find("b" * 64, "native-1") is None
    assert cache.find("a" * 64, "native-2") is None


def test_a_damaged_layout_is_read_again(tmp_path: Path) -> None:
    cache = LayoutCache(tmp_path)
    cache.keep("a" * 64, "native-1", Read(layout=Layout(engine=Engine(name="native", version="1"))))
    (file,) = tmp_path.rglob("*.json.gz")
    file.write_bytes(file.read_bytes()[:-20])
    assert cache.find("a" * 64, "native-1") is None
