"""Stored results that vouch for themselves.

An original is found by its hash, and an event says what a layout must hash to. What a service keeps only to find it again,
under a name that follows from its input (a reading, an extraction, an acceptance), has nobody who could say that of it. So it
carries a SHA-256 of its name and its bytes. What is cut short, changed or was put in another's place counts as not
there, and the result is made again: trouble in the store costs work, and no document its right values.
"""

import hashlib
import logging

from invoiceflow_chassis.ports import ObjectStore

__all__ = ["SEALED", "keep", "keep_first", "recall"]

SEALED = ".sealed"
"""Ends the names of sealed objects: their first line is the seal, and the rest what was kept."""

_log = logging.getLogger(__name__)

_MARK = b"invoiceflow-sealed-1 "
_LENGTH = len(_MARK) + 64 + 1


async def keep(objects: ObjectStore, tenant: str, bucket: str, name: str, data: bytes) -> None:
    """Store ``data`` to be recalled under ``name``, in place of what was kept there; atomically."""
    sealed = _seal(tenant, name, data)
    await objects.put(tenant, bucket, name + SEALED, sealed, media_type="application/octet-stream")


async def keep_first(objects: ObjectStore, tenant: str, bucket: str, name: str, data: bytes) -> bytes:
    """Store ``data`` to be recalled under ``name`` unless something is kept there; return what is kept then.

    Whoever makes the same result a second time, or beside another, goes on with the first one's.
    """
    sealed = _seal(tenant, name, data)
    if await objects.put_new(tenant, bucket, name + SEALED, sealed, media_type="application/octet-stream"):
        return data
    kept = await recall(objects, tenant, bucket, name)
    if kept is None:  # not whole
        await keep(objects, tenant, bucket, name, data)
        return data
    return kept


async def recall(objects: ObjectStore, tenant: str, bucket: str, name: str) -> bytes | None:
    """Return what was kept under ``name``, or None where that is not there whole."""
    stored = await objects.find(tenant, bucket, name + SEALED)
    if stored is None:
        return None
    data = stored[_LENGTH:]
    if stored != _seal(tenant, name, data):
        _log.warning("A stored result is damaged and is made again.", extra={"object": name, "bucket": bucket})
        return None
    return data


def _seal(tenant: str, name: str, data: bytes) -> bytes:
    digest = hashlib.sha256(f"{tenant}/{name}\n".encode() + data).hexdigest()
    return _MARK + digest.encode() + b"\n" + data
