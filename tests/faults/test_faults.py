"""Every scenario on the real stack, each followed by the oracle. See docs/reference/faults.md."""

import time
from collections.abc import Callable

import pytest
from faultsuite.oracle import judge
from faultsuite.report import Report
from faultsuite.run import Run
from faultsuite.scenarios import SCENARIOS, Scenario
from faultsuite.selection import chosen_numbers, chosen_seeds
from faultsuite.stack import KINDS
from faultsuite.world import World

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.faults]

QUICK = [one.number for one in SCENARIOS.values() if one.quick]


def runs() -> list[tuple[Scenario, int]]:
    """Return scenarios and seeds, those on the same kind of stack together."""
    chosen = [SCENARIOS[number] for number in chosen_numbers(SCENARIOS, QUICK)]
    return [(one, seed) for kind in KINDS for seed in chosen_seeds() for one in chosen if one.kind == kind]


@pytest.mark.parametrize(
    ("scenario", "seed"), [pytest.param(one, seed, id=f"{one.number}-seed-{seed}") for one, seed in runs()]
)
def test_nothing_is_lost_and_nothing_doubled(
    scenario: Scenario, seed: int, worlds: Callable[[str], World], report: Report
) -> None:
    world = worlds(scenario.kind)
    world.sabotage()
    begun = time.monotonic()
    run = Run(world, f"{scenario.number}", seed, **scenario.load)
    try:
        scenario.body(run)
        history = run.rest()
    finally:
        world.remember(run.load.finish(), run.altered)
    violations = judge(history)
    report.add(scenario.number, scenario.name, run, time.monotonic() - begun, violations)
    if violations:
        # What follows is judged by what follows.
        world.write_off(run.load.receipts)
    told = "\n    ".join(map(str, violations))
    assert not violations, (
        f"{scenario.name}, seed {seed}: after a load with {dict(run.load.receipts.refusals)}\n    {told}"
    )
