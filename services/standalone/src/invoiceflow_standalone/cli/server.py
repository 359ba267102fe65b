"""Starting the server, or another step on its data: in place of this process, or beside it.

The command line knows no service, so that the server is always another program: ``python -m invoiceflow_standalone``.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

__all__ = ["become_rebuild", "become_server", "server_command", "server_environment"]


def server_command() -> list[str]:
    """Return what to run."""
    return [sys.executable, "-m", "invoiceflow_standalone"]


def server_environment(
    *, host: str | None = None, port: int | None = None, data_dir: Path | None = None, inherit: bool = True
) -> dict[str, str]:
    """Return this process' environment with the server's settings in it.

    What is None is left as it is; without ``inherit`` every other setting of the server has its default.
    """
    given = {"INVOICEFLOW_HOST": host, "INVOICEFLOW_PORT": port, "INVOICEFLOW_DATA_DIR": data_dir}
    kept = {name: value for name, value in os.environ.items() if inherit or not name.startswith("INVOICEFLOW_")}
    return {**kept, **{name: str(value) for name, value in given.items() if value is not None}}


def become_rebuild(*, data_dir: Path | None) -> NoReturn:
    """Turn into the step that makes the server's read model anew."""
    command = [*server_command(), "rebuild"]
    os.execve(command[0], command, server_environment(data_dir=data_dir))  # noqa: S606


def become_server(*, host: str | None, port: int | None, data_dir: Path | None) -> NoReturn:
    """Turn into the server: its signals and its exit code are this process' own."""
    command = server_command()
    os.execve(command[0], command, server_environment(host=host, port=port, data_dir=data_dir))  # noqa: S606
