"""``POST /v1/documents`` as a sender sees it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from invoiceflow_chassis.errors import StorageFullError, TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_ingest.acceptance import find_accepted
from invoiceflow_ingest.settings import IngestSettings

BUCKET = "invoiceflow-originals"
PDF = b"%PDF-1.7\nan invoice"
SHA256 = hashlib.sha256(PDF).hexdigest()
DOCUMENT_ID = document_id("default", SHA256)
MEBIBYTE = 1024 * 1024


def file(data: bytes = PDF, name: str = "invoice.pdf") -> tuple[str, tuple[str, bytes]]:
    return ("file", (name, data))


def uploaded(publisher: RecordingPublisher) -> list[DocumentUploadedV1]:
    return [event for _, event in publisher.published if isinstance(event, DocumentUploadedV1)]


async def test_a_document_is_stored_announced_and_answered(
    client: httpx.AsyncClient, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    response = await client.post(
        "/v1/documents",
        files=[file()],
        data={"source": "portal", "external_reference": "MAIL-4711", "tags": ["2026", "travel"]},
    )

    assert response.status_code == 202
    path = f"/v1/documents/{DOCUMENT_ID}"
    assert response.json() == {
        "documents": [
            {
                "document_id": str(DOCUMENT_ID),
                "filename": "invoice.pdf",
                "media_type": "application/pdf",
                "size": len(PDF),
                "sha256": SHA256,
                "known": False,
                "links": {"self": path, "events": f"{path}/events", "file": f"{path}/file"},
            }
        ]
    }
    assert response.headers["location"] == path
    (event,) = uploaded(publisher)
    assert event.document_id == DOCUMENT_ID
    assert (event.channel, event.filename) == ("http", "invoice.pdf")
    assert event.metadata.model_dump() == {
        "source": "portal",
        "external_reference": "MAIL-4711",
        "tags": ("2026", "travel"),
    }
    assert await objects.get("default", event.content) == PDF
    assert await find_accepted(objects, "default", BUCKET, DOCUMENT_ID) == event
