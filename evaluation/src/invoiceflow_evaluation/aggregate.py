"""Figures over many documents: every layout has the same weight, so that one frequent template does not decide."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from invoiceflow_evaluation.scoring import FIELDS, Counts, DocumentScore
from invoiceflow_evaluation.truth import TruthRow

__all__ = ["Figures", "Scored", "Summary", "by_language", "by_layout", "lane", "lanes", "macro", "summarise"]


@dataclass(frozen=True)
class Scored:
    """A document with its score; ``e_invoice``: its values came from machine-readable data that it carries."""

    row: TruthRow
    score: DocumentScore
    e_invoice: bool = False


@dataclass(frozen=True)
class Figures:
    """Precision, recall and F1, each the mean over the layouts where it is defined, and the plain counts."""

    precision: float | None
    recall: float | None
    f1: float | None
    layouts: int
    documents: int
    counts: Counts


@dataclass(frozen=True)
class Summary:
    """What is said about a group of documents."""

    documents: int
    layouts: int
    all_right: int
    header: Figures
    lines: Figures
    fields: Mapping[str, Figures]


def macro(counts: Iterable[tuple[str, Counts]]) -> Figures:
    """Average over layouts: ``counts`` are (layout, counts of a document); what neither has nor expects a value is left out."""
    per_layout: dict[str, Counts] = defaultdict(Counts)
    documents = 0
    total = Counts()
    for layout, count in counts:
        if count == Counts():
            continue
        per_layout[layout] += count
        total += count
        documents += 1

    def mean(rates: Iterable[float | None]) -> float | None:
        defined = [rate for rate in rates if rate is not None]
        return fmean(defined) if defined else None

    groups = per_layout.values()
    return Figures(
        precision=mean(group.precision for group in groups),
        recall=mean(group.recall for group in groups),
        f1=mean(group.f1 for group in groups),
        layouts=len(per_layout),
        documents=documents,
        counts=total,
    )


def summarise(scored: Sequence[Scored]) -> Summary:
    """Return the figures of a group of documents."""
    fields = {
        field.name: macro(
            (one.row.layout, one.score.fields[field.name].counts) for one in scored if field.name in one.score.fields
        )
        for field in FIELDS
    }
    return Summary(
        documents=len(scored),
        layouts=len({one.row.layout for one in scored}),
        all_right=sum(one.score.all_right for one in scored),
        header=macro((one.row.layout, one.score.header) for one in scored),
        lines=macro((one.row.layout, one.score.lines) for one in scored if one.score.lines is not None),
        fields={name: figures for name, figures in fields.items() if figures.documents},
    )


def lane(one: Scored) -> str:
    """Return the lane of a document: its kind, text PDFs split by whether they carry an e-invoice."""
    if one.row.kind == "pdf-text":
        return "pdf-text + e-invoice" if one.e_invoice else "pdf-text"
    return one.row.kind


def _grouped(scored: Iterable[Scored], key: Callable[[Scored], str]) -> dict[str, Summary]:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        groups[key(one)].append(one)
    return {name: summarise(group) for name, group in sorted(groups.items())}


def lanes(scored: Iterable[Scored]) -> dict[str, Summary]:
    """Return the figures by lane."""
    return _grouped(scored, lane)


def by_language(scored: Iterable[Scored]) -> dict[str, Summary]:
    """Return the figures by language."""
    return _grouped(scored, lambda one: one.row.language)


def by_layout(scored: Iterable[Scored]) -> dict[str, Summary]:
    """Return the figures by layout."""
    return _grouped(scored, lambda one: one.row.layout)
