"""The check rules, from the extract service's registry."""

from invoiceflow_extract.rules import RULES
from reference_pages.blocks import table

__all__ = ["rule_blocks"]


def rule_blocks() -> dict[str, str]:
    """Return the table of rules."""
    rows = [(f"`{rule.id}`", rule.severity.value, f"{rule.title}.") for rule in RULES.values()]
    return {"rules": table(("rule", "severity", "what must hold"), rows)}
