"""What keeps an invoice from being an e-invoice."""

from dataclasses import dataclass

from invoiceflow_contracts.extraction import JsonPointer

__all__ = ["Violation"]


@dataclass(frozen=True)
class Violation:
    """A rule of EN 16931 that the invoice breaks."""

    rule: str
    """Id of the rule, such as ``BR-CO-15``."""
    message: str
    """A sentence for a person."""
    pointers: tuple[JsonPointer, ...] = ()
    """The fields it is about, also where they are missing."""
