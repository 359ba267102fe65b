"""An invoice without what no XML document can say."""

from enum import Enum
from typing import Any

from pydantic import BaseModel

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.einvoice.tree import printable

__all__ = ["cleaned"]


def cleaned(invoice: Invoice) -> Invoice:
    """Return the invoice without characters that XML cannot carry.

    A text of nothing else is no text, and a group that lacks what makes it (an identifier without value) is no group.
    """
    subjects = (*invoice.note_subject_codes, *[None] * len(invoice.notes))
    notes = [
        (text, subject) for note, subject in zip(invoice.notes, subjects, strict=False) if (text := printable(note))
    ]
    coded = tuple(printable(subject or "") or None for _, subject in notes)
    rest = _clean(invoice.model_copy(update={"notes": (), "note_subject_codes": ()}))
    assert isinstance(rest, Invoice)  # noqa: S101 -- none of its fields is required
    return rest.model_copy(
        update={"notes": tuple(note for note, _ in notes), "note_subject_codes": coded if any(coded) else ()}
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return printable(value) or None
    if isinstance(value, tuple):
        return tuple(each for each in map(_clean, value) if each is not None)
    if isinstance(value, BaseModel):
        fields = {name: _clean(each) for name, each in value}
        needed = (name for name, field in type(value).model_fields.items() if field.is_required())
        return None if any(fields[name] is None for name in needed) else value.model_copy(update=fields)
    return value
