"""Where a command writes what it has fetched: a file, or the standard output."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console

from invoiceflow_standalone.cli.errors import CommandError
from invoiceflow_standalone.cli.tables import say

__all__ = ["write_out"]


async def write_out(chunks: AsyncIterator[bytes], output: Path | None, log: Console) -> None:
    """Write ``chunks`` to ``output``, or to the standard output where it is None. A file appears only when it is complete."""
    if output is None:
        async for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)
            size = file.tell()
        part.replace(output)
    except OSError as error:
        why = error.strerror or str(error)
        raise CommandError(f"{output} cannot be written: {why}. Give another place with -o.") from error
    finally:
        part.unlink(missing_ok=True)
    say(log, f"Wrote {output} ({size:,} bytes).")
