"""The local engine: from a layout to an invoice with evidence, without network, models or chance."""

import itertools
from typing import Any

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.local.calendar_dates import read_dates
from invoiceflow_extract.local.draft import Draft
from invoiceflow_extract.local.figures import read_currency, read_taxes, read_totals
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.identities import read_parties, read_payment
from invoiceflow_extract.local.labelled import texts_near
from invoiceflow_extract.local.lexicon import Lexicon, lexicon
from invoiceflow_extract.local.observations import observe
from invoiceflow_extract.local.page_text import sheets_of
from invoiceflow_extract.local.pages import invoices_in, leave_out_terms
from invoiceflow_extract.local.parties import find_parties
from invoiceflow_extract.local.references import best_of, read_kind, read_references
from invoiceflow_extract.local.table import Lines, find_lines
from invoiceflow_extract.local.table_line import describe
from invoiceflow_extract.local.tax_table import find_taxes
from invoiceflow_extract.local.vocabulary import vocabulary
from invoiceflow_extract.reading import Reading

__all__ = ["read_layout"]

_SAMPLE = 6000  # characters that tell the language


def read_layout(layout: Layout) -> Reading:
    """Read the first invoice in ``layout``: whatever is not found or is too doubtful stays ``None``."""
    words = lexicon()
    seen = observe(sheets_of(layout), words)
    if len(seen.sheets) > 1:
        for _, begins in invoices_in(seen, words)[1:2]:
            seen.sheets = [sheet for sheet in seen.sheets if sheet.number < begins]
        leave_out_terms(seen)
    text = "\n".join(row.text for row in seen.rows)
    language = _language(layout, words, text)
    draft = Draft()
    lines = find_lines(seen, words)
    table = lines.tokens
    read_kind(seen, words, draft)
    read_references(seen, words, draft, table)
    account_name = best_of(texts_near(seen, "account_name"))
    read_parties(seen, find_parties(seen, words, account_name, table), draft)
    read_payment(seen, draft, account_name)
    country = _country(draft, text)
    read_dates(seen, draft, table, by_day=_by_day(language, country, text))
    read_currency(seen, draft, text, country, language)
    taxes = find_taxes(seen, words, lines.rows)
    read_totals(seen, lines, taxes, draft)
    read_taxes(taxes, draft)
    _read_lines(lines, draft)
    return Reading(Invoice.model_validate(draft.data), draft.evidence)


def _language(layout: Layout, words: Lexicon, text: str) -> str:
    ranked = words.language_of(text[:_SAMPLE])
    if ranked and ranked[0][1] > 2:
        return ranked[0][0]
    return layout.languages[0] if layout.languages else "en"


def _country(draft: Draft, text: str) -> str | None:
    """Return the seller's country, or US where a state and a ZIP code stand side by side."""
    country = draft.get("/seller/address/country")
    if country is not None:
        return str(country)
    tokens = text.replace(",", " ").split()
    for state, code in itertools.pairwise(tokens):
        if state in vocabulary().us_states and code[:5].isdigit() and len(code) in {5, 10}:
            return "US"
    return None


def _by_day(language: str, country: str | None, text: str) -> bool:
    """Return whether 03/04/2025 is the third of April here."""
    if language != "en":
        return True
    if country is not None:
        return country != "US"
    return "$" not in text


def _read_lines(lines: Lines, draft: Draft) -> None:
    rows: list[dict[str, object]] = []
    for index, line in enumerate(lines.lines):
        data: dict[str, object] = {}
        certain = 1.18 if line.closes else 0.9
        found: tuple[tuple[str, Found[Any] | None, float], ...] = (
            ("description", describe(line), 1.0),
            ("id", line.texts.get("line_id"), 1.0),
            ("item_code", line.texts.get("item_code"), 1.0),
            ("unit", line.texts.get("unit"), 1.0),
            ("quantity", line.fields.get("quantity"), certain),
            ("unit_price", line.fields.get("unit_price"), certain),
            ("discount", line.discount, certain),
            ("net", line.amount, certain),
            ("tax_rate", line.fields.get("tax_rate"), 1.0),
        )
        for name, value, factor in found:
            if value is not None:
                data[name] = value.value
                draft.evidence[f"/lines/{index}/{name}"] = value.evidence(factor)
        if "quantity" not in data and line.counted is not None:
            data["quantity"] = line.counted
            draft.evidence[f"/lines/{index}/quantity"] = Evidence(
                method=Method.LOCAL, text="computed: net amount / unit price", confidence=0.5
            )
        rows.append(data)
    if rows:
        draft.data["lines"] = rows
