"""The suite turned on itself: where the services do without what keeps documents safe, the oracle must notice.

Each sabotage is patched into the running services (see inside/sitecustomize.py), under a scenario that it matters in.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from faultsuite.oracle import judge
from faultsuite.report import Report
from faultsuite.run import Run
from faultsuite.scenarios import SCENARIOS
from faultsuite.world import World

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.faults]


@dataclass(frozen=True)
class Sabotage:
    """What the services do without, and how it shows."""

    name: str
    services: tuple[str, ...]
    scenario: int
    rules: frozenset[str]
    """Of which the oracle must name one."""


SABOTAGED = [
    Sabotage(
        "no-deduplication",
        ("ingest", "ocr", "extract"),
        3,
        frozenset({"a document is extracted under one event id", "a document is new only once"}),
    ),
    Sabotage("commit-before-publish", ("extract",), 2, frozenset({"an accepted document comes to an end"})),
    Sabotage(
        "no-hash-check",
        ("ingest", "ocr", "extract"),
        20,
        frozenset({"a document whose bytes were altered is never extracted from them"}),
    ),
]


@pytest.mark.parametrize("sabotage", SABOTAGED, ids=lambda one: one.name)
def test_the_oracle_notices(sabotage: Sabotage, worlds: Callable[[str], World], report: Report) -> None:
    scenario = SCENARIOS[sabotage.scenario]
    world = worlds(scenario.kind)
    world.sabotage(sabotage.name, services=sabotage.services)
    begun = time.monotonic()
    run = Run(world, f"{sabotage.name}-{scenario.number}", 1, **scenario.load)
    try:
        scenario.body(run)
        violations = judge(run.rest())
    finally:
        world.remember(run.load.finish(), run.altered)
        world.write_off(run.load.receipts)
    found = {one.rule for one in violations}
    report.add(
        scenario.number,
        f"{sabotage.name} in: {scenario.name}",
        run,
        time.monotonic() - begun,
        violations,
        sabotaged=True,
    )
    # It is this rule that tells, and not a stack that merely did not come to rest.
    assert found & sabotage.rules, f"the oracle has not noticed {sabotage.name}; it found {sorted(found)}"
    assert not any(one.rule.startswith("a group reaches") for one in violations), "\n".join(map(str, violations))
