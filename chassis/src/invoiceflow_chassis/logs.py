"""Structured logs: one JSON object a line, with tenant, document and trace, and never a document's content."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.trace import current_trace_id

__all__ = ["JsonFormatter", "configure_logging", "log_context"]

_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039  # replaced, never changed in place
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Add ``fields`` to every line logged by this task inside the block."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def _describe(error: BaseException) -> str:
    """Return the trace and the types of ``error`` and its causes.

    The message is left out unless it is one of ours or the system's: others quote what they choked on, and that
    may be a document's text.
    """
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None:
        message = f": {current}" if isinstance(current, (InvoiceflowError, OSError)) else ""
        parts.append("".join(traceback.format_tb(current.__traceback__)) + type(current).__qualname__ + message)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by\n".join(parts)


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get(),
        }
        if trace_id := current_trace_id():
            line["trace_id"] = trace_id
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _describe(record.exc_info[1])
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(service: str, level: str = "INFO") -> None:
    """Send every logger's lines to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These tell of every poll and rebalance step; what matters of it is logged by the delivery itself.
    for chatty in ("aiokafka", "faststream", "uvicorn.access", "httpx", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
