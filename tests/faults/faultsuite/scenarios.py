"""What goes wrong: each scenario by its number in docs/reference/faults.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faultsuite.run import Run

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


def scenario(
    number: int, name: str, *, quick: bool = False, kind: str = "one broker", **load: Any
) -> Callable[[Body], Body]:
    def register(body: Body) -> Body:
        assert number not in SCENARIOS, number
        SCENARIOS[number] = Scenario(number, name, body, quick, kind, load)
        return body

    return register


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
