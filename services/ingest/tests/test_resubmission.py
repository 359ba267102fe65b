"""Announcing again what a broker forgot."""

from uuid import UUID

import httpx

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_ingest.acceptance import accepted, resubmit

BUCKET = "invoiceflow-originals"


async def send(client: httpx.AsyncClient, tenant: str, *contents: bytes) -> list[str]:
    response = await client.post(
        "/v1/documents",
        files=[("file", (f"{content.decode()}.txt", content)) for content in contents],
        headers={"X-Test-Tenant": tenant},
    )
    return [document["document_id"] for document in response.json()["documents"]]


async def test_what_has_no_end_yet_is_announced_again_with_the_same_event(
    client: httpx.AsyncClient, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    finished, unfinished = await send(client, "acme", b"one", b"two")
    (other,) = await send(client, "globex", b"one")
    before = dict(publisher.published)
    publisher.published.clear()
    asked: list[tuple[str, str]] = []

    async def is_finished(tenant: str, document: UUID) -> bool:
        asked.append((tenant, str(document)))
        return str(document) == finished

    count = await resubmit(objects, publisher, BUCKET, ["acme", "globex", "nobody"], is_finished)

    assert count == 2
    assert sorted(asked) == sorted([("acme", finished), ("acme", unfinished), ("globex", other)])
    assert [event.model_dump()["document_id"] for _, event in publisher.published] == [UUID(unfinished), UUID(other)]
    assert all(before[event_id] == event for event_id, event in publisher.published)


async def test_a_damaged_record_does_not_stop_the_others(
    client: httpx.AsyncClient, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    damaged, whole = await send(client, "acme", b"one", b"two")
    await objects.put("acme", BUCKET, f"accepted/{damaged}.json.sealed", b"{", media_type="application/json")
    await objects.put("acme", BUCKET, "accepted/strange", b"{", media_type="application/json")
    publisher.published.clear()

    async def nothing_is_finished(_: str, __: UUID) -> bool:
        return False

    assert {str(each) async for each in accepted(objects, "acme", BUCKET)} == {damaged, whole}
    assert await resubmit(objects, publisher, BUCKET, ["acme"], nothing_is_finished) == 1

    # Sent again, the document is announced anew and its record is whole again.
    publisher.published.clear()
    await send(client, "acme", b"one")
    assert len(publisher.published) == 1
    assert await resubmit(objects, publisher, BUCKET, ["acme"], nothing_is_finished) == 2
