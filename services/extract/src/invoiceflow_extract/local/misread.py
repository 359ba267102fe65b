"""Numbers that character recognition misread, repaired where the line's own arithmetic proves it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from invoiceflow_extract.local.amounts import parse_number
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.page_text import Sheet, Token

__all__ = ["joined", "repair"]

_CONFUSED = str.maketrans("OoQDlI|!SsBZz", "0000111155822")
_TOLERANCE = Decimal("0.02")
_CENTS = 2
_FACTORS = {"quantity", "unit_price", "net"}


def repair(
    fields: dict[str, Found[Decimal]], misread: Mapping[str, Sequence[Token]], sheet: Sheet, mark: str | None
) -> None:
    """Add to a line's ``fields`` the one of ``misread`` cells that times or by the others is exact.

    A letter for a digit (O for 0, l for 1) or a space inside the number is all that is repaired, and only where
    quantity x unit price = net amount holds with it: what is not proved stays unread.
    """
    if len(misread) != 1 or not set(fields) | set(misread) >= _FACTORS:
        return
    ((role, tokens),) = misread.items()
    printed = " ".join(token.text for token in tokens)
    for candidate in dict.fromkeys((printed.translate(_CONFUSED), printed.translate(_CONFUSED).replace(" ", ""))):
        number = parse_number(candidate, mark)
        for value in number.values if number is not None else ():
            values = {name: found.value for name, found in fields.items()} | {role: value}
            quantity, price, net = values["quantity"], values["unit_price"], values["net"]
            if quantity and abs(quantity * price - net) <= _TOLERANCE:
                proof = f"{printed} read as {candidate}: {quantity} x {price} = {net}"
                fields[role] = Found(value, tuple(tokens), sheet, 0.75, repaired=proof)
                return


def joined(tokens: Sequence[Token], sheet: Sheet) -> Found[Decimal] | None:
    """Return the amount that ``tokens`` are without the spaces among them, the last mark before two digits its decimal one."""
    printed = " ".join(token.text for token in tokens)
    digits, mark, cents = printed.replace(" ", "").replace(",", ".").rpartition(".")
    whole = digits.replace(".", "")
    if not mark or not whole.isdigit() or not cents.isdigit() or len(cents) != _CENTS:
        return None
    value = Decimal(f"{whole}.{cents}")
    return Found(
        value, tuple(tokens), sheet, 0.75, repaired=f"{printed} read as {value}: so the lines add up to a total"
    )
