"""The figures as tables for people and as JSON for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from invoiceflow_evaluation.aggregate import Figures, Scored, Summary, by_language, by_layout, lane, lanes, summarise
from invoiceflow_evaluation.mistakes import Mistake, mistakes
from invoiceflow_evaluation.pipeline import Extracted
from invoiceflow_evaluation.scoring import FIELDS
from invoiceflow_evaluation.sureness import as_figures, sureness

__all__ = ["Measured", "as_json", "errors", "show", "tables"]

T = TypeVar("T")

_LANES_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Measured:
    """A document with its score and what became of it."""

    scored: Scored
    extracted: Extracted


def tables(measured: Sequence[Measured], *, layouts: bool = False) -> RenderableType:
    """Return the tables: by lane, by field within each lane, by language, and by layout where asked for."""
    scored = [one.scored for one in measured]
    by_lane = lanes(scored)
    parts: list[RenderableType] = [
        _groups("By lane", by_lane, measured),
        *(_fields(dict(part)) for part in _parts(list(by_lane.items()), _LANES_SIDE_BY_SIDE)),
        _groups("By language", by_language(scored)),
        _sureness(measured),
    ]
    if layouts:
        parts.append(_groups("By layout", by_layout(scored)))
    parts.append(
        Text(
            "P precision, R recall, F1: means over layouts. Header fields stand above the line in the second table; "
            ""
            "'all right' counts documents without a wrong, missing or surplus header field or line; times are medians.",
            style="dim",
        )
    )
    return Group(*parts)


def _groups(title: str, groups: Mapping[str, Summary], measured: Sequence[Measured] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(title.removeprefix("By "), no_wrap=True)
    columns = ["documents", "layouts", "P", "R", "header F1", "lines F1", "all right"]
    stages = list(dict.fromkeys(stage for one in measured for stage in one.extracted.seconds))
    if measured:
        columns += ["failed", *(f"{stage} ms" for stage in stages)]
    for name in columns:
        table.add_column(name, justify="right")
    for name, summary in groups.items():
        row = [
            str(summary.documents),
            str(summary.layouts),
            _rate(summary.header.precision),
            _rate(summary.header.recall),
            _rate(summary.header.f1),
            _rate(summary.lines.f1),
            str(summary.all_right),
        ]
        if measured:
            group = [one.extracted for one in measured if lane(one.scored) == name]
            row.append(str(sum(one.failure is not None for one in group)))
            row += [_median([one.seconds[stage] for one in group if stage in one.seconds]) for stage in stages]
        table.add_row(name, *row)
    return table


def _sureness(measured: Sequence[Measured]) -> Table:
    table = Table(title="Confidence of header values: claimed and right", title_justify="left")
    table.add_column("lane", no_wrap=True)
    for name in ("values", "calibration error", "pass without review", "values right among these"):
        table.add_column(name, justify="right")
    for name in [*lanes(one.scored for one in measured), "all"]:
        found = sureness((one.scored, one.extracted) for one in measured if name in {"all", lane(one.scored)})
        table.add_row(
            name,
            str(found.values),
            _rate(found.error),
            f"{found.passed} of {found.documents}",
            "-"
            if found.passed_share is None
            else f"{found.passed_right} of {found.passed_values} ({_rate(found.passed_share)})",
        )
    return table


def _median(seconds: Sequence[float]) -> str:
    return f"{median(seconds) * 1000:.0f}" if seconds else "-"


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _fields(by_lane: Mapping[str, Summary]) -> Table:
    table = Table(title="By field: P / R / F1 (documents)", title_justify="left")
    table.add_column("field", no_wrap=True)
    for name in by_lane:
        table.add_column(name, justify="right", no_wrap=True)
    for field, following in zip(FIELDS, [*FIELDS[1:], None], strict=True):
        cells = [_cell(summary.fields.get(field.name)) for summary in by_lane.values()]
        table.add_row(field.name, *cells, end_section=field.header and (following is None or not following.header))
    table.add_row("lines", *(_cell(summary.lines) for summary in by_lane.values()))
    return table


def _cell(figures: Figures | None) -> str:
    if figures is None or not figures.documents:
        return ""
    rates = " ".join(f"{_rate(rate, 2):>4}" for rate in (figures.precision, figures.recall, figures.f1))
    return f"{rates} ({figures.documents})"


def _rate(rate: float | None, digits: int = 3) -> str:
    """Return the rate rounded, but 1 only where nothing at all is wrong."""
    if rate is None:
        return "-"
    return f"{rate if rate == 1.0 else min(rate, 1 - 10**-digits):.{digits}f}"


def errors(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield a line for every value that is not right: document, field, what was expected and what came."""
    for one in measured:
        yield from map(_error, mistakes(one.scored, one.extracted))


def _error(mistake: Mistake) -> str:
    match mistake.field, mistake.expected:
        case "document", _:
            return f"{mistake.file}: failed: {mistake.given}"
        case "lines", None:
            return f"{mistake.file}: line not right: {mistake.given}"
        case "lines", expected:
            return f"{mistake.file}: line missing: {expected}"
    return f"{mistake.file}: {mistake.field}: {mistake.outcome}: expected {mistake.expected!r}, got {mistake.given!r}"


def as_json(measured: Sequence[Measured]) -> dict[str, Any]:
    """Return every figure, and each document with its outcomes."""
    scored = [one.scored for one in measured]
    return {
        "all": _summary(summarise(scored)) | {"sureness": _sure(measured)},
        "lanes": {
            name: _summary(summary) | {"sureness": _sure([one for one in measured if lane(one.scored) == name])}
            for name, summary in lanes(scored).items()
        },
        "languages": {name: _summary(summary) for name, summary in by_language(scored).items()},
        "layouts": {name: _summary(summary) for name, summary in by_layout(scored).items()},
        "documents": [_document(one) for one in measured],
    }


def _sure(measured: Sequence[Measured]) -> dict[str, Any]:
    return as_figures(sureness((one.scored, one.extracted) for one in measured))


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "documents": summary.documents,
        "layouts": summary.layouts,
        "all_right": summary.all_right,
        "header": _figures(summary.header),
        "lines": _figures(summary.lines),
        "fields": {name: _figures(figures) for name, figures in summary.fields.items()},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    rates = {"precision": figures.precision, "recall": figures.recall, "f1": figures.f1}
    return {
        **{name: None if rate is None else round(rate, 4) for name, rate in rates.items()},
        "layouts": figures.layouts,
        "documents": figures.documents,
        "correct": figures.counts.correct,
        "given": figures.counts.given,
        "expected": figures.counts.expected,
    }


def _document(one: Measured) -> dict[str, Any]:
    score = one.scored.score
    lines = None
    if score.lines is not None:
        lines = {"correct": score.lines.correct, "given": score.lines.given, "expected": score.lines.expected}
    return {
        "file": one.scored.row.file,
        "lane": lane(one.scored),
        "layout": one.scored.row.layout,
        "failure": one.extracted.failure,
        "seconds": {stage: round(seconds, 4) for stage, seconds in one.extracted.seconds.items()},
        "all_right": score.all_right,
        "fields": {
            name: {"outcome": field.outcome, "expected": field.expected, "given": field.given}
            for name, field in score.fields.items()
        },
        "lines": lines,
        "needs_review": one.extracted.needs_review,
        "findings": sorted({finding.rule for finding in one.extracted.findings}),
    }


def show(console: Console, measured: Sequence[Measured], *, layouts: bool, details: bool) -> None:
    """Print the tables, after the single errors where they are asked for."""
    if details:
        for line in errors(measured):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(tables(measured, layouts=layouts))
