"""What a ZIP archive says of itself in its first and last bytes (APPNOTE 6.3.10). Pure."""

import struct
from collections.abc import Iterator

__all__ = ["names_at_end", "odf_type"]

_LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_END = b"PK\x05\x06"


def odf_type(head: bytes) -> str | None:
    """Return the media type that an OpenDocument file states about itself.

    It is the whole content of the first entry, ``mimetype``, which is stored uncompressed (OpenDocument 1.3, part 2, 3.3).
    """
    if not head.startswith(_LOCAL) or len(head) < 30:
        return None
    method, size, name_length, extra_length = struct.unpack_from("<8xH8xL4xHH", head)
    start = 30 + name_length + extra_length
    if method != 0 or head[30 : 30 + name_length] != b"mimetype":
        return None
    # A writer that streams gives the size after the entry, so the entry ends where the next record begins.
    content = head[start : start + size] if size else head[start:].partition(b"PK")[0]
    return content.decode("ascii", "replace").strip()


def names_at_end(tail: bytes) -> Iterator[str]:
    """Yield the names in the central directory (4.3.12), as far as ``tail`` reaches back.

    Nothing is yielded for an archive that is cut off.
    """
    end = tail.rfind(_END)
    if end < 0 or end + 22 > len(tail):
        return
    (size,) = struct.unpack_from("<L", tail, end + 12)
    # A directory longer than the tail is read from the first of its entries that is in there.
    at = end - size if size <= end else tail.find(_CENTRAL)
    while 0 <= at < end and tail.startswith(_CENTRAL, at) and at + 46 <= len(tail):
        name_length, extra_length, comment_length = struct.unpack_from("<HHH", tail, at + 28)
        yield tail[at + 46 : at + 46 + name_length].decode("utf-8", "replace")
        at += 46 + name_length + extra_length + comment_length
