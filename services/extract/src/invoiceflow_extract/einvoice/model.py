"""What an e-invoice is: its syntax, its profile and what was read from it."""

from dataclasses import dataclass
from enum import StrEnum

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.reading import Reading

__all__ = ["EInvoice", "Profile", "Syntax", "profile_of"]


class Syntax(StrEnum):
    """The two syntaxes of EN 16931, the one that came before it, and Italy's own."""

    UBL_INVOICE = "ubl_invoice"
    UBL_CREDIT_NOTE = "ubl_credit_note"
    CII = "cii"
    ZUGFERD_1 = "zugferd_1"
    FATTURAPA = "fatturapa"


class Profile(StrEnum):
    """How much an e-invoice says, by the names of Factur-X 1.0 (XMP ``ConformanceLevel``)."""

    MINIMUM = "MINIMUM"
    BASIC_WL = "BASIC WL"
    BASIC = "BASIC"
    EN16931 = "EN 16931"
    EXTENDED = "EXTENDED"
    XRECHNUNG = "XRECHNUNG"

    @property
    def has_lines(self) -> bool:
        """Whether the profile has a place for invoice lines."""
        return self not in {Profile.MINIMUM, Profile.BASIC_WL}

    @classmethod
    def named(cls, level: str) -> "Profile | None":
        """Return the profile of a ``ConformanceLevel``, whatever its spelling; ``COMFORT`` is ZUGFeRD's EN 16931."""
        return _LEVELS.get("".join(filter(str.isalnum, level)).upper())


_LEVELS = {"".join(filter(str.isalnum, profile)): profile for profile in Profile} | {"COMFORT": Profile.EN16931}


def profile_of(guideline: str | None) -> Profile | None:
    """Return the profile that a specification identifier (BT-24) stands for, or None where it is not known.

    Real files write it in several ways: ``urn:factur-x.eu:1p0:basicwl``, ``urn:zugferd.de:2p0:minimum``,
    ``urn:ferd:CrossIndustryDocument:invoice:1p0:comfort``, or ``urn:cen.eu:en16931:2017`` with a customisation behind it.
    """
    if not guideline:
        return None
    name = guideline.lower()
    if "xrechnung" in name:
        return Profile.XRECHNUNG
    last = Profile.named(name.replace("#", ":").rsplit(":", 1)[-1])
    if last is not None and last is not Profile.EN16931:
        return last
    return Profile.EN16931 if "en16931" in name or last is Profile.EN16931 else None


@dataclass(frozen=True)
class EInvoice:
    """An e-invoice as read, with findings for values that stand in it but cannot be understood."""

    syntax: Syntax
    guideline: str | None
    """Specification identifier (BT-24)."""
    reading: Reading
    findings: tuple[Finding, ...] = ()

    @property
    def profile(self) -> Profile | None:
        return profile_of(self.guideline)

    @property
    def claims_en16931(self) -> bool:
        """Whether it says of itself that it keeps to EN 16931 in full (MINIMUM, BASIC WL, ZUGFeRD 1 and FatturaPA do not)."""
        return (
            self.syntax not in {Syntax.ZUGFERD_1, Syntax.FATTURAPA}
            and self.profile is not None
            and self.profile.has_lines
        )
