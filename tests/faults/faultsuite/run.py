"""One run of a scenario: a load, something that goes wrong meanwhile, rest, and the judgement."""

import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any, ClassVar, cast

import httpx
from confluent_kafka import KafkaException
from minio.error import S3Error

from faultsuite.documents import Document, documents, group_of, poison
from faultsuite.load import Load, Receipts, Upstream
from faultsuite.oracle import Container, DocumentHistory, History, Look
from faultsuite.stack import SERVICES, FaultStack, Point, docker, until
from faultsuite.topics import TopicReader, readers_of
from invoiceflow_chassis.objects.sealing import SEALED
from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_contracts.topics import TOPICS

__all__ = ["Run", "World"]

REDRIVEN_AT_ONCE = 100
"""By one request, at most."""
REST_SECONDS = 300.0
"""How long everything may take to come to rest after the last receipt; retries wait up to a minute."""
TERMINAL = {"extracted", "failed"}
OTHER_DIGITS = bytes.maketrans(b"0123456789", b"1234567890")
BROKERS = ("kafka", "kafka-2", "kafka-3")
NOTHING_MORE_SECONDS = 15.0
"""After this long without anything left to read, nothing more is to be expected."""
ORIGINALS = "invoiceflow-originals"


class World:
    """A stack with what the oracle remembers of it from run to run."""

    def __init__(self, stack: FaultStack) -> None:
        self.stack = stack
        self.topics = TopicReader(stack.bootstrap)
        self.upstream = Upstream(stack.bootstrap, stack.objects)
        self.receipts = Receipts()
        """Of all runs on this stack."""
        self.altered: set[str] = set()
        self.written_off: set[str] = set()
        """Documents of runs that were sabotaged or broke a rule, of which nothing is expected any more."""
        self._sabotaged: set[str] = set()

    def close(self) -> None:
        self.topics.close()
        self.stack.close()

    def sabotage(self, *names: str, services: Iterable[str] = ()) -> None:
        """Have ``services`` do without what ``names`` say, and all others work as they should."""
        changed = self._sabotaged | set(services)
        self._sabotaged = set(services)
        self.stack.sabotage(*names)
        self.stack.restart(*changed)

    def write_off(self, run: "Run") -> None:
        """Expect nothing more of the documents of ``run``."""
        self.written_off |= run.load.receipts.documents.keys()

    def history(self, run: "Run") -> History:
        """Look at everything, and closely at the documents of ``run``."""
        self.topics.read()
        closely = run.load.receipts.documents
        with self.stack.http() as http:
            rows, invoice_rows = _rows(http, "/v1/documents", "status"), _rows(http, "/v1/invoices", "id")
            with ThreadPoolExecutor(4) as readers:
                looks = dict(
                    zip(closely, readers.map(lambda one: self._look(http, one), closely.values()), strict=True)
                )
        known = {**self.receipts.documents, **closely}
        histories = [
            DocumentHistory(
                document,
                acknowledged=self.receipts.acknowledged[one] + run.load.receipts.acknowledged[one],
                new=self.receipts.new[one] + run.load.receipts.new[one],
                extracted=self.topics.extracted(one, with_invoice=one in closely),
                failed=dict(self.topics.failed[one]),
                rows=rows.get(one, []),
                invoice_rows=len(invoice_rows.get(one, [])),
                look=looks.get(one),
                altered=one in self.altered or one in run.altered,
            )
            for one, document in known.items()
            if one not in self.written_off
        ]
        poison = {**self.receipts.poison, **run.load.receipts.poison}
        return History(
            documents=histories,
            strangers=sorted({*self.topics.known, *rows, *invoice_rows} - known.keys()),
            offsets=self.topics.offsets(),
            dead_letters=sorted(self.topics.dead_letters, key=lambda one: (one.origin, one.group)),
            poison={(origin, group): one.reason for origin, one in poison.items() for group in readers_of(origin[0])},
            containers=run.containers(),
            given_up=run.load.receipts.given_up,
        )

    def _look(self, http: httpx.Client, document: Document) -> Look:
        answer, invoice = http.get(f"/v1/documents/{document.id}"), http.get(f"/v1/invoices/{document.id}")
        try:
            original = sha256(self.stack.get(ORIGINALS, f"{DEFAULT_TENANT}/{document.sha256}")).hexdigest()
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            original = None
        failed = answer.json().get("error") if answer.status_code == 200 else None
        return Look(
            error=failed and failed["code"],
            invoice=invoice.json()["invoice"] if invoice.status_code == 200 else None,
            original=original,
        )


def _rows(http: httpx.Client, path: str, shown: str) -> dict[str, list[str]]:
    """Return, by id, what each row of a list shows."""
    rows: dict[str, list[str]] = {}
    parameters: dict[str, Any] = {"limit": 200}
    while True:
        page = http.get(path, params=parameters).raise_for_status().json()
        for row in page["items"]:
            rows.setdefault(row["id"], []).append(row[shown])
        if page["next_cursor"] is None:
            return rows
        parameters["cursor"] = page["next_cursor"]


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
    poll_interval_seconds: ClassVar[float] = 15.0
    """As set in compose.yml."""

    def __post_init__(self) -> None:
        label = f"{self.name}/{self.seed}"
        self.rng = Random(label)
        self.stack = self.world.stack
        self.topics = self.world.topics
        self.load = Load(
            self.rng,
            documents(label, self.count),
            poison(label),
            url=self.stack.url,
            api_key=self.stack.api_key,
            upstream=self.world.upstream,
            seconds=self.seconds,
        )
        self._started = self._start_times()

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

    def redrive_all(self) -> int:
        """Have every dead letter redriven, as an operator does who tries again when nobody answers; return how many were."""
        redriven = 0
        for topic in TOPICS:
            chosen = [one["id"] for one in self.dead_letters("open", topic)]
            for first in range(0, len(chosen), REDRIVEN_AT_ONCE):
                body = {"ids": chosen[first : first + REDRIVEN_AT_ONCE]}
                answer = until(
                    lambda body=body: self._ask("POST", "/v1/dead-letters/redrive", json=body), "it is redriven"
                )
                redriven += len(answer["redriven"])
        return redriven

    def dead_letters(self, state: str, topic: str | None = None) -> list[dict[str, Any]]:
        """Return all of a state, as the API lists them."""
        parameters = {"state": state, "limit": 200, **({"topic": topic} if topic else {})}
        found: list[dict[str, Any]] = []
        while True:
            page = until(lambda: self._ask("GET", "/v1/dead-letters", params=parameters), "dead letters are listed")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            parameters["cursor"] = page["next_cursor"]

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any] | None:
        """Return the answer, or None where there is none in this moment."""
        try:
            with self.stack.http() as http:
                answer = http.request(method, path, **request)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

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
            except (httpx.HTTPError, KafkaException):
                patience = NOTHING_MORE_SECONDS  # who was away is on its way back
            time.sleep(0.5)
        return self.world.history(self)

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

    def remember(self) -> None:
        """Let the world know what this run has handed in."""
        mine, all_runs = self.load.receipts, self.world.receipts
        all_runs.documents |= mine.documents
        all_runs.acknowledged += mine.acknowledged
        all_runs.new += mine.new
        all_runs.poison |= mine.poison
        self.world.altered |= self.altered

    def containers(self) -> list[Container]:
        """Return what the engine and the kernel say of every container."""
        return [
            _container(one, restarted=self._started.get(name) != started, meant=one["service"] in self.restarts)
            for name, started, one in self._inspected()
        ]

    def _start_times(self) -> dict[str, str]:
        return {name: started for name, started, _ in self._inspected()}

    def _inspected(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        names = docker(
            "ps", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={self.stack.project}"
        ).split()
        for one in json.loads(docker("inspect", *names)):
            service = one["Config"]["Labels"]["com.docker.compose.service"]
            if service not in OURS_ALONE:
                yield one["Name"].removeprefix("/"), one["State"]["StartedAt"], {"service": service, **one}


OURS_ALONE = {"toxiproxy", "unavailable"}
"""Containers of the suite and not of the stack."""

PEAK_AND_KILLS = """
cd /sys/fs/cgroup
if [ -e memory.peak ]; then cat memory.peak; grep -w oom_kill memory.events; fi
if [ -e memory/memory.max_usage_in_bytes ]; then cat memory/memory.max_usage_in_bytes; grep -w oom_kill memory/memory.oom_control; fi
"""
"""In version 2 and in version 1 of control groups."""


def _container(one: dict[str, Any], *, restarted: bool, meant: bool) -> Container:
    name = one["Name"].removeprefix("/")
    peak, _, kills = docker("exec", name, "sh", "-c", PEAK_AND_KILLS).split()
    # The servers' files fill whatever the page cache may have; that is given back when memory is wanted.
    return Container(
        name,
        memory_peak=int(peak) if one["service"] in SERVICES else 0,
        memory_limit=one["HostConfig"]["Memory"],
        killed_for_memory=one["State"]["OOMKilled"] or int(kills) > 0,
        restarted=restarted,
        meant_to_restart=meant,
    )
