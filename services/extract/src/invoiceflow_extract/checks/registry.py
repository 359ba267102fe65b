"""Every check, in the order in which findings are listed."""

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.checks import categories, dates, identifiers, law, lines, mandatory, particulars, sums, taxes
from invoiceflow_extract.checks.subject import Check, Subject

__all__ = ["CHECKS", "check"]

CHECKS: tuple[Check, ...] = (
    mandatory.says_what_it_is,
    mandatory.names_its_parties,
    mandatory.says_what_is_owed,
    particulars.parties_say_what_they_must,
    particulars.is_payable,
    particulars.lines_say_what_they_must,
    particulars.allowances_have_reasons,
    law.law_is_kept,
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
    categories.categories_agree,
    categories.rates_suit_their_categories,
    categories.categories_have_their_parties,
    lines.line_amounts_follow,
    dates.due_date_follows,
    dates.period_runs_forward,
    identifiers.currency_is_known,
    identifiers.vat_ids_hold,
    identifiers.iban_holds,
    identifiers.bic_holds,
    identifiers.glns_hold,
)


def check(subject: Subject) -> tuple[Finding, ...]:
    """Return what all checks find."""
    return tuple(finding for each in CHECKS for finding in each(subject))
