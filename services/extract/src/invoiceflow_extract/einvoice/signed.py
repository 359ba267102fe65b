"""What a signed file holds: CMS signed data (RFC 5652), as ``.p7m`` files are, in DER, in BER and in base64."""

import base64
import binascii
import re

from invoiceflow_chassis.errors import PermanentError

__all__ = ["content_of"]

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The object identifier 1.2.840.113549.1.7.2, with which signed data begins."""
_ARMOUR = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_DEEPEST = 3
"""Signatures around signatures: a second person signs what the first has signed."""


def content_of(data: bytes) -> bytes:
    """Return what was signed; a file that is not signed data is returned as it is. The signature is not verified.

    Raises:
        PermanentError: ``einvoice_damaged``, where the signed data cannot be read or holds nothing.
    """
    for _ in range(_DEEPEST):
        signed = data if _is_signed(data) else _from_base64(data)
        if signed is None:
            return data
        data = _unwrapped(signed)
    return data


def _is_signed(data: bytes) -> bool:
    return data[:1] == b"0" and _SIGNED_DATA in data[:24]


def _from_base64(data: bytes) -> bytes | None:
    head = data[:64].lstrip()
    if not head.startswith((b"MI", b"-----BEGIN ")):
        return None
    try:
        decoded = base64.b64decode(b"".join(_ARMOUR.sub(b"", data).split()), validate=True)
    except binascii.Error:
        return None
    return decoded if _is_signed(decoded) else None


def _unwrapped(data: bytes) -> bytes:
    # Few documents are signed, and loading it takes longer than reading most e-invoices.
    from asn1crypto.cms import ContentInfo  # noqa: PLC0415

    try:
        content = ContentInfo.load(data)["content"]["encap_content_info"]["content"].native
    except (ValueError, TypeError, KeyError) as error:
        raise PermanentError(
            "einvoice_damaged",
            "The signed file is damaged, so what it holds cannot be read. Ask the sender for it again.",
        ) from error
    if not isinstance(content, bytes) or not content:
        raise PermanentError(
            "einvoice_damaged", "The signed file holds a signature and not what was signed. Send the e-invoice itself."
        )
    return content
