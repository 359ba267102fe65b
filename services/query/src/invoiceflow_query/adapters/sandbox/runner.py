"""The service's side of the child processes."""

import asyncio
import os
import sys
from typing import Literal

from invoiceflow_query.adapters.sandbox.order import Drawing, Order

__all__ = ["KILLED", "Sandbox"]

KILLED = -9
"""The exit code of a child that took too long."""

_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
"""What of the service's environment a child is given: nothing that could be a secret."""


class Sandbox:
    """Has each piece of work done in a process of its own, with limits on time and memory, and a few at a time."""

    def __init__(self, *, at_a_time: int, seconds: float, memory_bytes: int) -> None:
        self._room = asyncio.Semaphore(at_a_time)
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    async def run(
        self, work: Literal["draw", "embed"], *files: bytes, drawing: Drawing | None = None
    ) -> tuple[int, bytes]:
        """Return the child's exit code and what it made. It is gone when this returns, however."""
        order = Order(
            work=work,
            drawing=drawing,
            sizes=tuple(map(len, files)),
            memory_bytes=self._memory_bytes,
            cpu_seconds=max(1, round(self._seconds)),
        )
        async with self._room:
            return await self._run(b"".join((order.model_dump_json().encode(), b"\n", *files)))

    async def _run(self, given: bytes) -> tuple[int, bytes]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "invoiceflow_query.adapters.sandbox.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the document
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._seconds):
                written, _ = await child.communicate(given)
        except TimeoutError:
            return KILLED, b""
        finally:
            if child.returncode is None:
                child.kill()
                await asyncio.shield(child.wait())
        return child.returncode or 0, written
