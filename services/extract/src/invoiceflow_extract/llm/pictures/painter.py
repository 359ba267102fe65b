"""The step's side of the child process that draws pages."""

import asyncio
import base64
import logging
import os
import sys
from collections.abc import Mapping

from invoiceflow_extract.llm.pictures.child import Order

__all__ = ["Painter"]

_log = logging.getLogger(__name__)

_TYPES = frozenset(["application/pdf", "image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "image/tiff"])
_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
"""What of the service's environment a child is given: nothing that could be a secret."""
_MEMORY = 1024 * 1024 * 1024


class Painter:
    """Draws pages as JPEG, each document in a process of its own with limits on time and memory.

    Args:
        width: of a picture, in pixels.
        seconds: for all pages of a document.
        max_size: bytes of a document; of a larger one no pictures are made.
        most: pages of a document.
    """

    def __init__(self, *, width: int, seconds: float, max_size: int, most: int) -> None:
        self._width = width
        self._seconds = seconds
        self._max_size = max_size
        self._most = most

    async def draw(self, document: bytes, media_type: str, turns: Mapping[int, int]) -> tuple[str, ...]:
        """Return the pages as ``data:`` URLs; none where they cannot be drawn: the question does without.

        Args:
            document: the original.
            media_type: its type.
            turns: pages to draw, and by how many degrees clockwise each was turned to be read.
        """
        if media_type not in _TYPES or len(document) > self._max_size or not turns:
            return ()
        order = Order(
            media_type=media_type,
            turns=dict(list(turns.items())[: self._most]),
            width=self._width,
            memory_bytes=_MEMORY,
            cpu_seconds=max(1, round(self._seconds)),
        )
        made = await self._run(order.model_dump_json().encode() + b"\n" + document)
        return tuple(f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" for picture in _split(made))

    async def _run(self, given: bytes) -> bytes:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "invoiceflow_extract.llm.pictures.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may quote the document
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        try:
            async with asyncio.timeout(self._seconds):
                made, _ = await child.communicate(given)
        except TimeoutError:
            made = b""
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0:
            _log.warning("The pages could not be drawn; the model is asked without.", extra={"exit": child.returncode})
            return b""
        return made


def _split(made: bytes) -> list[bytes]:
    pictures, at = [], 0
    while at + 4 <= len(made):
        length = int.from_bytes(made[at : at + 4], "big")
        picture = made[at + 4 : at + 4 + length]
        at += 4 + length
        if picture:
            pictures.append(picture)
    return pictures
