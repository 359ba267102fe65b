from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from invoiceflow_standalone.cli.resources import InvoiceView, Problem
from invoiceflow_standalone.cli.shipments import Shipment
from invoiceflow_standalone.cli.tables import amount, plain, shipment_tables

VIEW = InvoiceView.model_validate(
    {
        "id": "0199c2de-0000-7000-8000-000000000001",
        "confidence": 0.6,
        "needs_review": True,
        "invoice": {
            "number": "R000397",
            "issue_date": "2023-04-20",
            "currency": "EUR",
            "seller": {"name": "Steinfurt Software GmbH & Co. KG"},
            "totals": {"net": "62250.31", "tax": "9476.94", "gross": "71727.25"},
        },
        "evidence": {
            pointer: {"method": "local", "text": "", "confidence": confidence}
            for pointer, confidence in {
                "/buyer/address/city": 0.2,
                "/buyer/address/street": 0.2,
                "/due_date": 0.5,
                "/number": 0.9,
                "/lines/0/net": 0.1,
                "/lines/1/net": 0.1,
            }.items()
        },
        "findings": [
            {"rule": rule, "severity": severity, "message": ""}
            for rule, severity in (("BR-2", "warning"), ("BR-5", "info"), ("BR-CO-15", "error"), ("BR-7", "info"))
        ],
    }
)


def printed(width: int, *shipments: Shipment) -> str:
    console = Console(width=width, record=True, force_terminal=False)
    for table in shipment_tables(shipments, width):
        console.print(table)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 100, 120, 160, 220])
def test_dates_amounts_and_what_to_check_are_whole_in_every_terminal(width: int) -> None:
    shipment = Shipment(Path("02-de-eighty-lines.pdf"), "extracted", invoice=VIEW, seconds=1.25)
    text = " ".join(printed(width, shipment).split())
    for expected in ("2023-04-20", "62,250.31", "9,476.94", "71,727.25", "EUR", "1.2 s"):
        assert expected in text
    for expected in ("BR-CO-15, BR-2, BR-5 +1", "buyer.address, due_date, 2 in lines"):
        assert expected in text


def test_a_document_without_an_invoice_has_its_row() -> None:
    refused = Shipment(Path("a.pdf"), "refused", problem=Problem(code="file_empty"))
    text = printed(120, refused, Shipment(Path("b.pdf"), "extracted", invoice=VIEW))
    assert next(line.split()[:2] for line in text.splitlines() if ".pdf" in line) == ["a.pdf", "refused"]


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), ("1190", "1,190"), ("336.9", "336.90"), ("-0.005", "-0.005"), ("1E+3", "1,000")]
)
def test_an_amount_has_its_own_decimals_but_never_a_single_one(value: str | None, shown: str) -> None:
    assert amount(None if value is None else Decimal(value)) == shown


def test_text_of_a_document_stays_text() -> None:
    assert plain("a\x1b[2J\r\n[red]b").plain == "a [2J  [red]b"
