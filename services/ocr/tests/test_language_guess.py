"""The language follows from the small words and labels on an invoice."""

import pytest

from invoiceflow_ocr.languages import guess_languages


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "Invoice number 4711 Date of issue Bill to Quantity Unit price Total amount due Thank you for your order",
        ),
        (
            "de",
            "Rechnung Rechnungsnummer 4711 Datum Menge Einzelpreis Gesamt netto zzgl. MwSt. Wir danken für den Auftrag",
        ),
        (
            "fr",
            "Facture numéro 4711 Date Désignation Quantité Prix unitaire Montant HT TVA Total TTC à payer par virement",
        ),
        ("es", "Factura número 4711 Fecha Cliente Descripción Cantidad Precio Importe Base imponible IVA Total"),
        (
            "it",
            "Fattura numero 4711 Data Descrizione Quantità Prezzo Importo Imponibile IVA Totale Partita IVA codice fiscale",
        ),
        ("pt", "Fatura número 4711 Data Contribuinte Descrição Quantidade Preço unitário IVA Total Vencimento não"),
        (
            "nl",
            "Factuur Factuurnummer 4711 Factuurdatum Aantal Omschrijving Prijs BTW Totaal incl. BTW Gelieve te betalen binnen",
        ),
        ("pl", "Faktura numer 4711 Data wystawienia Sprzedawca Nabywca Ilość Cena netto Wartość VAT Razem Do zapłaty"),
        ("cs", "Faktura číslo 4711 Dodavatel Odběratel Datum splatnosti Množství Cena Celkem k úhradě DPH IČ DIČ"),
        ("fi", "Lasku Laskun numero 4711 Eräpäivä Viitenumero Määrä Yhteensä ALV Maksettava Saaja"),
        ("sv", "Faktura Fakturanummer 4711 Fakturadatum Förfallodatum Antal Belopp Summa moms att betala och"),
        ("el", "Τιμολόγιο αριθμός 4711 ημερομηνία ποσότητα τιμή σύνολο ΦΠΑ ΑΦΜ"),
        ("ja", "請求書 番号 4711 ごうけい おしはらい くださいませ"),
    ],
)
def test_the_language_of_an_invoice_comes_first(language: str, text: str) -> None:
    assert guess_languages(text.split())[0] == language


def test_an_invoice_in_two_languages_names_both() -> None:
    text = "Rechnung / Invoice Rechnungsnummer Datum Menge Gesamt Betrag der und für Number Date Quantity Amount due the and of"

    assert set(guess_languages(text.split())) == {"de", "en"}


def test_numbers_have_no_language() -> None:
    assert guess_languages(["4711", "12,50", "EUR"]) == ()
