"""The query part of the bench: a read model full of invoices, its service as a process of its own, and two kinds of load on it."""

import asyncio
import hashlib
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_evaluation.bench.query_load import (
    Load,
    LoadError,
    closed_load,
    open_load,
    requests_of,
    warm_up,
)
from invoiceflow_evaluation.bench.query_material import BRANCHES
from invoiceflow_evaluation.bench.query_server import OBJECTS
from invoiceflow_evaluation.bench.query_shapes import shapes
from invoiceflow_evaluation.bench.query_store import Filled, cache_file, fill
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.adapters.sqlite.schema import VERSION
from invoiceflow_query.main import create_read_model
from invoiceflow_query.ports import Rebuildable
from invoiceflow_query.settings import QuerySettings

__all__ = ["QueryFigures", "QueryPlan", "measure_queries"]

_START_SECONDS = 30.0
_FILLING_CACHE_MIB = 1024
_LOG = "query-server.log"


@dataclass(frozen=True)
class QueryPlan:
    """What is to be measured."""

    invoices: int
    clients: int
    rate: float
    """Requests a second of the open load."""
    seconds: float
    """Of each load."""
    folder: Path
    """Where filled read models are kept for the next run."""
    mongodb: str | None = None
    """Address of a MongoDB to keep the read model in; SQLite where None."""


@dataclass(frozen=True)
class QueryFigures:
    """What was measured."""

    store: str
    filled: Filled
    found: dict[str, int]
    """How many invoices a page of each shape has, at most."""
    closed: Load
    closed_server_cpu: float | None
    opened: Load
    opened_server_cpu: float | None


async def measure_queries(plan: QueryPlan, on_progress: Callable[[str], None]) -> QueryFigures:
    """Fill the read model unless an earlier run has, then ask it everything, first closed, then open.

    Args:
        plan: what is to be measured.
        on_progress: told what is going on.

    Raises:
        LoadError: an answer was not a page, or the server did not start.
    """
    settings = _settings(plan)
    filled = await _filled(settings, plan, on_progress)
    on_progress("choosing what to ask")
    keys = {tenant: secrets.token_urlsafe(24) for tenant in (DEFAULT_TENANT, BRANCHES[0])}
    requests = requests_of(await asyncio.to_thread(shapes, plan.invoices), keys)
    async with _serving(settings, keys, plan.folder) as (port, pid):
        on_progress("each question once")
        found = await warm_up(port, requests)
        on_progress("closed load")
        begun = _cpu_seconds(pid)
        closed = await closed_load(port, requests, clients=plan.clients, seconds=plan.seconds)
        between = _cpu_seconds(pid)
        on_progress("open load")
        opened = await open_load(port, requests, clients=plan.clients, rate=plan.rate, seconds=plan.seconds)
        ended = _cpu_seconds(pid)
    return QueryFigures(
        store=await _store(settings),
        filled=filled,
        found=found,
        closed=closed,
        closed_server_cpu=between - begun if begun is not None and between is not None else None,
        opened=opened,
        opened_server_cpu=ended - between if between is not None and ended is not None else None,
    )


def _settings(plan: QueryPlan) -> QuerySettings:
    if plan.mongodb is None:
        return QuerySettings(sqlite_path=cache_file(plan.folder, plan.invoices, VERSION), mongodb_uri=None)
    return QuerySettings.model_validate(
        {
            "sqlite_path": None,
            "mongodb_uri": plan.mongodb,
            "mongodb_database": f"invoiceflow-bench-{plan.invoices}",
        }
    )


async def _filled(settings: QuerySettings, plan: QueryPlan, on_progress: Callable[[str], None]) -> Filled:
    read_model: Rebuildable
    if settings.sqlite_path is not None:
        read_model = SqliteReadModel(settings.sqlite_path, writer_cache_mib=_FILLING_CACHE_MIB)
    else:
        read_model = create_read_model(settings)
    await read_model.migrate(on_progress)
    await read_model.open()
    try:
        return await fill(read_model, plan.invoices, lambda told: on_progress(f"{told:,} documents told of"))
    finally:
        await read_model.close()


async def _store(settings: QuerySettings) -> str:
    if settings.sqlite_path is None:
        return "MongoDB"
    size = (await asyncio.to_thread(settings.sqlite_path.stat)).st_size
    return f"SQLite {sqlite3.sqlite_version}, {size / 1e9:.1f} GB"


@asynccontextmanager
async def _serving(settings: QuerySettings, keys: dict[str, str], folder: Path) -> AsyncIterator[tuple[int, int]]:
    """Run the query service; give its port and process id once it is ready."""
    port, log = _free_port(), folder / _LOG
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INVOICEFLOW_")}
    hashed = [f"{hashlib.sha256(key.encode()).hexdigest()}:{tenant}" for tenant, key in keys.items()]
    environment |= {
        "INVOICEFLOW_PORT": str(port),
        "INVOICEFLOW_API_KEYS": str(hashed).replace("'", '"'),
        OBJECTS: str(folder / "objects"),
    }
    if settings.sqlite_path is not None:
        environment["INVOICEFLOW_QUERY_SQLITE_PATH"] = str(settings.sqlite_path)
    if settings.mongodb_uri is not None:
        environment["INVOICEFLOW_QUERY_MONGODB_URI"] = settings.mongodb_uri.get_secret_value()
        environment["INVOICEFLOW_QUERY_MONGODB_DATABASE"] = settings.mongodb_database
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "invoiceflow_evaluation.bench.query_server", env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        await _listening(process, port, log)
        yield port, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    """Wait until the server takes connections, which it does once its read model is open."""
    deadline = time.monotonic() + _START_SECONDS
    while process.returncode is None and time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    words = (await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace"))[-2000:]
    raise LoadError(f"the query service did not start. Its last words:\n{words}")


def _cpu_seconds(pid: int) -> float | None:
    """Return the processor time that the process has taken, on Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
