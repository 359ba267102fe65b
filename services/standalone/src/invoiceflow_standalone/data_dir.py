"""One process at a time on a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["DataDirError", "exclusive"]

LOCK_FILE = "lock"


class DataDirError(Exception):
    """The directory cannot be used; the message is a sentence with the next step."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Make the directory if need be, and keep it from every other process.

    The lock is the operating system's, which lets go of it however the process ends.

    Raises:
        DataDirError: another process has it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataDirError(
            f"The data directory {folder} cannot be used: {error.strerror}. Set INVOICEFLOW_DATA_DIR to a folder you may write to."
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
            raise DataDirError(
                f"Another Invoiceflow (process {holder}) works on the data directory {folder}. "
                "Stop it, or give this one a folder of its own with INVOICEFLOW_DATA_DIR."
            ) from error
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)
