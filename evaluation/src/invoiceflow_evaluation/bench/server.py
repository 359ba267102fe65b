"""The embedded default as its users run it: a process of its own with empty data."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError, UnreachableError
from invoiceflow_standalone.cli.server import server_command, server_environment

__all__ = ["ServerError", "last_words", "running_server"]

_HOST = "127.0.0.1"
_LOG = "server.log"
_START_SECONDS, _STOP_SECONDS = 90.0, 20.0


class ServerError(Exception):
    """The server did not start; the message holds its last words."""


@asynccontextmanager
async def running_server(folder: Path) -> AsyncIterator[Client]:
    """Run the server with its default settings on data under ``folder``; give a client of it once it is ready.

    Raises:
        ServerError: it did not become ready in time.
    """
    port, log = _free_port(), folder / _LOG
    environment = server_environment(host=_HOST, port=port, data_dir=folder / "data", inherit=False)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *server_command(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        async with Client(f"http://{_HOST}:{port}") as client:
            await _ready(process, client, folder)
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, client: Client, folder: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while process.returncode is None and asyncio.get_running_loop().time() < deadline:
        try:
            await client.get("/readyz")
        except (UnreachableError, ApiError):
            await asyncio.sleep(0.05)
        else:
            return
    raise ServerError(f"The server did not become ready. Its last words:\n{last_words(folder)}")


def last_words(folder: Path) -> str:
    """Return the end of the log of the server that runs or ran on ``folder``, as far as it complains."""
    lines = (folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    complaints = [line for line in lines if '"level": "info"' not in line]
    return "\n".join(complaints[-5:] or lines[-5:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
