"""Second thoughts on the columns of a table, once their content is known."""

from collections.abc import Sequence
from decimal import Decimal

from invoiceflow_extract.local.amounts import parse_number
from invoiceflow_extract.local.page_text import Row, Token
from invoiceflow_extract.local.table_head import Column

__all__ = ["reconsider"]

_TOLERANCE = Decimal("0.02")
_SAMPLE = 40
_UNNAMED = frozenset([None, "unit", "gross", "line_id", "date"])
_SUMS = frozenset(["net", "gross", "tax_amount", "discount", None])


def reconsider(columns: Sequence[Column], body: Sequence[Row], mark: str | None) -> None:
    """Correct the roles that the rows contradict.

    Of several columns that could be the description the one with most letters is; of several that could be the
    line's amount the one that is quantity times price.
    """
    rows = [_cells(columns, row) for row in body[:_SAMPLE]]
    values = [[_value(cell, mark) for cell in cells] for cells in rows]
    sums = [position for position, column in enumerate(columns) if column.role in {"net", "gross", "unit_price"}]
    _description(columns, [c for c, row in zip(rows, values, strict=True) if any(row[at] is not None for at in sums)])
    _amount(columns, values)
    _factor(columns, values, missing="quantity", known="unit_price")
    _factor(columns, values, missing="unit_price", known="quantity")


def _cells(columns: Sequence[Column], row: Row) -> list[list[Token]]:
    cells: list[list[Token]] = [[] for _ in columns]
    for token in row.tokens:
        for position, column in enumerate(columns):
            if column.left <= token.center < column.right:
                cells[position].append(token)
                break
    return cells


def _description(columns: Sequence[Column], rows: Sequence[list[list[Token]]]) -> None:
    texts = [
        position
        for position, column in enumerate(columns)
        if column.role in {"description", "item_code", "line_id", None, "unit"}
    ]
    letters = {
        position: sum(character.isalpha() for cells in rows for token in cells[position] for character in token.text)
        for position in texts
    }
    current = next((position for position in texts if columns[position].role == "description"), None)
    if current is None or not letters:
        return
    best = max(letters, key=lambda position: letters[position])
    if best != current and letters[best] > 2 * letters[current]:
        taken = {column.role for column in columns}
        columns[best].role = "description"
        columns[current].role = None if "item_code" in taken else "item_code"


def _factor(columns: Sequence[Column], rows: Sequence[Sequence[Decimal | None]], *, missing: str, known: str) -> None:
    """Give the role ``missing`` to the unnamed column that times ``known`` makes the amount in most rows."""
    roles = [column.role for column in columns]
    if missing in roles or known not in roles or "net" not in roles:
        return
    factor, net = roles.index(known), roles.index("net")
    discount = roles.index("discount") if "discount" in roles else None
    full = [row for row in rows if row[factor] and row[net]]
    for position, column in enumerate(columns):
        if roles[position] in _UNNAMED:
            proofs = sum(
                _is_product(row[position], row[factor], row[net], None if discount is None else row[discount])
                for row in full
            )
            if proofs and 2 * proofs >= len(full):
                column.role = missing
                return


def _is_product(left: Decimal | None, right: Decimal | None, product: Decimal | None, discount: Decimal | None) -> bool:
    """Whether ``product`` is the product of the other two, as it is or less a discount in per cent or money."""
    if left is None or right is None or product is None:
        return False
    full, less = left * right, abs(discount or Decimal(0))
    return any(abs(each - product) <= _TOLERANCE for each in (full, full - less, full * (100 - less) / 100))


def _amount(columns: Sequence[Column], rows: Sequence[Sequence[Decimal | None]]) -> None:
    roles = [column.role for column in columns]
    if "quantity" not in roles or "unit_price" not in roles or not {"net", "gross"} & set(roles):
        return
    quantity, price = roles.index("quantity"), roles.index("unit_price")
    current = roles.index("net") if "net" in roles else roles.index("gross")
    proofs = [0] * len(columns)
    for values in rows:
        counted, each = values[quantity], values[price]
        if not counted or not each:
            continue
        for position, value in enumerate(values):
            if roles[position] in _SUMS and value is not None and abs(counted * each - value) <= _TOLERANCE:
                proofs[position] += 1
    best = max(range(len(columns)), key=lambda position: proofs[position])
    if proofs[best] > 2 * proofs[current] and roles[best] in _SUMS:
        columns[best].role, columns[current].role = "net", "gross" if roles[best] is None else roles[best]


def _value(tokens: Sequence[Token], mark: str | None) -> Decimal | None:
    number = parse_number(" ".join(token.text for token in tokens[:6]), mark)
    return None if number is None else number.value
