"""What the command line says when something is not as it should be: a sentence with the next step in it."""

from enum import IntEnum

__all__ = ["ApiError", "CommandError", "Exit", "UnreachableError"]


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    SOME_FAILED = 1
    """The command did its work, and some documents were refused, failed or are not done yet."""
    USAGE = 2
    """The command could not do its work: wrong arguments, no server, no access."""


class CommandError(Exception):
    """Ends the command; the message is shown to the person as it is."""

    def __init__(self, message: str, exit_code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class UnreachableError(CommandError):
    """Nobody answers at the address, or the connection broke and did not come back."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"No answer from {url}. Start the server with `make run`, or give the address of a running one "
            "with --url or INVOICEFLOW_URL."
        )


class ApiError(CommandError):
    """The API answered with a problem document (RFC 9457), or with something that is not the API at all.

    Attributes:
        status: the HTTP status.
        code: the problem's stable code.
        retry_after: seconds the server asked to wait, where it did.
    """

    def __init__(self, status: int, code: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in {408, 425, 429, 502, 503, 504, 507}
