"""Parties in CII."""

from collections.abc import Iterator, Sequence

from invoiceflow_contracts.invoice import Delivery, Identifier, Party
from invoiceflow_query.einvoice.cii.vocabulary import address, group, value
from invoiceflow_query.einvoice.tree import Part

__all__ = ["buyer", "payee", "seller", "ship_to", "tax_representative"]

_VAT, _OTHER_TAX = "VA", "FC"
"""Schemes of a tax registration: VAT (BT-31), local (BT-32)."""


def seller(party: Party) -> Part:
    """Return the seller (BG-4)."""
    return group(
        "SellerTradeParty",
        *_identifiers(party.identifiers),
        value("Name", party.name),
        value("Description", party.legal_information),
        *_body(party),
        _registration(party.vat_id, _VAT),
        _registration(party.tax_id, _OTHER_TAX),
    )


def buyer(party: Party) -> Part:
    """Return the buyer (BG-7), of whom EN 16931 knows one identifier and the VAT registration."""
    return group(
        "BuyerTradeParty",
        *_identifiers(party.identifiers),
        value("Name", party.name),
        *_body(party),
        _registration(party.vat_id, _VAT),
    )


def payee(party: Party | None) -> Part:
    """Return who is paid in the seller's place (BG-10)."""
    if party is None:
        return None
    return group("PayeeTradeParty", *_identifiers(party.identifiers), value("Name", party.name), _organisation(party))


def tax_representative(party: Party | None) -> Part:
    """Return the seller's tax representative (BG-11)."""
    if party is None:
        return None
    return group(
        "SellerTaxRepresentativeTradeParty",
        value("Name", party.name),
        address(party.address),
        _registration(party.vat_id, _VAT),
    )


def ship_to(delivery: Delivery | None) -> Part:
    """Return where the goods or services went (BG-13)."""
    if delivery is None:
        return None
    location = (delivery.location,) if delivery.location else ()
    return group("ShipToTradeParty", *_identifiers(location), value("Name", delivery.name), address(delivery.address))


def _identifiers(given: Sequence[Identifier]) -> Iterator[Part]:
    """Yield identifiers; the schema has those without a scheme first."""
    yield from (value("ID", each.value) for each in given if not each.scheme)
    yield from (value("GlobalID", each.value, schemeID=each.scheme) for each in given if each.scheme)


def _body(party: Party) -> Iterator[Part]:
    yield _organisation(party)
    yield group(
        "DefinedTradeContact",
        value("PersonName", party.contact_name),
        group("TelephoneUniversalCommunication", value("CompleteNumber", party.phone)),
        group("EmailURIUniversalCommunication", value("URIID", party.email)),
    )
    yield address(party.address)
    electronic = party.electronic_address
    if electronic:
        yield group("URIUniversalCommunication", value("URIID", electronic.value, schemeID=electronic.scheme))


def _organisation(party: Party) -> Part:
    return group(
        "SpecifiedLegalOrganization",
        value("ID", party.registration_id, schemeID=party.registration_scheme),
        value("TradingBusinessName", party.trading_name),
    )


def _registration(number: str | None, scheme: str) -> Part:
    return group("SpecifiedTaxRegistration", value("ID", number, schemeID=scheme))
