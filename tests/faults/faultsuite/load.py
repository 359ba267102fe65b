"""Hands documents in as a real client would: again with the same bytes after any error, until there is a receipt."""

import base64
import io
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Literal
from uuid import uuid4

import httpx
from confluent_kafka import KafkaException, Message, Producer
from minio import Minio

from faultsuite.documents import Document, Poison
from invoiceflow_contracts.cloudevents import encode
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentSubmittedV1
from invoiceflow_contracts.identity import DEFAULT_TENANT

__all__ = ["Load", "Origin", "Receipts", "Upstream"]

INCOMING = "invoiceflow-incoming"
INLINE_AT_MOST = 256 * 1024
GIVE_UP_SECONDS = 480.0
CLIENTS = 4

Channel = Literal["http", "inline", "reference"]
CHANNELS: tuple[Channel, ...] = ("http", "inline", "reference")

Origin = tuple[str, int, int]
"""Topic, partition and offset of a record."""


@dataclass
class Receipts:
    """What the receivers have acknowledged; by document id."""

    documents: dict[str, Document] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)
    """How often: every 202, and every record that Kafka took."""
    new: Counter[str] = field(default_factory=Counter)
    """How often a 202 said that the document had not been known."""
    poison: dict[Origin, Poison] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    """Answers after which the client tried again: the status and the code, or the error."""
    given_up: list[str] = field(default_factory=list)


class Upstream:
    """Puts records on topics as an upstream system does, and knows where they stand."""

    def __init__(self, bootstrap: str, objects: Minio) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": int(GIVE_UP_SECONDS * 1000),
                "message.max.bytes": 9_000_000,
                "log_level": 0,
            }
        )
        self._objects = objects

    def send(
        self, topic: str, value: bytes | None, headers: Sequence[tuple[str, bytes | None]], key: bytes | None = None
    ) -> Origin:
        """Return where the record stands, once Kafka has it."""
        done: Future[Message] = Future()

        def delivered(error: object, message: Message) -> None:
            if error is None:
                done.set_result(message)
            else:
                done.set_exception(KafkaException(error))

        self._producer.produce(topic, value=value, key=key, headers=list(headers), on_delivery=delivered)
        while not done.done():
            self._producer.poll(0.05)
        message = done.result()
        name, partition, offset = message.topic(), message.partition(), message.offset()
        assert name is not None
        assert partition is not None
        assert offset is not None
        return name, partition, offset

    def submit(self, document: Document, channel: Channel) -> Origin:
        """Publish ``document.submitted``."""
        if channel == "inline" and len(document.data) <= INLINE_AT_MOST:
            event = DocumentSubmittedV1.model_validate(
                {"filename": document.name, "inline": base64.b64encode(document.data)}
            )
        else:
            key = f"{DEFAULT_TENANT}/{document.sha256}"
            self._objects.put_object(INCOMING, key, io.BytesIO(document.data), len(document.data))
            content = ContentRef(
                bucket=INCOMING,
                key=key,
                sha256=document.sha256,
                size=len(document.data),
                media_type=document.media_type,
            )
            event = DocumentSubmittedV1(filename=document.name, content=content)
        value, headers = encode(event, event_id=uuid4(), source="/faults", time=datetime.now(UTC))
        return self.send("document.submitted", value, headers)


class Load:
    """One run's documents, duplicates and poison on their way, spread over a while.

    Args:
        documents: each is handed in; a quarter of them a second time.
        poison: is strewn among them.
        seconds: over which the beginnings are spread, so that a fault meets documents in every state.
    """

    def __init__(
        self,
        rng: Random,
        documents: Iterable[Document],
        poison: Iterable[Poison],
        *,
        url: str,
        api_key: str,
        upstream: Upstream,
        seconds: float,
    ) -> None:
        self.receipts = Receipts()
        self._url, self._headers = url, {"Authorization": f"Bearer {api_key}"}
        self._upstream = upstream
        self._lock = threading.Lock()
        once = list(documents)
        twice = rng.sample(once, len(once) // 4)
        jobs: list[Document | Poison] = [*once, *poison]
        rng.shuffle(jobs)
        # A duplicate may come while its original is on the way, or long after.
        for document in twice:
            jobs.insert(rng.randint(jobs.index(document) + 1, len(jobs)), document)
        channels = [rng.choices(CHANNELS, [6, 2, 2])[0] for _ in jobs]
        self._jobs = list(zip(jobs, channels, strict=True))
        self._pause = seconds / len(self._jobs)
        self._thread = threading.Thread(target=self._send_all, name="load", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> Receipts:
        """Wait until everything that was begun has its receipt."""
        if self._thread.ident is not None:
            self._thread.join()
        return self.receipts

    def wait_acknowledged(self, number: int, seconds: float = 120) -> None:
        """Return when so many documents have a receipt, or everything has been sent."""
        deadline = time.monotonic() + seconds
        while len(self.receipts.documents) < number and self._thread.is_alive():
            assert time.monotonic() < deadline, f"{number} receipts: not within {seconds:g} s"
            time.sleep(0.02)

    def _send_all(self) -> None:
        begun = time.monotonic()
        with (
            httpx.Client(base_url=self._url, headers=self._headers, timeout=20, trust_env=False) as http,
            ThreadPoolExecutor(CLIENTS, "client") as clients,
        ):
            for number, (job, channel) in enumerate(self._jobs):
                time.sleep(max(0.0, begun + number * self._pause - time.monotonic()))
                clients.submit(self._send, http, job, channel)

    def _send(self, http: httpx.Client, job: Document | Poison, channel: Channel) -> None:
        deadline, wait = time.monotonic() + GIVE_UP_SECONDS, 0.2
        while True:
            try:
                if isinstance(job, Poison):
                    origin = self._upstream.send(job.topic, job.value, job.headers, key=b"\xff" + job.reason.encode())
                    with self._lock:
                        self.receipts.poison[origin] = job
                else:
                    self._hand_in(http, job, channel)
            except Exception as error:  # noqa: BLE001  # a client tries again, whatever it was
                with self._lock:
                    self.receipts.refusals[
                        str(error) if isinstance(error, _RefusedError) else type(error).__name__
                    ] += 1
                if time.monotonic() > deadline:
                    with self._lock:
                        self.receipts.given_up.append(f"{getattr(job, 'name', job)}: {error}")
                    return
                time.sleep(wait)
                wait = min(wait * 2, 3.0)
            else:
                return

    def _hand_in(self, http: httpx.Client, document: Document, channel: Channel) -> None:
        new = False
        if channel == "http":
            response = http.post("/v1/documents", files={"file": (document.name, document.data)})
            if response.status_code != 202:
                raise _RefusedError(f"{response.status_code} {_code(response)}")
            (answer,) = response.json()["documents"]
            assert answer["document_id"] == document.id, "the answer names another document"
            new = not answer["known"]
        else:
            self._upstream.submit(document, channel)
        with self._lock:
            self.receipts.documents[document.id] = document
            self.receipts.acknowledged[document.id] += 1
            self.receipts.new[document.id] += new


class _RefusedError(Exception):
    """An answer that is no receipt."""


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"
