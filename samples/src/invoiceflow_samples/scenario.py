"""What kind of invoice to make: the facts that decide its arithmetic and its tax."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_samples.language import LANGUAGES, language

__all__ = ["Defect", "Scenario", "Treatment", "random_scenario"]

Treatment = Literal["domestic", "exempt", "reverse_charge", "export"]
Defect = Literal["gross_total", "tax_amount", "line_amount"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """An order to the generator; what is left out is plain: domestic, one rate, own currency, no extras."""

    language: str
    country: str
    lines: int = 4
    rates: int = 1
    treatment: Treatment = "domestic"
    buyer_country: str | None = None
    currency: str | None = None
    line_discounts: bool = False
    allowance: bool = False
    charge: bool = False
    prepaid: bool = False
    order: bool = True
    type: InvoiceType = InvoiceType.INVOICE
    defect: Defect | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """What is special about it, in words that a report can count."""
        found: list[str] = [self.treatment] if self.treatment != "domestic" else []
        if self.type is InvoiceType.CREDIT_NOTE:
            found.append("credit_note")
        if self.rates > 1 and self.treatment == "domestic":
            found.append("several_rates")
        if self.currency is not None:
            found.append("foreign_currency")
        found += [name for name in ("line_discounts", "allowance", "charge", "prepaid") if getattr(self, name)]
        if self.lines == 1:
            found.append("one_line")
        if self.lines >= 40:
            found.append("many_lines")
        return tuple(found)


def _chance(rng: Random, per_cent: int) -> bool:
    return rng.randrange(100) < per_cent


def random_scenario(rng: Random, languages: tuple[str, ...] = LANGUAGES) -> Scenario:
    """A scenario as an accounts payable desk meets it: mostly plain, few lines, now and then an oddity."""
    code = rng.choice(languages)
    treatment: Treatment = rng.choices(("domestic", "exempt", "reverse_charge", "export"), weights=(82, 6, 8, 4))[0]
    countries = list(language(code).locales)
    # The sentences on exemption and export cite the law of the language's first country.
    country = countries[0] if treatment in {"exempt", "export"} else rng.choice(countries)
    buyer_country = None
    if treatment == "reverse_charge":
        buyer_country = rng.choice([other for other in ("AT", "BE", "DE", "ES", "FR", "IT", "NL") if other != country])
    elif treatment == "export":
        buyer_country = "CH"
    sizes = ((1, 1), (2, 4), (5, 9), (10, 18), (19, 40), (41, 80))
    low, high = rng.choices(sizes, weights=(14, 38, 28, 12, 5, 3))[0]
    if treatment == "exempt":
        low, high = 1, 3
    credit = _chance(rng, 6)
    return Scenario(
        language=code,
        country=country,
        lines=rng.randint(low, high),
        rates=2 if treatment == "domestic" and _chance(rng, 30) else 1,
        treatment=treatment,
        buyer_country=buyer_country,
        currency=rng.choice(["USD", "CHF"]) if treatment == "export" or _chance(rng, 4) else None,
        line_discounts=_chance(rng, 18),
        allowance=_chance(rng, 10),
        charge=_chance(rng, 18),
        prepaid=not credit and _chance(rng, 8),
        order=_chance(rng, 55),
        type=InvoiceType.CREDIT_NOTE if credit else InvoiceType.INVOICE,
    )
