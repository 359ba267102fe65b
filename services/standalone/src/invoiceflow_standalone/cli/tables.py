"""Tables of documents and invoices."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_standalone.cli.resources import InvoiceRow, RaisedRule
from invoiceflow_standalone.cli.shipments import Shipment

__all__ = ["amount", "findings_cell", "invoice_table", "plain", "shipment_table", "table", "wide_enough"]

SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

NAMED = 3
"""How many findings or fields a cell names; the rest are counted."""


def amount(value: Decimal | None) -> str:
    """Return the amount with its thousands separated and the decimals it has, but not a single one."""
    if value is None:
        return ""
    return f"{value:,.2f}" if value.as_tuple().exponent == -1 else f"{value:,f}"


def plain(text: str | None, style: str = "") -> Text:
    """Return text from a document so that it can do nothing to the terminal: no markup, no control sequences."""
    return Text("".join(sign if sign.isprintable() else " " for sign in text or ""), style=style)


def wide_enough(console: Console) -> Console:
    """Return ``console``; or, where no terminal sets its width, one in which every column has room."""
    return console if console.is_terminal else Console(file=console.file, width=220, no_color=True)


def table(*columns: str) -> Table:
    """Return an empty table; a column whose name begins with ``>`` is aligned to the right and never cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        if column.startswith(">"):
            made.add_column(column[1:], justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold")
    return made


def shipment_table(shipments: Iterable[Shipment]) -> Table:
    """Return what was extracted, a row for each document in the order of the files."""
    made = table(
        "File", "Number", ">Date", "Seller", ">Net", ">Tax", ">Gross", "", "Findings", "Low confidence", ">Time"
    )
    for shipment in shipments:
        took = "known" if shipment.outcome == "known" else ""
        if not took and shipment.seconds is not None:
            took = f"{shipment.seconds:.1f} s"
        view = shipment.invoice
        if view is None:
            style = "yellow" if shipment.outcome in {"sent", "unfinished"} else "red"
            made.add_row(plain(shipment.path.name), Text(shipment.outcome, style=style), *[""] * 8, took)
            continue
        totals = view.invoice.totals
        made.add_row(
            plain(shipment.path.name),
            plain(view.invoice.number),
            _date(view.invoice.issue_date),
            plain(view.invoice.seller.name),
            amount(totals.net),
            amount(totals.tax),
            amount(totals.payable if totals.gross is None else totals.gross),
            plain(view.invoice.currency),
            findings_cell(view.findings),
            _few(view.unsure),
            took,
        )
    return made


def invoice_table(rows: Iterable[InvoiceRow]) -> Table:
    """Return a list of invoices."""
    made = table("Number", ">Date", "Seller", ">Net", ">Tax", ">Gross", "", "Findings", ">Sure", "File", ">Id")
    for row in rows:
        made.add_row(
            plain(row.number),
            _date(row.issue_date),
            plain(row.seller.name),
            amount(row.net),
            amount(row.tax),
            amount(row.gross),
            plain(row.currency),
            findings_cell(row.findings),
            Text(f"{row.confidence:.0%}", style="yellow" if row.needs_review else "green"),
            plain(row.filename),
            str(row.id)[:8],
        )
    return made


def findings_cell(findings: Sequence[Finding | RaisedRule]) -> Text:
    """Name the rules that found something, each once, the most severe first."""
    order = list(SEVERITY_STYLES)
    worst: dict[str, Severity] = {}
    for finding in sorted(findings, key=lambda each: order.index(each.severity)):
        worst.setdefault(finding.rule, finding.severity)
    names = [plain(rule, SEVERITY_STYLES[severity]) for rule, severity in worst.items()]
    cell = Text(", ").join(names[:NAMED])
    return cell.append(f" +{len(names) - NAMED}", style="dim") if len(names) > NAMED else cell


def _few(fields: Sequence[str]) -> Text:
    cell = plain(", ".join(fields[:NAMED]), "yellow")
    return cell.append(f" +{len(fields) - NAMED}", style="dim") if len(fields) > NAMED else cell


def _date(value: date | None) -> str:
    return value.isoformat() if value else ""
