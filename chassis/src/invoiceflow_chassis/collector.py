"""Python's garbage collector, set for services that make many small objects at a time and let go of them together."""

import gc

__all__ = ["settle_collector"]

_YOUNG = 50_000
"""Objects made, less those gone, before the young are looked through. An e-invoice of fifty lines makes some thousands, and its
reference counts free them; at Python's 700 more than a tenth of the time for it went into looking for cycles that are not there."""
_OLDER = 20


def settle_collector() -> None:
    """Take all that is loaded by now as staying, and look for cycles among the rest more seldom.

    Otherwise the collector looks through all of it again and again, and every request waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
