"""``invoiceflow rules``: what every invoice is checked for."""

import json

from rich.console import Console
from rich.text import Text

from invoiceflow_contracts.extraction import Severity
from invoiceflow_extract.rules import RULES as RULES_OF_ONE
from invoiceflow_query.cross_checks import RULES as RULES_OF_SEVERAL
from invoiceflow_standalone.cli.errors import CommandError, Exit
from invoiceflow_standalone.cli.tables import plain, table, wide_enough

__all__ = ["list_rules"]

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: ""}


def list_rules(beginning: str | None, *, out: Console, as_json: bool = False) -> Exit:
    """Print the rules whose identifier begins so, or all of them.

    Raises:
        CommandError: no identifier begins so.
    """
    rules = (*RULES_OF_ONE.values(), *RULES_OF_SEVERAL.values())
    chosen = [rule for rule in rules if rule.id.startswith((beginning or "").upper())]
    if not chosen:
        raise CommandError(f"No rule's identifier begins with {beginning!r}. `invoiceflow rules` lists all of them.")
    if as_json:
        listed = [{"id": rule.id, "severity": rule.severity, "title": rule.title} for rule in chosen]
        out.out(json.dumps(listed, ensure_ascii=False), highlight=False)
        return Exit.OK
    made = table("Rule", "Severity", "What must hold")
    for rule in chosen:
        made.add_row(plain(rule.id), Text(rule.severity.value, style=_STYLES[rule.severity]), plain(f"{rule.title}."))
    wide_enough(out).print(made)
    return Exit.OK
