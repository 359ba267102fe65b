"""An invoice as UBL and as CII over HTTP: how it is asked for, what comes, and what is said where none can be made."""

import io
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pikepdf
import pypdfium2
import pytest
from lxml import etree

from invoiceflow_contracts.invoice import Address, Invoice, InvoiceLine, Party, TaxBreakdown, Totals
from invoiceflow_query.testing import content, document, extracted, uploaded

Tell = Callable[..., Awaitable[None]]

D = document("d")
UBL = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CII = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
PATH = f"/v1/invoices/{D}"


def invoice(number: str = "2024-0117") -> Invoice:
    return Invoice(
        number=number,
        issue_date=date(2024, 1, 17),
        currency="EUR",
        seller=Party(name="Acme GmbH", vat_id="DE129273398", address=Address(city="Ulm", country="DE")),
        buyer=Party(name="Widget Works", address=Address(city="Lyon", country="FR")),
        totals=Totals(net=Decimal(100), tax=Decimal(19), gross=Decimal(119)),
        taxes=(TaxBreakdown(rate=Decimal(19), basis=Decimal(100), amount=Decimal(19)),),
        lines=(
            InvoiceLine(
                description="Steel bolts M8", quantity=Decimal(4), unit="Stk.", unit_price=Decimal(25), net=Decimal(100)
            ),
        ),
    )


@pytest.mark.parametrize(("form", "name"), [("ubl", f"{{{UBL}}}Invoice"), ("cii", f"{{{CII}}}CrossIndustryInvoice")])
async def test_an_invoice_is_handed_out_in_both_syntaxes(
    client: httpx.AsyncClient, tell: Tell, form: str, name: str
) -> None:
    await tell(uploaded(D), extracted(D, of=invoice("2024/117")))
    response = await client.get(f"{PATH}?format={form}")
    assert response.status_code == 200
    assert etree.fromstring(response.content).tag == name
    assert response.headers["content-disposition"].startswith(f'attachment; filename="2024-117.{form}.xml"')
    assert response.headers["content-type"] == f'application/xml; profile="{UBL if form == "ubl" else CII}"'


@pytest.mark.parametrize(
    ("accept", "tag"),
    [
        (None, None),
        ("*/*", None),
        ("text/html", None),
        ("application/json, application/xml;q=0.5", None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None),  # a browser
        ("application/xml", f"{{{UBL}}}Invoice"),
        ("application/json;q=0.5, text/xml", f"{{{UBL}}}Invoice"),
        (f'application/xml; profile="{CII}"', f"{{{CII}}}CrossIndustryInvoice"),
        (f'application/xml; profile="{UBL}";q=0.2, application/xml; profile="{CII}"', f"{{{CII}}}CrossIndustryInvoice"),
        ('application/xml; profile="urn:another"', None),
        ("application/xml;q=nonsense", None),
    ],
)
async def test_accept_says_which_form_is_wanted(
    client: httpx.AsyncClient, tell: Tell, accept: str | None, tag: str | None
) -> None:
    await tell(uploaded(D), extracted(D, of=invoice()))
    response = await client.get(PATH, headers={"Accept": accept or ""})
    assert response.headers["vary"] == "Accept"
    if tag is None:
        assert response.json()["invoice"]["number"] == "2024-0117"
    else:
        assert etree.fromstring(response.content).tag == tag


async def test_the_format_asked_for_goes_before_accept(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=invoice()))
    response = await client.get(f"{PATH}?format=json", headers={"Accept": "application/xml"})
    assert response.json()["id"] == str(D)
    assert (await client.get(f"{PATH}?format=edifact")).json()["code"] == "invalid_request"


async def test_an_einvoice_is_the_same_every_time_and_sent_once(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=invoice()))
    first, second = [await client.get(f"{PATH}?format=ubl") for _ in range(2)]
    assert first.content == second.content
    again = await client.get(f"{PATH}?format=ubl", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(f"{PATH}?format=cii", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_where_no_einvoice_can_be_made_every_rule_in_the_way_is_named(
    client: httpx.AsyncClient, tell: Tell
) -> None:
    spoilt = invoice().model_copy(
        update={"number": None, "totals": Totals(net=Decimal(100), tax=Decimal(19), gross=Decimal(120))}
    )
    await tell(uploaded(D), extracted(D, of=spoilt))
    response = await client.get(f"{PATH}?format=ubl")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "einvoice_not_possible")
    assert {each["rule"]: each["pointers"] for each in problem["violations"]} == {
        "BR-02": ["/number"],
        "BR-CO-15": ["/totals/gross"],
    }
    assert all(each["message"].endswith(".") for each in problem["violations"])
    assert "BR-02, BR-CO-15" in problem["detail"]


async def test_another_tenants_invoice_is_not_there(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=invoice()))
    response = await client.get(f"{PATH}?format=ubl", headers={"x-test-tenant": "other"})
    assert response.json()["code"] == "invoice_not_found"


def empty_pdf() -> bytes:
    made = pypdfium2.PdfDocument.new()
    made.new_page(600, 800)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("asked", [{"params": {"format": "factur-x"}}, {"headers": {"Accept": "application/pdf"}}])
async def test_factur_x_is_the_original_with_the_cii_inside(
    client: httpx.AsyncClient, tell: Tell, objects: Any, asked: dict[str, Any]
) -> None:
    objects.files["default", content().key] = empty_pdf()
    await tell(uploaded(D), extracted(D, of=invoice()))
    response = await client.get(PATH, **asked)
    assert response.headers["content-type"] == "application/pdf"
    assert 'filename="2024-0117.factur-x.pdf"' in response.headers["content-disposition"]
    alone = (await client.get(f"{PATH}?format=cii")).content
    with pikepdf.open(io.BytesIO(response.content)) as pdf, pdf.open_metadata() as metadata:
        assert len(pdf.pages) == 1
        assert list(pdf.attachments) == ["factur-x.xml"]
        assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == alone
        assert pdf.Root.AF[0].AFRelationship == pikepdf.Name.Alternative
        assert metadata["{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}ConformanceLevel"] == "EN 16931"
    again = await client.get(
        PATH, **asked | {"headers": {**asked.get("headers", {}), "If-None-Match": response.headers["etag"]}}
    )
    assert again.status_code == 304


async def test_an_invoice_that_comes_with_another_gets_its_own(
    client: httpx.AsyncClient, tell: Tell, objects: Any
) -> None:
    """A Factur-X file stays one with one e-invoice in it: that of what was extracted."""
    objects.files["default", content().key] = empty_pdf()
    await tell(uploaded(D), extracted(D, of=invoice("OLD-1")))
    objects.files["default", content().key] = (await client.get(f"{PATH}?format=factur-x")).content
    await tell(extracted(D, 9, of=invoice("NEW-2")))
    with pikepdf.open(io.BytesIO((await client.get(f"{PATH}?format=factur-x")).content)) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]
        assert b"NEW-2" in pdf.attachments["factur-x.xml"].get_file().read_bytes()


@pytest.mark.parametrize(
    ("original", "media_type", "code"),
    [
        (b"<Invoice/>", "application/xml", "not_a_pdf"),
        (b"%PDF-1.7 and nothing", "application/pdf", "pdf_not_writable"),
    ],
)
async def test_factur_x_needs_a_pdf_that_can_be_read(
    client: httpx.AsyncClient, tell: Tell, objects: Any, *, original: bytes, media_type: str, code: str
) -> None:
    objects.files["default", content().key] = original
    given = content(media_type=media_type)
    await tell(uploaded(D).model_copy(update={"content": given}), extracted(D, of=invoice()))
    response = await client.get(f"{PATH}?format=factur-x")
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_the_json_has_all_that_was_extracted(client: httpx.AsyncClient, tell: Tell) -> None:
    await tell(uploaded(D), extracted(D, of=invoice()))
    shown = (await client.get(PATH)).json()
    event = extracted(D, of=invoice()).model_dump(mode="json", exclude={"tenant", "document_id", "content"})
    assert {name: shown[name] for name in event} == event
