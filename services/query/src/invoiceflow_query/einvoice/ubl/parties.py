"""Parties, delivery and payment in UBL."""

from collections.abc import Iterator, Sequence
from datetime import date

from invoiceflow_contracts.invoice import Delivery, Identifier, Party, Payment, PaymentAccount
from invoiceflow_query.einvoice.tree import Part
from invoiceflow_query.einvoice.ubl.vocabulary import VAT, address, group, identifier, value

__all__ = ["buyer", "delivery", "payee", "payment_means", "seller", "tax_representative"]

OTHER_TAX = "TAX"
"""The scheme of a local tax registration (BT-32): any but VAT."""
SEPA = "SEPA"
"""The scheme of a creditor identifier (BT-90) among a party's identifiers."""
NETWORK = "NA"
"""The network of a card: EN 16931 has no such term, and the schema wants one."""


def seller(party: Party, creditor_id: str | None) -> Part:
    """Return the seller (BG-4); ``creditor_id`` (BT-90) is one of its identifiers."""
    creditor = (Identifier(value=creditor_id, scheme=SEPA),) if creditor_id else ()
    return _party(
        party,
        (*party.identifiers, *creditor),
        _tax_scheme(party.vat_id, VAT),
        _tax_scheme(party.tax_id, OTHER_TAX),
        legal_form=party.legal_information,
    )


def buyer(party: Party) -> Part:
    """Return the buyer (BG-7), of whom EN 16931 knows one identifier and the VAT registration."""
    return _party(party, party.identifiers, _tax_scheme(party.vat_id, VAT))


def _party(party: Party, identifiers: Sequence[Identifier], *tax_schemes: Part, legal_form: str | None = None) -> Part:
    return group(
        "Party",
        identifier("EndpointID", party.electronic_address),
        *_identifications(identifiers),
        group("PartyName", value("Name", party.trading_name)),
        address("PostalAddress", party.address),
        *tax_schemes,
        group(
            "PartyLegalEntity",
            value("RegistrationName", party.name),
            _registration(party),
            value("CompanyLegalForm", legal_form),
        ),
        group(
            "Contact",
            value("Name", party.contact_name),
            value("Telephone", party.phone),
            value("ElectronicMail", party.email),
        ),
    )


def _identifications(identifiers: Sequence[Identifier]) -> Iterator[Part]:
    for each in identifiers:
        yield group("PartyIdentification", identifier("ID", each))


def _registration(party: Party) -> Part:
    return value("CompanyID", party.registration_id, schemeID=party.registration_scheme)


def _tax_scheme(company: str | None, scheme: str) -> Part:
    if company is None:
        return None
    return group("PartyTaxScheme", value("CompanyID", company), group("TaxScheme", value("ID", scheme)))


def payee(party: Party | None) -> Part:
    """Return who is paid in the seller's place (BG-10)."""
    if party is None:
        return None
    return group(
        "PayeeParty",
        *_identifications(party.identifiers),
        group("PartyName", value("Name", party.name)),
        group("PartyLegalEntity", _registration(party)),
    )


def tax_representative(party: Party | None) -> Part:
    """Return the seller's tax representative (BG-11)."""
    if party is None:
        return None
    return group(
        "TaxRepresentativeParty",
        group("PartyName", value("Name", party.name)),
        address("PostalAddress", party.address),
        _tax_scheme(party.vat_id, VAT),
    )


def delivery(given: Delivery | None, on: date | None) -> Part:
    """Return when and where the goods or services went (BG-13)."""
    place = given or Delivery()
    return group(
        "Delivery",
        value("ActualDeliveryDate", on),
        group("DeliveryLocation", identifier("ID", place.location), address("Address", place.address)),
        group("DeliveryParty", group("PartyName", value("Name", place.name))),
    )


def payment_means(payment: Payment, due: date | None) -> Iterator[Part]:
    """Yield the ways to pay (BG-16): one for each account, what they have in common in the first; ``due`` of a credit note alone."""
    debit, card = payment.direct_debit, payment.card
    accounts = (
        PaymentAccount(iban=payment.iban, bic=payment.bic, account_name=payment.account_name),
        *payment.other_accounts,
    )
    for position, account in enumerate(accounts):
        first = position == 0
        yield group(
            "PaymentMeans",
            value("PaymentMeansCode", payment.means, name=payment.means_text if first else None),
            value("PaymentDueDate", due) if first else None,
            value("PaymentID", payment.reference),
            group(
                "CardAccount",
                value("PrimaryAccountNumberID", card.number),
                value("NetworkID", NETWORK),
                value("HolderName", card.holder),
            )
            if card and first
            else None,
            group(
                "PayeeFinancialAccount",
                value("ID", account.iban),
                value("Name", account.account_name),
                group("FinancialInstitutionBranch", value("ID", account.bic)),
            ),
            group(
                "PaymentMandate",
                value("ID", debit.mandate),
                group("PayerFinancialAccount", value("ID", debit.account)),
            )
            if debit and first
            else None,
        )
