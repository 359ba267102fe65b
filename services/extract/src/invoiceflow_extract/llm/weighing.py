"""What of a model's grounded values counts, beside what the local engine has.

A value that stands on the page can still be the wrong one: a model errs, and a page can lie to it. So it counts at once
only where there was none. Where the two differ, arithmetic decides: a value takes the other's place if the invoice closes
better for it; a text does so only where the local engine was hardly sure itself. All others stay as they were, and less sure.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from invoiceflow_contracts.extraction import Evidence, Finding, Method, Severity, Verdict
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.llm.answers import Grounded, Read
from invoiceflow_extract.llm.grounding import Value
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.identifiers import iban_is_valid, vat_is_valid
from invoiceflow_extract.reading import Reading

__all__ = ["Weighed", "weigh"]

ALONE = 0.7
"""Confidence of a value that stands where the model said, and that nothing else speaks for: below what passes without review."""
PROVEN = 0.85
"""With check digits that hold, or sums that close by it."""
_HARDLY_SURE = 0.5
_DOUBTED = 0.6
"""The most confidence that is left to a local value that the model contradicts."""
_WEIGHT = {Severity.ERROR: 3, Severity.WARNING: 1, Severity.INFO: 0}


@dataclass
class Weighed:
    """The reading that stands, and what became of each value."""

    reading: Reading
    verdicts: dict[str, Verdict] = field(default_factory=dict)


def weigh(local: Reading, read: Read, *, agreed: bool) -> Weighed:
    """Join the local reading with what a model gave.

    Args:
        local: what the local engine has.
        read: the model's values that stand on the page.
        agreed: whether two models gave them, which halves the doubt.
    """
    result = Weighed(local)
    missing: dict[str, Grounded] = {}
    contradicting: dict[str, Grounded] = {}
    for pointer, found in read.fields.items():
        evidence = local.evidence.get(pointer)
        if evidence is None:
            missing[pointer] = found
        elif _same(_value_at(local, pointer), found.value):
            _confirm(result, pointer, evidence, agreed=agreed)
        else:
            contradicting[pointer] = found
    _add(result, missing, agreed=agreed)
    _settle(result, contradicting, agreed=agreed)
    _prove(result, agreed=agreed)
    for pointer, rows in read.rows.items():
        _take_rows(result, pointer, rows, agreed=agreed)
    return result


def _add(result: Weighed, missing: Mapping[str, Grounded], *, agreed: bool) -> None:
    """Add what was missing: amounts together where they fit, else each that fits alone.

    A text or a date is added though the checks find fault with it: an identifier that is printed wrong has to be seen.
    """
    amounts = {pointer: found for pointer, found in missing.items() if isinstance(found.value, Decimal)}
    left = dict(missing)
    for attempt in [amounts, *({pointer: found} for pointer, found in missing.items())]:
        group = {pointer: found for pointer, found in attempt.items() if pointer in left}
        with_them = _with(result.reading, group, agreed=agreed) if group else None
        if with_them is not None and not _contradicts(result.reading, with_them, group.keys() & amounts.keys()):
            result.reading = with_them
            for pointer in group:
                del left[pointer]
                result.verdicts[pointer] = Verdict.ADDED
    result.verdicts |= dict.fromkeys(left, Verdict.KEPT_LOCAL)


def _contradicts(before: Reading, after: Reading, pointers: AbstractSet[str]) -> bool:
    """Whether the checks find fault with ``pointers`` that they did not find before."""
    known = {finding.rule for finding in _findings(before)}
    return any(
        finding.rule not in known
        and finding.severity is not Severity.INFO
        and not pointers.isdisjoint(finding.pointers)
        for finding in _findings(after)
    )


def _confirm(result: Weighed, pointer: str, evidence: Evidence, *, agreed: bool) -> None:
    surer = _halved(_halved(evidence.confidence, agreed=True), agreed=agreed)
    result.reading = _surer(result.reading, pointer, surer)
    result.verdicts[pointer] = Verdict.AGREES


def _settle(result: Weighed, contradicting: Mapping[str, Grounded], *, agreed: bool) -> None:
    """Take the values that differ where the invoice closes better by them: all amounts together, then each alone."""
    amounts = {pointer: found for pointer, found in contradicting.items() if isinstance(found.value, Decimal)}
    left = dict(contradicting)
    for attempt in [amounts, *({pointer: found} for pointer, found in amounts.items())]:
        group = {pointer: found for pointer, found in attempt.items() if pointer in left}
        with_them = _with(result.reading, group, agreed=agreed) if group else None
        if with_them is not None and _trouble(with_them) < _trouble(result.reading):
            for pointer in group:
                del left[pointer]
                result.verdicts[pointer] = Verdict.REPLACED
                with_them = _surer(with_them, pointer, _halved(PROVEN, agreed=agreed))
            result.reading = with_them
    for pointer, found in left.items():
        evidence = result.reading.evidence[pointer]
        weak = evidence.confidence < _HARDLY_SURE and not isinstance(found.value, Decimal)
        replaced = _with(result.reading, {pointer: found}, agreed=agreed) if weak else None
        if replaced is not None and _trouble(replaced) <= _trouble(result.reading):
            result.reading, result.verdicts[pointer] = replaced, Verdict.REPLACED
        else:
            result.reading = _surer(result.reading, pointer, min(evidence.confidence, _DOUBTED))
            result.verdicts[pointer] = Verdict.KEPT_LOCAL


def _take_rows(result: Weighed, pointer: str, rows: list[dict[str, Grounded]], *, agreed: bool) -> None:
    """Take a list whole or not at all: where there was none, or where the invoice closes better by it."""
    name = pointer.removeprefix("/")
    data = result.reading.invoice.model_dump()
    had = bool(data[name])
    data[name] = [{field: found.value for field, found in row.items()} for row in rows]
    evidence = {at: each for at, each in result.reading.evidence.items() if not at.startswith(f"{pointer}/")}
    for index, row in enumerate(rows):
        for field_name, found in row.items():
            evidence[f"{pointer}/{index}/{field_name}"] = _evidence(field_name, found, agreed=agreed)
    taken = _built(data, evidence)
    better = taken is not None and (not had or _trouble(taken) < _trouble(result.reading))
    if taken is not None and better:
        result.reading = taken
    verdict = (Verdict.REPLACED if had else Verdict.ADDED) if better else Verdict.KEPT_LOCAL
    result.verdicts[pointer] = verdict


def _with(reading: Reading, found: Mapping[str, Grounded], *, agreed: bool) -> Reading | None:
    """Return ``reading`` with these values in it, None where the invoice's model does not take them."""
    data: dict[str, Any] = reading.invoice.model_dump()
    evidence = dict(reading.evidence)
    for pointer, each in found.items():
        *path, last = pointer.removeprefix("/").split("/")
        node = data
        for part in path:
            node = node[part]
        node[last] = each.value
        evidence[pointer] = _evidence(pointer, each, agreed=agreed)
    return _built(data, evidence)


def _built(data: dict[str, Any], evidence: dict[str, Evidence]) -> Reading | None:
    try:
        return Reading(Invoice.model_validate(data), evidence)
    except ValidationError:
        return None


def _evidence(pointer: str, found: Grounded, *, agreed: bool) -> Evidence:
    confidence = ALONE
    name = pointer.rpartition("/")[2]
    if name in {"vat_id", "iban"}:
        valid = vat_is_valid(str(found.value)) if name == "vat_id" else iban_is_valid(str(found.value))
        confidence = PROVEN if valid else _HARDLY_SURE
    return Evidence(
        method=Method.LLM,
        text=found.place.text,
        confidence=round(_halved(confidence, agreed=agreed) * found.place.legible, 3),
        page=found.place.page,
        box=found.place.box,
    )


def _surer(reading: Reading, pointer: str, confidence: float) -> Reading:
    evidence = reading.evidence[pointer].model_copy(update={"confidence": round(confidence, 3)})
    return Reading(reading.invoice, {**reading.evidence, pointer: evidence})


def _halved(confidence: float, *, agreed: bool) -> float:
    """Return the confidence with half its doubt, where someone agreed."""
    return 1 - (1 - confidence) / 2 if agreed else confidence


def _trouble(reading: Reading) -> int:
    """Return how far the invoice is from closing: the weight of what the checks find."""
    return sum(_WEIGHT[finding.severity] for finding in _findings(reading))


def _findings(reading: Reading) -> tuple[Finding, ...]:
    return check(Subject(reading.invoice, Origin.PAGE))


def _prove(result: Weighed, *, agreed: bool) -> None:
    """Be surer of totals from the model that close with each other: net + tax = gross, each of them printed."""
    totals, evidence = result.reading.invoice.totals, result.reading.evidence
    if totals.net is None or totals.tax is None or totals.net + totals.tax != totals.gross:
        return
    pointers = ("/totals/net", "/totals/tax", "/totals/gross")
    if not all(pointer in evidence and evidence[pointer].page is not None for pointer in pointers):
        return
    for pointer in pointers:
        if result.verdicts.get(pointer) is Verdict.ADDED:
            result.reading = _surer(result.reading, pointer, _halved(PROVEN, agreed=agreed))


def _value_at(reading: Reading, pointer: str) -> Any:
    node: Any = reading.invoice
    for part in pointer.removeprefix("/").split("/"):
        node = getattr(node, part)
    return node


def _same(one: Any, other: Value) -> bool:
    if isinstance(one, Decimal | date) or isinstance(other, Decimal | date):
        return bool(one == other)
    return fold(str(one)) == fold(str(other))
