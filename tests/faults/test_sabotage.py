"""The suite turned on itself: where the services do without what keeps documents safe, the oracle must notice.

Each sabotage is patched into the running services (see inside/sitecustomize.py), under a scenario that it matters in.
"""

import time
from collections.abc import Callable

import pytest
from faultsuite.oracle import judge
from faultsuite.report import Line, Report
from faultsuite.run import Run, World
from faultsuite.scenarios import SCENARIOS

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.faults]

SABOTAGED = [
    pytest.param(
        "no-deduplication",
        ("ingest", "ocr", "extract"),
        3,
        {"a document is extracted under one event id", "a document is new only once"},
        id="without-deduplication",
    ),
    pytest.param(
        "commit-before-publish",
        ("extract",),
        2,
        {"an accepted document comes to an end"},
        id="commit-before-publish",
    ),
    pytest.param(
        "no-hash-check",
        ("ingest", "ocr", "extract"),
        20,
        {"a document whose bytes were altered is never extracted from them"},
        id="without-hash-check",
    ),
]

REST_SECONDS = 60.0
"""What was lost is not waited for any longer."""


@pytest.mark.parametrize(("sabotage", "services", "number", "rules"), SABOTAGED)
def test_the_oracle_notices(
    sabotage: str, services: tuple[str, ...], number: int, rules: set[str], worlds: Callable[[str], World], report: Report
) -> None:
    scenario = SCENARIOS[number]
    world = worlds(scenario.kind)
    world.stack.sabotage(sabotage)
    world.stack.restart(*services)
    begun = time.monotonic()
    run = Run(world, f"{sabotage}-{number}", 1, rest_seconds=REST_SECONDS, **scenario.load)
    try:
        scenario.body(run)
        violations = judge(run.rest())
    finally:
        run.remember()
        world.write_off(run)
        world.stack.sabotage()
        world.stack.restart(*services)
    found = {one.rule for one in violations}
    report.add(number, f"{sabotage} in: {scenario.name}", run, time.monotonic() - begun, violations)
    # Everything else holds: it is this rule that tells, and not a stack that merely did not come to rest.
    assert found & rules, f"the oracle has not noticed {sabotage}; it found {sorted(found)}"
    assert not any(one.rule.startswith("a group reaches") for one in violations), "\n".join(map(str, violations))
