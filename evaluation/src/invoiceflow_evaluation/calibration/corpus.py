"""The documents that are fitted on: labelled folders, the generator's, and strange variants of both."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Layout
from invoiceflow_evaluation.calibration.damage import damaged
from invoiceflow_evaluation.calibration.examples import Labelled, Source, examples_of
from invoiceflow_evaluation.pipeline import Pipeline
from invoiceflow_evaluation.truth import TruthRow, load
from invoiceflow_samples import Kind, generate

__all__ = ["GENERATED", "LABELLED", "corpus"]

LABELLED, GENERATED = "labelled", "generated"
_STRANGE = ", strange"
_STRANGE_WEIGHT = 0.6
"""Of a strange variant's layout: it is less like what is sent than a real document, and more like what was never seen."""
_VARIANTS = {LABELLED: 8, GENERATED: 2}
_SEED = 77


def corpus(folders: Sequence[Path], generated: int, pipeline: Pipeline) -> Iterator[Labelled]:
    """Yield every document as the local engine reads it, without its e-invoice, with strange variants of it."""
    for folder in folders:
        for row in load(folder):
            if not row.kind.startswith("xml"):
                yield from _variants(LABELLED, row, (folder / row.file).read_bytes(), pipeline)
    for sample in generate(_SEED, generated, (Kind.PDF_TEXT,)):
        yield from _variants(GENERATED, TruthRow.model_validate(sample.truth), sample.data, pipeline)


def _variants(source: str, row: TruthRow, data: bytes, pipeline: Pipeline) -> Iterator[Labelled]:
    try:
        layout = pipeline.layout(data)
    except PermanentError:
        return  # what cannot be read has no values to be sure of
    yield examples_of(row, layout, Source(source, 1.0))
    for variant in _strange(layout, row, _VARIANTS[source]):
        yield examples_of(row, variant, Source(source + _STRANGE, _STRANGE_WEIGHT))


def _strange(layout: Layout, row: TruthRow, count: int) -> Iterator[Layout]:
    for number in range(count):
        yield damaged(layout, row, Random(f"{row.file}/{number}"))  # noqa: S311 - reproducible, no secret
