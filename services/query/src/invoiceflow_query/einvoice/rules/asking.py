"""The two questions that most rules ask: is it there, and is it in the code list."""

from collections.abc import Iterator

from invoiceflow_contracts.invoice import Identifier
from invoiceflow_query.einvoice.code_lists import CodeList, code_list
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["listed", "missing", "scheme_listed"]


def missing(rule: str, value: object, pointer: str, message: str) -> Iterator[Violation]:
    """Yield a violation where there is no value."""
    if value is None or value == "":
        yield Violation(rule, message, (pointer,))


def listed(rule: str, code: str | None, name: CodeList, pointer: str, what: str) -> Iterator[Violation]:
    """Yield a violation where there is a code and the list does not have it."""
    if code is not None and code not in code_list(name):
        yield Violation(rule, f"{what} {code[:30]!r} is not in the code list.", (pointer,))


def scheme_listed(rule: str, given: Identifier | None, name: CodeList, pointer: str, what: str) -> Iterator[Violation]:
    """Yield a violation where an identifier has a scheme that the list does not have."""
    if given is not None:
        yield from listed(rule, given.scheme, name, f"{pointer}/scheme", f"{what}: the scheme")
