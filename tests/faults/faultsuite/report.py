"""What a session of the suite has done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from faultsuite.oracle import Violation
from faultsuite.run import Run

__all__ = ["Line", "Report"]


@dataclass(frozen=True)
class Line:
    """One run."""

    number: int
    name: str
    seed: int
    documents: int
    acknowledged: int
    poison: int
    faults: int
    seconds: float
    violations: int
    sabotaged: bool = False

    @property
    def as_it_should(self) -> bool:
        """Whether everything holds, or the sabotage was noticed."""
        return (self.violations > 0) == self.sabotaged

    def __str__(self) -> str:
        outcome = f"{self.violations} violations{' noticed' if self.sabotaged else ''}" if self.violations else "holds"
        return (
            f"{self.number:>3} seed {self.seed}: {self.documents} documents, {self.acknowledged} receipts, {self.poison} poison, "
            f"{self.faults} faults, {self.seconds:.0f} s: {outcome}  ({self.name})"
        )


@dataclass
class Report:
    """All runs."""

    runs: list[Line] = field(default_factory=list)

    def add(
        self,
        number: int,
        name: str,
        run: Run,
        seconds: float,
        violations: Sequence[Violation],
        *,
        sabotaged: bool = False,
    ) -> None:
        receipts = run.load.receipts
        line = Line(
            number,
            name,
            run.seed,
            documents=len(receipts.documents),
            acknowledged=receipts.acknowledged.total(),
            poison=len(receipts.poison),
            faults=run.faults,
            seconds=seconds,
            violations=len(violations),
            sabotaged=sabotaged,
        )
        self.runs.append(line)

    def lines(self) -> list[str]:
        """Return a line for each scenario and one for all; nothing where none was run."""
        if not self.runs:
            return []
        by_scenario: dict[str, list[Line]] = {}
        for one in self.runs:
            by_scenario.setdefault(f"{one.number:>3} {one.name}", []).append(one)
        width = max(map(len, by_scenario))
        rows = [f"{name:<{width}}  {_totals(runs)}" for name, runs in by_scenario.items()]
        seeds = {one.seed for one in self.runs}
        return ["", "The fault suite", *rows, f"{len(by_scenario)} scenarios, {len(seeds)} seeds: {_totals(self.runs)}"]


def _totals(runs: Sequence[Line]) -> str:
    broken = sum(not one.as_it_should for one in runs)
    return (
        f"{len(runs)} runs, {sum(one.documents for one in runs)} documents with {sum(one.acknowledged for one in runs)} receipts, "
        f"{sum(one.poison for one in runs)} poison records, {sum(one.faults for one in runs)} faults, "
        f"{sum(one.seconds for one in runs):.0f} s{f', {broken} not as they should be' if broken else ''}"
    )
