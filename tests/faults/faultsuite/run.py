"""One run of a scenario: a load, something that goes wrong meanwhile, rest, and the judgement."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Protocol, cast

import httpx
from confluent_kafka import KafkaException

from faultsuite.containers import Watch
from faultsuite.documents import documents, group_of, poison
from faultsuite.load import Load
from faultsuite.operator import Operator
from faultsuite.oracle import Container, History
from faultsuite.stack import SERVICES, Point, docker, until
from faultsuite.world import ORIGINALS, World
from invoiceflow_chassis.objects.sealing import SEALED
from invoiceflow_contracts.identity import DEFAULT_TENANT

__all__ = ["Run", "Watching"]

REST_SECONDS = 300.0
"""How long everything may take to come to rest after the last receipt; retries wait up to a minute."""
TERMINAL = {"extracted", "failed"}
OTHER_DIGITS = bytes.maketrans(b"0123456789", b"1234567890")
BROKERS = ("kafka", "kafka-2", "kafka-3")
NOTHING_MORE_SECONDS = 15.0
"""After this long without anything left to read, nothing more is to be expected."""


class Watching(Protocol):
    """Knows what ran when it began."""

    def report(self, meant_to_restart: Collection[str]) -> list[Container]:
        """Return what became of everything that runs; those of some services were made to restart."""
        ...


@dataclass
class Run:
    """What a scenario works with."""

    world: World
    name: str
    seed: int
    count: int = 24
    """Documents, the duplicates not counted."""
    seconds: float = 6.0
    """Over which the beginnings are spread."""
    restarts: set[str] = field(default_factory=set)
    """Services that were made to restart, or that came and went."""
    faults: int = 0
    altered: set[str] = field(default_factory=set)
    """Documents whose stored bytes were changed."""
    watching: Callable[[Any], Watching] = Watch
    """Looks at what the stack runs on."""
    poll_interval_seconds: ClassVar[float] = 15.0
    """As set in compose.yml."""

    def __post_init__(self) -> None:
        label = f"{self.name}/{self.seed}"
        self.rng = Random(label)
        self.stack = self.world.stack
        self.topics = self.world.topics
        self.operator = Operator(self.stack)
        self.load = Load(
            self.rng,
            documents(label, self.count),
            poison(label),
            url=self.stack.url,
            api_key=self.stack.api_key,
            upstream=self.world.upstream,
            seconds=self.seconds,
        )
        self._watch = self.watching(self.stack)

    # -- what can be done -----------------------------------------------------------------------------------------------

    @contextmanager
    def held_at(self, point: str, *, passage: int | None = None) -> Iterator[Point]:
        """Start the load, and enter the block while a process stands still at ``point``."""
        planned = self.stack.plan(point, passage=passage or self.rng.randint(1, 4))
        try:
            self.load.start()
            until(lambda: planned.container, f"somebody comes to '{point}'")
            self.faults += 1
            yield planned
        finally:
            self.stack.withdraw(planned)

    def kill_at(self, point: str, service: str, *, passage: int | None = None) -> None:
        """Start the load, kill -9 the process that comes to ``point``, and start it again."""
        with self.held_at(point, passage=passage) as planned:
            self.stack.kill(service, container=planned.container)
        self.restarts.add(service)
        self.stack.start_again(service)

    def away(self, service: str, *, seconds: float) -> None:
        """Stop a server in order, and start it again after so long."""
        self.restarts.add(service)
        self.faults += 1
        docker("stop", *self.stack.containers(service))
        time.sleep(seconds)
        self.stack.start_again(service)

    def lose_broker(self, broker: int) -> None:
        """Kill one of three, and start it again after a while; return when it has caught up."""
        service = BROKERS[broker - 1]
        self.restarts.add(service)
        self.faults += 1
        self.stack.kill(service)
        time.sleep(self.rng.uniform(8, 15))
        self.stack.start_again(service)
        until(lambda: self.topics.in_sync, f"{service} has caught up")

    @contextmanager
    def scaled(self, service: str, number: int) -> Iterator[None]:
        """Have so many of a service for as long as the block lasts."""
        self.restarts.add(service)
        self.stack.scale(service, number)
        try:
            self.wait_members(service, number)
            yield
        finally:
            self.stack.scale(service, 1)

    @contextmanager
    def rolling_restart(self) -> Iterator[None]:
        """Restart one service after the other for as long as the block lasts, and every one at least once."""
        done = threading.Event()

        def roll() -> None:
            for number in itertools.count():
                if number >= len(SERVICES) and done.is_set():
                    return
                self.stack.restart(SERVICES[number % len(SERVICES)])

        self.restarts |= set(SERVICES)
        with ThreadPoolExecutor(1, "restarts") as roller:
            rolling = roller.submit(roll)
            try:
                yield
            finally:
                done.set()
                rolling.result()

    def wait_members(self, service: str, number: int) -> dict[str, set[tuple[str, int]]]:
        """Wait until a group has so many members, who share all its partitions."""

        def shared() -> dict[str, set[tuple[str, int]]] | None:
            members = self.topics.members(group_of(service))
            return members if len(members) == number and all(members.values()) else None

        return cast("dict[str, set[tuple[str, int]]]", until(shared, f"{service} has {number} members"))

    def alter_originals(self, number: int) -> None:
        """Change bytes of stored e-invoices without changing their size."""
        receipts = self.load.receipts
        exact = [one for one in receipts.documents.values() if one.number is not None and one.name.endswith(".xml")]
        for document in self.rng.sample(exact, number):
            assert document.number is not None
            stands = document.number.encode()
            altered = document.data.replace(stands, stands.translate(OTHER_DIGITS))
            assert altered != document.data, f"{document.name} does not show its number"
            self.stack.put(ORIGINALS, f"{DEFAULT_TENANT}/{document.sha256}", altered)
            self.altered.add(document.id)
            self.faults += 1

    def damage_results(self, where: str) -> None:
        """Cut short or change what a service keeps of this run's documents to recall it; ``where`` is a bucket and a prefix."""
        bucket, _, prefix = where.partition("/")
        for document in self.load.receipts.documents.values():
            for key in self.stack.keys(bucket, f"{prefix}/{document.sha256}/"):
                if not key.endswith(SEALED):
                    continue
                data = bytearray(self.stack.get(bucket, key))
                if self.rng.random() < 0.5:
                    del data[len(data) // 2 :]
                else:
                    data[self.rng.randrange(len(data))] ^= 0xFF
                self.stack.put(bucket, key, bytes(data))
                self.faults += 1

    # -- what is looked at ----------------------------------------------------------------------------------------------

    def rest(self) -> History:
        """Wait for the last receipt and then until nothing is left to do, and return what there is then.

        A document that has no end though no group has anything left to read will get none: it is not waited for. What
        does not come to rest in time is looked at all the same, and that it did not is what the judgement will say.
        """
        self.load.finish()
        deadline = time.monotonic() + REST_SECONDS
        patience = NOTHING_MORE_SECONDS
        while time.monotonic() < deadline and patience > 0:
            try:
                if self._nothing_left_to_read():
                    if self._all_have_ended():
                        break
                    patience -= 0.5
                else:
                    patience = NOTHING_MORE_SECONDS
            except (httpx.HTTPError, KafkaException, TimeoutError):
                patience = NOTHING_MORE_SECONDS  # who was away is on its way back
            time.sleep(0.5)
        return self.world.history(self.load.receipts, self.altered, self._watch.report(self.restarts))

    def _nothing_left_to_read(self) -> bool:
        return all(one.committed == one.end for one in self.topics.offsets())

    def _all_have_ended(self) -> bool:
        """Whether every document has its end, in the topics and in the API."""
        mine = self.load.receipts.documents
        self.topics.read()
        with self.stack.http() as http:
            return all(map(self.topics.has_end, mine)) and all(
                http.get(f"/v1/documents/{one}").raise_for_status().json()["status"] in TERMINAL for one in mine
            )
