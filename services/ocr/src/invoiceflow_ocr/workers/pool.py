"""A fixed number of child processes, each with a memory limit and a time limit for each document.

A document that hangs, eats memory or crashes its reader costs itself and one child process: the child is killed and
replaced, the others never notice.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_contracts.layout import Engine as EngineName
from invoiceflow_ocr.workers.wire import Job, Outcome
from invoiceflow_ocr.workers.worker import EngineSpec, Worker, WorkerDiedError

__all__ = ["EngineSpec", "Limits", "WorkerPool"]

CRASHES = 2
"""A document that ends so many children in a row is to blame itself; the first may have been the host's doing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document, and one child, may use."""

    seconds: float = 120.0
    memory_bytes: int = 3 << 30
    documents: int = 200
    """After so many documents a child is replaced, so that leaks of native libraries stay small."""


QUIET_SECONDS = 5.0
"""When no child had anything to do for so long, one uses the time to warm up: not in the middle of a stream of
documents, where its processor is wanted."""


class WorkerPool:
    """Reads documents in child processes; use between ``start`` and ``stop``."""

    def __init__(self, spec: EngineSpec, *, workers: int, limits: Limits | None = None, warm: bool = False) -> None:
        self.size = workers
        """How many documents are read at a time."""
        self._spec = spec
        self._limits = limits or Limits()
        self._warm = warm
        self._idle: asyncio.LifoQueue[Worker | None] = asyncio.LifoQueue()
        self._background: set[asyncio.Task[None]] = set()
        self._quiet: asyncio.TimerHandle | None = None
        self._children: set[Worker] = set()
        self._engine: EngineName | None = None

    @property
    def engine(self) -> EngineName:
        """The engine's name and version, known once the pool was started."""
        if self._engine is None:
            raise TransientError("workers_not_started", "The readers are still starting. Try again in a moment.")
        return self._engine

    async def start(self) -> None:
        """Start all children and wait for the first to be ready.

        Raises:
            WorkerDiedError: the engine cannot be loaded.
        """
        workers = [self._child() for _ in range(self.size)]
        try:
            self._engine = await workers[0].ready()
        except BaseException:
            await self.stop()
            raise
        self._put_back(workers[0])
        for worker in workers[1:]:
            self._in_background(self._offer(worker))

    async def stop(self) -> None:
        """End all children, at once."""
        if self._quiet is not None:
            self._quiet.cancel()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(self._end(worker) for worker in tuple(self._children)))
        self._idle = asyncio.LifoQueue()
        self._engine = None

    async def check(self) -> None:
        """Return when documents can be read: the engine was loaded.

        Raises:
            TransientError: not yet, or no more.
        """
        _ = self.engine

    async def read(self, job: Job, data: bytes, on_progress: Callable[[int, int], None]) -> Outcome:
        """Read one document, waiting for a free child if need be. Cancelling ends the child that is at it.

        Raises:
            PermanentError: the engine refused the document, or it took too long, needed too much memory or crashed
                its readers.
            TransientError: no child could be started, or the engine could not read it now.
        """
        exhausted = False
        for _ in range(CRASHES):
            worker = await self._take()
            keep = False
            try:
                async with asyncio.timeout(self._limits.seconds):
                    outcome = await worker.read(job, data, on_progress)
                keep = True
            except TimeoutError:
                raise PermanentError(
                    "document_timeout",
                    f"The document could not be read within {self._limits.seconds:g} seconds. Split it or send a simpler version of it.",
                ) from None
            except MemoryError:
                exhausted = True
                if worker.documents == 1:
                    break
                # What it read before may have filled it; a new one has all its memory for this document.
            except (PermanentError, TransientError):
                keep = True
                raise
            except WorkerDiedError:
                continue
            else:
                return outcome
            finally:
                await self._give_back(worker, keep=keep)
        if exhausted:
            raise PermanentError(
                "document_too_complex",
                f"Reading the document needs more than {self._limits.memory_bytes >> 20} MiB of memory. Split it or send a simpler version of it.",
            )
        raise PermanentError(
            "worker_crashed",
            "The document ended the program that reads it. It may be damaged: save it anew and send it again.",
        )

    async def _take(self) -> Worker:
        worker = await self._idle.get()
        if worker is not None and worker.alive:
            return worker
        if worker is not None:
            await self._end(worker)
        worker = self._child()
        try:
            await worker.ready()
        except WorkerDiedError:
            await self._lose(worker)
            raise TransientError(
                "workers_unavailable", "No program that reads documents could be started; the service's log says why."
            ) from None
        except BaseException:
            await self._lose(worker)
            raise
        return worker

    async def _give_back(self, worker: Worker, *, keep: bool) -> None:
        if keep and worker.documents < self._limits.documents:
            self._put_back(worker)
            return
        try:
            await self._end(worker)
        finally:
            self._in_background(self._offer(self._child()))

    async def _lose(self, worker: Worker) -> None:
        self._idle.put_nowait(None)  # whoever takes the place starts a new child
        await self._end(worker)

    async def _end(self, worker: Worker) -> None:
        self._children.discard(worker)
        await worker.kill()

    def _child(self) -> Worker:
        worker = Worker(self._spec, memory_bytes=self._limits.memory_bytes)
        self._children.add(worker)
        return worker

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _offer(self, worker: Worker) -> None:
        """Let a child load its engine, and offer it then."""
        try:
            await worker.ready()
        except WorkerDiedError:
            await self._lose(worker)
        else:
            self._put_back(worker)

    def _put_back(self, worker: Worker) -> None:
        """Let a child wait for its next document, and use the time if none comes soon."""
        self._idle.put_nowait(worker)
        if self._quiet is not None:
            self._quiet.cancel()
        if self._warm:
            self._quiet = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._use_quiet)

    def _use_quiet(self) -> None:
        """Warm up one child, unless any is at work; when it is back, the next one's turn comes."""
        if self._idle.qsize() < self.size or self._engine is None:
            return  # the one that comes back last winds the clock up again; or the pool was stopped
        waiting = [self._idle.get_nowait() for _ in range(self.size)]
        cold = next((worker for worker in waiting if worker is not None and not worker.warm), None)
        for worker in reversed(waiting):
            if worker is not cold or worker is None:
                self._idle.put_nowait(worker)
        if cold is not None:
            self._in_background(self._warm_up(cold))

    async def _warm_up(self, worker: Worker) -> None:
        try:
            async with asyncio.timeout(self._limits.seconds):
                await worker.warm_up()
        except (TimeoutError, WorkerDiedError):
            await self._lose(worker)
        else:
            self._put_back(worker)
