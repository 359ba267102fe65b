"""Send an e-invoice through all four services and look at what was extracted: python send_a_document.py INGEST QUERY SECONDS.

It runs in a pod of `helm test`, from any of the images, so it uses the standard library alone.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

BOUNDARY = "a-document-of-helm-test"
TOTAL = "119.00"
INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>{date}</cbc:IssueDate><cbc:DueDate>{date}</cbc:DueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party>
<cac:PostalAddress><cbc:CityName>Teststadt</cbc:CityName><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>DE136695976</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Helm Test Seller</cbc:RegistrationName></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
<cac:PartyLegalEntity><cbc:RegistrationName>Helm Test Buyer</cbc:RegistrationName></cac:PartyLegalEntity>
</cac:Party></cac:AccountingCustomerParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">19.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="EUR">100.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="EUR">19.00</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>
</cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="EUR">100.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID="EUR">{total}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>A test</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory>
</cac:Item><cac:Price><cbc:PriceAmount currencyID="EUR">100.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>
</Invoice>
"""


def ask(url: str, body: bytes | None = None) -> Any:
    """Return the JSON that the server answers."""
    headers = {"Authorization": f"Bearer {os.environ['INVOICEFLOW_API_KEY']}"}
    if body is not None:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def main(ingest: str, query: str, seconds: float) -> None:
    """End with a sentence where the invoice does not come out as it went in."""
    now = datetime.now(UTC)
    number = f"HELM-TEST-{now:%Y%m%dT%H%M%S}"
    invoice = INVOICE.format(number=number, date=now.date(), total=TOTAL)
    head = f'Content-Disposition: form-data; name="file"; filename="{number}.xml"\r\nContent-Type: application/xml'
    sent = ask(f"{ingest}/v1/documents", f"--{BOUNDARY}\r\n{head}\r\n\r\n{invoice}\r\n--{BOUNDARY}--\r\n".encode())
    document = sent["documents"][0]["document_id"]
    sys.stdout.write(f"{number} was accepted as document {document}.\n")
    deadline = time.monotonic() + seconds
    while (status := state(f"{query}/v1/documents/{document}")) not in {"extracted", "failed"}:
        if time.monotonic() > deadline:
            sys.exit(f"After {seconds:g} seconds the document is still {status}. Look at the logs of the services.")
        time.sleep(0.5)
    if status == "failed":
        sys.exit(f"The document has failed: {json.dumps(ask(f'{query}/v1/documents/{document}'))}")
    found = ask(f"{query}/v1/invoices/{document}")["invoice"]
    sys.stdout.write(f"Extracted: {found['number']}, {found['totals']['gross']} {found['currency']}.\n")
    if (found["number"], found["totals"]["gross"]) != (number, TOTAL):
        sys.exit(f"That is not what was sent: {number}, {TOTAL} EUR.")


def state(url: str) -> str:
    """Return the state of the document; query may not have heard of it yet."""
    try:
        return str(ask(url)["status"])
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return "unknown"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
