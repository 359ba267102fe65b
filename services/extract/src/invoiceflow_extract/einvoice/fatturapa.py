"""FatturaPA 1.2, Italy's e-invoice (Agenzia delle Entrate, "Specifiche tecniche", version 1.9; formats FPA12 and FPR12).

It has no totals without VAT and of VAT: those are the sums of its breakdown (DatiRiepilogo).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.lines import Allowance, Price, put_allowances, put_preceding, put_prices
from invoiceflow_extract.einvoice.node import Node
from invoiceflow_extract.rules import RULES

__all__ = ["read_fatturapa", "read_fatturapa_line"]

_TYPES = {
    **dict.fromkeys(("TD02", "TD03"), InvoiceType.PREPAYMENT_INVOICE),
    **dict.fromkeys(("TD04", "TD08"), InvoiceType.CREDIT_NOTE),
    **dict.fromkeys(
        ("TD16", "TD17", "TD18", "TD19", "TD20", "TD21", "TD22", "TD23", "TD27", "TD28"),
        InvoiceType.SELF_BILLED_INVOICE,
    ),
}
"""TipoDocumento; every other one is an invoice."""

_CATEGORIES = {"N1": "E", "N2": "O", "N3": "E", "N3.1": "G", "N3.2": "K", "N4": "E", "N5": "E", "N6": "AE", "N7": "O"}
"""Natura -> UNTDID 5305; a finer code (N6.1) goes with the one it refines."""

_MEANS = {
    "MP01": "10",
    "MP02": "20",
    "MP03": "21",
    "MP04": "10",
    "MP05": "58",
    "MP06": "60",
    "MP07": "50",
    "MP08": "48",
    "MP09": "49",
    "MP10": "49",
    "MP11": "49",
    "MP12": "70",
    "MP16": "49",
    "MP18": "50",
    "MP19": "59",
    "MP20": "59",
    "MP21": "59",
    "MP23": "68",
}
"""ModalitaPagamento -> UNTDID 4461."""

_SPLIT_PAYMENT = "S"
"""EsigibilitaIVA: a public buyer pays the VAT to the state and not to the seller (DPR 633/1972, art. 17-ter)."""
_GTIN = "0160"
"""ISO/IEC 6523 ICD of GS1's article numbers."""
_NO_ADDRESS = {"0000000", "XXXXXXX"}
"""CodiceDestinatario of a buyer who has none, or is abroad."""
_CODICE_DESTINATARIO, _PEC = "0205", "0202"
"""EAS codes of the two electronic addresses."""


def read_fatturapa(draft: Draft, root: Node) -> None:
    """Read all but the lines of ``root``, a ``FatturaElettronica``; of several invoices in it, the first."""
    header = root.at("FatturaElettronicaHeader")
    if header is not None:
        transmission = header.at("DatiTrasmissione")
        if transmission is not None:
            draft.text("/specification", transmission.at("FormatoTrasmissione"))
            _address_of_buyer(draft, transmission)
        _party(draft, "/seller", header.at("CedentePrestatore"))
        _party(draft, "/buyer", header.at("CessionarioCommittente"))
        _party(draft, "/tax_representative", header.at("RappresentanteFiscale"))
    bodies = root.all("FatturaElettronicaBody")
    if not bodies:
        return
    _general(draft, bodies[0])
    _references(draft, bodies[0])
    _summary(draft, bodies[0])
    _payment(draft, bodies[0])
    _supporting(draft, bodies[0])
    if len(bodies) > 1:
        numbers = [body.at("DatiGenerali/DatiGeneraliDocumento/Numero") for body in bodies]
        draft.note(
            RULES["IF-EINV-SEVERAL"].finding(
                f"The file holds {len(bodies)} invoices; the first of them was read. Send the others as files of their own.",
                pointers=("/number",),
                values={f"number {at}": one.text for at, one in enumerate(numbers, 1) if one is not None},
            )
        )


def _address_of_buyer(draft: Draft, transmission: Node) -> None:
    code, mail = transmission.at("CodiceDestinatario"), transmission.at("PECDestinatario")
    at = "/buyer/electronic_address"
    if code is not None and code.text is not None and code.text not in _NO_ADDRESS:
        draft.text(f"{at}/value", code)
        draft.put(f"{at}/scheme", _CODICE_DESTINATARIO, code)
    elif draft.text(f"{at}/value", mail) and mail is not None:
        draft.put(f"{at}/scheme", _PEC, mail)


def _party(draft: Draft, at: str, party: Node | None) -> None:
    if party is None:
        return
    # The buyer's representative and the seller's are laid out in two ways.
    identity = party.at("DatiAnagrafici") or party
    names = identity.at("Anagrafica") or identity
    if not draft.text(f"{at}/name", names.at("Denominazione")):
        draft.joined(f"{at}/name", [names.at("Nome"), names.at("Cognome")], " ")
    country, number = identity.at("IdFiscaleIVA/IdPaese"), identity.at("IdFiscaleIVA/IdCodice")
    if number is not None and number.text is not None:
        prefix = (country.text or "") if country is not None else ""
        own = "".join(number.text.split()).upper()
        draft.put(f"{at}/vat_id", own if own.startswith(prefix.upper()) else prefix.upper() + own, number, number.text)
    draft.text(f"{at}/tax_id", identity.at("CodiceFiscale"))
    index = 0
    index += draft.with_scheme(f"{at}/identifiers/{index}", names.at("CodEORI"))
    register = party.at("IscrizioneREA")
    if register is not None:
        draft.joined(f"{at}/registration_id", [register.at("Ufficio"), register.at("NumeroREA")], "-")
        draft.text(f"{at}/legal_information", register.at("CapitaleSociale"))
    seat = party.at("Sede")
    if seat is not None:
        draft.joined(f"{at}/address/street", [seat.at("Indirizzo"), seat.at("NumeroCivico")], " ")
        draft.text(f"{at}/address/city", seat.at("Comune"))
        draft.text(f"{at}/address/postcode", seat.at("CAP"))
        draft.text(f"{at}/address/region", seat.at("Provincia"))
        draft.identifier(f"{at}/address/country", seat.at("Nazione"))
    draft.text(f"{at}/email", party.at("Contatti/Email"))
    draft.text(f"{at}/phone", party.at("Contatti/Telefono"))


def _general(draft: Draft, body: Node) -> None:
    document = body.at("DatiGenerali/DatiGeneraliDocumento")
    if document is None:
        return
    draft.text("/number", document.at("Numero"))
    draft.date("/issue_date", document.at("Data"))
    draft.text("/currency", document.at("Divisa"))
    kind = document.at("TipoDocumento")
    if kind is not None and kind.text is not None:
        draft.text("/type_code", kind)
        draft.put("/type", _TYPES.get(kind.text, InvoiceType.INVOICE), kind)
    for index, note in enumerate(note for note in document.all("Causale") if note.text):
        draft.text(f"/notes/{index}", note)
    draft.number("/totals/gross", document.at("ImportoTotaleDocumento"))
    put_allowances(draft, "", [*_funds(document), *_discounts(document)])
    draft.total("/totals/charges", document.each("DatiCassaPrevidenziale/ImportoContributoCassa"))
    draft.total("/totals/withheld", document.each("DatiRitenuta/ImportoRitenuta"))


def _funds(document: Node) -> Iterator[Allowance]:
    """Yield the contributions to a pension fund, which a professional charges on top and which bear VAT."""
    for fund in document.all("DatiCassaPrevidenziale"):
        yield Allowance(
            amount=fund.at("ImportoContributoCassa"),
            is_charge=True,
            indicator=fund,
            basis=fund.at("ImponibileCassa"),
            percent=fund.at("AlCassa"),
            reason=fund.at("TipoCassa"),
            tax_rate=fund.at("AliquotaIVA"),
        )


def _discounts(within: Node) -> list[Allowance]:
    """Return the discounts (SC) and surcharges (MG) of the document or of a line."""
    return [
        Allowance(
            amount=each.at("Importo"),
            is_charge=(kind := each.at("Tipo")) is not None and kind.text == "MG",
            indicator=kind or each,
            percent=each.at("Percentuale"),
        )
        for each in within.all("ScontoMaggiorazione")
    ]


def _references(draft: Draft, body: Node) -> None:
    general = body.at("DatiGenerali")
    if general is None:
        return
    for field, path in (
        ("purchase_order", "DatiOrdineAcquisto/IdDocumento"),
        ("contract", "DatiContratto/IdDocumento"),
        ("receiving_advice", "DatiRicezione/IdDocumento"),
        ("despatch_advice", "DatiDDT/NumeroDDT"),
    ):
        draft.text(f"/{field}", general.at(path))
    # The codes of a public project (CUP) and of a tender (CIG) stand beside whichever document names them.
    for name in ("DatiOrdineAcquisto", "DatiContratto", "DatiConvenzione", "DatiRicezione"):
        for reference in general.all(name):
            if draft.value("/project") is None:
                draft.text("/project", reference.at("CodiceCUP"))
            if draft.value("/tender") is None:
                draft.text("/tender", reference.at("CodiceCIG"))
    put_preceding(draft, [(one.at("IdDocumento"), one.at("Data")) for one in general.all("DatiFattureCollegate")])
    transport = general.at("DatiTrasporto")
    if transport is not None:
        draft.date("/delivery_date", transport.at("DataOraConsegna"))
        place = transport.at("IndirizzoResa")
        if place is not None:
            draft.joined("/delivery/address/street", [place.at("Indirizzo"), place.at("NumeroCivico")], " ")
            draft.text("/delivery/address/city", place.at("Comune"))
            draft.text("/delivery/address/postcode", place.at("CAP"))
            draft.text("/delivery/address/region", place.at("Provincia"))
            draft.identifier("/delivery/address/country", place.at("Nazione"))


def _summary(draft: Draft, body: Node) -> None:
    taxes = body.each("DatiBeniServizi/DatiRiepilogo")
    for index, tax in enumerate(taxes):
        at = f"/taxes/{index}"
        draft.number(f"{at}/rate", tax.at("AliquotaIVA"))
        draft.number(f"{at}/basis", tax.at("ImponibileImporto"))
        draft.number(f"{at}/amount", tax.at("Imposta"))
        _category(draft, f"{at}/category", tax)
        draft.joined(f"{at}/exemption_reason", [tax.at("Natura"), tax.at("RiferimentoNormativo")], ": ")
    net = draft.total("/totals/net", [one for tax in taxes for one in tax.all("ImponibileImporto")])
    total = draft.total("/totals/tax", [one for tax in taxes for one in tax.all("Imposta")])
    if draft.value("/totals/gross") is None and net is not None and total is not None:
        draft.put("/totals/gross", net + total, taxes[0], f"{net} + {total}")
    split = [tax for tax in taxes if (due := tax.at("EsigibilitaIVA")) is not None and due.text == _SPLIT_PAYMENT]
    if split and draft.value("/totals/withheld") is None:
        draft.total("/totals/withheld", [one for tax in split for one in tax.all("Imposta")])


def _category(draft: Draft, pointer: str, within: Node) -> None:
    nature, rate = within.at("Natura"), within.at("AliquotaIVA")
    if nature is not None and nature.text is not None:
        category = _CATEGORIES.get(nature.text) or _CATEGORIES.get(nature.text.partition(".")[0])
        if category is not None:
            draft.put(pointer, category, nature)
    elif rate is not None and (value := draft.parse_number(pointer, rate, quiet=True)) is not None and value > 0:
        draft.put(pointer, "S", rate)


def _payment(draft: Draft, body: Node) -> None:
    """Read how much is to be paid, when and how: instalments add up, and the last of them ends the time for payment."""
    payments = body.each("DatiPagamento/DettaglioPagamento")
    if not payments:
        return
    draft.total("/totals/payable", [one for each in payments for one in each.all("ImportoPagamento")])
    due = [(one.text, one) for each in payments if (one := each.at("DataScadenzaPagamento")) and one.text]
    if due:
        draft.date("/due_date", max(due, key=lambda given: given[0])[1])
    chosen = next((one for one in payments if one.at("IBAN")), payments[0])
    means = chosen.at("ModalitaPagamento")
    if means is not None and means.text is not None:
        draft.put("/payment/means", _MEANS.get(means.text, "1"), means)
        draft.text("/payment/means_text", means)
    draft.identifier("/payment/iban", chosen.at("IBAN"))
    draft.identifier("/payment/bic", chosen.at("BIC"))
    draft.text("/payment/account_name", chosen.at("Beneficiario"))
    draft.text("/payment/reference", chosen.at("CodicePagamento"))
    accounts: dict[str, Node] = {}
    for one in payments:
        iban = one.at("IBAN")
        if iban is not None and iban.text and one is not chosen and iban.text != (chosen.at("IBAN") or iban).text:
            accounts.setdefault(iban.text, one)
    for index, other in enumerate(accounts.values()):
        draft.identifier(f"/payment/other_accounts/{index}/iban", other.at("IBAN"))
        draft.identifier(f"/payment/other_accounts/{index}/bic", other.at("BIC"))
        draft.text(f"/payment/other_accounts/{index}/account_name", other.at("Beneficiario"))


def _supporting(draft: Draft, body: Node) -> None:
    for index, attached in enumerate(body.all("Allegati")):
        at = f"/supporting_documents/{index}"
        draft.text(f"{at}/filename", attached.at("NomeAttachment"))
        draft.text(f"{at}/description", attached.at("DescrizioneAttachment"))


def read_fatturapa_line(draft: Draft, at: str, line: Node) -> bool:
    """Read a ``DettaglioLinee``; return whether it is a line, which it always is.

    A discount is given for one unit of the line, in euro or in per cent, and several follow each other
    (``PrezzoTotale`` = (``PrezzoUnitario`` less the discounts) x ``Quantita``).
    """
    draft.text(f"{at}/id", line.at("NumeroLinea"))
    draft.text(f"{at}/description", line.at("Descrizione"))
    draft.number(f"{at}/quantity", line.at("Quantita"))
    draft.text(f"{at}/unit", line.at("UnitaMisura"))
    draft.date(f"{at}/period_start", line.at("DataInizioPeriodo"))
    draft.date(f"{at}/period_end", line.at("DataFinePeriodo"))
    draft.number(f"{at}/net", line.at("PrezzoTotale"))
    draft.number(f"{at}/tax_rate", line.at("AliquotaIVA"))
    _category(draft, f"{at}/tax_category", line)
    draft.text(f"{at}/accounting_reference", line.at("RiferimentoAmministrazione"))
    put_prices(draft, at, Price(line.at("PrezzoUnitario")))
    _line_discount(draft, at, _discounts(line))
    _codes(draft, at, line.all("CodiceArticolo"))
    index = 0
    for more in line.all("AltriDatiGestionali"):
        value = more.at("RiferimentoTesto") or more.at("RiferimentoNumero") or more.at("RiferimentoData")
        index += draft.pair(f"{at}/attributes/{index}", more.at("TipoDato"), value)
    return True


def _line_discount(draft: Draft, at: str, discounts: Sequence[Allowance]) -> None:
    """Set what the discounts of a line come to: its price times its quantity, less its total."""
    price, net = draft.value(f"{at}/unit_price"), draft.value(f"{at}/net")
    if not discounts or not isinstance(price, Decimal) or not isinstance(net, Decimal):
        return
    quantity = draft.value(f"{at}/quantity")
    whole = price * quantity if isinstance(quantity, Decimal) else price
    percentages = " ".join(each.percent.text or "" for each in discounts if each.percent is not None)
    draft.put(f"{at}/discount", round(whole - net, 8), discounts[0].indicator, percentages or "ScontoMaggiorazione")


def _codes(draft: Draft, at: str, codes: Sequence[Node]) -> None:
    """Set a GTIN as the standard code, a code of the nomenclature as a class, and the first other one as the seller's."""
    index = 0
    for code in codes:
        kind, value = code.at("CodiceTipo"), code.at("CodiceValore")
        name = ((kind.text or "") if kind is not None else "").upper()
        if name in {"EAN", "GTIN", "EAN13"}:
            if kind is not None and draft.text(f"{at}/standard_item_code/value", value):
                draft.put(f"{at}/standard_item_code/scheme", _GTIN, kind)
        elif name in {"TARIC", "CPV", "NC"}:
            if draft.text(f"{at}/classifications/{index}/code", value):
                draft.text(f"{at}/classifications/{index}/scheme", kind)
                index += 1
        elif draft.value(f"{at}/item_code") is None:
            draft.text(f"{at}/item_code", value)
