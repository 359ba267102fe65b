"""The child process: reads one document after the other until it is told to stop, killed or left alone.

Started by the pool as ``python -m invoiceflow_ocr.workers.child FD``, where FD is its end of a socket.
"""

import ctypes
import gzip
import hashlib
import os
import resource
import signal
import socket
import sys
import time
import traceback
from importlib import import_module
from typing import Any, BinaryIO, cast

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.layout import EmbeddedFile, Layout
from invoiceflow_contracts.layout import Engine as EngineName
from invoiceflow_ocr.ports import Engine
from invoiceflow_ocr.workers.wire import Job, Summary, encode, read_frame

__all__ = ["main"]

PR_SET_PDEATHSIG = 1

COMPRESSION = 3
"""Twice as fast as level 6 and a tenth larger: a page's layout is some 20 kB of JSON."""


def main() -> None:
    """Serve documents on the socket whose file descriptor is the first argument."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    _die_with_parent()
    # Ctrl-C reaches the whole process group; when a child ends is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A library that prints must not fill the service's structured log.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    stream = cast("BinaryIO", connection.makefile("rwb"))
    frame = read_frame(stream)
    if frame is None:
        return
    start, _ = frame
    _limit_memory(start["memory_bytes"])
    sys.path[:] = start["sys_path"]
    module, _, attribute = start["factory"].partition(":")
    engine: Engine = getattr(import_module(module), attribute)(**start["options"])
    _send(stream, {"kind": "ready", "engine": {"name": engine.name, "version": engine.version}})
    while (frame := read_frame(stream)) is not None:
        header, payload = frame
        if header["kind"] == "warm_up":
            _warm_up(engine, stream)
        else:
            _serve(engine, Job.model_validate(header["job"]), payload, stream)


def _warm_up(engine: Engine, stream: BinaryIO) -> None:
    try:
        engine.warm_up()
    except Exception:  # noqa: BLE001 - what cannot be loaded is missed, and told, by the document that needs it
        traceback.print_exc()
    _send(stream, {"kind": "warm"})


def _serve(engine: Engine, job: Job, data: bytes, stream: BinaryIO) -> None:
    wall, cpu = time.perf_counter(), time.process_time()

    def progress(done: int, total: int) -> None:
        _send(stream, {"kind": "progress", "done": done, "total": total})

    try:
        reading = engine.read(data, job.media_type, progress)
    except PermanentError as error:
        _send(stream, {"kind": "refused", "code": error.code, "message": error.message})
        return
    except TransientError as error:
        _send(
            stream,
            {"kind": "postponed", "code": error.code, "message": error.message, "retry_after": error.retry_after},
        )
        return
    except MemoryError:
        _send(stream, {"kind": "exhausted"})
        return
    except Exception as error:  # noqa: BLE001 - the boundary of the process: an answer is better than a corpse
        # The message may quote the document; where it happened does not.
        sys.stderr.write("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + "\n")
        _send(stream, {"kind": "failed", "error": type(error).__name__})
        return
    embedded = tuple(
        EmbeddedFile(
            name=attachment.name,
            content=ContentRef(
                bucket=job.embedded_bucket,
                key=job.embedded_prefix + (digest := hashlib.sha256(attachment.data).hexdigest()),
                sha256=digest,
                size=len(attachment.data),
                media_type="application/xml",
            ),
            relationship=attachment.relationship,
        )
        for attachment in reading.attachments
    )
    name = EngineName(name=engine.name, version=engine.version)
    layout = Layout.model_construct(
        engine=name, pages=tuple(reading.pages), languages=reading.languages, embedded=embedded
    )
    # Without a time stamp inside, the same layout is the same bytes.
    packed = gzip.compress(layout.model_dump_json().encode(), COMPRESSION, mtime=0)
    summary = Summary(
        engine=name,
        pages=len(reading.pages),
        languages=reading.languages,
        embedded=embedded,
        layout_size=len(packed),
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
    )
    payload = b"".join((packed, *(attachment.data for attachment in reading.attachments)))
    _send(stream, {"kind": "read", "summary": summary.model_dump(mode="json")}, payload)


def _send(stream: BinaryIO, header: dict[str, Any], payload: bytes = b"") -> None:
    stream.write(encode(header, payload))
    stream.flush()


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies: a busy child would not see its socket close."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(limit: int) -> None:
    """Cap private memory, and leave no core dump with a document in it.

    ``RLIMIT_DATA`` counts what is really private and writable (heap, anonymous mappings); ``RLIMIT_AS`` would count
    the address space that OpenVINO and the allocators only reserve, and refuse to start long before memory is short.
    An allocation above the limit fails at once, in the child, with no race against a watcher.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
