"""What MongoDB and its driver say, as what the port says."""

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError, WriteError

from invoiceflow_chassis.errors import TransientError, UnavailableError

__all__ = ["DUPLICATE_KEY", "translated"]

DUPLICATE_KEY = 11000

UNAUTHORIZED, AUTHENTICATION_FAILED, COMMAND_NOT_FOUND = 13, 18, 59
"""Codes (https://www.mongodb.com/docs/manual/reference/error-codes/). The last is how a server answers that knows no users."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise ``UnavailableError`` for trouble with the server, ``TransientError`` for what is wrong with one write.

    The two are told apart since the former is waited for without end: a document that is too large must not be.
    """
    try:
        yield
    except (WriteError, BSONError) as error:
        raise _refused(error) from error
    except BulkWriteError as error:
        if error.details.get("writeErrors"):
            raise _refused(error) from error
        raise _unavailable(error) from error
    except PyMongoError as error:
        raise _unavailable(error) from error


def _refused(error: Exception) -> TransientError:
    return TransientError(
        "read_model_refused",
        f"The read model does not take this change: {type(error).__name__}. The log of MongoDB says why.",
    )


def _unavailable(error: PyMongoError) -> UnavailableError:
    trouble = f"The read model does not answer: {type(error).__name__}."
    if isinstance(error, OperationFailure) and error.code in {UNAUTHORIZED, AUTHENTICATION_FAILED, COMMAND_NOT_FOUND}:
        # Waited for all the same: users and their passwords change while a service runs.
        trouble = (
            f"The read model's server refuses this service (MongoDB's code {error.code}). Check the user and the password in "
            "INVOICEFLOW_QUERY_MONGODB_URI, and that its server knows them; leave them out where it knows no users."
        )
    return UnavailableError("read_model_unavailable", trouble)
