"""What parent and child say to each other over their socket.

A frame is two lengths (header and payload, 8 bytes each, big-endian), a JSON header and the payload's bytes.
"""

import json
import struct
from asyncio import StreamReader
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict

from invoiceflow_contracts.layout import EmbeddedFile, Engine

__all__ = ["Job", "Outcome", "Summary", "encode", "read_frame", "receive_frame"]

_LENGTHS = struct.Struct(">QQ")


class Job(BaseModel):
    """What a child is asked to do; the document's bytes are the payload."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    embedded_bucket: str
    """Where e-invoices found inside will be stored,"""
    embedded_prefix: str
    """and under which key: ``{embedded_prefix}{sha256}``."""


class Summary(BaseModel):
    """A child's account of a document read; the payload is the layout, then the embedded files in their order."""

    model_config = ConfigDict(frozen=True)

    engine: Engine
    pages: int
    languages: tuple[str, ...]
    embedded: tuple[EmbeddedFile, ...]
    layout_size: int
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document that was read."""

    summary: Summary
    layout: bytes
    """Gzip-compressed JSON of ``invoiceflow_contracts.layout.Layout``."""
    embedded: tuple[bytes, ...]
    """The bytes of ``summary.embedded``."""


def encode(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """Return a frame."""
    head = json.dumps(header).encode()
    return b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame, or None where the other side has gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, payload = _LENGTHS.unpack(lengths)
    return json.loads(stream.read(head)), stream.read(payload)


async def receive_frame(reader: StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read a frame.

    Raises:
        asyncio.IncompleteReadError: the other side has gone.
        ConnectionError: likewise.
    """
    head, payload = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    return json.loads(await reader.readexactly(head)), await reader.readexactly(payload)
