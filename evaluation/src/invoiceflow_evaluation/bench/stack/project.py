"""The stack of ``docker-compose.yml`` as a project of the benchmark's own, with secrets and ports of its own."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

__all__ = ["Stack", "StackError", "read_model_image"]

_OVERRIDE = Path(__file__).with_name("compose.yml")
_SECONDS = 900.0
"""Patience with one command: images may have to be built."""


def read_model_image() -> str:
    """Return the image that keeps the read model (docker-compose.yml)."""
    return os.environ.get("MONGO_IMAGE", "mongo:8.0")


class StackError(Exception):
    """The stack cannot be used; the message says why."""


class Stack:
    """One running project. Its data go with it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.project = f"invoiceflow-bench-{uuid4().hex[:8]}"  # so that two runs leave each other alone
        self._root = root
        self._env_file = folder / "bench.env"
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("INVOICEFLOW_", "COMPOSE_"))
        }
        self.port, self.kafka_port = _free_ports(2)
        version = os.environ.get("INVOICEFLOW_VERSION", "bench")
        self._environment |= {
            "INVOICEFLOW_PORT": str(self.port),
            "BENCH_KAFKA_PORT": str(self.kafka_port),
            "INVOICEFLOW_VERSION": version,
        }
        self.read_model = read_model_image()
        self.api_key = ""

    @classmethod
    @asynccontextmanager
    async def running(cls, root: Path, folder: Path) -> "AsyncIterator[Stack]":
        """Build and start the stack; remove it and its data afterwards.

        Raises:
            StackError: it could not be built or did not become healthy.
        """
        stack = cls(root, folder)
        await stack._make_secrets()
        try:
            await stack._compose("build", "--quiet")
            await stack.start()
            yield stack
        finally:
            await stack._compose("down", "--volumes", "--remove-orphans", "--timeout", "10")

    async def start(self, *, readers: int = 1, threads: int = 0) -> None:
        """Start what does not run, with so many children that read, each recognising in so many threads (0: its share)."""
        settings = {
            "INVOICEFLOW_OCR_WORKERS": str(readers),
            "INVOICEFLOW_OCR_MEMORY": f"{3 * readers + 1}g",
            "BENCH_OCR_THREADS": str(threads),
        }
        await self._compose("up", "--detach", "--wait", settings=settings)

    async def stop(self) -> None:
        """Let nothing run; the data stay."""
        await self._compose("stop", "--timeout", "30")

    async def _make_secrets(self) -> None:
        await self._run(sys.executable, "deploy/make-env", "--file", str(self._env_file))
        for line in self._env_file.read_text(encoding="utf-8").splitlines():
            if line.startswith("INVOICEFLOW_API_KEY="):
                self.api_key = line.partition("=")[2]

    async def _compose(self, *arguments: str, settings: dict[str, str] | None = None) -> str:
        files = ("--file", "docker-compose.yml", "--file", str(_OVERRIDE), "--env-file", str(self._env_file))
        return await self._run(
            "docker", "compose", "--project-name", self.project, *files, *arguments, settings=settings or {}
        )

    async def _run(self, *command: str, settings: dict[str, str] | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._root,
            env=self._environment | (settings or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            raise StackError(f"{' '.join(command)} did not end in {_SECONDS:g} seconds") from None
        text = output.decode(errors="replace")
        if process.returncode != 0:
            last = "\n".join(text.strip().splitlines()[-8:])
            raise StackError(f"{' '.join(command[:3])} ... {command[-1]} did not succeed:\n{last}")
        return text


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
