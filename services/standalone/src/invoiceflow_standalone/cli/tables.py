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

__all__ = [
    "amount",
    "findings_cell",
    "invoice_table",
    "plain",
    "say",
    "shipment_tables",
    "table",
    "wide_enough",
]

SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

ROOMY_WIDTH = 180
"""Columns from which on everything about a sent document fits beside each other."""

FIXED_WIDTH = 64
"""Columns that the parts of a sent document need which are never cut: date, amounts, currency and time."""

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


def say(console: Console, sentence: str, style: str = "") -> None:
    """Print a sentence that is not broken into lines where no terminal is there to read it."""
    console.print(plain(sentence, style), soft_wrap=True)


def wide_enough(console: Console) -> Console:
    """Return ``console``; or, where no terminal sets its width, one in which every column has room."""
    return console if console.is_terminal else Console(file=console.file, width=220, no_color=True)


def table(*columns: str, widest: int | None = None) -> Table:
    """Return an empty table.

    Args:
        columns: their names; after ``>`` comes one that is aligned to the right and never cut, after ``…`` one that
            is cut where it is wider than ``widest``.
        widest: characters; None cuts nothing.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        if column.startswith(">"):
            made.add_column(column[1:], justify="right", no_wrap=True)
        elif column.startswith("…"):
            made.add_column(column[1:], overflow="ellipsis", no_wrap=True, max_width=widest)
        else:
            made.add_column(column, overflow="fold")
    return made


def shipment_tables(shipments: Sequence[Shipment], width: int) -> list[Table]:
    """Return what was extracted, a row for each invoice in the order of the files, to be printed ``width`` columns wide.

    What there is to check has columns of its own where they have room, else a table of its own.
    """
    roomy = width >= ROOMY_WIDTH
    beside = (">Time", "Findings", "Low confidence") if roomy else (">Time",)
    columns = ("…File", "…Number", ">Date", "…Seller", ">Net", ">Tax", ">Gross", ">", *beside)
    main = table(*columns, widest=None if roomy else max(6, (width - FIXED_WIDTH) // 3))
    checks = table("…File", "Findings", "Low confidence", widest=width // 3)
    for shipment in shipments:
        name, took = plain(shipment.path.name), _took(shipment)
        view = shipment.invoice
        if view is None:
            main.add_row(name, _state(shipment), *[""] * 6, took)
            continue
        for each in (view, *shipment.further):
            totals = each.invoice.totals
            what = findings_cell(each.findings), _fields_cell(each.low_confidence)
            main.add_row(
                name,
                plain(each.invoice.number),
                _date(each.invoice.issue_date),
                plain(each.invoice.seller.name),
                amount(totals.net),
                amount(totals.tax),
                amount(totals.payable if totals.gross is None else totals.gross),
                plain(each.invoice.currency),
                took,
                *(what if roomy else ()),
            )
            if any(what):
                checks.add_row(name, *what)
    return [main] if roomy or not checks.row_count else [main, checks]


def invoice_table(rows: Iterable[InvoiceRow]) -> Table:
    """Return a list of invoices."""
    made = table("Number", ">Date", "Seller", ">Net", ">Tax", ">Gross", ">", "Findings", ">Sure", "File", ">Id")
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


def _fields_cell(pointers: Sequence[str]) -> Text:
    """Name the fields of these JSON pointers, such as ``totals.net`` and ``buyer.address``; lines are only counted."""
    lines = sum(pointer.startswith("/lines/") for pointer in pointers)
    fields = dict.fromkeys(
        ".".join(pointer.split("/")[1:3]) for pointer in pointers if not pointer.startswith("/lines/")
    )
    cell = plain(", ".join(list(fields)[:NAMED]), "yellow")
    if len(fields) > NAMED:
        cell.append(f" +{len(fields) - NAMED}", style="dim")
    if lines:
        cell.append(f"{', ' if fields else ''}{lines} in lines", style="dim")
    return cell


def _took(shipment: Shipment) -> str:
    if shipment.outcome == "known":
        return "known"
    return "" if shipment.seconds is None else f"{shipment.seconds:.1f} s"


def _state(shipment: Shipment) -> Text:
    return Text(shipment.outcome, style="yellow" if shipment.outcome in {"sent", "unfinished"} else "red")


def _date(value: date | None) -> str:
    return value.isoformat() if value else ""
