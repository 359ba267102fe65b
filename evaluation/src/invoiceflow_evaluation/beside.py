"""Runs beside each other: another engine, another version, the same documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from invoiceflow_evaluation.mistakes import GOOD

__all__ = ["Run", "beside", "changed_documents"]

Run = Mapping[str, Any]
"""Figures as ``report.as_json`` gives them."""

_NOTABLE = 0.0005


def beside(names: Sequence[str], runs: Sequence[Run]) -> RenderableType:
    """Return the runs' figures side by side: by lane, then every field that differs. The first run is held against the others."""
    return Group(_lanes(names, runs), _fields(names, runs))


def _lanes(names: Sequence[str], runs: Sequence[Run]) -> Table:
    table = Table(
        title="Side by side: header F1 / lines F1 / documents all right / calibration error", title_justify="left"
    )
    table.add_column("lane", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    for lane in dict.fromkeys(lane for run in runs for lane in run["lanes"]):
        table.add_row(lane, *(_lane(run["lanes"].get(lane)) for run in runs))
    table.add_row("all", *(_lane(run["all"]) for run in runs))
    return table


def _lane(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return ""
    error = figures.get("sureness", {}).get("calibration_error")
    parts = [
        _rate(figures["header"]["f1"]),
        _rate(figures["lines"]["f1"]),
        f"{figures['all_right']} of {figures['documents']}",
    ]
    return " / ".join([*parts, _rate(error)])


def _fields(names: Sequence[str], runs: Sequence[Run]) -> Table:
    table = Table(title="Fields that differ: F1", title_justify="left")
    for column in ("lane", "field"):
        table.add_column(column, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    for lane in dict.fromkeys(lane for run in runs for lane in run["lanes"]):
        fields = dict.fromkeys(field for run in runs for field in run["lanes"].get(lane, {}).get("fields", {}))
        for field in fields:
            rates = [run["lanes"].get(lane, {}).get("fields", {}).get(field, {}).get("f1") for run in runs]
            known = [rate for rate in rates if rate is not None]
            if known and max(known) - min(known) > _NOTABLE:
                table.add_row(lane, field, *map(_rate, rates))
    return table


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"


def changed_documents(now: Run, before: Run) -> Iterator[str]:
    """Yield a line for each value that is right now and was not, or was and is not any more; and for lines."""
    known = {document["file"]: document for document in before["documents"]}
    for document in now["documents"]:
        old = known.get(document["file"])
        if old is None:
            continue
        for name, field in document["fields"].items():
            was = old["fields"].get(name, {}).get("outcome")
            if was is not None and (was in GOOD) is not (field["outcome"] in GOOD):
                change = "better" if field["outcome"] in GOOD else "worse"
                yield f"{change}: {document['file']}: {name}: {was} -> {field['outcome']} (expected {field['expected']!r}, got {field['given']!r})"
        if document["lines"] and old["lines"] and document["lines"]["correct"] != old["lines"]["correct"]:
            change = "better" if document["lines"]["correct"] > old["lines"]["correct"] else "worse"
            yield f"{change}: {document['file']}: lines right: {old['lines']['correct']} -> {document['lines']['correct']}"
