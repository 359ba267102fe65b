"""Engines for the tests of the pool: what they do, the document's bytes say. Loaded by child processes only."""

import os
import sys
import time
from pathlib import Path

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_contracts.layout import Box, Line, Page, Word
from invoiceflow_ocr.ports import Attachment, Progress, Reading


class ObedientEngine:
    name = "obedient"

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.warm = False

    def warm_up(self) -> None:
        self.warm = True

    def read(self, data: bytes, media_type: str, progress: Progress) -> Reading:  # noqa: ARG002 - the port asks for it
        order, _, argument = data.decode().strip().partition(" ")
        if order == "hang":
            progress(0, 1)
        misdeed = MISDEEDS.get(order)
        if misdeed is not None:
            misdeed(argument)
        pages = int(argument) if order == "pages" else 1
        for number in range(pages):
            progress(number + 1, pages)
        text = f"warm {os.getpid()}" if order == "warmth" and self.warm else str(os.getpid())
        word = Word(text=text, box=Box(0.1, 0.1, 0.2, 0.2))
        page = Page(number=1, width=595, height=842, source="text", lines=(Line(words=(word,)),))
        attachments = [Attachment("factur-x.xml", argument.encode(), "Alternative")] if order == "attach" else []
        return Reading(pages=[page] * pages, languages=("en",), attachments=attachments)


class UnpreparedEngine(ObedientEngine):
    def warm_up(self) -> None:
        super().warm_up()
        raise ImportError("no weights")


class AbsentEngine:
    def __init__(self) -> None:
        raise ImportError("no weights")


def hang(_: str) -> None:
    while True:
        time.sleep(1)


def eat(_: str) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))


HOARD: list[bytearray] = []


def hoard(mebibytes: str) -> None:
    """Take memory and never give it back, as caches of native libraries do."""
    HOARD.append(bytearray(int(mebibytes) << 20))


def crash(_: str) -> None:
    os.abort()


def crash_once(log: str) -> None:
    if not Path(log).exists():
        Path(log).touch()
        os.abort()


def refuse(_: str) -> None:
    raise PermanentError("pdf_encrypted", "It is locked.")


def postpone(_: str) -> None:
    raise TransientError("remote_engine_busy", "It has no room.", retry_after=17.0)


def stumble(argument: str) -> None:
    raise ValueError(argument)


def chatter(_: str) -> None:
    sys.stdout.write("a library that prints\n")
    sys.stdout.flush()


MISDEEDS = {
    "hang": hang,
    "eat": eat,
    "hoard": hoard,
    "crash": crash,
    "crash-once": crash_once,
    "refuse": refuse,
    "postpone": postpone,
    "stumble": stumble,
    "chatter": chatter,
}
