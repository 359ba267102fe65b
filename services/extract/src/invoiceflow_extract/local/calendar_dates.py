"""Which of the printed dates is which."""

from datetime import date

from invoiceflow_extract.local.dates import PrintedDate, day_first, find_dates
from invoiceflow_extract.local.draft import Draft
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.labelled import dates_near
from invoiceflow_extract.local.observations import DateSeen, Label, Observations

__all__ = ["read_dates"]

_GENERIC = frozenset(["date", "datum", "due", "du", "fecha", "data", "dato", "pvm", "dnia", "dne", "fallig", "del"])
_UPPER = 0.5
_ALTERNATIVES = 3


def read_dates(seen: Observations, draft: Draft, table: set[int], *, by_day: bool) -> None:
    """Put the dates into ``draft``; ``by_day`` says how to read 03/04/2025 where nothing else tells."""
    every = [found for row in seen.rows for found in seen.dates_of(row)]
    first = day_first((found.printed for found in every), default=by_day)
    taken: set[int] = set()
    period = _period(seen, every, table)
    if period is not None:
        for name, found in zip(("start", "end"), period, strict=True):
            taken.add(id(found.tokens[0]))
            value = found.printed.choose(day_first=first)
            draft.put(f"/period_{name}", Found.at(value, found.tokens, found.row.sheet, 0.8))
    due = _settle(seen, draft, "due_date", taken, table, first=first)
    issued = _settle(seen, draft, "issue_date", taken, table, first=first)
    _settle(seen, draft, "delivery_date", taken, table, first=first)
    if issued is None:
        issued = _first_unlabelled(seen, draft, taken, table, first=first)
    if due is not None and issued is not None and due < issued and not _reorder(draft):
        for pointer in ("/due_date", "/issue_date"):
            draft.evidence[pointer] = draft.evidence[pointer].model_copy(update={"confidence": 0.5})


def _reorder(draft: Draft) -> bool:
    """Take the other reading of a date such as 03/04/2025 where only that puts issue and due date in order."""
    pairs = []
    for pointer in ("/issue_date", "/due_date"):
        current, shown = draft.get(pointer), draft.evidence[pointer]
        readings = [printed for printed in find_dates(shown.text) if len(printed.values) > 1]
        rest = [value for printed in readings[:1] for value in printed.values if value != current]
        pairs.append((pointer, current, rest[0] if rest else current))
    (_, _, issued), (_, _, due) = pairs
    if issued > due:
        return False
    for pointer, current, other in pairs:
        if other != current:
            shown = draft.evidence[pointer]
            draft.set(pointer, other, shown.model_copy(update={"alternatives": (str(current),)}))
    return True


def _settle(
    seen: Observations, draft: Draft, meaning: str, taken: set[int], table: set[int], *, first: bool
) -> date | None:
    """Put the best date for ``meaning`` that no other field has taken."""
    options = [
        (_weight(label, found), found)
        for label, found in dates_near(seen, meaning)
        if id(label.tokens[0]) not in table and id(found.tokens[0]) not in taken
    ]
    if not options:
        return None
    weight, best = max(options, key=lambda pair: pair[0])
    taken.add(id(best.tokens[0]))
    value = best.value.choose(day_first=first)
    sure = 0.3 + 0.65 * weight - (0.08 if len(best.value.values) > 1 else 0.0)
    rivals = [found.value.choose(day_first=first) for _, found in sorted(options, key=lambda pair: -pair[0])]
    others = dict.fromkeys(str(other) for other in (*best.value.values, *rivals) if other != value)
    alternatives = tuple(others)[:_ALTERNATIVES]
    draft.put(f"/{meaning}", Found(value, best.tokens, best.sheet, min(0.96, sure), alternatives))
    return value


def _weight(label: Label, found: Found[PrintedDate]) -> float:
    weight = found.score * (0.8 if label.key in _GENERIC else 1.0) * (1.0 if label.leads else 0.8)
    return weight * (1.0 - 0.15 * found.tokens[0].y0 / found.sheet.height)


def _period(seen: Observations, every: list[DateSeen], table: set[int]) -> tuple[DateSeen, DateSeen] | None:
    """Return two dates at a label for a period, in a row and in order."""
    by_token = {id(found.tokens[0]): found for found in every}
    for label, found in dates_near(seen, "period"):
        start = by_token.get(id(found.tokens[0]))
        if start is None or id(label.tokens[0]) in table:
            continue
        following = [other for other in seen.dates_of(start.row) if other.x0 > start.x0]
        if following and following[0].printed.values[0] >= start.printed.values[0]:
            return start, following[0]
    return None


def _first_unlabelled(
    seen: Observations, draft: Draft, taken: set[int], table: set[int], *, first: bool
) -> date | None:
    """Take the first date in the upper half that no label gives another meaning."""
    decoys = {
        id(found.tokens[0])
        for meaning in ("order_date", "delivery_date", "due_date", "period")
        for _, found in dates_near(seen, meaning)
    }
    for row in seen.sheets[0].rows if seen.sheets else []:
        if row.y0 > _UPPER * row.sheet.height:
            return None
        for found in seen.dates_of(row):
            if id(found.tokens[0]) in taken | decoys or id(found.tokens[0]) in table:
                continue
            value = found.printed.choose(day_first=first)
            draft.put("/issue_date", Found.at(value, found.tokens, row.sheet, 0.55))
            return value
    return None
