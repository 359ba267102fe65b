"""What MongoDB and its driver say, as what the port says."""

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, PyMongoError, WriteError

from invoiceflow_chassis.errors import TransientError, UnavailableError

__all__ = ["DUPLICATE_KEY", "translated"]

DUPLICATE_KEY = 11000


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
    return UnavailableError("read_model_unavailable", f"The read model does not answer: {type(error).__name__}.")
