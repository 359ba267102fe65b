"""The parent's side of one child process."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_contracts.layout import Engine as EngineName
from invoiceflow_ocr.workers.wire import Job, Outcome, Summary, encode, receive_frame

__all__ = ["EngineSpec", "Worker", "WorkerDiedError"]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """How a child makes its engine: ``factory(**options)``, where ``factory`` is ``module:attribute``."""

    factory: str
    options: Mapping[str, Any] = field(default_factory=dict)


class WorkerDiedError(Exception):
    """The child ended without an answer."""


class Worker:
    """A child process, from its start to its end; handles one document at a time."""

    def __init__(self, spec: EngineSpec, *, memory_bytes: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # The command line names only this module, so that it shows no document; all else goes over the socket.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "invoiceflow_ocr.workers.child", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._socket = ours
        self._start = encode(
            {
                "factory": spec.factory,
                "options": dict(spec.options),
                "memory_bytes": memory_bytes,
                "sys_path": sys.path,
            }
        )
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.documents = 0
        """How many documents it was given."""
        self.warm = False
        """Whether it has loaded what it can in advance."""

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    async def ready(self) -> EngineName:
        """Wait until the engine is loaded and return its name.

        Raises:
            WorkerDiedError: the child could not load it; what it said stands on standard error.
        """
        self._reader, self._writer = await asyncio.open_connection(sock=self._socket)
        self._writer.write(self._start)
        header, _ = await self._receive()
        return EngineName.model_validate(header["engine"])

    async def read(self, job: Job, data: bytes, on_progress: Callable[[int, int], None]) -> Outcome:
        """Have one document read.

        Raises:
            PermanentError: the engine refused the document.
            TransientError: the engine could not read it now.
            WorkerDiedError: the child ended.
            MemoryError: the document needed more than the child may have.
        """
        self.documents += 1
        assert self._writer is not None, "not ready"  # noqa: S101
        try:
            self._writer.write(encode({"kind": "read", "job": job.model_dump()}, data))
            await self._writer.drain()
        except ConnectionError as error:
            raise WorkerDiedError from error
        while True:
            header, payload = await self._receive()
            match header["kind"]:
                case "progress":
                    on_progress(header["done"], header["total"])
                case "refused":
                    raise PermanentError(header["code"], header["message"])
                case "postponed":
                    raise TransientError(header["code"], header["message"], retry_after=header["retry_after"])
                case "exhausted":
                    raise MemoryError
                case "failed":
                    raise PermanentError(
                        "document_unreadable",
                        f"The document is not as its type requires ({header['error']}). Save it anew and send it again.",
                    )
                case _:
                    return _outcome(header["summary"], payload)

    async def warm_up(self) -> None:
        """Have the engine load what its first documents would wait for, whether or not it succeeds.

        Raises:
            WorkerDiedError: the child ended.
        """
        assert self._writer is not None, "not ready"  # noqa: S101
        self._writer.write(encode({"kind": "warm_up"}))
        await self._receive()
        self.warm = True

    async def kill(self) -> None:
        """End the child at once, whatever it does."""
        self._process.kill()
        if self._writer is not None:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()
        else:
            self._socket.close()
        # A killed process is gone within a millisecond or two, unless the kernel is busy with its memory.
        await asyncio.get_running_loop().run_in_executor(None, self._process.wait)

    async def _receive(self) -> tuple[dict[str, Any], bytes]:
        assert self._reader is not None, "not ready"  # noqa: S101
        try:
            return await receive_frame(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError, json.JSONDecodeError) as error:
            raise WorkerDiedError from error


def _outcome(summary_data: dict[str, Any], payload: bytes) -> Outcome:
    summary = Summary.model_validate(summary_data)
    position = summary.layout_size
    embedded = []
    for file in summary.embedded:
        embedded.append(payload[position : position + file.content.size])
        position += file.content.size
    return Outcome(summary, payload[: summary.layout_size], tuple(embedded))
