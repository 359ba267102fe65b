"""The figures of the query load as a section of ``docs/benchmarks.md``."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["query_section"]

Json = Mapping[str, Any]

_CONDITIONS = ("processor", "processors available", "memory", "system", "python", "load before")
_ORDERS: Mapping[str, Callable[[str], bool]] = {
    "each order, first page": lambda shape: shape.startswith("sort=") and "," not in shape,
    "each order, in the middle": lambda shape: shape.endswith(", in the middle"),
    "each order, near the end": lambda shape: shape.endswith(", near the end"),
}
_ANY_ORDER = ", any order"


def query_section(conditions: Mapping[str, str], figures: Json) -> str:
    """Return the section, from the machine and the figures that ``print_queries`` gives."""
    machine = [(name, conditions[name]) for name in _CONDITIONS if name in conditions]
    rows = [
        *machine,
        ("SQLite", sqlite3.sqlite_version),
        ("invoices", f"{figures['invoices']:,} in {figures['store']}"),
    ]
    loads = [
        (
            name,
            f"{figures[name]['answers a second']:.0f}",
            _share(figures[name], "server"),
            _share(figures[name], "client"),
            *(_milliseconds(figures[name]["all"][part]) for part in ("p50", "p90", "p99", "max")),
        )
        for name in ("open", "closed")
    ]
    return "\n\n".join(
        (
            _table(("", ""), rows),
            _table(
                (
                    "load",
                    "answers a second",
                    "processors of the server",
                    "of the clients",
                    "p50 ms",
                    "p90",
                    "p99",
                    "max",
                ),
                loads,
            ),
            "Milliseconds by what is asked; where there are two, in the usual order and in any order, else from the quickest to the slowest.",
            _table(
                ("asked", "open p50", "open p99", "open max", "closed p50", "closed p99"),
                list(_asked(figures["open"]["shapes"], figures["closed"]["shapes"])),
            ),
        )
    )


def _asked(opened: Json, closed: Json) -> Iterator[tuple[str, ...]]:
    for name, belongs in _ORDERS.items():
        shapes = [shape for shape in opened if belongs(shape) and shape in closed]
        if shapes:
            yield (name, *(_from_to(each, shapes, part) for each, part in _columns(opened, closed)))
    for shape in opened:
        if shape.startswith("sort=") or shape.endswith(_ANY_ORDER) or shape not in closed:
            continue
        both = [each for each in (shape, shape + _ANY_ORDER) if each in opened and each in closed]
        cells = (
            " / ".join(_milliseconds(load[each][part]) for each in both) for load, part in _columns(opened, closed)
        )
        yield (shape, *cells)


def _columns(opened: Json, closed: Json) -> list[tuple[Json, str]]:
    return [(opened, "p50"), (opened, "p99"), (opened, "max"), (closed, "p50"), (closed, "p99")]


def _from_to(load: Json, shapes: list[str], part: str) -> str:
    values = [load[shape][part] for shape in shapes]
    return f"{_milliseconds(min(values))} to {_milliseconds(max(values))}"


def _share(load: Json, whose: str) -> str:
    spent = load[f"{whose} processor seconds"]
    return "unknown" if spent is None else f"{spent / load['seconds']:.2f}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
