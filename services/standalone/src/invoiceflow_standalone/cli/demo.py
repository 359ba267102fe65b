"""``invoiceflow demo``: a server of its own, some documents through it, and what to do next."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError, CommandError, Exit, UnreachableError
from invoiceflow_standalone.cli.files import select_files
from invoiceflow_standalone.cli.send import send
from invoiceflow_standalone.cli.server import server_command, server_environment
from invoiceflow_standalone.cli.tables import say

__all__ = ["demo"]

HOST, USUAL_PORT = "127.0.0.1", 8080
START_SECONDS, STOP_SECONDS = 60.0, 15.0


async def demo(paths: Sequence[str], *, out: Console, log: Console) -> Exit:
    """Start a server on data of its own, send the documents, print what was extracted, stop, and say what is next."""
    selection = select_files(paths)
    with TemporaryDirectory(prefix="invoiceflow-demo-") as folder:
        started, port = time.monotonic(), _free_port()
        say(log, f"Starting the four services in one process on http://{HOST}:{port} ...")
        async with _running_server(Path(folder), port) as url, Client(url) as client:
            say(log, f"Ready after {time.monotonic() - started:.1f} s.")
            code = await send(client, selection, out=out, log=log)
    out.out(_next_steps(), highlight=False)
    return code


@asynccontextmanager
async def _running_server(folder: Path, port: int) -> AsyncIterator[str]:
    url = f"http://{HOST}:{port}"
    log_file = folder / "server.log"
    environment = server_environment(host=HOST, port=port, data_dir=folder / "data", inherit=False)
    with log_file.open("wb") as log:
        # In a group of its own, so that ctrl-C reaches this command alone, which then stops the server in order.
        process = await asyncio.create_subprocess_exec(
            *server_command(), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        await _ready(process, url, log_file)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, url: str, log_file: Path) -> None:
    async with Client(url) as client:
        try:
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    try:
                        await client.get("/readyz")
                    except (UnreachableError, ApiError):
                        await asyncio.sleep(0.05)
                    else:
                        return
        except TimeoutError:
            pass
    raise CommandError(f"The server did not start. Its last words:\n{_last_lines(log_file)}")


def _last_lines(log_file: Path) -> str:
    return "\n".join(log_file.read_text(errors="replace").strip().splitlines()[-5:])


def _free_port() -> int:
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            number: int = probe.getsockname()[1]
            return number
    raise CommandError(f"No port is free on {HOST}. End a program that listens there and try again.")


def _next_steps() -> str:
    # By its path, since nothing says that the environment's programs can be found by name.
    command = Path(sys.executable).with_name("invoiceflow")
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    steps = {
        "make run": f"serve on http://{HOST}:{USUAL_PORT} and keep the data; ctrl-C stops it",
        f"{shown} send invoice.pdf": "send a file of your own, from another terminal",
        f"{shown} show NUMBER": "see where on the page each value stands",
        f"{shown} export --format xlsx -o invoices.xlsx": "take the invoices along",
    }
    width = max(map(len, steps))
    return "\n".join(
        (
            "",
            "That was the demo; its server has stopped and its data is gone. What to do next:",
            "",
            *(f"  {step:{width}}   {what}" for step, what in steps.items()),
            "",
            f"While the server runs, its API is described at http://{HOST}:{USUAL_PORT}/docs.",
        )
    )
