"""The languages of the local engine and the keys of its label files, from those files and their reader."""

from collections.abc import Iterable

from babel import Locale

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.local.lexicon import COLUMN_ROLES, FIELD_LABELS, TOTAL_LABELS, lexicon
from reference_pages.blocks import table

__all__ = ["language_blocks"]


def language_blocks() -> dict[str, str]:
    """Return the table of languages, and that of the keys of a label file."""
    known = sorted(lexicon().words)
    sections = (
        ("`words`", "a list of frequent words of the language, by which it is told", ""),
        ("`titles`", "what the document calls itself", _keys(InvoiceType)),
        ("`labels`", "labels of header fields and parties", _keys(FIELD_LABELS)),
        ("`totals`", "labels of the sums; `total` may be net or gross, `subtotal` lines or net", _keys(TOTAL_LABELS)),
        ("`columns`", "headings of the line and tax tables", _keys(COLUMN_ROLES)),
    )
    return {
        "languages": table(("code", "language"), [(f"`{code}`", _name(code)) for code in known]),
        "languages.keys": table(("section", "holds", "keys"), sections),
    }


def _keys(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(names))


def _name(code: str) -> str:
    return str(Locale.parse(code).get_display_name("en"))
