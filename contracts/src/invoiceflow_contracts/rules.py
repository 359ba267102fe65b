"""What an invoice is held against, whichever service does it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from invoiceflow_contracts.extraction import Finding, Severity

__all__ = ["Rule"]


@dataclass(frozen=True)
class Rule:
    """A rule as the reference lists it."""

    id: str
    severity: Severity
    """What a breach counts as, unless the check that finds it knows better."""
    title: str
    """What must hold, as a sentence without its full stop."""

    def finding(
        self,
        message: str,
        *,
        pointers: Iterable[str] = (),
        values: Mapping[str, object] | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """Return the finding that this rule does not hold."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            message=message,
            pointers=tuple(pointers),
            values={name: str(value) for name, value in (values or {}).items()},
        )
