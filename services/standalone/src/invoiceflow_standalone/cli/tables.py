"""Tables of documents and invoices."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_standalone.cli.resources import InvoiceRow, RaisedRule
from invoiceflow_standalone.cli.shipments import Shipment

__all__ = [
    "TABLE_WIDTH",
    "amount",
    "findings_cell",
    "invoice_table",
    "plain",
    "say",
    "shipment_list",
    "shipment_table",
    "table",
    "wide_enough",
]

SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

TABLE_WIDTH = 150
"""Columns that the table of sent documents needs to be readable."""

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


def table(*columns: str) -> Table:
    """Return an empty table; a column whose name begins with ``>`` is aligned to the right and never cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
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
        name, took = plain(shipment.path.name), _took(shipment)
        view = shipment.invoice
        if view is None:
            made.add_row(name, _state(shipment), *[""] * 8, took)
            continue
        totals = view.invoice.totals
        made.add_row(
            name,
            plain(view.invoice.number),
            _date(view.invoice.issue_date),
            plain(view.invoice.seller.name),
            amount(totals.net),
            amount(totals.tax),
            amount(totals.payable if totals.gross is None else totals.gross),
            plain(view.invoice.currency),
            findings_cell(view.findings),
            _fields_cell(view.low_confidence),
            took,
        )
    return made


def shipment_list(shipments: Iterable[Shipment]) -> Group:
    """Return the same for a narrow terminal: a few lines for each document."""
    lines: list[Text] = []
    for shipment in shipments:
        head = plain(shipment.path.name, "bold").append(f"  {_took(shipment)}", style="dim")
        view = shipment.invoice
        if view is None:
            lines.append(head.append("  ").append_text(_state(shipment)))
            continue
        totals = view.invoice.totals
        currency = view.invoice.currency or ""
        amounts = {
            "net": totals.net,
            "tax": totals.tax,
            "gross": totals.payable if totals.gross is None else totals.gross,
        }
        said = [view.invoice.number, _date(view.invoice.issue_date), view.invoice.seller.name]
        lines += [head, plain("  " + "  ".join(text for text in said if text))]
        printed = "  ".join(f"{name} {amount(value)}" for name, value in amounts.items() if value is not None)
        if printed:
            lines.append(plain(f"  {printed} {currency}"))
        if view.findings:
            lines.append(Text("  findings: ").append_text(findings_cell(view.findings)))
        if view.low_confidence:
            lines.append(Text("  low confidence: ").append_text(_fields_cell(view.low_confidence)))
    return Group(*lines)


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


def _fields_cell(pointers: Sequence[str]) -> Text:
    """Name the fields of these JSON pointers, such as ``totals.net``; those within lines are only counted."""
    lines = [pointer for pointer in pointers if pointer.startswith("/lines/")]
    header = [pointer.strip("/").replace("/", ".") for pointer in pointers if pointer not in lines]
    cell = plain(", ".join(header[:NAMED]), "yellow")
    if len(header) > NAMED:
        cell.append(f" +{len(header) - NAMED}", style="dim")
    if lines:
        cell.append(f"{', ' if header else ''}{len(lines)} in lines", style="dim")
    return cell


def _took(shipment: Shipment) -> str:
    if shipment.outcome == "known":
        return "known"
    return "" if shipment.seconds is None else f"{shipment.seconds:.1f} s"


def _state(shipment: Shipment) -> Text:
    return Text(shipment.outcome, style="yellow" if shipment.outcome in {"sent", "unfinished"} else "red")


def _date(value: date | None) -> str:
    return value.isoformat() if value else ""
