"""The local engine: from a layout to an invoice with evidence, without network, models or chance."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.local.currencies import currency_of, find_currency_codes
from invoiceflow_extract.local.dates import PrintedDate, day_first
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.identifiers import find_bics, find_ibans, find_vat_ids
from invoiceflow_extract.local.labelled import dates_near, identifiers_near, texts_near
from invoiceflow_extract.local.lexicon import Lexicon, lexicon
from invoiceflow_extract.local.observations import Label, Observations, observe
from invoiceflow_extract.local.page_text import Segment, sheets_of
from invoiceflow_extract.local.parties import Parties, find_parties
from invoiceflow_extract.local.table import Lines, describe, find_lines
from invoiceflow_extract.local.totals import Assignment, Candidate, assign
from invoiceflow_extract.reading import Reading

__all__ = ["read_layout"]


class _Draft:
    """The invoice under construction: values by JSON pointer, with their evidence."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.evidence: dict[str, Evidence] = {}

    def put(self, pointer: str, found: Found[Any] | None, value: Any = None, factor: float = 1.0) -> None:
        if found is None:
            return
        *path, last = pointer.strip("/").split("/")
        node: Any = self.data
        for part in path:
            node = node.setdefault(part, {})
        node[last] = found.value if value is None else value
        self.evidence[pointer] = found.evidence(factor)


def read_layout(layout: Layout) -> Reading:
    """Read an invoice from ``layout``: whatever is not found or is too doubtful stays ``None``."""
    words = lexicon()
    sheets = sheets_of(layout)
    seen = observe(sheets, words)
    draft = _Draft()
    text = "\n".join(row.text for row in seen.rows)
    language = _language(layout, words, text)
    lines = find_lines(seen, words)
    _kind(seen, words, draft)
    _references(seen, words, draft)
    account_name = _best(texts_near(seen, "account_name"))
    parties = find_parties(seen, words, account_name, lines.rows | lines.head_rows)
    _parties(seen, parties, draft)
    _payment(seen, draft)
    country = _country(draft, text)
    _dates(seen, words, draft, _day_first_default(language, country, text), lines)
    _currency(seen, draft, text, country, language)
    _totals(seen, lines, draft)
    _lines(lines, draft)
    return Reading(Invoice.model_validate(draft.data), draft.evidence)


def _language(layout: Layout, words: Lexicon, text: str) -> str:
    ranked = words.language_of(text[:6000])
    if ranked and ranked[0][1] > 2:  # noqa: PLR2004
        return ranked[0][0]
    return layout.languages[0] if layout.languages else "en"


def _best(found: Iterable[tuple[Label, Found[Any]]]) -> Found[Any] | None:
    ranked = [pair[1] for pair in found]
    return max(ranked, key=lambda item: item.score) if ranked else None


def _kind(seen: Observations, words: Lexicon, draft: _Draft) -> None:
    best: tuple[float, Found[str]] | None = None
    for sheet in seen.sheets[:1]:
        for row in sheet.rows:
            for segment in row.segments:
                kind, tokens = _title(segment, words)
                if kind is None:
                    continue
                weight = (
                    segment.height / sheet.height * 20 + (1 - row.y0 / sheet.height) + (0.3 if kind != "invoice" else 0)
                )
                weight -= 0.6 * (len(segment.tokens) - len(tokens))
                if best is None or weight > best[0]:
                    best = (weight, Found.at(kind, tokens, sheet, 0.85))
    if best is not None:
        draft.put("/type", best[1])


def _title(segment: Segment, words: Lexicon) -> tuple[str | None, list[Any]]:
    for end in range(min(4, len(segment.tokens)), 0, -1):
        kind = words.titles.get("".join(token.key for token in segment.tokens[:end]))
        if kind is not None:
            return kind, segment.tokens[:end]
    return None, []


def _references(seen: Observations, words: Lexicon, draft: _Draft) -> None:
    numbers = []
    for label, found in identifiers_near(seen, "number"):
        weight = found.score * (0.5 if label.key in words.titles else 1.0)
        weight *= 0.75 if not label.leads else 1.0
        position = found.tokens[0].y0 / found.sheet.height
        weight *= 1.0 if position < 0.6 and found.sheet is seen.sheets[0] else 0.8  # noqa: PLR2004
        numbers.append((weight, found))
    if numbers:
        weight, found = max(numbers, key=lambda pair: pair[0])
        draft.put("/number", Found(found.value, found.tokens, found.sheet, min(0.95, 0.3 + 0.65 * weight)))
    number = draft.data.get("number")
    for pointer, meaning in (
        ("/purchase_order", "purchase_order"),
        ("/buyer_reference", "buyer_reference"),
        ("/preceding_invoice", "preceding_invoice"),
    ):
        best = _best(pair for pair in identifiers_near(seen, meaning) if pair[1].score > 0.5)  # noqa: PLR2004
        if best is not None and best.value != number:
            draft.put(pointer, best, factor=0.9)
    terms = _best(pair for pair in texts_near(seen, "payment_terms") if pair[0].leads)
    if terms is not None and len(terms.value) > 2:  # noqa: PLR2004
        draft.put("/payment_terms", terms, factor=0.7)


def _parties(seen: Observations, parties: Parties, draft: _Draft) -> None:
    draft.put("/seller/name", parties.seller)
    if parties.buyer is not None and draft.data.get("seller", {}).get("name") != parties.buyer.value:
        draft.put("/buyer/name", parties.buyer)
    buyer_segments = {id(s) for block in (*parties.buyer_blocks, *parties.other_blocks) for s in block.segments}
    seller: tuple[float, Found[str]] | None = None
    buyer: tuple[float, Found[str]] | None = None
    for row in seen.rows:
        for segment in row.segments:
            labels = [label for label in seen.fields_of(row) if label.segment is segment]
            for vat_id, start, end, valid in find_vat_ids(segment.text):
                labelled = any("vat_id" in label.meanings or "tax_id" in label.meanings for label in labels)
                if any(label.meanings & {"iban", "bic", "phone", "fax"} for label in labels) and not labelled:
                    continue
                if not valid and not labelled:
                    continue
                tokens = _tokens_between(segment, start, end)
                score = (0.7 if valid else 0.5) + (0.2 if labelled else 0.0)
                found = Found.at(vat_id, tokens, row.sheet, score)
                if id(segment) in buyer_segments:
                    if buyer is None or score > buyer[0]:
                        buyer = (score, found)
                elif seller is None or score > seller[0]:
                    seller = (score, found)
    if seller:
        draft.put("/seller/vat_id", seller[1])
    if buyer and (not seller or buyer[1].value != seller[1].value):
        draft.put("/buyer/vat_id", buyer[1])


def _tokens_between(segment: Segment, start: int, end: int) -> list[Any]:
    position, chosen = 0, []
    for token in segment.tokens:
        if position < end and start < position + len(token.text):
            chosen.append(token)
        position += len(token.text) + 1
    return chosen


def _payment(seen: Observations, draft: _Draft) -> None:
    best: tuple[float, Found[str]] | None = None
    for row in seen.rows:
        labels = seen.fields_of(row)
        for segment in row.segments:
            for iban, start, end, valid in find_ibans(segment.text):
                labelled = any("iban" in label.meanings for label in labels)
                if not valid and not labelled:
                    continue
                score = 0.95 if valid else 0.5
                if best is None or score > best[0]:
                    best = (score, Found.at(iban, _tokens_between(segment, start, end), row.sheet, score))
            if any("bic" in label.meanings for label in labels):
                for bic, start, end in find_bics(segment.text):
                    if fold(bic) not in {"swift", "bic"} and "bic" not in draft.data.get("payment", {}):
                        draft.put("/payment/bic", Found.at(bic, _tokens_between(segment, start, end), row.sheet, 0.85))
    if best:
        draft.put("/payment/iban", best[1])
    reference = _best(pair for pair in identifiers_near(seen, "payment_reference"))
    draft.put("/payment/reference", reference, factor=0.8)


_US_STATE = frozenset(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY DC".split()
)


def _country(draft: _Draft, text: str) -> str | None:
    vat_id = draft.data.get("seller", {}).get("vat_id")
    if vat_id:
        return str(vat_id[:2])
    tokens = text.replace(",", " ").split()
    for state, code in zip(tokens, tokens[1:], strict=False):
        if state in _US_STATE and code[:5].isdigit() and len(code) in {5, 10}:
            return "US"
    return None


def _day_first_default(language: str, country: str | None, text: str) -> bool:
    if language != "en":
        return True
    if country is not None:
        return country != "US"
    return "$" not in text


def _dates(seen: Observations, words: Lexicon, draft: _Draft, default: bool, lines: Lines) -> None:  # noqa: FBT001
    table = lines.rows
    every = [found for row in seen.rows for found in seen.dates_of(row)]
    first = day_first((found.printed for found in every), default=default)

    def ranked(meaning: str) -> list[tuple[float, Found[PrintedDate]]]:
        options = []
        for label, found in dates_near(seen, meaning):
            if id(label.row) in table or id(label.row) in lines.head_rows:
                continue
            weight = found.score * (0.8 if label.key in {"date", "datum", "due", "du"} else 1.0)
            weight *= 1.0 if label.leads else 0.8
            weight *= 1.0 - 0.2 * found.tokens[0].y0 / found.sheet.height
            options.append((weight, found))
        return sorted(options, key=lambda pair: -pair[0])

    taken: set[int] = set()

    def settle(pointer: str, meaning: str) -> date | None:
        for weight, found in ranked(meaning):
            if id(found.tokens[0]) in taken:
                continue
            value = found.value.choose(day_first=first)
            taken.add(id(found.tokens[0]))
            sure = 1.0 if len(found.value.values) == 1 else 0.9
            draft.put(pointer, Found(value, found.tokens, found.sheet, min(0.95, 0.3 + 0.65 * weight)), factor=sure)
            return value
        return None

    settle("/due_date", "due_date")
    issued = settle("/issue_date", "issue_date")
    settle("/delivery_date", "delivery_date")
    if issued is None:
        decoys = {
            id(found.tokens[0])
            for meaning in ("order_date", "delivery_date", "due_date", "period")
            for _, found in dates_near(seen, meaning)
        }
        for found in every:
            if id(found.tokens[0]) in taken | decoys or id(found.row) in table:
                continue
            position = found.row.y0 / found.row.sheet.height
            if position < 0.5 and found.row.sheet is seen.sheets[0]:  # noqa: PLR2004
                value = found.printed.choose(day_first=first)
                draft.put("/issue_date", Found.at(value, found.tokens, found.row.sheet, 0.5))
                break


def _currency(seen: Observations, draft: _Draft, text: str, country: str | None, language: str) -> None:
    beside: Counter[str] = Counter()
    example = {}
    for row in seen.rows:
        for amount in seen.amounts_of(row):
            if amount.number.currency:
                beside[amount.number.currency] += 1
                example.setdefault(amount.number.currency, amount)
        for token in row.tokens:
            bare = token.text.strip("()[]:/.,")
            if bare in {"€", "£", "$", "EUR", "USD", "GBP", "CHF", "Kč", "zł", "PLN", "SEK", "NOK", "DKK", "CZK"}:
                beside[bare] += 1
    codes = Counter(find_currency_codes(text))
    code = currency_of(beside, codes, country, language)
    if code is None:
        return
    for row in seen.rows:
        for token in row.tokens:
            if code in token.text or any(mark in token.text for mark in beside):
                draft.put("/currency", Found.at(code, [token], row.sheet, 0.9))
                return


_SPREAD = {
    "subtotal": (("net", 0.75), ("lines_net", 0.85)),
    "lines_net": (("lines_net", 1.0), ("net", 0.3)),
    "net": (("net", 1.0), ("lines_net", 0.2)),
    "tax": (("tax", 1.0),),
    "gross": (("gross", 1.0), ("payable", 0.2)),
    "total": (("gross", 0.85), ("net", 0.4)),
    "payable": (("payable", 1.0), ("gross", 0.7)),
    "prepaid": (("prepaid", 0.8),),
    "allowances": (("allowances", 0.9),),
    "charges": (("charges", 0.8),),
    "rounding": (("rounding", 0.9),),
}


def _totals(seen: Observations, lines: Lines, draft: _Draft) -> None:
    candidates: list[Candidate] = []
    for row in seen.rows:
        if id(row) in lines.rows:
            continue
        for label in seen.totals_of(row):
            for amount, chance in _amounts_at(seen, label, lines):
                weight = chance * label.fit * (1.0 if label.leads else 0.7)
                weight *= 1.0 if amount.number.money_like else 0.75
                for meaning in label.meanings:
                    for role, share in _SPREAD.get(meaning, ()):
                        for order, value in enumerate(amount.number.values):
                            candidates.append(Candidate(role, value, weight * share * (0.7 if order else 1.0), amount))
    sums = _line_sums(lines)
    rates = sorted({a.number.value for row in seen.rows for a in seen.amounts_of(row) if a.number.percent})
    best = assign(candidates, sums, rates)
    for role, candidate in best.chosen.items():
        amount: Any = candidate.source
        if role == "lines_net" and not _lines_net_is_own(best):
            continue
        value = abs(candidate.value) if role in {"allowances", "prepaid"} else candidate.value
        score = 0.95 if role in best.proved else 0.35 + 0.4 * candidate.weight
        draft.put(f"/totals/{role}", Found.at(value, amount.tokens, amount.row.sheet, score))


def _lines_net_is_own(best: Assignment) -> bool:
    """Whether the sum of the lines is told apart from the net total on the page, not the same amount twice."""
    lines_net, net = best.chosen["lines_net"], best.chosen.get("net")
    return net is None or lines_net.source is not net.source or lines_net.weight > 0.8  # noqa: PLR2004


def _amounts_at(seen: Observations, label: Label, lines: Lines) -> Iterable[tuple[Any, float]]:
    """Yield the amounts that a total's label may name: behind it in its row, or under it."""
    row = label.row
    others = [other.x0 for other in seen.totals_of(row) if other.x0 > label.x1]
    limit = min(others, default=float("inf"))
    behind = [
        amount for amount in seen.amounts_of(row) if label.x1 - 1 <= amount.x0 < limit and not amount.number.percent
    ]
    if behind:
        last = behind[-1]
        yield last, 1.0
        for amount in behind[:-1]:
            if amount.number.money_like:
                yield amount, 0.5
        return
    if label.end < len(label.segment.tokens) and label.segment.tokens[label.end].key and not label.has_colon:
        return
    for below in row.sheet.below(row, 2):
        if below.y0 - row.y1 > 2.5 * max(row.height, 6.0):
            return
        for amount in seen.amounts_of(below):
            overlap = min(amount.x1, label.x1) - max(amount.x0, label.x0)
            if overlap > 0 and not amount.number.percent and not any(o.leads for o in seen.totals_of(below)):
                yield amount, 0.8
                return


def _line_sums(lines: Lines) -> list[Decimal]:
    sums = []
    for role in ("net", "gross"):
        values = [line.value(role) for line in lines.lines]
        known = [value for value in values if value is not None]
        if known:
            sums.append(sum(known, Decimal(0)))
    return sums


def _lines(lines: Lines, draft: _Draft) -> None:
    rows: list[dict[str, Any]] = []
    for index, line in enumerate(lines.lines):
        data: dict[str, Any] = {}

        def put(name: str, found: Found[Any] | None, factor: float = 1.0, at: int = index, row: dict[str, Any] = data) -> None:
            if found is not None:
                row[name] = found.value
                draft.evidence[f"/lines/{at}/{name}"] = found.evidence(factor)

        certain = 1.18 if line.closes else 0.9
        put("description", describe(line))
        put("id", line.texts.get("line_id"))
        put("item_code", line.texts.get("item_code"))
        put("unit", line.texts.get("unit"))
        put("quantity", line.fields.get("quantity"), certain)
        if "quantity" not in data and line.counted is not None:
            data["quantity"] = line.counted
            draft.evidence[f"/lines/{index}/quantity"] = Evidence(
                method=Method.LOCAL, text="computed: net amount / unit price", confidence=0.5
            )
        put("unit_price", line.fields.get("unit_price"), certain)
        put("net", line.amount, certain)
        put("tax_rate", line.fields.get("tax_rate"))
        rows.append(data)
    if rows:
        draft.data["lines"] = rows
