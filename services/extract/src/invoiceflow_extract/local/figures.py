"""From the amounts on the pages to totals, tax breakdown and currency."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from invoiceflow_extract.local.currencies import currency_of, find_currency_codes
from invoiceflow_extract.local.draft import Draft
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.observations import Amount, Label, Observations
from invoiceflow_extract.local.page_text import Row
from invoiceflow_extract.local.table import Lines
from invoiceflow_extract.local.tax_table import TaxFound, total_of
from invoiceflow_extract.local.totals import Assignment, Candidate, assign, closes

__all__ = ["read_currency", "read_taxes", "read_totals"]

_SPREAD: dict[str, tuple[tuple[str, float], ...]] = {
    "subtotal": (("net", 0.75), ("lines_net", 0.85)),
    "lines_net": (("lines_net", 1.0), ("net", 0.3)),
    "net": (("net", 1.0), ("lines_net", 0.2)),
    "tax": (("tax", 1.0),),
    "gross": (("gross", 1.0), ("payable", 0.2)),
    "total": (("gross", 0.85), ("net", 0.4), ("lines_net", 0.3)),
    "payable": (("payable", 1.0), ("gross", 0.7)),
    "prepaid": (("prepaid", 0.8),),
    "allowances": (("allowances", 0.9),),
    "charges": (("charges", 0.8),),
    "rounding": (("rounding", 0.9),),
}
"""What a label can mean, and how well it then names the total."""

_ALTERNATIVES = 3
_LONGEST = 14  # digits of an amount
_ASKEW = 1.2  # line heights
_UNDER_ROWS = 4
_UNDER_GAP = 4.0  # line heights


def read_totals(seen: Observations, lines: Lines, taxes: Sequence[TaxFound], draft: Draft) -> None:
    """Put the totals whose arithmetic closes best into ``draft``."""
    candidates = list(_candidates(seen, lines))
    if len(taxes) > 1:
        # The rates' sum is not printed, but must not lose against a single rate's amount.
        candidates.append(Candidate("tax", total_of(taxes), 0.6))
    if taxes and all(entry.closes for entry in taxes):
        bases = [entry.basis.number.value for entry in taxes if entry.basis is not None]
        candidates.append(Candidate("net", sum(bases, Decimal(0)), 0.3))
        if len(taxes) == 1 and taxes[0].basis is not None:
            candidates.append(Candidate("net", bases[0], 0.5, taxes[0].basis))
            candidates.append(Candidate("tax", total_of(taxes), 0.7, taxes[0].amount))
    rates = sorted({a.number.value for row in seen.rows for a in seen.amounts_of(row) if a.number.percent})
    sums = _line_sums(lines)
    best = assign(candidates, sums, rates)
    for role, candidate in best.chosen.items():
        if not isinstance(candidate.source, Amount):
            if role == "tax" and "tax" in best.proved and candidate.value == total_of(taxes):
                draft.compute("/totals/tax", candidate.value, "sum of the VAT amounts, net + VAT = gross", 0.8)
            continue
        value = abs(candidate.value) if role in {"allowances", "prepaid"} else candidate.value
        score = 0.96 if role in best.proved else 0.3 + 0.4 * candidate.weight
        found = _found(value, candidate.source, score)
        draft.put(f"/totals/{role}", replace(found, alternatives=_rivals(candidates, role, candidate)))
    _follow(best, sums, draft)
    _read_adjustments(best, seen, draft)


def _read_adjustments(best: Assignment, seen: Observations, draft: Draft) -> None:
    """Put the printed discount and charge with their words and per cent; of several only the sum is known."""
    rows: list[dict[str, object]] = []
    for role in ("allowances", "charges"):
        candidate = best.chosen.get(role)
        if candidate is None or role not in best.proved or not isinstance(candidate.source, Amount):
            continue
        amount, pointer = candidate.source, f"/allowances_charges/{len(rows)}"
        entry: dict[str, object] = {"is_charge": role == "charges", "amount": abs(candidate.value)}
        draft.evidence[f"{pointer}/amount"] = _found(abs(candidate.value), amount, 0.9).evidence()
        words = [t for label in seen.totals_of(amount.row) if role in label.meanings for t in label.segment.tokens]
        words = [token for token in words if token.x1 <= amount.x0 and any(c.isalpha() for c in token.text)]
        if words:
            reason = " ".join(token.text for token in words).strip(" :-")
            entry["reason"] = reason
            draft.evidence[f"{pointer}/reason"] = Found.at(reason, words, amount.row.sheet, 0.8).evidence()
        shares = [other for other in seen.amounts_of(amount.row) if other.number.percent]
        if len(shares) == 1:
            entry["percent"] = abs(shares[0].number.value)
            draft.evidence[f"{pointer}/percent"] = _found(abs(shares[0].number.value), shares[0], 0.8).evidence()
        rows.append(entry)
    if rows:
        draft.data["allowances_charges"] = rows


def _rivals(candidates: Sequence[Candidate], role: str, chosen: Candidate) -> tuple[str, ...]:
    """Return the other printed amounts whose labels could mean ``role``, the best label first."""
    ranked = sorted((c for c in candidates if c.role == role and c.source is not None), key=lambda c: -c.weight)
    return tuple(dict.fromkeys(format(c.value, "f") for c in ranked if c.value != chosen.value))[:_ALTERNATIVES]


def _follow(best: Assignment, sums: Sequence[Decimal], draft: Draft) -> None:
    """Fill in the totals that are another one under a second name."""
    net, gross = best.chosen.get("net"), best.chosen.get("gross")
    adjusted = "allowances" in best.chosen or "charges" in best.chosen
    same = net is not None and bool(sums) and closes(sums[0], net.value) and not adjusted
    if same and net is not None and isinstance(net.source, Amount) and draft.get("/totals/lines_net") is None:
        draft.put("/totals/lines_net", _found(net.value, net.source, 0.8))
    paid = draft.get("/totals/prepaid") or draft.get("/totals/rounding")
    if gross is not None and draft.get("/totals/payable") is None and not paid and isinstance(gross.source, Amount):
        draft.put("/totals/payable", _found(gross.value, gross.source, 0.8 if "gross" in best.proved else 0.5))


def _found(value: Decimal, amount: Amount, score: float) -> Found[Decimal]:
    return Found.at(value, amount.tokens, amount.row.sheet, score)


def _candidates(seen: Observations, lines: Lines) -> Iterable[Candidate]:
    for row in seen.rows:
        if id(row) in lines.rows or id(row) in lines.head_rows:
            continue
        yield from _in_one_row(row, seen)
        for label in seen.totals_of(row):
            for amount, chance in _amounts_at(seen, label, lines):
                if sum(character.isdigit() for character in amount.text) > _LONGEST:
                    continue
                weight = chance * label.fit * (1.0 if label.leads else 0.7)
                weight *= _nearness(label, amount) * _completeness(label)
                for meaning in label.meanings if weight else ():
                    for role, share in _SPREAD.get(meaning, ()):
                        for order, value in enumerate(amount.number.values):
                            yield Candidate(role, value, weight * share * (0.7 if order else 1.0), amount)


def _in_one_row(row: Row, seen: Observations) -> Iterable[Candidate]:
    """Yield net, tax and gross of a row of totals under a table's columns, told by their sum."""
    amounts = [amount for amount in seen.amounts_of(row) if not amount.number.percent][-5:]
    labels = [label for label in seen.totals_of(row) if label.leads and label.x1 <= amounts[0].x0] if amounts else []
    if not labels or len(amounts) < 3:
        return
    gross = amounts[-1]
    for net, tax in combinations(amounts[:-1], 2):
        if closes(net.number.value + tax.number.value, gross.number.value) and tax.number.value:
            yield Candidate("net", net.number.value, 0.7, net)
            yield Candidate("tax", tax.number.value, 0.7, tax)
            yield Candidate("gross", gross.number.value, 0.7, gross)


def _completeness(label: Label) -> float:
    """Return how much of the words ``label`` is: *total* says less in *total charges and allowances*."""
    if label.has_colon:
        return 1.0
    rest = [t for t in label.segment.tokens[label.end :] if t.key.isalpha() and len(t.key) > 2 and not t.text.isupper()]
    return 1.0 if not rest else 0.75 if len(rest) == 1 else 0.6


def _nearness(label: Label, amount: Amount) -> float:
    """Return how well ``amount`` goes with ``label``: a bare number behind further words is part of a sentence."""
    if amount.row is label.row:
        between = [t for t in label.row.tokens if label.x1 <= t.x0 < amount.x0 and t.key.isalpha() and len(t.key) > 3]
        if between and not amount.number.money_like:
            return 0.0
        if len(between) > 3:
            return 0.4
    return 1.0 if amount.number.money_like else 0.7


def _amounts_at(seen: Observations, label: Label, lines: Lines) -> Iterable[tuple[Amount, float]]:
    """Yield the amounts that a total's label may name: behind it in its row, or under it."""
    row = label.row
    limit = min(
        (o.x0 for o in seen.totals_of(row) if o.x0 > label.x1 and o.segment is not label.segment), default=float("inf")
    )
    behind = [a for a in seen.amounts_of(row) if label.x1 - 1 <= a.x0 < limit and not a.number.percent]
    if behind:
        yield behind[-1], 1.0
        for amount in behind[:-1]:
            if amount.number.money_like:
                yield amount, 0.5
        return
    beside = _beside(seen, label, limit)
    if beside is not None:
        yield beside, 0.8
        return
    # A rate belongs to its label: *VAT 21%* over an amount.
    alone = not any(t.key and not t.text.endswith("%") for t in label.segment.tokens[label.end :])
    if not alone and not label.has_colon:
        return
    for below in row.sheet.below(row, _UNDER_ROWS):
        if below.y0 - row.y1 > _UNDER_GAP * max(row.height, 6.0) or id(below) in lines.head_rows:
            return
        for amount in seen.amounts_of(below):
            right = max(label.x1, label.segment.x1) if alone else label.x1
            overlaps = min(amount.x1, right) - max(amount.x0, label.x0) > 0
            if overlaps and not amount.number.percent and not any(o.leads for o in seen.totals_of(below)):
                yield amount, 0.85 if amount.number.money_like else 0.4
                return


def _beside(seen: Observations, label: Label, limit: float) -> Amount | None:
    """Return the only amount right of ``label`` that stands a little higher or lower, as in a cell of two rows."""
    row = label.row
    near = [
        amount
        for other in row.sheet.rows[max(0, row.index - 1) : row.index + 2]
        if other is not row and abs(other.center - row.center) < _ASKEW * max(row.height, other.height)
        for amount in seen.amounts_of(other)
        if label.x1 <= amount.x0 < limit and amount.number.money_like and not seen.totals_of(other)
    ]
    return near[0] if len(near) == 1 and label.segment is row.segments[-1] else None


def _line_sums(lines: Lines) -> list[Decimal]:
    sums = []
    for role in ("net", "gross"):
        values = [line.value(role) for line in lines.lines]
        known = [value for value in values if value is not None]
        if known:
            sums.append(sum(known, Decimal(0)))
    return sums


def read_taxes(taxes: Sequence[TaxFound], draft: Draft) -> None:
    """Put the tax breakdown into ``draft``."""
    rows: list[dict[str, Decimal]] = []
    net = draft.get("/totals/net")
    for index, entry in enumerate(taxes):
        certain = 0.95 if entry.closes else 0.7
        row = {"rate": entry.rate.number.value, "amount": entry.amount.number.value}
        basis = entry.basis
        if basis is not None:
            row["basis"] = basis.number.value
            draft.evidence[f"/taxes/{index}/basis"] = _found(row["basis"], basis, certain).evidence()
        elif len(taxes) == 1 and net is not None and closes(net * row["rate"] / 100, row["amount"], 2):
            row["basis"] = net
            draft.evidence[f"/taxes/{index}/basis"] = draft.evidence["/totals/net"]
        draft.evidence[f"/taxes/{index}/rate"] = _found(row["rate"], entry.rate, certain).evidence()
        draft.evidence[f"/taxes/{index}/amount"] = _found(row["amount"], entry.amount, certain).evidence()
        rows.append(row)
    if rows:
        draft.data["taxes"] = rows


def read_currency(seen: Observations, draft: Draft, text: str, country: str | None, language: str) -> None:
    """Put the currency into ``draft``: by the signs beside amounts, codes in the text and the country."""
    signs = _currency_signs(seen)
    code = currency_of(signs, Counter(find_currency_codes(text)), country, language)
    if code is None:
        return
    telling = [sign for sign in signs if len(sign) > 1 or not sign.isalpha()]
    for row in seen.rows:
        for token in row.tokens:
            if code in token.text or any(sign in token.text for sign in telling):
                shared = "$" in token.text and code not in token.text
                draft.put("/currency", Found.at(code, [token], row.sheet, 0.85 if shared else 0.95))
                return
    typeset = next((a for row in seen.rows for a in seen.amounts_of(row) if _is_typeset_euro(a)), None)
    if code == "EUR" and typeset is not None:
        draft.put("/currency", Found.at(code, typeset.tokens, typeset.row.sheet, 0.7))


def _is_typeset_euro(amount: Amount) -> bool:
    """Whether ``amount`` ends with an *e*, as which some fonts' euro sign is read."""
    return amount.number.money_like and amount.tokens[-1].text == "e"


def _currency_signs(seen: Observations) -> Counter[str]:
    """Count the signs and codes beside amounts, more where the amount is a total."""
    signs: Counter[str] = Counter()
    for row in seen.rows:
        amounts = seen.amounts_of(row)
        signs.update(2 * [amount.number.currency for amount in amounts if amount.number.currency])
        signs.update("€" for amount in amounts if _is_typeset_euro(amount))
        signs.update(sign for token in row.tokens for sign in ("€", "£", "$", "Kč", "zł") if sign in token.text)
        if amounts and seen.totals_of(row):
            final = any(label.meanings & {"gross", "payable", "total"} for label in seen.totals_of(row))
            signs.update(find_currency_codes(row.text) * (10 if final else 1))
    return signs
