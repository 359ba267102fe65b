"""``invoiceflow show``: an invoice, and where on the page each of its values stands."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from invoiceflow_contracts.extraction import Evidence, Part
from invoiceflow_standalone.cli.client import Client, parse
from invoiceflow_standalone.cli.errors import ApiError, CommandError, Exit
from invoiceflow_standalone.cli.output import write_out
from invoiceflow_standalone.cli.resources import LOW_CONFIDENCE, Document, InvoiceRow, InvoiceView
from invoiceflow_standalone.cli.tables import SEVERITY_STYLES, amount, invoice_table, plain, say, table, wide_enough
from invoiceflow_standalone.cli.tried import print_tried

__all__ = ["find_document", "save", "show"]

SEARCHED = 2000
"""Among how many of the newest documents the beginning of an id is looked for."""

PREFIX = re.compile(r"[0-9a-f]{4}[0-9a-f-]{0,32}")


async def show(client: Client, reference: str, *, out: Console, as_json: bool = False) -> Exit:
    """Print the invoice with this number, or of the document whose id begins so; list them where several match."""
    found = await _find(client, reference)
    if isinstance(found, list):
        return _several(found, out, as_json=as_json)
    async with _explained(client, found):
        answer = await client.get(f"/v1/invoices/{found}")
    if as_json:
        out.out(json.dumps(answer, ensure_ascii=False), highlight=False)
    else:
        _print(parse(InvoiceView, answer), wide_enough(out))
    return Exit.OK


async def save(client: Client, reference: str, *, form: str, output: Path | None, out: Console, log: Console) -> Exit:
    """Write the same invoice as an e-invoice (``ubl``, ``cii`` or ``factur-x``) to ``output``, or to the standard output where it is None.

    Raises:
        ApiError: among others ``einvoice_not_possible``, with the rules that are in the way.
    """
    if output is None and form == "factur-x" and sys.stdout.isatty():
        raise CommandError("A PDF is no text. Name a file for it: -o invoice.pdf")
    found = await _find(client, reference)
    if isinstance(found, list):
        return _several(found, out, as_json=False)
    async with _explained(client, found), client.stream(f"/v1/invoices/{found}", {"format": form}) as chunks:
        await write_out(chunks, output, log)
    return Exit.OK


async def _find(client: Client, reference: str) -> UUID | list[InvoiceRow]:
    """Return the id of the document that ``reference`` means, or the invoices where several have that number."""
    query = {"number": reference}
    rows = [parse(InvoiceRow, row) async for row in client.rows("/v1/invoices", query, limit=20)]
    if len(rows) > 1:
        exact = [row for row in rows if row.number == reference]
        if len(exact) != 1:
            return rows
        rows = exact
    return rows[0].id if rows else (await find_document(client, reference)).id


@asynccontextmanager
async def _explained(client: Client, document_id: UUID) -> AsyncIterator[None]:
    """Say what became of a document whose invoice is asked for and not there."""
    try:
        yield
    except ApiError as error:
        if error.status != 404:
            raise
        raise CommandError(_without_invoice(await client.document(document_id)), Exit.SOME_FAILED) from error


async def find_document(client: Client, reference: str) -> Document:
    """Return the document whose id is or begins with ``reference``.

    Raises:
        CommandError: there is none, or more than one.
    """
    try:
        return await client.document(UUID(reference))
    except ValueError:
        pass
    except ApiError as error:
        if error.status != 404:
            raise
    found: list[Document] = []
    if PREFIX.fullmatch(reference.lower()):
        rows = client.rows("/v1/documents", limit=SEARCHED)
        found = [parse(Document, row) async for row in rows if row.get("id", "").startswith(reference.lower())]
    if not found:
        raise CommandError(
            f"There is no invoice or document {reference}. See what there is with `invoiceflow list`.", Exit.SOME_FAILED
        )
    if len(found) > 1:
        names = ", ".join(f"{document.id} ({document.filename})" for document in found[:5])
        raise CommandError(f"Several documents begin with {reference}: {names}. Give more of the id.", Exit.SOME_FAILED)
    return found[0]


def _several(rows: list[InvoiceRow], out: Console, *, as_json: bool) -> Exit:
    if as_json:
        for row in rows:
            out.out(row.model_dump_json(), highlight=False)
    else:
        wide = wide_enough(out)
        wide.print(invoice_table(rows))
        say(wide, "Several invoices match; show one by its id (the last column).")
    return Exit.SOME_FAILED


def _without_invoice(document: Document) -> str:
    if document.status == "failed" and document.error:
        return f"{document.filename} has no invoice: {document.error.code}. {document.error.message}"
    return f"{document.filename} is not read yet ({document.status}). See how far it is: `invoiceflow status {document.id}`."


def _print(view: InvoiceView, out: Console) -> None:
    head = Text.assemble(("Invoice ", "bold"), plain(view.invoice.number or "without a number", "bold"))
    head.append(f"  {view.invoice.type.value.replace('_', ' ')}, sure {view.confidence:.0%}", style="dim")
    if view.needs_review:
        head.append("  to review", style="yellow")
    out.print(head)
    out.print(plain(f"{view.filename or ''}  {view.id}", "dim"))
    if view.part is not None:
        out.print(plain(_part(view.part), "dim"))
    values = table("Field", "Value", ">Page", "Box", "As printed", ">Sure", "Method")
    for name, value in _values(view.invoice.model_dump(mode="json", exclude={"lines"}), ""):
        values.add_row(name.strip("/").replace("/", "."), plain(value), *_where(view.evidence.get(name)))
    out.print(values)
    _print_lines(view, out)
    for finding in view.findings:
        mark = plain(f"{finding.rule} ({finding.severity.value}): ", SEVERITY_STYLES[finding.severity])
        out.print(mark.append_text(plain(finding.message)), soft_wrap=True)
    print_tried(view.tried, out)


def _part(part: Part) -> str:
    pages = "" if part.first_page is None else f", from page {part.first_page} to page {part.last_page}"
    if part.first_page == part.last_page and part.first_page is not None:
        pages = f", page {part.first_page}"
    return (
        f"Number {part.number} of the {part.count} invoices in the file{pages}. "
        f"All of them: `invoiceflow status {part.document_id}`."
    )


def _print_lines(view: InvoiceView, out: Console) -> None:
    if not view.invoice.lines:
        return
    lines = table(
        ">Line", "Description", ">Quantity", "Unit", ">Price", ">Discount", ">Net", ">Tax %", ">Page", ">Sure"
    )
    for index, line in enumerate(view.invoice.lines):
        evidence = [item for name, item in view.evidence.items() if name.startswith(f"/lines/{index}/")]
        pages = sorted({item.page for item in evidence if item.page is not None})
        lines.add_row(
            plain(line.id or str(index + 1)),
            plain(line.description),
            amount(line.quantity),
            plain(line.unit),
            amount(line.unit_price),
            amount(line.discount),
            amount(line.net),
            amount(line.tax_rate),
            ", ".join(map(str, pages)),
            _sure(min(item.confidence for item in evidence)) if evidence else "",
        )
    out.print(lines)


def _values(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _values(part, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _values(part, f"{pointer}/{index}")
    elif value is not None:
        yield pointer, str(value)


def _where(evidence: Evidence | None) -> tuple[str | Text, ...]:
    if evidence is None:
        return ("", "", "", "", "")
    box = ""
    if evidence.box is not None:
        left, top, right, bottom = (f"{edge:.1%}" for edge in evidence.box)
        box = f"{left} {top} - {right} {bottom}"
    return (
        "" if evidence.page is None else str(evidence.page),
        box or plain(evidence.path),
        plain(evidence.text),
        _sure(evidence.confidence),
        evidence.method.value,
    )


def _sure(confidence: float) -> Text:
    return Text(f"{confidence:.0%}", style="yellow" if confidence < LOW_CONFIDENCE else "green")
