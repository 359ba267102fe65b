"""Which printed amounts are net, tax, gross and payable: the choice as a whole whose sums close.

Every labelled amount is a candidate for the fields its label can mean. Instead of taking the best label
field by field, combinations are compared: labels speak for single amounts, closing sums for the combination.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product

__all__ = ["Assignment", "Candidate", "assign", "closes"]

_CENT = Decimal("0.011")
_BEAM = 7
_OPEN = 0.9
"""What a sum that does not close costs: it may be the document that is wrong."""
_PLAIN = 0.6
"""The weight of a label from which on its amount is reported as printed, whether or not the sum closes."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An amount that may be the total ``role``, with the weight its label gives it (0 to 1)."""

    role: str
    value: Decimal
    weight: float
    source: object = None


@dataclass(slots=True)
class Assignment:
    """The chosen candidates by role, and the roles whose amount a sum proves."""

    chosen: dict[str, Candidate] = field(default_factory=dict)
    proved: set[str] = field(default_factory=set)
    score: float = 0.0

    def value(self, role: str) -> Decimal | None:
        candidate = self.chosen.get(role)
        return None if candidate is None else candidate.value


@dataclass(frozen=True, slots=True)
class _Known:
    """What the combination is held against: sums of the lines, rates (per cent), charges and discounts (signed)."""

    line_sums: Sequence[Decimal]
    rates: Sequence[Decimal]
    extras: Sequence[Decimal]


def closes(left: Decimal, right: Decimal, terms: int = 1) -> bool:
    """Return whether two amounts are equal up to one cent of rounding a term."""
    return abs(left - right) <= _CENT * max(1, terms)


def _best(candidates: Iterable[Candidate], role: str) -> list[Candidate | None]:
    by_value: dict[tuple[Decimal, int], Candidate] = {}
    for candidate in candidates:
        if candidate.role == role:
            key = (candidate.value, id(candidate.source))
            if key not in by_value or by_value[key].weight < candidate.weight:
                by_value[key] = candidate
    ranked = sorted(by_value.values(), key=lambda candidate: -candidate.weight)
    return [*ranked[:_BEAM], None]


def assign(
    candidates: Sequence[Candidate], line_sums: Sequence[Decimal] = (), rates: Sequence[Decimal] = ()
) -> Assignment:
    """Return the best assignment.

    ``line_sums`` are sums of the lines' amounts as read; ``rates`` the tax rates (per cent) seen on the page.
    """
    best = Assignment()
    extras = [c.value for c in candidates if c.role == "charges"]
    less = [-abs(c.value) for c in candidates if c.role == "allowances"]
    extras = [*extras, *less, *(more + fewer for more in extras[:_BEAM] for fewer in less[:_BEAM])]
    known = _Known(line_sums, rates, extras)
    for net, tax, gross in product(_best(candidates, "net"), _best(candidates, "tax"), _best(candidates, "gross")):
        trial = _trial(net, tax, gross, known)
        if trial is not None and trial.score > best.score:
            best = trial
    _adjust(best, candidates, rates)
    disputed = _stand(best, candidates)
    _settle_payable(best, candidates)
    _settle_lines(best, candidates, line_sums)
    # Amounts that only the gross in dispute proves are as doubtful as it is.
    disputed |= {"payable", "prepaid", "rounding"} if "gross" in disputed else set()
    best.proved -= {role for role in disputed if best.value(role) not in line_sums}
    return best


def _trial(
    net: Candidate | None,
    tax: Candidate | None,
    gross: Candidate | None,
    known: _Known,
) -> Assignment | None:
    """Weigh one combination; ``None`` where it gives one printed amount two meanings."""
    chosen = {role: c for role, c in (("net", net), ("tax", tax), ("gross", gross)) if c is not None}
    sources = [id(c.source) for c in chosen.values() if c.source is not None]
    shared = len(sources) != len(set(sources))
    if shared and not (net and gross and net.value == gross.value):
        return None
    trial = Assignment(chosen, set(), sum(c.weight for c in chosen.values()) - 0.5 * shared)
    if net and gross:
        _weigh_sum(trial, net.value, tax, gross.value, known)
    elif gross and tax and abs(tax.value) >= abs(gross.value):
        trial.score -= 1.0
    if net and tax and tax.value and any(closes(net.value * rate / 100, tax.value, 2) for rate in known.rates if rate):
        trial.score += 0.5
    for role in ("net", "gross"):
        if trial.value(role) in known.line_sums:
            trial.score += 0.5
            trial.proved.add(role)
    return trial


def _weigh_sum(
    trial: Assignment,
    net: Decimal,
    tax: Candidate | None,
    gross: Decimal,
    known: _Known,
) -> None:
    """Reward ``trial`` where net and tax make the gross, or a rate on the page does where no tax is chosen."""
    if tax is not None:
        if not closes(net + tax.value, gross) and any(closes(net + tax.value + x, gross) for x in known.extras if x):
            trial.score += 0.5
            trial.proved.add("gross")
        elif not closes(net + tax.value, gross):
            trial.score -= _OPEN
        elif tax.value:
            trial.score += 2.0
            trial.proved |= {"net", "tax", "gross"}
        else:
            trial.score += 1.6
            trial.proved |= {"net", "gross"}
    elif net == gross:
        trial.score += 0.5
    elif abs(net) > abs(gross):
        trial.score -= 1.0
    elif any(closes(net * (100 + rate) / 100, gross, 2) for rate in known.rates):
        trial.score += 1.0
        trial.proved |= {"net", "gross"}
    else:
        trial.score -= _OPEN / 2


def _adjust(best: Assignment, candidates: Sequence[Candidate], rates: Sequence[Decimal]) -> None:
    """See whether a discount or charge is what keeps net and tax from making the gross.

    Where the tax is a rate of what the discount leaves, the amount called net is the sum of the lines.
    """
    net, tax, gross = (best.chosen.get(role) for role in ("net", "tax", "gross"))
    levied = tax.value if tax else Decimal(0)
    if net is None or gross is None or closes(net.value + levied, gross.value):
        return
    for allowance, charge in product(_best(candidates, "allowances"), _best(candidates, "charges")):
        less = abs(allowance.value) if allowance else Decimal(0)
        more = charge.value if charge else Decimal(0)
        if not (less or more) or not closes(net.value - less + more + levied, gross.value):
            continue
        best.proved.add("gross")
        for role, candidate in (("allowances", allowance), ("charges", charge)):
            if candidate is not None:
                best.chosen[role] = candidate
                best.proved.add(role)
        bases = (net.value - less, net.value - less + more)
        if less and any(closes(base * rate / 100, levied, 2) for base in bases for rate in rates if rate):
            best.chosen["lines_net"] = best.chosen.pop("net")
            best.proved.discard("net")
            best.proved.add("lines_net")
        return


def _stand(best: Assignment, candidates: Sequence[Candidate]) -> set[str]:
    """Let plainly labelled totals that fit no sum stand as printed, and return the roles that this puts in doubt.

    A document whose sums are wrong must be seen to be wrong: the choice that closes leaves out the amount that
    does not, and with it what a check could object to.
    """
    standing: set[str] = set()
    _part_from_payable(best, candidates)
    for role in ("net", "tax", "gross"):
        if role in best.chosen:
            continue
        used = {id(candidate.source) for candidate in best.chosen.values()}
        for candidate in _best(candidates, role):
            if candidate is None or candidate.weight < _PLAIN:
                continue
            if candidate.source is not None and id(candidate.source) not in used and _is_likely(best, candidate):
                best.chosen[role] = candidate
                standing.add(role)
                break
    return {"net", "tax", "gross"} if standing and {"net", "tax", "gross"} <= set(best.chosen) else standing


def _part_from_payable(best: Assignment, candidates: Sequence[Candidate]) -> None:
    """Give up an amount due that closes as the gross where another amount is labelled the gross and fits nothing."""
    gross = best.chosen.get("gross")
    if gross is None or gross.source is None:
        return
    own = [c for c in candidates if c.source is gross.source]
    if not any(c.role == "payable" and c.weight > gross.weight for c in own):
        return
    for rival in candidates:
        if rival.role == "gross" and rival.weight > gross.weight and rival.source is not None:
            elsewhere = {c.value for c in candidates if c.source is not rival.source}
            if rival.value not in elsewhere:
                del best.chosen["gross"]
                return


def _is_likely(best: Assignment, candidate: Candidate) -> bool:
    """Whether ``candidate`` leaves net and tax below the gross: one total under two names is no contradiction."""
    values = {role: abs(chosen.value) for role, chosen in best.chosen.items()} | {candidate.role: abs(candidate.value)}
    net, tax, gross = (values.get(role) for role in ("net", "tax", "gross"))
    if gross is None:
        return net is None or tax is None or tax < net
    if net is not None and (net > gross or (net == gross and tax)):
        return False
    return tax is None or tax < gross


def _settle_payable(best: Assignment, candidates: Sequence[Candidate]) -> None:
    gross = best.value("gross")
    options = [c for c in _best(candidates, "payable") if c is not None]
    if options and options[0].weight >= _PLAIN:
        # That the total may be the amount due says nothing where another amount is called that.
        options = [c for c in options if c.weight >= _PLAIN]
    prepaid = [c for c in _best(candidates, "prepaid") if c is not None]
    roundings = [c for c in _best(candidates, "rounding") if c is not None]
    if gross is not None:
        fits = [
            (payable, paid, rounding)
            for payable, paid, rounding in product(options, [*prepaid, None], [*roundings, None])
            if closes(gross - (abs(paid.value) if paid else 0) + (rounding.value if rounding else 0), payable.value)
        ]
        if fits:
            # A sum that explains more of what is printed is the better one.
            payable, paid, rounding = max(fits, key=lambda fit: (bool(fit[1]) + bool(fit[2]), fit[0].weight))
            best.chosen["payable"] = payable
            best.proved |= {"payable", "gross"}
            for role, candidate in (("prepaid", paid), ("rounding", rounding)):
                if candidate is not None:
                    best.chosen[role] = candidate
                    best.proved.add(role)
            return
    if options:
        # Of several amounts that are called so, the last is what the ones above lead to.
        best.chosen["payable"] = max(reversed(options), key=lambda option: option.weight)
    if prepaid and prepaid[0].weight > 0.6:
        best.chosen["prepaid"] = prepaid[0]


def _settle_lines(best: Assignment, candidates: Sequence[Candidate], line_sums: Sequence[Decimal]) -> None:
    """Choose the sum of the lines, with the allowances and charges that lead from it to the net total."""
    if "lines_net" in best.chosen:
        return
    net = best.value("net")
    lines = [c for c in _best(candidates, "lines_net") if c is not None]
    if net is not None and _adjusted(best, candidates, lines, net):
        return
    for total in lines:
        if total.value in line_sums or total.value == net:
            best.chosen["lines_net"] = total
            best.proved |= {"lines_net"} if total.value in line_sums else set()
            return
    if lines and lines[0].weight > 0.8:
        best.chosen["lines_net"] = lines[0]


def _adjusted(best: Assignment, candidates: Sequence[Candidate], lines: Sequence[Candidate], net: Decimal) -> bool:
    """Whether a sum of the lines less allowances plus charges is ``net``: then choose all of them."""
    for total, allowance, charge in product(lines, _best(candidates, "allowances"), _best(candidates, "charges")):
        if allowance is None and charge is None:
            continue
        expected = total.value - (abs(allowance.value) if allowance else 0) + (charge.value if charge else 0)
        if closes(expected, net):
            best.chosen["lines_net"] = total
            best.proved |= {"lines_net", "net"}
            for role, candidate in (("allowances", allowance), ("charges", charge)):
                if candidate is not None:
                    best.chosen[role] = candidate
                    best.proved.add(role)
            return True
    return False
