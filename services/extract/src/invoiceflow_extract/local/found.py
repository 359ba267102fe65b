"""A value with the place it was read from and how much speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_extract.local.page_text import Sheet, Token, box_of

__all__ = ["Found"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Found(Generic[T]):
    """``value`` as read from ``tokens``; ``score`` from 0 to 1 is about the chance that it is right."""

    value: T
    tokens: tuple[Token, ...]
    sheet: Sheet
    score: float
    alternatives: tuple[str, ...] = ()
    """Other values that were considered, the likeliest first."""
    repaired: str | None = None
    """What recognition misread, and what proves the repair."""

    @property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)

    def evidence(self, factor: float = 1.0) -> Evidence:
        """Return the evidence of this value; bad recognition of its characters lowers the confidence."""
        legible = min(token.confidence for token in self.tokens)
        return Evidence(
            method=Method.LOCAL,
            text=self.text,
            confidence=round(max(0.0, min(0.99, self.score * factor * legible)), 3),
            page=self.sheet.number,
            box=box_of(self.tokens),
            alternatives=self.alternatives,
            repaired=self.repaired,
        )

    @staticmethod
    def at(value: T, tokens: Sequence[Token], sheet: Sheet, score: float) -> "Found[T]":
        return Found(value, tuple(tokens), sheet, score)
