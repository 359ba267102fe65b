"""The W3C trace context of the running task, carried over HTTP and Kafka as ``traceparent``."""

import re
import secrets
from contextvars import ContextVar

__all__ = ["current_trace_id", "current_traceparent", "start_trace"]

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def start_trace(parent: str | None) -> str:
    """Begin a span in this task: a child of ``parent``, or the root of a new trace where there is no valid one."""
    match = _TRACEPARENT.match(parent or "")
    trace_id, flags = (match[1], match[3]) if match and int(match[1], 16) else (secrets.token_hex(16), "01")
    traceparent = f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"
    _current.set(traceparent)
    return traceparent


def current_traceparent() -> str | None:
    """Return the ``traceparent`` to hand on, or None outside any trace."""
    return _current.get()


def current_trace_id() -> str | None:
    """Return the trace id (32 hexadecimal digits), or None outside any trace."""
    traceparent = _current.get()
    return traceparent.split("-")[1] if traceparent else None
