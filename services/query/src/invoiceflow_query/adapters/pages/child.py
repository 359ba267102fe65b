"""The child process that draws one page: the order and the document on its input, a PNG on its output.

Its exit code says what came of it. Started as ``python -m invoiceflow_query.adapters.pages.child``, with no secret in its environment.
"""

import os
import resource
import sys

from invoiceflow_query.adapters.pages.order import Order, PageMissingError, PageUnreadableError

__all__ = ["EXHAUSTED", "MISSING", "UNREADABLE"]

MISSING, UNREADABLE, EXHAUSTED = 40, 41, 42
"""Exit codes: there is no such page; it cannot be drawn; it needs too much memory."""


def main() -> int:
    """Draw what the input orders."""
    # A library that prints must not come between the bytes of the picture.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What is really private and writable; the address space that allocators only reserve does not count.
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_seconds, order.cpu_seconds))
    layout = sys.stdin.buffer.read(order.layout_size)
    document = sys.stdin.buffer.read()
    try:
        from invoiceflow_query.adapters.pages.drawing import draw  # noqa: PLC0415 -- within the limits

        picture = draw(order, layout, document)
    except PageMissingError:
        return MISSING
    except PageUnreadableError:
        return UNREADABLE
    except MemoryError:
        return EXHAUSTED
    with output:
        output.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
