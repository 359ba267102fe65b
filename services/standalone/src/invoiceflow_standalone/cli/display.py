"""Live progress, one line for each document: its stage and pages, and in the end what became of it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from invoiceflow_standalone.cli.sending import Batch
from invoiceflow_standalone.cli.shipments import Outcome, Shipment
from invoiceflow_standalone.cli.tables import plain, say

__all__ = ["Display", "LiveDisplay", "PlainDisplay", "QuietDisplay", "display_for", "state_of"]

STAGES = {"ingest": "taking in", "ocr": "reading", "extract": "extracting"}

MARKS: dict[Outcome, tuple[str, str]] = {
    "sent": ("→", "green"),
    "extracted": ("✓", "green"),
    "known": ("=", "green"),
    "failed": ("✗", "red"),
    "refused": ("✗", "red"),
    "unfinished": ("…", "yellow"),
}


def state_of(shipment: Shipment) -> str:
    """Say where the document is, such as ``reading, page 2 of 3``."""
    document = shipment.document
    if shipment.outcome == "known":
        return "known: extracted before"
    if shipment.outcome != "under_way":
        return f"{shipment.outcome}{_pages(shipment)}"
    if document is None or document.status == "received":
        return "received, waits for its turn"
    stage = STAGES.get(document.stage or "", document.stage or "processing")
    if document.stage == "ocr" and document.pages_total:
        page = min((document.pages_done or 0) + 1, document.pages_total)
        return f"{stage}, page {page} of {document.pages_total}"
    return f"{stage}{_pages(shipment)}"


def _pages(shipment: Shipment) -> str:
    total = shipment.document.pages_total if shipment.document else None
    if not total:
        return ""
    return f", {total} page{'s' if total > 1 else ''}"


def _ending(shipment: Shipment) -> str:
    took = f", {shipment.seconds:.1f} s" if shipment.seconds is not None and shipment.outcome != "known" else ""
    why = f": {shipment.problem.code}" if shipment.problem else ""
    return f"{state_of(shipment)}{took}{why}"


class Display(AbstractContextManager["Display"], Protocol):
    """Shows progress while it is open."""

    def update(self, shipment: Shipment) -> None:
        """Show what has changed."""
        ...


class QuietDisplay(AbstractContextManager["QuietDisplay"]):
    """Shows nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def update(self, shipment: Shipment) -> None:
        """Leave it."""


class PlainDisplay(QuietDisplay):
    """Lines for a log: one when a document ends, and now and then one for what takes long."""

    def __init__(
        self, console: Console, batch: Batch, *, every: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._batch = batch
        self._every = every
        self._clock = clock
        self._shown: dict[int, tuple[float, str]] = {}
        self._ended = 0

    def update(self, shipment: Shipment) -> None:
        """Print a line where there is something new, at most every few seconds until the document ends."""
        if shipment.over:
            self._ended += 1
            self._print(f"[{self._ended}/{len(self._batch.shipments)}]", shipment, _ending(shipment))
        elif shipment.outcome == "under_way":
            now, state = self._clock(), state_of(shipment)
            since, last = self._shown.setdefault(id(shipment), (now, ""))
            if state != last and now - since >= self._every:
                self._shown[id(shipment)] = (now, state)
                self._print("...", shipment, state)

    def _print(self, mark: str, shipment: Shipment, state: str) -> None:
        say(self._console, f"{mark} {shipment.path.name}: {state}")


class LiveDisplay(AbstractContextManager["LiveDisplay"]):
    """On a terminal: a line that moves for each document under way; what has ended scrolls up above them."""

    def __init__(self, console: Console, batch: Batch) -> None:
        self._console = console
        self._batch = batch
        self._ended = 0
        self._under_way: dict[int, Shipment] = {}
        self._spinner = Spinner("dots")
        self._started = time.monotonic()
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self, shipment: Shipment) -> None:
        """Move it to where it belongs; the terminal is refreshed by its own clock."""
        if not shipment.over:
            self._under_way[id(shipment)] = shipment
            return
        self._under_way.pop(id(shipment), None)
        self._ended += 1
        mark, style = MARKS.get(shipment.outcome, ("•", ""))
        line = Text.assemble((mark, style), " ", plain(shipment.path.name), (f"  {_ending(shipment)}", "dim"))
        self._console.print(line, overflow="ellipsis", no_wrap=True)

    def _render(self) -> RenderableType:
        shown = list(self._under_way.values())[: max(3, self._console.height - 4)]
        lines = Table.grid(padding=(0, 1), expand=False)
        lines.add_column()
        lines.add_column(no_wrap=True, overflow="ellipsis", max_width=max(20, self._console.width // 2))
        lines.add_column(no_wrap=True, style="dim")
        for shipment in shown:
            lines.add_row(self._spinner, plain(shipment.path.name), state_of(shipment))
        more = len(self._under_way) - len(shown)
        seconds = time.monotonic() - self._started
        foot = f"{self._ended} of {len(self._batch.shipments)} done, {seconds:.0f} s" + (
            f", {more} more" if more else ""
        )
        return Group(lines, Text(foot, style="dim"))


def display_for(console: Console, batch: Batch, *, quiet: bool) -> Display:
    """Return the display that fits where ``console`` writes to."""
    if quiet:
        return QuietDisplay()
    return LiveDisplay(console, batch) if console.is_terminal else PlainDisplay(console, batch)
