"""A second opinion: what two models say alike."""

from invoiceflow_extract.llm.answers import Grounded, Read
from invoiceflow_extract.local.folding import fold

__all__ = ["agreeing"]


def agreeing(first: Read, second: Read) -> Read:
    """Return the values that stand on the page by both answers and are the same; a list only where all of its rows are."""
    return Read(
        fields={
            pointer: found
            for pointer, found in first.fields.items()
            if pointer in second.fields and _comparable(found) == _comparable(second.fields[pointer])
        },
        rows={
            pointer: rows
            for pointer, rows in first.rows.items()
            if pointer in second.rows and _rows(rows) == _rows(second.rows[pointer])
        },
    )


def _comparable(found: Grounded) -> object:
    return fold(found.value) if isinstance(found.value, str) else found.value


def _rows(rows: list[dict[str, Grounded]]) -> list[dict[str, object]]:
    return [{name: _comparable(found) for name, found in row.items()} for row in rows]
