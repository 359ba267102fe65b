"""What is in an e-mail (RFC 5322, MIME) or a ZIP archive: the documents, one after the other. Pure.

Nothing is written to disk and no name is used as a path. What is unpacked is bounded in number, bytes and depth, counted as it is
unpacked and not as the archive claims.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

from invoiceflow_chassis.errors import ContentTooLargeError, PermanentError
from invoiceflow_ingest.errors import ContainerError
from invoiceflow_ingest.media_types import EMAIL, ZIP, Sample, media_type

__all__ = ["CONTAINERS", "Limits", "Member", "unpacked"]

CONTAINERS = frozenset({EMAIL, ZIP})
"""Media types of what is no document but holds some."""

_DEEPEST = 3
"""An archive in an e-mail in an archive."""
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_NO_DOCUMENTS = _SIGNATURES | {"text/calendar", "text/vcard", "text/x-vcard", "message/delivery-status"}
_BODIES = frozenset({"text/plain", "text/html"})
_ENCRYPTED = 0x1
"""General purpose bit 0 (APPNOTE 4.4.4)."""
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Limits:
    """How much may come out of one container."""

    members: int
    member_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Member:
    """A document found in a container, by the name it has there."""

    filename: str
    data: bytes


def unpacked(data: bytes, kind: str, limits: Limits) -> Iterator[Member]:
    """Yield the documents in a container, those in containers within it too.

    An e-mail's attachments are its documents; without any, its text is. Signatures, logos between the words and what a system
    puts beside the files of an archive are left out.

    Args:
        data: the container.
        kind: its media type, one of ``CONTAINERS``.
        limits: how much may come out.

    Raises:
        ContainerError: it is damaged, encrypted, too deep or holds too many.
        ContentTooLargeError: more bytes come out than allowed.
    """
    yield from _Unpacking(limits).documents(data, kind, 1)


class _Unpacking:
    """What has come out so far, of the container and of those in it: each counts, whatever becomes of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._number = self._bytes = 0

    def documents(self, data: bytes, kind: str, depth: int) -> Iterator[Member]:
        for member in _of_email(data) if kind == EMAIL else _of_archive(data, self._limits.member_bytes):
            self._count(member)
            inner = _kind_of(member.data)
            if inner not in CONTAINERS:
                yield member
            elif depth < _DEEPEST:
                yield from self.documents(member.data, inner, depth + 1)
            else:
                raise ContainerError(
                    "container_too_deep",
                    "It holds archives within archives within archives. Send the documents in them.",
                )

    def _count(self, member: Member) -> None:
        self._number += 1
        self._bytes += len(member.data)
        if self._number > self._limits.members:
            raise ContainerError(
                "container_too_many",
                f"It holds more than {self._limits.members} documents. Send them in several parts.",
            )
        if self._bytes > self._limits.total_bytes:
            raise ContentTooLargeError(self._limits.total_bytes)


def _kind_of(data: bytes) -> str:
    sample = Sample()
    sample.update(data)
    try:
        return media_type(sample)
    except PermanentError:
        return ""  # it is refused when it is taken in, with its own reason


def _of_archive(data: bytes, most: int) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                name = entry.filename.replace("\\", "/").rpartition("/")[2]
                if entry.is_dir() or not name or name.startswith(".") or "__MACOSX/" in entry.filename:
                    continue
                if entry.flag_bits & _ENCRYPTED:
                    raise ContainerError(
                        "container_encrypted", f"{name[:100]!r} in it needs a password. Send it without one."
                    )
                with archive.open(entry) as stream:
                    # What the archive says of sizes is not believed: one byte more than allowed tells.
                    content = stream.read(most + 1)
                if len(content) > most:
                    raise ContentTooLargeError(most)
                yield Member(name, content)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError) as error:
        # RuntimeError, of which NotImplementedError is one, is zipfile's for what it does not know how to open.
        raise _damaged() from error


def _of_email(data: bytes) -> Iterator[Member]:
    try:
        message = BytesParser(policy=policy.default).parsebytes(data)
        found = [_attachment(part) for part in message.walk() if _is_attachment(part)]
        if not found:
            found = _body(message)
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError, KeyError) as error:
        # The standard library's parser takes nearly everything, and stumbles over the rest in many ways.
        raise _damaged() from error
    yield from found


def _is_attachment(part: EmailMessage) -> bool:
    kind = part.get_content_type()
    if part.is_multipart() or kind in _NO_DOCUMENTS:
        return False
    attached = part.get_content_disposition() == "attachment"
    if kind in _BODIES and not attached and part.get_filename() is None:
        return False
    # A picture that the text shows is a logo, or a signature's.
    return attached or part.get_content_maintype() != "image" or part["Content-ID"] is None


def _attachment(part: Message) -> Member:
    payload = part.get_payload(decode=True)
    return Member(part.get_filename() or "attachment", payload if isinstance(payload, bytes) else b"")


def _body(message: EmailMessage) -> list[Member]:
    """Return the text of an e-mail without attachments, in UTF-8 whatever it says of itself."""
    body = message.get_body(("html", "plain"))
    text = body.get_content() if body is not None else ""
    if not isinstance(text, str) or not text.strip():
        return []
    extension = "html" if body is not None and body.get_content_type() == "text/html" else "txt"
    subject = str(message["Subject"] or "e-mail").replace("/", " ")
    return [Member(f"{subject}.{extension}", _UTF8_MARK + text.encode("utf-8", "replace"))]


def _damaged() -> ContainerError:
    return ContainerError("container_damaged", "It cannot be unpacked: it is damaged or incomplete. Send it again.")
