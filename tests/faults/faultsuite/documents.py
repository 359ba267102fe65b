"""The documents and the poison of one run, made from its seed."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Any
from uuid import uuid4

import pikepdf

from invoiceflow_contracts.events import EVENTS
from invoiceflow_contracts.identity import DEFAULT_TENANT, document_id
from invoiceflow_contracts.topics import TOPICS
from invoiceflow_samples import Kind, Sample, generate

__all__ = ["Document", "Poison", "documents", "group_of", "poison"]

UNREADABLE = ("pdf_encrypted", "document_unreadable", "not_an_einvoice")
"""Codes with which documents of a run fail, one of each."""

_E_INVOICES = {Kind.XML_UBL, Kind.XML_CII, Kind.FACTURX}


@dataclass(frozen=True)
class Document:
    """Bytes to hand in, and how they must end."""

    name: str
    media_type: str
    data: bytes
    failure: str | None = None
    """The code with which it must fail; None where it must be extracted."""
    number: str | None = None
    gross: Decimal | None = None
    """What the invoice must say, where it is an e-invoice: that is read exactly."""

    @cached_property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()

    @cached_property
    def id(self) -> str:
        return str(document_id(DEFAULT_TENANT, self.sha256))


@dataclass(frozen=True)
class Poison:
    """A record that no reader can make anything of."""

    topic: str
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    reason: str
    """The code that its dead letters must carry."""


def documents(seed: str, count: int) -> Iterator[Document]:
    """Yield ``count`` documents: most are e-invoices and one-page PDFs; a scan, one of several pages, three unreadable."""
    rng = Random(seed)
    rare = rng.choice([Kind.OFFICE, Kind.IMAGE, Kind.FACTURX])
    kinds = [Kind.PDF_SCAN, rare, Kind.FACTURX]
    kinds += [rng.choice([Kind.XML_UBL, Kind.XML_CII, Kind.XML_UBL, Kind.PDF_TEXT]) for _ in range(count)]
    kinds = kinds[: count - len(UNREADABLE)]
    made = [
        _document(sample, kind)
        for kind, sample in zip(kinds, generate(rng.getrandbits(48), len(kinds), kinds), strict=True)
    ]
    made += [_unreadable(code, seed, made) for code in UNREADABLE[: count - len(made)]]
    rng.shuffle(made)
    yield from made


def _document(sample: Sample, kind: Kind) -> Document:
    truth = sample.truth["truth"]
    exact = kind in _E_INVOICES
    return Document(
        sample.name,
        sample.media_type,
        sample.data,
        number=truth["invoice_number"] if exact else None,
        gross=Decimal(truth["grand_total"]) if exact else None,
    )


def _unreadable(code: str, seed: str, others: list[Document]) -> Document:
    if code == "not_an_einvoice":
        return Document("order.xml", "application/xml", f"<note><about>{seed}</about></note>".encode(), code)
    if code == "document_unreadable":
        return Document("damaged.pdf", "application/pdf", f"%PDF-1.7\n{seed}\n".encode() + b"\x00\xff" * 500, code)
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.docinfo["/Title"] = seed
        protected = io.BytesIO()
        pdf.save(protected, encryption=pikepdf.Encryption(owner="owner", user="user"))
    return Document("protected.pdf", "application/pdf", protected.getvalue(), code)


def group_of(service: str) -> str:
    """Return the consumer group of a service."""
    return f"invoiceflow-{service}"


def poison(seed: str) -> Iterator[Poison]:
    """Yield poison for every topic and its retry topic; on one, of the seed's choice, the random bytes are a mebibyte."""
    rng = Random(f"{seed}/poison")
    largest = rng.choice(list(TOPICS.values()))
    for event in EVENTS:
        topic = TOPICS[event.event_type]
        size = 1 << 20 if topic is largest else rng.randint(1, 2000)
        attributes: dict[str, bytes | None] = {
            "ce_specversion": b"1.0",
            "ce_id": str(uuid4()).encode(),
            "ce_type": event.ce_type().encode(),
            "ce_source": b"/faults",
            "content-type": b"application/json",
        }

        def headers(attributes: dict[str, bytes | None] = attributes, **changed: bytes | None) -> tuple[Any, ...]:
            return tuple({**attributes, **changed}.items())

        future = f"invoiceflow.{event.event_type}.v99".encode()
        yield from (
            Poison(topic.name, rng.randbytes(size), (), "missing_attribute"),
            Poison(topic.retry, rng.randbytes(10), (), "missing_attribute"),
            Poison(topic.name, None, headers(), "empty_value"),
            Poison(topic.name, rng.randbytes(100), headers(), "not_json"),
            Poison(topic.name, b"{}", (("\u00e9", b"\xff"), *headers(ce_id=None)), "missing_attribute"),
            Poison(topic.name, b"{}", headers(ce_source=b"\xff\xfe\x00"), "invalid_attribute"),
            Poison(topic.name, json.dumps({"of": "tomorrow"}).encode(), headers(ce_type=future), "unknown_version"),
        )
