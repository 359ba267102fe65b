"""Documents that hold more than one invoice."""

from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.extraction import Document, extract
from invoiceflow_extract.local import read_layout
from invoiceflow_extract.reading import Reading

ROWS = ("Invoice no: {number}", "Oak table", "Total: {total}")


class OfThePage:
    """The local engine with its own scores."""

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        return read_layout(layout)


def page(position: int, **values: str) -> Page:
    lines = []
    for index, row in enumerate(ROWS):
        words = row.format(**values).split()
        top = 0.1 + 0.1 * index
        lines.append(
            Line(
                words=tuple(
                    Word(text=word, box=Box(0.1 + 0.1 * place, top, 0.18 + 0.1 * place, top + 0.012))
                    for place, word in enumerate(words)
                )
            )
        )
    return Page(number=position, width=595, height=842, source="text", lines=tuple(lines))


async def test_further_invoices_in_a_document_are_never_lost_without_a_word() -> None:
    pages = (page(1, number="A-100", total="300.00"), page(2, number="A-101", total="450.00"))
    document = Document(layout=Layout(engine=Engine(name="t", version="1"), pages=pages))
    extraction = await extract(document, OfThePage(), max_einvoice_size=10**6)
    assert extraction.reading.invoice.number == "A-100"
    (finding,) = [finding for finding in extraction.findings if finding.rule == "IF-SEVERAL-INVOICES"]
    assert finding.values == {"page 1": "A-100", "page 2": "A-101"}
