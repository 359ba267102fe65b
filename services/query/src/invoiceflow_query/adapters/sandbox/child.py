"""The child process: an order and files on its input, one file on its output.

Its exit code says what came of it. Started as ``python -m invoiceflow_query.adapters.sandbox.child``, with no secret in its environment.
"""

import os
import resource
import sys

from invoiceflow_query.adapters.sandbox.order import MissingError, Order, UnreadableError

__all__ = ["EXHAUSTED", "MISSING", "UNREADABLE"]

MISSING, UNREADABLE, EXHAUSTED = 40, 41, 42
"""Exit codes: there is no such page; the file cannot be read; it needs too much memory."""


def main() -> int:
    """Do what the input orders."""
    # A library that prints must not come between the bytes of the result.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What is really private and writable; the address space that allocators only reserve does not count.
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_seconds, order.cpu_seconds))
    files = [sys.stdin.buffer.read(size) for size in order.sizes]
    try:
        result = _done(order, files)
    except MissingError:
        return MISSING
    except UnreadableError:
        return UNREADABLE
    except MemoryError:
        return EXHAUSTED
    with output:
        output.write(result)
    return 0


def _done(order: Order, files: list[bytes]) -> bytes:
    """Import what does the work, within the limits, and let it."""
    if order.drawing is not None:
        from invoiceflow_query.adapters.sandbox.drawing import draw  # noqa: PLC0415

        layout, document = files
        return draw(order.drawing, layout, document)
    from invoiceflow_query.adapters.sandbox.embedding import embed  # noqa: PLC0415

    pdf, xml = files
    return embed(pdf, xml)


if __name__ == "__main__":
    sys.exit(main())
