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

__all__ = ["CONTAINERS", "Limits", "Member", "Unopened", "unpacked"]

CONTAINERS = frozenset({EMAIL, ZIP})
"""Media types of what is no document but holds some."""

_DEEPEST = 3
"""An archive in an e-mail in an archive."""
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_NO_DOCUMENTS = _SIGNATURES | {"text/calendar", "text/vcard", "text/x-vcard", "message/delivery-status"}
_BODIES = frozenset({"text/plain", "text/html"})
_ENCRYPTED = 0x1
"""General purpose bit 0 (APPNOTE 4.4.4)."""
_LOGO = 64 * 1024
"""Bytes up to which a picture that an e-mail's text shows is a logo or a signature's. A page that somebody photographed and put between
the words is larger; a larger banner is taken in for nothing, which does less harm than an invoice that is left out."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)
"""What zipfile raises for damage; RuntimeError, of which NotImplementedError is one, for what it does not know how to open."""
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


@dataclass(frozen=True)
class Unopened:
    """Something in a container that could not be taken out of it. What is beside it is none the worse."""

    filename: str
    error: PermanentError
    unpacked: int = 0
    """Bytes that came out of it before it was given up."""


def unpacked(data: bytes, kind: str, limits: Limits) -> Iterator[Member | Unopened]:
    """Yield the documents in a container, those in containers within it too, and what in it cannot be opened.

    An e-mail's attachments are its documents; without any, its text is. Signatures, logos between the words and what a system
    puts beside the files of an archive are left out.

    Args:
        data: the container.
        kind: its media type, one of ``CONTAINERS``.
        limits: how much may come out.

    Raises:
        ContainerError: it is damaged as a whole, or holds too many.
        ContentTooLargeError: more bytes come out than allowed.
    """
    yield from _Unpacking(limits).documents(data, kind, 1)


class _TooManyError(ContainerError):
    def __init__(self, most: int) -> None:
        super().__init__("container_too_many", f"It holds more than {most} documents. Send them in several parts.")


class _Unpacking:
    """What has come out so far, of the container and of those in it: each counts, whatever becomes of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._number = self._bytes = 0

    def documents(self, data: bytes, kind: str, depth: int) -> Iterator[Member | Unopened]:
        for member in _of_email(data) if kind == EMAIL else _of_archive(data, self._limits.member_bytes):
            self._count(member.unpacked if isinstance(member, Unopened) else len(member.data))
            inner = "" if isinstance(member, Unopened) else _kind_of(member.data)
            if isinstance(member, Unopened) or inner not in CONTAINERS:
                yield member
            elif depth == _DEEPEST:
                too_deep = "It holds archives within archives within archives. Send the documents in them."
                yield Unopened(member.filename, ContainerError("container_too_deep", too_deep))
            else:
                yield from self._inner(member, inner, depth + 1)

    def _inner(self, member: Member, kind: str, depth: int) -> Iterator[Member | Unopened]:
        try:
            yield from self.documents(member.data, kind, depth)
        except _TooManyError:
            raise
        except ContainerError as error:
            yield Unopened(member.filename, error)

    def _count(self, size: int) -> None:
        self._number += 1
        self._bytes += size
        if self._number > self._limits.members:
            raise _TooManyError(self._limits.members)
        if self._bytes > self._limits.total_bytes:
            raise ContentTooLargeError(self._limits.total_bytes)


def _kind_of(data: bytes) -> str:
    sample = Sample()
    sample.update(data)
    try:
        return media_type(sample)
    except PermanentError:
        return ""  # it is refused when it is taken in, with its own reason


def _of_archive(data: bytes, most: int) -> Iterator[Member | Unopened]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise _damaged() from error
    with archive:
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/").rpartition("/")[2]
            if entry.is_dir() or not name or name.startswith(".") or "__MACOSX/" in entry.filename:
                continue
            yield _opened(archive, entry, name, most)


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, most: int) -> Member | Unopened:
    if entry.flag_bits & _ENCRYPTED:
        locked = f"{name[:100]!r} in it needs a password. Send it without one."
        return Unopened(name, ContainerError("container_encrypted", locked))
    try:
        with archive.open(entry) as stream:
            # What the archive says of sizes is not believed: one byte more than allowed tells.
            content = stream.read(most + 1)
    except _BROKEN:
        return Unopened(name, _damaged())
    if len(content) > most:
        return Unopened(name, ContentTooLargeError(most), unpacked=len(content))
    return Member(name, content)


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
    if attached or part.get_content_maintype() != "image" or part["Content-ID"] is None:
        return True
    return len(_attachment(part).data) > _LOGO


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
