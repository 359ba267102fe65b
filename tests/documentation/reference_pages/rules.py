"""The check rules, from the registries of the services that check."""

from invoiceflow_extract.rules import RULES as RULES_OF_ONE
from invoiceflow_query.cross_checks import RULES as RULES_OF_SEVERAL
from reference_pages.blocks import table

__all__ = ["rule_blocks"]


def rule_blocks() -> dict[str, str]:
    """Return the table of rules."""
    rules = (*RULES_OF_ONE.values(), *RULES_OF_SEVERAL.values())
    rows = [(f"`{rule.id}`", rule.severity.value, f"{rule.title}.") for rule in rules]
    return {"rules": table(("rule", "severity", "what must hold"), rows)}
