"""What each tenant spends on models in a day: the ledger, and the budget that follows from it.

Every process keeps a page of its own for each tenant and day in the object store and reads the others'. So none
overwrites another's entries, and nothing has to be locked; a process may learn of what others spend ``fresh`` seconds late,
by which the budget can be overdrawn by what they ask in that time.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.objects.sealing import SEALED, keep, recall
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_extract.llm.metrics import MONEY, TOKENS
from invoiceflow_extract.llm.ports import Usage

__all__ = ["Budget", "Ledger", "Price"]

_log = logging.getLogger(__name__)

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """Of a million tokens, in the currency of the settings."""

    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)

    def of(self, usage: Usage) -> Decimal:
        return (self.input * usage.input_tokens + self.output * usage.output_tokens) / _MILLION


@dataclass(frozen=True)
class Budget:
    """What a tenant may spend in a day (UTC); None is no limit."""

    money: Decimal | None = None
    tokens: int | None = None


@dataclass
class _Page:
    """What one process has spent for a tenant on a day, by question and model."""

    entries: dict[str, dict[str, str | int]] = field(default_factory=dict)
    reserved_money: Decimal = Decimal(0)
    reserved_tokens: int = 0
    others_money: Decimal = Decimal(0)
    others_tokens: int = 0
    read_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def money(self) -> Decimal:
        return sum((Decimal(str(entry["money"])) for entry in self.entries.values()), Decimal(0))

    @property
    def tokens(self) -> int:
        return sum(int(entry["input_tokens"]) + int(entry["output_tokens"]) for entry in self.entries.values())


class Ledger:
    """A ``Purse`` in the object store: ``ledger/2026-11-27/{process}.json`` for each tenant.

    Trouble with the store is no trouble for the document: what this process knows itself counts then.
    """

    def __init__(
        self,
        objects: ObjectStore,
        bucket: str,
        *,
        prices: Mapping[str, Price],
        budget: Budget,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        fresh: float = 5.0,
    ) -> None:
        self._objects = objects
        self._bucket = bucket
        self._prices = prices
        self._budget = budget
        self._clock = clock
        self._now = now
        self._fresh = fresh
        self._me = uuid4().hex
        self._pages: dict[tuple[str, str], _Page] = {}

    async def reserve(self, tenant: str, model: str, expected: Usage) -> bool:
        page = self._page(tenant)
        async with page.lock:
            if self._budget != Budget():
                await self._learn(tenant, page)
            money, tokens = self._price(model).of(expected), expected.input_tokens + expected.output_tokens
            if self._budget.money is not None and (
                page.money + page.reserved_money + page.others_money + money > self._budget.money
            ):
                return False
            if self._budget.tokens is not None and (
                page.tokens + page.reserved_tokens + page.others_tokens + tokens > self._budget.tokens
            ):
                return False
            page.reserved_money += money
            page.reserved_tokens += tokens
        return True

    async def settle(self, tenant: str, model: str, question: str, expected: Usage, spent: Usage) -> None:
        price = self._price(model)
        money = price.of(spent)
        TOKENS.labels(model, "input").inc(spent.input_tokens)
        TOKENS.labels(model, "output").inc(spent.output_tokens)
        MONEY.labels(model).inc(float(money))
        page = self._page(tenant)
        async with page.lock:
            page.reserved_money = max(Decimal(0), page.reserved_money - price.of(expected))
            page.reserved_tokens = max(0, page.reserved_tokens - expected.input_tokens - expected.output_tokens)
            entry = page.entries.setdefault(
                f"{question} {model}", {"requests": 0, "input_tokens": 0, "output_tokens": 0, "money": "0"}
            )
            entry["requests"] = int(entry["requests"]) + 1
            entry["input_tokens"] = int(entry["input_tokens"]) + spent.input_tokens
            entry["output_tokens"] = int(entry["output_tokens"]) + spent.output_tokens
            entry["money"] = format(Decimal(str(entry["money"])) + money, "f")
            try:
                data = json.dumps(page.entries, sort_keys=True).encode()
                await keep(self._objects, tenant, self._bucket, f"{self._day()}{self._me}.json", data)
            except InvoiceflowError as error:
                _log.warning(
                    "The ledger could not be written; it will be with the next entry.", extra={"code": error.code}
                )

    async def spent(self, tenant: str) -> tuple[Decimal, int]:
        """Return what the tenant has spent today, in money and tokens, as all processes have noted it."""
        page = self._page(tenant)
        async with page.lock:
            page.read_at = None
            await self._learn(tenant, page)
            return page.money + page.others_money, page.tokens + page.others_tokens

    def _price(self, model: str) -> Price:
        return self._prices.get(model, Price())

    def _day(self) -> str:
        return f"ledger/{self._now():%Y-%m-%d}/"

    def _page(self, tenant: str) -> _Page:
        key = (tenant, self._day())
        if (
            key not in self._pages
        ):  # a new day: what was reserved before midnight is settled on the new page, at most once
            self._pages = {known: page for known, page in self._pages.items() if known[1] == key[1]}
        return self._pages.setdefault(key, _Page())

    async def _learn(self, tenant: str, page: _Page) -> None:
        """Read what the other processes have spent, unless that is known well enough."""
        if page.read_at is not None and self._clock() - page.read_at < self._fresh:
            return
        money, tokens = Decimal(0), 0
        day = self._day()
        try:
            async for name in self._objects.names(tenant, self._bucket, day):
                if name == f"{day}{self._me}.json{SEALED}":
                    continue
                data = await recall(self._objects, tenant, self._bucket, name.removesuffix(SEALED))
                for entry in json.loads(data).values() if data is not None else ():
                    money += Decimal(entry["money"])
                    tokens += entry["input_tokens"] + entry["output_tokens"]
        except InvoiceflowError as error:
            _log.warning("The ledger could not be read; what this process spent counts.", extra={"code": error.code})
        else:
            page.others_money, page.others_tokens = money, tokens
        page.read_at = self._clock()
