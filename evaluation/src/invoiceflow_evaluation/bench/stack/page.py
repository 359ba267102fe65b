"""The figures as Markdown, and the page that keeps the newest."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from invoiceflow_evaluation.bench.stack.verdicts import Verdict, soak_verdicts, stack_verdicts

__all__ = ["soak_section", "stack_section", "write_section"]

Json = Mapping[str, Any]


def write_section(page: Path, name: str, text: str) -> None:
    """Put ``text`` between ``<!-- measured: name -->`` and ``<!-- /measured: name -->``, in place of what an earlier run left.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = f"<!-- measured: {name} -->", f"<!-- /measured: {name} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    old = page.read_text(encoding="utf-8")
    if not marked.search(old):
        raise ValueError(f"{page} has no place for these figures: {begin} ... {end}")
    page.write_text(marked.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", old), encoding="utf-8")


def stack_section(conditions: Mapping[str, str], figures: Json, plot: str) -> str:
    """Return the section on what the stack does; ``plot`` is the picture's name beside the page."""
    return "\n\n".join(
        (
            _conditions(conditions, figures["read_model"]),
            _verdicts(stack_verdicts(figures)),
            f"![Documents a second of the stack, beside the engines as they come]({plot})",
            "### Throughput: closed load",
            _throughput(figures),
            "### From upload to extracted",
            _latencies(figures),
            "### Processor time and bytes of a document",
            _services("e-invoices", figures["einvoices"][-1]),
            _services("text pages", next(iter(figures["text"].values()))),
            _services("scanned pages", next(iter(figures["scans"].values()))),
        )
    )


def soak_section(conditions: Mapping[str, str], read_model: str, figures: Json) -> str:
    """Return the section on a long load."""
    services = sorted(figures["memory"][0])
    rows = [
        (
            f"{(number + 1) * figures['part']:,}",
            f"{rate:.1f}",
            *(f"{memory[service] / 2**20:.0f}" for service in services),
        )
        for number, (rate, memory) in enumerate(zip(figures["rates"], figures["memory"], strict=True))
    ]
    growth = ("at the end over the first", "", *(f"{figures['growth'][service]:.2f}" for service in services))
    return "\n\n".join(
        (
            _conditions(conditions, read_model),
            "Memory in MiB, without what the kernel may take back, after so many e-invoices:",
            _table(("documents", "a second", *services), [*rows, growth]),
            _verdicts(soak_verdicts(figures)),
        )
    )


def _conditions(conditions: Mapping[str, str], read_model: str) -> str:
    rows = [(name, value) for name, value in conditions.items()]
    rows.append(("read model", read_model))
    text = _table(("", ""), rows)
    if read_model.partition(":")[0] != "mongo":
        text += (
            "\n\nThe read model was kept by a stand-in for MongoDB, whose own processor time is no small part of the whole and says nothing of MongoDB: "
            "no figure here is MongoDB's. *Extracted* is up to `invoice.extracted` on Kafka and does not wait for it (though it shares the processors "
            "with it); *end to end* is up to the read model."
        )
    return text


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    return _table(
        ("", "target", "found", ""),
        [(one.what, one.target, one.found, "met" if one.met else "missed") for one in verdicts],
    )


def _throughput(figures: Json) -> str:
    rows = [
        *((f"e-invoices, run {number}", "1", *_rates(run)) for number, run in enumerate(figures["einvoices"], start=1)),
        *(("text pages", readers, *_rates(run)) for readers, run in figures["text"].items()),
        *(("scanned pages", _readers(readers), *_rates(run)) for readers, run in figures["scans"].items()),
        *(
            (f"text pages, bare docling alone, {when}", "", "", f"{rate:.1f}", "", "")
            for when, rate in zip(("before", "after"), figures["docling"], strict=True)
        ),
        *(
            (f"scanned pages, bare RapidOCR alone, {when}", "", "", f"{rate:.2f}", "", "")
            for when, rate in zip(("before", "after"), figures["rapidocr"], strict=True)
        ),
    ]
    head = ("documents", "OCR workers", "accepted/s", "extracted/s", "end to end/s", "CPU ms a document")
    return _table(head, rows)


def _readers(name: str) -> str:
    readers, _, threads = name.partition("/")
    return f"{readers}, of {threads} thread" if threads == "1" else readers


def _rates(run: Json) -> tuple[str, ...]:
    return (
        f"{run['rate_accepted']:.1f}",
        f"{run['rate_extracted']:.2f}",
        f"{run['rate_shown']:.2f}",
        f"{run['cpu_ms']:.1f}",
    )


def _latencies(figures: Json) -> str:
    waits = figures["light"]["text"]
    rows = [
        (f"text page at light load, one at a time: {name}", *_percentiles(waits[key]))
        for name, key in (
            ("accepted (202)", "accepted"),
            ("`invoice.extracted` on Kafka", "extracted"),
            ("seen over SSE", "seen"),
        )
    ]
    rows += [
        (f"{kind} at 80 % of capacity ({run['rate_accepted']:.1f}/s, open load): {name}", *_percentiles(run[key]))
        for kind, run in figures["loaded"].items()
        for name, key in (("accepted (202)", "accepted"), ("`invoice.extracted` on Kafka", "extracted"))
    ]
    return (
        _table(("milliseconds", "p50", "p95", "p99", "max"), rows)
        + "\n\nUnder the open load a document's time counts from when it was to be sent, so that a system that falls behind cannot hide it."
    )


def _percentiles(values: Json) -> tuple[str, ...]:
    return tuple(f"{values[name]:.0f}" for name in ("p50", "p95", "p99", "max"))


def _services(kind: str, run: Json) -> str:
    rows = [
        (
            service,
            f"{used['cpu_ms']:.1f}",
            f"{used['received_kb']:.1f}",
            f"{used['sent_kb']:.1f}",
            f"{used['memory_mib']:.0f}",
        )
        for service, used in run["services"].items()
    ]
    rows.append(("all", f"{run['cpu_ms']:.1f}", "", "", ""))
    return f"{kind.capitalize()} ({run['documents']} documents):\n\n" + _table(
        ("service", "CPU ms", "received kB", "sent kB", "memory MiB"), rows
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
