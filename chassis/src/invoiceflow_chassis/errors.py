"""The errors the system knows, in one place.

A handler raises one of two kinds: what will not get better by trying again, and what may.
"""

__all__ = [
    "ContentMismatchError",
    "ContentTooLargeError",
    "InvoiceflowError",
    "ObjectNotFoundError",
    "PermanentError",
    "StorageFullError",
    "TransientError",
    "UnavailableError",
]


class InvoiceflowError(Exception):
    """Carries a stable code for programs and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class PermanentError(InvoiceflowError):
    """Bad input: trying again cannot help. Ends the document as failed."""


class TransientError(InvoiceflowError):
    """Something the input is not to blame for (network, 5xx, 429, time-out). Tried again later.

    Args:
        code: stable, for programs.
        message: a sentence for people.
        retry_after: seconds for which the other side asked not to be asked again (``Retry-After``), where it did.
    """

    def __init__(self, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class UnavailableError(TransientError):
    """A server or a disk that the work needs is not there for anybody, whatever the input."""


class ObjectNotFoundError(PermanentError):
    """The referenced object does not exist, or is not the tenant's."""

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(
            "object_not_found", f"There is no object {key!r} in bucket {bucket!r}. Store it again and resubmit."
        )


class ContentMismatchError(PermanentError):
    """The stored bytes do not hash to what the reference says."""

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(
            "content_mismatch",
            f"The bytes of {key!r} in bucket {bucket!r} are not those that were announced (SHA-256 or size differs). Submit the document again.",
        )


class ContentTooLargeError(PermanentError):
    """More bytes than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            "content_too_large",
            f"The document is larger than the limit of {limit} bytes. Split it or send a smaller scan.",
        )
        self.limit = limit


class StorageFullError(UnavailableError):
    """The object store has no room left."""

    def __init__(self) -> None:
        super().__init__("storage_full", "The object store has no room left. Free some space and try again.")
