"""Every check, in the order in which findings are listed."""

from collections.abc import Callable, Iterable

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.checks import dates, identifiers, lines, mandatory, sums, taxes
from invoiceflow_extract.checks.subject import Subject

__all__ = ["CHECKS", "check"]

CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (
    mandatory.says_what_it_is,
    mandatory.names_its_parties,
    mandatory.says_what_is_owed,
    sums.gross_is_net_and_tax,
    sums.payable_follows_from_gross,
    sums.net_follows_from_lines,
    sums.lines_add_up,
    lines.lines_are_there,
    sums.lines_are_complete,
    lines.line_numbers_run_on,
    lines.no_line_is_repeated,
    sums.allowances_add_up,
    taxes.taxes_add_up,
    taxes.tax_bases_add_up,
    taxes.tax_amounts_follow,
    taxes.exempt_categories_hold,
    lines.line_amounts_follow,
    dates.due_date_follows,
    dates.period_runs_forward,
    identifiers.currency_is_known,
    identifiers.vat_ids_hold,
    identifiers.iban_holds,
)


def check(subject: Subject) -> tuple[Finding, ...]:
    """Return what all checks find."""
    return tuple(finding for each in CHECKS for finding in each(subject))
