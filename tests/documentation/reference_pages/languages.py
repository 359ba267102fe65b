"""The languages of the local engine, from its label files."""

from babel import Locale

from invoiceflow_extract.local.lexicon import lexicon
from reference_pages.blocks import table

__all__ = ["language_blocks"]


def language_blocks() -> dict[str, str]:
    """Return the table of languages."""
    known = sorted(lexicon().words)
    return {"languages": table(("code", "language"), [(f"`{code}`", _name(code)) for code in known])}


def _name(code: str) -> str:
    return str(Locale.parse(code).get_display_name("en"))
