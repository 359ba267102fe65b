"""Where tables are printed."""

from rich.console import Console

__all__ = ["console_for_tables"]

_WIDTH = 150


def console_for_tables() -> Console:
    """Return standard output; a file or a pipe, which has no width of its own, is wide enough for every table."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
