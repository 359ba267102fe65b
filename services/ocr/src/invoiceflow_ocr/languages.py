"""Which language a document is in, by the small words and labels that only some languages use.

Invoices have few sentences, so that the frequencies of letter groups say little and labels say much. Codes are
those of ISO 639-1.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

__all__ = ["guess_languages"]

_WORDS = {
    "en": "the and of for to from with invoice number date due total amount bill ship payment terms quantity description price your you this please balance unit each paid subtotal customer phone",
    "de": "der die das und für mit von zu den dem bei nach rechnung rechnungsnummer rechnungsdatum datum betrag menge einzelpreis gesamt summe mwst ust netto brutto zahlbar kundennummer steuernummer wir ihre ihnen bitte lieferdatum bezeichnung zzgl ohne gesamtbetrag umsatzsteuer geschäftsführer bankverbindung tage",
    "fr": "le la les des du et pour avec facture numéro date montant quantité prix total tva ht ttc désignation client échéance paiement règlement siret nous vous votre par sur à adresse unitaire au",
    "es": "el la los las del y para con por factura número fecha importe cantidad precio total iva cliente vencimiento pago descripción nif cif dirección su unidad base imponible forma al",
    "it": "il lo la gli dei della di e per con fattura numero data importo quantità prezzo totale iva cliente scadenza pagamento descrizione partita codice fiscale imponibile cap via spett aliquota",
    "pt": "o os as do da dos e para com fatura factura número data valor quantidade preço total iva cliente vencimento pagamento descrição contribuinte nif morada unitário não pela",
    "nl": "de het een en van voor met op te factuur factuurnummer factuurdatum datum bedrag aantal prijs totaal btw klantnummer vervaldatum omschrijving wij uw incl excl kvk stuk gelieve binnen dagen per",
    "pl": "i na do dla z faktura numer data sprzedaży wystawienia kwota ilość cena razem vat netto brutto nabywca sprzedawca termin płatności zapłaty nip wartość stawka słownie nr jm",
    "cs": "a na pro od do faktura číslo datum částka množství cena celkem dph dodavatel odběratel splatnosti vystavení ič dič platby bez základ zdanitelného plnění k úhradě kč",
    "sk": "a na pre od do faktúra číslo dátum suma množstvo cena spolu dph dodávateľ odberateľ splatnosti vyhotovenia ičo dič úhrade dodania bez",
    "hu": "a az és számla számlaszám dátum összeg mennyiség ár összesen áfa vevő eladó fizetési határidő teljesítés kelte nettó bruttó egységár bankszámlaszám adószám",
    "ro": "și de la pentru cu factura numar data valoare cantitate preț total tva client furnizor scadența cod fiscal lei seria unitar",
    "da": "og til for med af faktura fakturanummer fakturadato dato beløb antal pris i alt moms kunde betaling forfaldsdato varenummer beskrivelse cvr enhed betales",
    "sv": "och till för med av faktura fakturanummer fakturadatum datum belopp antal pris summa moms kund betalning förfallodatum beskrivning att betala organisationsnummer er vår á",
    "no": "og til for med av faktura fakturanummer fakturadato dato beløp antall pris sum mva kunde betaling forfallsdato beskrivelse å betale organisasjonsnummer kid enhet",
    "fi": "ja lasku laskun numero päivämäärä eräpäivä summa määrä hinta yhteensä alv asiakas viitenumero maksettava veroton verollinen tuote y-tunnus yksikkö saaja maksaja",
    "tr": "ve ile için fatura no tarih tutar miktar fiyat toplam kdv müşteri vade ödeme açıklama vergi dairesi birim genel",
    "hr": "i za od na račun broj datum iznos količina cijena ukupno pdv kupac dospijeća plaćanje oib opis ulica",
    "sl": "in za od na račun številka datum znesek količina cena skupaj ddv kupec rok plačila opis popust zapade",
    "el": "και για από τιμολόγιο αριθμός ημερομηνία ποσό ποσότητα τιμή σύνολο φπα πελάτης πληρωμή αφμ περιγραφή αξία δου",
    "bg": "и за от на фактура номер дата сума количество цена общо ддс получател доставчик плащане описание основа",
    "uk": "і та за від на рахунок номер дата сума кількість ціна всього пдв покупець постачальник оплата опис",
    "ru": "и за от на счет счёт фактура номер дата сумма количество цена итого ндс покупатель продавец оплата описание",
}

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _list in _WORDS.items():
    for _word in set(_list.split()):
        _LANGUAGES_OF.setdefault(_word, []).append(_language)

_SCRIPTS = (
    ("ja", 0x3040, 0x30FF),
    ("ko", 0xAC00, 0xD7AF),
    ("zh", 0x4E00, 0x9FFF),
    ("ar", 0x0600, 0x06FF),
    ("he", 0x0590, 0x05FF),
    ("th", 0x0E00, 0x0E7F),
)
"""Writings that tell the language, or nearly so, by their characters; kana before the characters Japanese shares."""

_EDGES = ".,:;()[]/\\\"'“”„*#-–!?"
LEAST_WORDS = 3
"""So many telling words make a guess."""
SECOND_SHARE = 0.4
"""A further language is named if it has at least this share of the first one's weight."""


def guess_languages(words: Iterable[str]) -> tuple[str, ...]:
    """Return codes of the likely languages, the likeliest first; none where nothing tells."""
    weights: defaultdict[str, float] = defaultdict(float)
    hits: Counter[str] = Counter()
    for word in words:
        folded = word.strip(_EDGES).lower()
        # A word of few languages says more than one of many.
        for language in (languages := _LANGUAGES_OF.get(folded, ())):
            weights[language] += 1 / len(languages) ** 2
            hits[language] += 1
        if folded.isascii():
            continue
        for language, first, last in _SCRIPTS:
            if any(first <= ord(character) <= last for character in folded):
                weights[language] += 1
                hits[language] += LEAST_WORDS
                break
    likely = [(weight, language) for language, weight in weights.items() if hits[language] >= LEAST_WORDS]
    likely.sort(key=lambda pair: (-pair[0], pair[1]))
    return tuple(language for weight, language in likely[:3] if weight >= SECOND_SHARE * likely[0][0])
