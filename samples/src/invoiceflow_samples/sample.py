"""What the generator hands over, and the kinds it can make."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Kind", "Sample"]


class Kind(StrEnum):
    """The form in which an invoice arrives."""

    PDF_TEXT = "pdf-text"
    PDF_SCAN = "pdf-scan"
    IMAGE = "image"
    FACTURX = "facturx"
    XML_CII = "xml-cii"
    XML_UBL = "xml-ubl"
    OFFICE = "office"

    @property
    def row_kind(self) -> str:
        """The ``kind`` of the truth row: a Factur-X file is a text PDF whose row names its ``profile``."""
        return Kind.PDF_TEXT.value if self is Kind.FACTURX else self.value


@dataclass(frozen=True, slots=True)
class Sample:
    """One document and what it says.

    ``truth`` is a row of ``truth.jsonl``: ``file`` (``documents/<name>``), ``kind``, ``language``, ``layout``,
    ``truth``, ``printed``, ``licence``, ``features`` and, where something is wrong on purpose, ``defect``.
    """

    name: str
    media_type: str
    data: bytes
    truth: dict[str, Any]
