"""What the calibration learns from: every labelled value the local engine gave, with its signals and whether it is right."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.layout import Layout
from invoiceflow_evaluation.pointers import POINTERS
from invoiceflow_evaluation.scoring import HEADER, Outcome, line_is_right, score
from invoiceflow_evaluation.truth import TruthRow
from invoiceflow_extract.calibration.signals import family_of, signals
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.local import read_layout
from invoiceflow_extract.review import key_fields

__all__ = ["Example", "Labelled", "Source", "examples_of"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents come from, and how much one of their layouts counts."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Example:
    """A value the engine gave: ``pointer`` in the invoice, what speaks for it, and whether it is right."""

    pointer: str
    family: str
    signals: dict[str, float]
    right: bool
    header: bool
    """Whether it is one of the header fields that the figures are taken over."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A document that the engine read, with its examples."""

    source: Source
    layout: str
    """Documents that share a template: all of them are fitted on, or none."""
    examples: tuple[Example, ...]
    key: tuple[tuple[str, str, dict[str, float]], ...]
    """Pointer, family and signals of the key fields, which decide the document's confidence."""
    stopped: bool
    """Whether it needs a person whatever its confidence: a key field is missing, or a check found an error."""


def examples_of(row: TruthRow, layout: Layout, source: Source) -> Labelled:
    """Read ``layout`` with the local engine and hold what it gives against the truth."""
    reading = read_layout(layout)
    invoice = reading.invoice
    result = score(row, invoice)
    given = {pointer: (family, found) for pointer, family, found in signals(reading, layout)}

    def header() -> Iterator[Example]:
        for name, judged in result.fields.items():
            pointer = POINTERS[name]
            if judged.given is not None and pointer in given:
                family, found = given[pointer]
                yield Example(pointer, family, found, judged.outcome is Outcome.CORRECT, name in HEADER)

    def lines() -> Iterator[Example]:
        for index, line in enumerate(invoice.lines if row.truth.lines else ()):
            pointer = f"/lines/{index}/net"
            if pointer in given:
                right = any(line_is_right(label, line) for label in row.truth.lines or ())
                yield Example(pointer, *given[pointer], right, header=False)

    key = key_fields(reading)
    errors = any(finding.severity is Severity.ERROR for finding in check(Subject(invoice, Origin.PAGE)))
    return Labelled(
        source=source,
        layout=row.layout,
        examples=(*header(), *lines()),
        key=tuple((pointer, family_of(pointer), given[pointer][1]) for pointer in key if pointer in given),
        stopped=errors or any(pointer not in given for pointer in key),
    )


def layouts_of(documents: Iterable[Labelled]) -> set[str]:
    """Return the layouts among ``documents``."""
    return {document.layout for document in documents}
