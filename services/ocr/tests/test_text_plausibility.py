"""Text is told from what only has the form of text, in any language."""

import pytest

from invoiceflow_ocr.engines.native.plausibility import sense


@pytest.mark.parametrize(
    "text",
    [
        "Invoice number INV-2026/001 dated 05.03.2026, total due $1,234.50 (VAT 20%)",
        "Rechnungsnummer: RE20260305 – Gesamtbetrag 1.234,50 € zzgl. 19 % USt-IdNr. DE123456789",
        "Číslo faktury 2026001, datum vystavení 5. 3. 2026, k úhradě 12 345,- Kč, DIČ CZ12345678",
        "Számlaszám: 2026/001 Fizetendő összesen: 12 345 Ft",
        "Τιμολόγιο αριθμός 17 ημερομηνία 05/03/2026 σύνολο 120,00 €",
        "Счёт № 17 от 05.03.2026 итого 1 200,00 руб.",
        "請求書 番号 4711 合計 ¥12,000",
        "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX info@miller-tools.example www.miller-tools.example",
    ],
)
def test_what_stands_on_invoices_makes_sense(text: str) -> None:
    assert sense(text.split()) > 0.9


@pytest.mark.parametrize(
    "text",
    [
        ",QYRLFH QXPEHU 7RWDO DPRXQW GXH 3D\\PHQW WHUPV 6WHHO EROW",
        "!\"# $%& '()* +,-. /:;< =>?@ [\\]^",
        "M1ller T00ls lnv0ice nurnb3r 471l Datc z0zG am0unt 5t3el b0lt",
        "\ufffd\ufffd\ufffd \ufffdx\ufffd",
    ],
)
def test_what_an_encoding_or_a_poor_scanner_has_spoiled_makes_little(text: str) -> None:
    assert sense(text.split()) < 0.75


def test_nothing_is_not_spoiled() -> None:
    assert sense([]) == 1.0
