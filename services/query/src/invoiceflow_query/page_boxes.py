"""Where on a page the values of an invoice stand."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from invoiceflow_contracts.extraction import Evidence, JsonPointer
from invoiceflow_contracts.layout import Box

__all__ = ["LabelledBox", "boxes_on"]


class LabelledBox(BaseModel):
    """A value's place on the page."""

    model_config = ConfigDict(frozen=True)

    box: Box
    label: str
    """The field, such as ``totals.gross`` or ``lines.0.net``; of several in one place what they have in common."""
    confidence: float
    """Of the least sure of them."""


def boxes_on(
    page: int, evidence: Mapping[JsonPointer, Evidence], fields: Sequence[str] = ()
) -> tuple[LabelledBox, ...]:
    """Return the boxes of ``page``, from top to bottom.

    Args:
        page: its number, from 1.
        evidence: of the invoice.
        fields: only these and what is beneath them (``totals``, ``lines.0``, also as JSON pointers); all where it is empty.
    """
    wanted = tuple(f"/{field.strip('/').replace('.', '/')}" for field in fields)
    found: dict[Box, list[tuple[JsonPointer, float]]] = {}
    for pointer, each in evidence.items():
        if each.page == page and each.box is not None and _is_wanted(pointer, wanted):
            found.setdefault(each.box, []).append((pointer, each.confidence))
    boxes = [
        LabelledBox(
            box=box, label=_label([pointer for pointer, _ in values]), confidence=min(sure for _, sure in values)
        )
        for box, values in found.items()
    ]
    return tuple(sorted(boxes, key=lambda each: (each.box.y0, each.box.x0, each.label)))


def _is_wanted(pointer: JsonPointer, wanted: Sequence[JsonPointer]) -> bool:
    return not wanted or any(pointer == name or pointer.startswith(f"{name}/") for name in wanted)


def _label(pointers: Sequence[JsonPointer]) -> str:
    """Return the fields that stand in one place as one label: an address, not each of its parts."""
    names = {parent if (parent := pointer.rpartition("/")[0]).endswith("/address") else pointer for pointer in pointers}
    return ", ".join(name.strip("/").replace("/", ".") for name in sorted(names))
