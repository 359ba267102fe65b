"""What goes wrong: each scenario by its number in docs/reference/faults.md."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faultsuite.documents import group_of
from faultsuite.run import Run
from faultsuite.stack import SERVICES, docker, until
from invoiceflow_contracts.topics import TOPICS

__all__ = ["SCENARIOS", "Scenario"]

Body = Callable[[Run], None]


@dataclass(frozen=True)
class Scenario:
    """One row of the table."""

    number: int
    name: str
    body: Body
    quick: bool = False
    """Whether it is part of the short selection that every test run has time for."""
    kind: str = "one broker"
    load: Mapping[str, Any] = field(default_factory=dict)
    """What its run has other than the usual (see ``Run``)."""


SCENARIOS: dict[int, Scenario] = {}

SIGKILLED = 137
"""The exit code of a process that was ended by SIGKILL."""


def scenario(
    number: int, name: str, *, quick: bool = False, kind: str = "one broker", **load: Any
) -> Callable[[Body], Body]:
    def register(body: Body) -> Body:
        assert number not in SCENARIOS, number
        SCENARIOS[number] = Scenario(number, name, body, quick, kind, load)
        return body

    return register


# -- processes ----------------------------------------------------------------------------------------------------------


@scenario(1, "kill -9 of ocr in the middle of a page", quick=True)
def ocr_dies_in_a_page(run: Run) -> None:
    run.kill_at("recognise a page", "ocr", passage=1)


@scenario(2, "kill -9 of extract after its result is stored and before it publishes", quick=True)
def extract_dies_before_it_publishes(run: Run) -> None:
    run.kill_at("before publish invoice.extracted", "extract")


@scenario(3, "kill -9 of extract after it publishes and before it commits", quick=True)
def extract_dies_after_it_published(run: Run) -> None:
    run.kill_at("after publish invoice.extracted", "extract")


@scenario(4, "kill -9 of query in the middle of a write", quick=True)
def query_dies_in_a_write(run: Run) -> None:
    # The invoice is written before its document is said to be extracted.
    run.kill_at("after write invoices", "query")


@scenario(5, "kill -9 of ingest between store and publish", quick=True)
def ingest_dies_before_it_publishes(run: Run) -> None:
    run.kill_at("before publish document.uploaded", "ingest")


@scenario(6, "SIGTERM under load, within the grace period", seconds=15.0)
def services_end_in_order(run: Run) -> None:
    run.load.start()
    for service in run.rng.sample(SERVICES, len(SERVICES)):
        time.sleep(run.rng.uniform(0.5, 2))
        code = run.stack.terminate(service, grace=60)
        assert code != SIGKILLED, f"{service} did not end within its grace period"
        run.stack.start_again(service)
        run.restarts.add(service)
        run.faults += 1


@scenario(7, "SIGTERM under load, past the grace period")
def services_are_cut_off(run: Run) -> None:
    # A reader in the middle of a document outlasts the two seconds, and so does a loop that stands still.
    service, point = run.rng.choice([("ocr", "read a document"), ("extract", "before publish invoice.extracted")])
    with run.held_at(point):
        code = run.stack.terminate(service, grace=2)
    assert code == SIGKILLED, f"{service} ended with {code}: it was to outlast its grace period"
    run.restarts.add(service)
    run.stack.start_again(service)


@scenario(8, "OCR of one document longer than the poll interval")
def a_document_takes_long(run: Run) -> None:
    before = run.wait_members("ocr", 1)
    slow = run.stack.plan("read a document", action="sleep", seconds=run.poll_interval_seconds + 15)
    run.load.start()
    until(lambda: slow.container, "a document takes long")
    run.faults += 1
    run.load.finish()
    time.sleep(run.poll_interval_seconds + 5)
    assert run.topics.members(group_of("ocr")).keys() == before.keys(), "ocr has left its group while it read"
    run.stack.withdraw(slow)


@scenario(9, "the event loop of a worker blocked for a minute")
def a_loop_stands_still(run: Run) -> None:
    with run.scaled("extract", 2):
        blocked = run.stack.plan("before publish invoice.extracted", action="sleep", seconds=60)
        run.load.start()
        until(lambda: blocked.container, "the loop stands still")
        begun = time.monotonic()
        run.faults += 1
        run.wait_members("extract", 1)
        time.sleep(max(0.0, begun + 60 - time.monotonic()))
        run.wait_members("extract", 2)
        run.stack.withdraw(blocked)


@scenario(10, "ocr scaled from 1 to 4 to 1 during load", seconds=25.0, count=40)
def ocr_is_scaled(run: Run) -> None:
    run.load.start()
    with run.scaled("ocr", 4):
        run.faults += 1
        run.load.wait_acknowledged(25)
    run.faults += 1


@scenario(11, "SIGSTOP of a partition's owner until it is replaced, then SIGCONT")
def an_owner_is_replaced(run: Run) -> None:
    service, point = [
        ("query", "after write invoices"),
        ("extract", "before publish invoice.extracted"),
        ("ocr", "before publish ocr.completed"),
    ][run.seed % 3]
    with run.scaled(service, 2):
        with run.held_at(point) as held:
            assert held.container is not None
            run.stack.freeze(held.container)
        # It is awake in its own eyes, and stopped by the kernel in the middle of a document.
        run.wait_members(service, 1)
        time.sleep(run.rng.uniform(2, 6))
        run.stack.thaw(held.container)
        run.wait_members(service, 2)


# -- Kafka --------------------------------------------------------------------------------------------------------------


@scenario(12, "Kafka stopped for three minutes and started", seconds=15.0)
def kafka_is_away(run: Run) -> None:
    run.load.start()
    run.load.wait_acknowledged(run.rng.randint(2, 10))
    run.away("kafka", seconds=180)


@scenario(13, "a partition's leader killed with three brokers", kind="three brokers", seconds=12.0)
def a_leader_dies(run: Run) -> None:
    run.load.start()
    run.load.wait_acknowledged(run.rng.randint(2, 10))
    topic = run.rng.choice(["document.uploaded", "ocr.completed", "invoice.extracted"])
    run.lose_broker(run.topics.leader(topic, run.rng.randrange(TOPICS[topic].partitions)))


@scenario(14, "a group's coordinator killed", kind="three brokers", seconds=12.0)
def a_coordinator_dies(run: Run) -> None:
    run.load.start()
    run.load.wait_acknowledged(run.rng.randint(2, 10))
    run.lose_broker(run.topics.coordinator(group_of(run.rng.choice(SERVICES))))


@scenario(15, "the network drops acknowledgements of produce requests", quick=True, seconds=15.0)
def acknowledgements_are_lost(run: Run) -> None:
    run.load.start()
    for _ in range(3):
        time.sleep(run.rng.uniform(0.5, 3))
        # What the broker sends is dropped, what it is sent arrives; in the end the connections are closed.
        with run.stack.toxic("kafka", "timeout", timeout=0):
            run.faults += 1
            time.sleep(run.rng.uniform(1, 7))


@scenario(16, "latency of 2 s with jitter to Kafka", seconds=15.0)
def kafka_is_far_away(run: Run) -> None:
    with run.stack.toxic("kafka", "latency", latency=2000, jitter=1000):
        run.faults += 1
        run.load.start()
        time.sleep(30)


# -- MongoDB ------------------------------------------------------------------------------------------------------------


@scenario(17, "MongoDB stopped during projection")
def mongodb_goes_away(run: Run) -> None:
    # In order: the stand-in for MongoDB loses its last second when it is killed, which MongoDB does not.
    with run.held_at("after write invoices"):
        docker("stop", *run.stack.containers("mongo"))
        run.restarts.add("mongo")
    time.sleep(run.rng.uniform(5, 15))
    run.stack.start_again("mongo")


@scenario(18, "MongoDB answers slowly", seconds=10.0)
def mongodb_is_slow(run: Run) -> None:
    with run.stack.toxic("mongo", "latency", latency=1500, jitter=1000):
        run.faults += 1
        run.load.start()
        time.sleep(25)


# -- the object store -----------------------------------------------------------------------------------------------------


@scenario(19, "MinIO answers 503 and cuts bodies short", seconds=20.0)
def the_object_store_is_ill(run: Run) -> None:
    run.load.start()
    run.load.wait_acknowledged(2)
    with run.stack.instead("minio", "unavailable:9000"):
        run.faults += 1
        time.sleep(run.rng.uniform(4, 8))
    for stream in run.rng.sample(["downstream", "upstream"], 2):
        with run.stack.toxic("minio", "limit_data", stream=stream, bytes=run.rng.randint(2_000, 20_000)):
            run.faults += 1
            time.sleep(run.rng.uniform(4, 8))


@scenario(20, "stored objects are altered", quick=True, seconds=3.0)
def stored_objects_are_altered(run: Run) -> None:
    run.stack.terminate("ocr", grace=60)
    run.restarts |= {"ocr", "extract"}
    run.load.start()
    run.load.finish()
    run.alter_originals(3)
    # And what a service has stored is found damaged when the same event comes again.
    service, event, results = run.rng.choice(
        [
            ("ocr", "ocr.completed", "invoiceflow-layouts/default/ocr"),
            ("extract", "invoice.extracted", "invoiceflow-extractions/default"),
        ]
    )
    published = run.stack.plan(f"after publish {event}", passage=run.rng.randint(1, 4))
    run.stack.start_again("ocr")
    until(lambda: published.container, f"{service} has published")
    run.stack.kill(service)
    run.damage_results(results)
    run.stack.withdraw(published)
    run.stack.start_again(service)


# -- everything once more ---------------------------------------------------------------------------------------------------


@scenario(21, "offsets of a group reset to zero", quick=True, seconds=3.0)
def a_group_begins_anew(run: Run) -> None:
    service = SERVICES[run.seed % len(SERVICES)]
    run.load.start()
    run.load.finish()
    run.rest()
    run.stack.terminate(service, grace=60)
    until(lambda: not run.topics.members(group_of(service)), f"{service} has left its group")
    run.topics.rewind(group_of(service))
    run.restarts.add(service)
    run.faults += 1
    run.stack.start_again(service)


@scenario(22, "the whole DLQ redriven twice during a rolling restart", kind="three brokers", seconds=5.0)
def everything_dead_comes_again(run: Run) -> None:
    run.load.start()
    run.load.finish()
    run.rest()
    with run.rolling_restart():
        for _ in range(2):
            given_up = len(run.topics.dead_letters)
            assert run.operator.redrive_all() >= given_up, "not every dead letter was redriven"
            run.faults += 1
            until(lambda: not run.operator.dead_letters("redriven"), "every dead letter is dead again")


@scenario(23, "the disk of the object store is full", kind="three brokers", seconds=10.0)
def the_disk_is_full(run: Run) -> None:
    with run.stack.full_disk():
        run.faults += 1
        run.load.start()
        until(lambda: run.load.receipts.refusals["507 storage_full"], "an upload is refused with 507 storage_full")
        time.sleep(run.rng.uniform(3, 8))
        taken = len(run.load.receipts.documents)
    until(lambda: len(run.load.receipts.documents) > taken, "uploads go on when there is room")


CONTAINERS = ("ingest", "ocr", "extract", "query", "gateway", "kafka", "minio", "mongo")


@scenario(24, "kill -9 of any one container during a load of 200 documents, then up", count=200, seconds=40.0)
def any_container_dies(run: Run) -> None:
    service = CONTAINERS[run.seed % len(CONTAINERS)]
    run.load.start()
    run.load.wait_acknowledged(run.rng.randint(20, 120))
    if service == "mongo" and run.stack.has_mongodb_stand_in:
        # It loses the last second of what it has acknowledged, which MongoDB does not: nobody writes for so long.
        (query,) = run.stack.containers("query")
        run.stack.freeze(query)
        time.sleep(2)
        run.stack.kill(service)
        run.stack.thaw(query)
    else:
        run.stack.kill(service)
    run.restarts.add(service)
    run.faults += 1
    time.sleep(run.rng.uniform(1, 5))
    run.stack.up()
