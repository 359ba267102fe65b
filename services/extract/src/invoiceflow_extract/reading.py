"""What an extractor hands over: an invoice and where each of its values stands."""

from dataclasses import dataclass, field

from invoiceflow_contracts.extraction import Evidence
from invoiceflow_contracts.invoice import Invoice

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """An invoice with evidence for every value in it that is not a default.

    ``evidence`` is keyed by JSON pointer (RFC 6901) into the invoice's JSON, such as ``/totals/gross`` or ``/lines/0/net``.
    """

    invoice: Invoice = field(default_factory=Invoice)
    evidence: dict[str, Evidence] = field(default_factory=dict)
