"""Where what was read is kept between runs."""

import os
from pathlib import Path

__all__ = ["default_cache"]


def default_cache() -> Path:
    """Return the folder of the XDG Base Directory Specification for caches."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "invoiceflow-evaluation"
