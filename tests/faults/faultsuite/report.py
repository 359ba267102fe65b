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

    def __str__(self) -> str:
        outcome = f"{self.violations} violations" if self.violations else "holds"
        return (
            f"{self.number:>3} seed {self.seed}: {self.documents} documents, {self.acknowledged} receipts, {self.poison} poison, "
            f"{self.faults} faults, {self.seconds:.0f} s: {outcome}  ({self.name})"
        )


@dataclass
class Report:
    """All runs."""

    runs: list[Line] = field(default_factory=list)

    def add(self, number: int, name: str, run: Run, seconds: float, violations: Sequence[Violation]) -> None:
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
        )
        self.runs.append(line)

    def lines(self) -> list[str]:
        """Return a line for each run and one for all; nothing where there was none."""
        if not self.runs:
            return []
        scenarios = {one.number for one in self.runs}
        seeds = {one.seed for one in self.runs}
        return [
            "",
            "The fault suite",
            *map(str, self.runs),
            (
                f"{len(self.runs)} runs of {len(scenarios)} scenarios with {len(seeds)} seeds: {sum(one.documents for one in self.runs)} documents "
                f"with {sum(one.acknowledged for one in self.runs)} receipts, {sum(one.poison for one in self.runs)} poison records, "
                f"{sum(one.faults for one in self.runs)} faults, {sum(one.seconds for one in self.runs):.0f} s."
            ),
        ]
