"""Invoices in, invoice data out, through whatever deployment there is."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pikepdf import Pdf

from invoiceflow_samples import Kind, Sample

pytestmark = pytest.mark.slow

Samples = Callable[..., list[Sample]]

HEADER = {
    "invoice_number": "number",
    "issue_date": "issue_date",
    "currency": "currency",
    "seller_name": "seller.name",
    "seller_vat_id": "seller.vat_id",
    "buyer_name": "buyer.name",
}
AMOUNTS = {
    "tax_basis_total": "totals.net",
    "tax_total": "totals.tax",
    "grand_total": "totals.gross",
    "due_payable": "totals.payable",
}


def value(invoice: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        invoice = invoice[name]
    return invoice


@pytest.mark.parametrize("kind", [Kind.XML_UBL, Kind.XML_CII, Kind.FACTURX])
def test_an_e_invoice_is_read_exactly(deployment: Any, samples: Samples, kind: Kind) -> None:
    (sample,) = samples(kind, count=1, seed=31)
    (accepted,) = deployment.upload(sample)
    assert deployment.end_of(accepted["document_id"])["status"] == "extracted"
    view = deployment.invoice(accepted["document_id"])
    truth = sample.truth["truth"]
    header = {name: value(view["invoice"], path) for name, path in HEADER.items()}
    assert header == {name: truth.get(name) for name in HEADER}
    amounts = {name: Decimal(value(view["invoice"], path)) for name, path in AMOUNTS.items()}
    assert amounts == {name: Decimal(truth[name]) for name in AMOUNTS}
    assert view["evidence"]["/number"]["method"] == "e_invoice"


@pytest.mark.parametrize("kind", [Kind.PDF_TEXT, Kind.PDF_SCAN])
def test_a_page_gives_number_date_and_total_with_where_they_stand(
    deployment: Any, samples: Samples, kind: Kind
) -> None:
    (sample,) = samples(kind, count=1, seed=32)
    (accepted,) = deployment.upload(sample)
    document = deployment.end_of(accepted["document_id"])
    assert document["status"] == "extracted", document
    assert document["pages_done"] == document["pages_total"] >= 1
    view = deployment.invoice(accepted["document_id"])
    truth = sample.truth["truth"]
    assert view["invoice"]["number"] == truth["invoice_number"]
    assert view["invoice"]["issue_date"] == truth["issue_date"]
    assert Decimal(view["invoice"]["totals"]["gross"]) == Decimal(truth["grand_total"])
    evidence = view["evidence"]["/number"]
    assert evidence["page"] == 1
    assert truth["invoice_number"] in evidence["text"]
    left, top, right, bottom = evidence["box"]
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1


def test_each_invoice_of_a_file_is_an_invoice_of_its_own(deployment: Any, samples: Samples) -> None:
    invoices = samples(Kind.PDF_TEXT, count=3, seed=35)
    joined, data = Pdf.new(), BytesIO()
    for sample in invoices:
        joined.pages.extend(Pdf.open(BytesIO(sample.data)).pages)
    joined.save(data, deterministic_id=True)
    (accepted,) = deployment.upload(replace(invoices[0], name="three.pdf", data=data.getvalue()))
    document = deployment.end_of(accepted["document_id"])
    assert document["invoices"][0] == accepted["document_id"]
    assert len(document["invoices"]) == len(invoices), document
    first_page = 1
    for sample, invoice_id in zip(invoices, document["invoices"], strict=True):
        assert deployment.end_of(invoice_id)["filename"] == "three.pdf"
        view = deployment.invoice(invoice_id)
        assert view["invoice"]["number"] == sample.truth["truth"]["invoice_number"]
        assert Decimal(view["invoice"]["totals"]["gross"]) == Decimal(sample.truth["truth"]["grand_total"])
        assert view["part"]["first_page"] == first_page
        assert {one["page"] for one in view["evidence"].values() if one["page"]} <= set(
            range(first_page, view["part"]["last_page"] + 1)
        )
        first_page = view["part"]["last_page"] + 1
    assert first_page == document["pages_total"] + 1


def test_a_page_can_be_seen_with_its_values(deployment: Any, samples: Samples) -> None:
    (sample,) = samples(Kind.PDF_TEXT, count=1, seed=32)
    (accepted,) = deployment.upload(sample)
    assert deployment.end_of(accepted["document_id"])["status"] == "extracted"
    page = f"/v1/documents/{accepted['document_id']}/pages/1.png"
    plain, marked = (deployment.http.get(page, params={"boxes": boxes}) for boxes in (0, 1))
    assert plain.headers["content-type"] == marked.headers["content-type"] == "image/png"
    assert plain.content != marked.content


def test_an_invoice_can_be_had_as_an_e_invoice(deployment: Any, samples: Samples) -> None:
    (sample,) = samples(Kind.FACTURX, count=1, seed=36)
    (accepted,) = deployment.upload(sample)
    assert deployment.end_of(accepted["document_id"])["status"] == "extracted"
    invoice = f"/v1/invoices/{accepted['document_id']}"
    for form, name in (("ubl", b"Invoice"), ("cii", b"CrossIndustryInvoice")):
        written = deployment.http.get(invoice, params={"format": form})
        assert written.status_code == 200, written.text
        assert name in written.content
        assert sample.truth["truth"]["invoice_number"].encode() in written.content


def test_a_page_becomes_a_factur_x_file_that_is_read_exactly(deployment: Any, samples: Samples) -> None:
    """What was read from a page comes in again as an e-invoice, and is the same."""
    made, accepted = None, {}
    for sample in samples(Kind.PDF_TEXT, count=8, seed=37):  # not every page says what an e-invoice must
        (accepted,) = deployment.upload(sample)
        assert deployment.end_of(accepted["document_id"])["status"] == "extracted"
        made = deployment.http.get(f"/v1/invoices/{accepted['document_id']}", params={"format": "factur-x"})
        if made.status_code == 200:
            break
        assert made.json()["code"] == "einvoice_not_possible"
    assert made is not None
    assert made.status_code == 200, made.text
    (again,) = deployment.upload(Sample("again.pdf", "application/pdf", made.content, {}))
    assert deployment.end_of(again["document_id"])["status"] == "extracted"
    first, second = (deployment.invoice(each["document_id"]) for each in (accepted, again))
    assert second["evidence"]["/number"]["method"] == "e_invoice"
    for name in ("number", "issue_date", "currency"):
        assert second["invoice"][name] == first["invoice"][name]
    for path in AMOUNTS.values():
        assert Decimal(value(second["invoice"], path)) == Decimal(value(first["invoice"], path))


def test_the_same_folder_twice_doubles_nothing(deployment: Any, samples: Samples) -> None:
    folder = samples(Kind.PDF_TEXT, Kind.XML_UBL, count=4, seed=33)
    first = deployment.upload(*folder)
    ends = [deployment.end_of(each["document_id"]) for each in first]
    documents, invoices = deployment.all("/v1/documents"), deployment.all("/v1/invoices")
    second = deployment.upload(*folder)
    assert [each["known"] for each in second] == [True] * len(folder)
    assert [each["document_id"] for each in second] == [each["document_id"] for each in first]
    assert deployment.all("/v1/documents") == documents
    assert deployment.all("/v1/invoices") == invoices
    assert [deployment.end_of(each["document_id"]) for each in second] == ends


def test_what_cannot_be_read_fails_with_a_code_and_a_sentence_and_harms_nobody(
    deployment: Any, samples: Samples
) -> None:
    (good,) = samples(Kind.XML_CII, count=1, seed=34)
    broken = Sample("broken.pdf", "application/pdf", b"%PDF-1.7\nthis is the end", {})
    response = deployment.http.post("/v1/documents", files={"file": (broken.name, broken.data)})
    if response.status_code == 202:
        document = deployment.end_of(response.json()["documents"][0]["document_id"])
        assert document["status"] == "failed"
        code, sentence = document["error"]["code"], document["error"]["message"]
    else:
        code, sentence = response.json()["code"], response.json()["detail"]
    assert code.islower()
    assert sentence.endswith(".")
    (accepted,) = deployment.upload(good)
    assert deployment.end_of(accepted["document_id"])["status"] == "extracted"


def test_progress_arrives_as_events_and_can_be_taken_up_again(deployment: Any, samples: Samples) -> None:
    (sample,) = samples(Kind.PDF_TEXT, count=1, seed=35)
    (accepted,) = deployment.upload(sample)
    deployment.end_of(accepted["document_id"])
    address = f"/v1/documents/{accepted['document_id']}/events"
    whole = deployment.http.get(address)
    assert whole.headers["content-type"].startswith("text/event-stream")
    last = [line.removeprefix("id: ") for line in whole.text.splitlines() if line.startswith("id: ")][-1]
    assert deployment.http.get(address, headers={"Last-Event-ID": last}).status_code == 204


def test_the_api_describes_itself(deployment: Any) -> None:
    paths = deployment.http.get("/openapi.json").json()["paths"]
    assert {"/v1/documents", "/v1/documents/{document_id}/events", "/v1/invoices/export"} <= paths.keys()
    assert deployment.http.get("/docs").status_code == 200
