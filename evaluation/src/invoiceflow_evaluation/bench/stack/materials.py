"""As many different documents as a load needs, from the few that are worth the time of generating them."""

from collections.abc import Sequence
from itertools import count

from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_samples import Kind, generate

__all__ = ["Variants", "einvoices"]

_SEED = 20_262
_ORIGINALS = 200


class Variants:
    """Endlessly many documents of one kind: the originals by turns, each time with bytes that never were there before."""

    def __init__(self, originals: Sequence[tuple[Material, str]]) -> None:
        self._originals = originals
        self._numbers = count()

    @classmethod
    def of_pdfs(cls, originals: Sequence[Material]) -> "Variants":
        """Return PDFs that differ in a comment after their end: the same page to every reader."""
        return cls([(material, "") for material in originals])

    def take(self, number: int) -> list[Material]:
        """Return the next ``number`` documents."""
        return [self._variant(next(self._numbers)) for _ in range(number)]

    def _variant(self, number: int) -> Material:
        material, invoice_number = self._originals[number % len(self._originals)]
        stem, _, suffix = material.name.rpartition(".")
        if invoice_number:
            data = material.data.replace(invoice_number.encode(), f"{invoice_number}-{number}".encode())
        else:
            data = material.data + f"\n% {number}\n".encode()
        return Material(f"{stem}-{number}.{suffix}", data)


def einvoices() -> Variants:
    """Return UBL and CII invoices that differ in their numbers."""
    samples = generate(seed=_SEED, count=_ORIGINALS, kinds=[Kind.XML_UBL, Kind.XML_CII])
    return Variants(
        [(Material(sample.name, sample.data), str(sample.truth["truth"]["invoice_number"])) for sample in samples]
    )
