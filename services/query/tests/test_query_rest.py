"""The REST API as a client sees it, over the embedded store."""

import csv
import io
import json
import tempfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from invoiceflow_contracts.extraction import Answer, Outcome, Tried, Verdict
from invoiceflow_query.cursors import encode_cursor
from invoiceflow_query.parameters import InvoiceListParameters
from invoiceflow_query.queries import Position
from invoiceflow_query.testing import document, extracted, failed, invoice, progress, read, uploaded

D = document("d")

Tell = Callable[..., Awaitable[None]]


async def test_shows_a_document_from_receipt_to_failure(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), progress(D, done=2))
    under_way = (await client.get(f"/v1/documents/{D}")).json()
    assert under_way["filename"] == "2024-0117.pdf"
    assert under_way["metadata"] == {"source": "portal", "external_reference": None, "tags": ["march"]}
    assert (under_way["status"], under_way["stage"]) == ("processing", "ocr")
    assert (under_way["pages_done"], under_way["pages_total"]) == (2, 3)
    assert under_way["error"] is None
    await tell(failed(D))
    ended = (await client.get(f"/v1/documents/{D}")).json()
    assert ended["status"] == "failed"
    assert ended["attempts"] == 3
    assert ended["error"] == {
        "code": "pdf_encrypted",
        "message": "The PDF is encrypted. Send it without a password.",
    }
    assert ended["failed_at"] == "2026-03-02T12:00:03Z"


async def test_shows_an_invoice_with_its_evidence(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, findings=(("BR-CO-15", "error"),), needs_review=True))
    shown = (await client.get(f"/v1/invoices/{D}")).json()
    assert shown["id"] == str(D)
    assert shown["document"] == f"/v1/documents/{D}"
    assert shown["filename"] == "2024-0117.pdf"
    assert shown["invoice"]["totals"]["gross"] == "119.00"
    assert shown["invoice"]["lines"][0]["net"] == "100.00"
    assert shown["evidence"]["/number"]["page"] == 1
    assert shown["findings"][0]["rule"] == "BR-CO-15"
    assert shown["needs_review"] is True
    listed = (await client.get("/v1/invoices")).json()
    assert listed["next_cursor"] is None
    assert listed["items"][0]["gross"] == "119.00"
    assert listed["items"][0]["findings"] == [{"rule": "BR-CO-15", "severity": "error"}]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/v1/documents/{D}", 404, "document_not_found"),
        (f"/v1/documents/{D}/file", 404, "document_not_found"),
        (f"/v1/documents/{D}/events", 404, "document_not_found"),
        (f"/v1/invoices/{D}", 404, "invoice_not_found"),
        ("/v1/invoices/7", 422, "invalid_request"),
        ("/v1/invoices?cursor=nonsense", 400, "invalid_cursor"),
        ("/v1/invoices?cursor=", 400, "invalid_cursor"),
        ("/v1/documents?cursor=%C3%A9", 400, "invalid_cursor"),
        ("/v1/invoices?limit=0", 422, "invalid_request"),
        ("/v1/invoices?sort=color", 422, "invalid_request"),
        ("/v1/invoices?selller=acme", 422, "invalid_request"),
        ("/v1/invoices?gross_min=NaN", 422, "invalid_request"),
        ("/v1/invoices?gross_min=ten", 422, "invalid_request"),
        ("/v1/documents?since=yesterday", 422, "invalid_request"),
        ("/v1/invoices/export?format=pdf", 422, "invalid_request"),
    ],
)
async def test_says_what_is_wrong(client: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


async def test_shows_what_a_language_model_was_asked(client: httpx.AsyncClient, tell: Tell) -> None:
    asked = Tried(
        question="fields",
        asked=("/due_date",),
        model="gpt-4o-mini",
        prompt="fields-525ac2d04fe0",
        outcome=Outcome.ANSWERED,
        requests=1,
        input_tokens=1840,
        output_tokens=60,
        money=Decimal("0.000312"),
        currency="USD",
        seconds=1.7,
        answers=(Answer(pointer="/due_date", verdict=Verdict.UNGROUNDED, value="2024-02-20", lines=("1.14",)),),
    )
    event = extracted(D)
    await tell(uploaded(D), event.model_copy(update={"tried": (asked,)}))
    (shown,) = (await client.get(f"/v1/invoices/{D}")).json()["tried"]
    assert (shown["outcome"], shown["money"], shown["requests"]) == ("answered", "0.000312", 1)
    assert shown["answers"] == [
        {"pointer": "/due_date", "verdict": "ungrounded", "value": "2024-02-20", "lines": ["1.14"]}
    ]


async def test_another_tenant_finds_nothing(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D))
    other = {"x-test-tenant": "other"}
    for path in (f"/v1/documents/{D}", f"/v1/documents/{D}/file", f"/v1/documents/{D}/events", f"/v1/invoices/{D}"):
        assert (await client.get(path)).status_code == 200
        assert (await client.get(path, headers=other)).status_code == 404
    for path in ("/v1/documents", "/v1/invoices", "/v1/invoices?q=acme"):
        assert len((await client.get(path)).json()["items"]) == 1
        assert (await client.get(path, headers=other)).json()["items"] == []
    assert (await client.get("/v1/invoices/export?format=json", headers=other)).json() == []
    assert (await client.get("/v1/stats", headers=other)).json()["invoices"]["total"] == 0


async def test_a_cursor_of_one_list_does_not_open_another(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(*(extracted(document(str(n))) for n in range(3)))
    cursor = (await client.get("/v1/invoices?limit=1")).json()["next_cursor"]
    assert (await client.get(f"/v1/invoices?limit=2&cursor={cursor}")).status_code == 200
    altered = cursor[:-4] + ("A" if cursor[-4] != "A" else "B") + cursor[-3:]
    for path in (
        f"/v1/invoices?cursor={altered}",
        f"/v1/invoices?cursor={cursor[:-2]}",
        f"/v1/invoices?cursor={cursor}&sort=gross",
        f"/v1/invoices?cursor={cursor}&q=acme",
        f"/v1/documents?cursor={cursor}",
    ):
        assert (await client.get(path)).json()["code"] == "invalid_cursor"
    assert (await client.get(f"/v1/invoices?cursor={cursor}", headers={"x-test-tenant": "other"})).status_code == 400


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("issue_date", "soon"),
        ("-due_date", "2024-13-01"),
        ("gross", "ten"),
        ("gross", "NaN"),
        ("extracted_at", "2024-01-01T00:00:00"),
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(client: httpx.AsyncClient, sort: str, value: str) -> None:
    query = InvoiceListParameters(sort=sort).query()  # type: ignore[arg-type]
    cursor = encode_cursor("default", query, Position(value=value, id=D))
    assert (await client.get(f"/v1/invoices?sort={sort}&cursor={cursor}")).json()["code"] == "invalid_cursor"


async def test_pages_are_the_list_even_while_it_grows(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(*(extracted(document(str(n)), of=invoice(gross=str(n // 3))) for n in range(20)))
    whole = [item["id"] for item in (await client.get("/v1/invoices?sort=-gross&limit=200")).json()["items"]]
    assert len(whole) == 20
    seen: list[str] = []
    path: str | None = "/v1/invoices?sort=-gross&limit=3"
    added = 0
    while path:
        page = (await client.get(path)).json()
        seen += [item["id"] for item in page["items"]]
        added += 1
        await tell(extracted(document(f"new-{added}"), of=invoice(gross=str(added))))
        path = f"/v1/invoices?sort=-gross&limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in whole] == whole


async def test_dates_may_be_bounded_in_two_ways(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D))
    for query, count in (
        ("since=2024-01-17", 1),
        ("issue_date_from=2024-01-17&until=2024-01-17", 1),
        ("since=2024-01-18", 0),
        ("since=2024-01-01&issue_date_from=2024-01-18", 0),
    ):
        assert len((await client.get(f"/v1/invoices?{query}")).json()["items"]) == count
    for query, count in (
        ("since=2026-03-02", 1),
        ("until=2026-03-02", 1),
        ("until=2026-03-01", 0),
        ("since=2026-03-02T13:00:00%2B01:00", 1),
        ("since=2026-03-02T12:00:01", 0),
    ):
        assert len((await client.get(f"/v1/documents?{query}")).json()["items"]) == count


@pytest.mark.parametrize("path", [f"/v1/documents/{D}", f"/v1/invoices/{D}", f"/v1/documents/{D}/file"])
async def test_sends_nothing_twice_to_who_has_it(client: httpx.AsyncClient, tell: Tell, path: str) -> None:
    await tell(uploaded(D), extracted(D))
    first = await client.get(path)
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    for given in (tag, f'"other", W/{tag}', "*"):
        again = await client.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).content == first.content


async def test_the_tag_changes_with_the_content(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D))
    before = (await client.get(f"/v1/documents/{D}")).headers["etag"]
    await tell(read(D))
    assert (await client.get(f"/v1/documents/{D}", headers={"If-None-Match": before})).status_code == 200


async def test_hands_out_the_original_file_as_an_attachment(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D, filename='../Rechnung "Größe"\r\nX: y.pdf'))
    response = await client.get(f"/v1/documents/{D}/file")
    assert response.content == b"%PDF"
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"] == (
        'attachment; filename="Rechnung _Gr__e___X: y.pdf"; '
        "filename*=UTF-8''Rechnung%20%22Gr%C3%B6%C3%9Fe%22%0D%0AX%3A%20y.pdf"
    )


async def test_says_when_the_file_is_not_known_yet(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(progress(D))
    response = await client.get(f"/v1/documents/{D}/file")
    assert (response.status_code, response.json()["code"]) == (404, "file_not_found")


def parse(stream: str) -> list[tuple[int, dict[str, Any]]]:
    events = []
    for block in stream.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            assert fields["event"] == "document"
            events.append((int(fields["id"]), json.loads(fields["data"])))
    return events


async def test_streams_a_finished_document_once(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D))
    response = await client.get(f"/v1/documents/{D}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert [(number, state["status"]) for number, state in parse(response.text)] == [(2, "extracted")]


async def test_resumes_where_a_client_was(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), progress(D), failed(D))
    path = f"/v1/documents/{D}/events"
    missed = await client.get(path, headers={"Last-Event-ID": "2"})
    assert [(number, state["status"]) for number, state in parse(missed.text)] == [(3, "failed")]
    assert (await client.get(path, headers={"Last-Event-ID": "3"})).status_code == 204
    for unknown in ("99", "abc", "-1"):
        assert [number for number, _ in parse((await client.get(path, headers={"Last-Event-ID": unknown})).text)] == [3]


HOSTILE = invoice(number="=HYPERLINK(1)", seller='@SUM(1);"quoted"', gross="-12.50", description="+1\x00 bolts")


async def test_exports_csv(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=HOSTILE, findings=(("IF-1", "error"), ("IF-2", "info"), ("IF-1", "info"))))
    await tell(extracted(document("other"), of=invoice(number="x", gross="1")))
    response = await client.get("/v1/invoices/export?format=csv&sort=gross")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="invoices.csv"')
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert len(rows) == 2
    assert rows[0]["id"] == str(D)
    assert rows[0]["filename"] == "2024-0117.pdf"
    assert rows[0]["number"] == "'=HYPERLINK(1)"
    assert rows[0]["seller_name"] == '\'@SUM(1);"quoted"'
    assert rows[0]["gross"] == "-12.50"
    assert rows[0]["findings"] == "IF-1 IF-2"
    assert rows[0]["net"] == ""


async def test_exports_what_the_filters_find_and_all_of_it(
    client: httpx.AsyncClient, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_query.exports.batching.BATCH", 10)
    await tell(*(extracted(document(str(n)), of=invoice(number=f"{n:04}", gross=str(n))) for n in range(45)))
    response = await client.get("/v1/invoices/export?format=json&sort=number&gross_min=25")
    assert [each["invoice"]["number"] for each in response.json()] == [f"{n:04}" for n in range(25, 45)]
    assert response.json()[0]["invoice"]["totals"]["gross"] == "25"
    assert (await client.get("/v1/invoices/export?format=json&q=nothing")).json() == []
    assert (await client.get("/v1/invoices/export?q=nothing")).text.startswith("id,filename,number")


async def test_exports_a_workbook_without_formulas(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=HOSTILE))
    response = await client.get("/v1/invoices/export?format=xlsx")
    workbook = openpyxl.load_workbook(io.BytesIO(response.content))
    invoices, lines = workbook["Invoices"], workbook["Lines"]
    row = {head.value: cell for head, cell in zip(*invoices.iter_rows(), strict=True)}
    assert (row["number"].value, row["number"].data_type) == ("=HYPERLINK(1)", "s")
    assert Decimal(str(row["gross"].value)) == Decimal("-12.50")
    assert row["issue_date"].is_date
    line = {head.value: cell for head, cell in zip(*lines.iter_rows(), strict=True)}
    assert line["invoice_number"].data_type == "s"
    assert line["description"].value == "+1 bolts"


async def test_says_when_there_is_more_than_a_sheet_holds(
    client: httpx.AsyncClient, tell: Tell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("invoiceflow_query.exports.xlsx_export._MOST_ROWS", 2)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    await tell(*(extracted(document(str(n))) for n in range(2)))
    response = await client.get("/v1/invoices/export?format=xlsx")
    assert (response.status_code, response.json()["code"]) == (422, "export_too_large")
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_describes_itself(client: httpx.AsyncClient) -> None:
    description = (await client.get("/openapi.json")).json()
    assert set(description["paths"]) == {
        "/v1/dead-letters",
        "/v1/dead-letters/redrive",
        "/v1/dead-letters/{letter_id}",
        "/v1/documents",
        "/v1/documents/{document_id}",
        "/v1/documents/{document_id}/events",
        "/v1/documents/{document_id}/file",
        "/v1/documents/{document_id}/pages/{number}.png",
        "/v1/invoices",
        "/v1/invoices/export",
        "/v1/invoices/{invoice_id}",
        "/v1/lag",
        "/v1/stats",
    }
    for route in [route for path in description["paths"].values() for route in path.values()]:
        assert route["summary"]
        for status, response in route["responses"].items():
            if status.startswith("4"):
                assert list(response["content"]) == ["application/problem+json"]
    parameters = {each["name"] for each in description["paths"]["/v1/invoices"]["get"]["parameters"]}
    assert {"q", "seller", "number", "gross_min", "finding", "sort", "cursor", "limit"} <= parameters
    gross = description["components"]["schemas"]["InvoiceSummary"]["properties"]["gross"]
    assert gross["anyOf"][0]["type"] == "string"
