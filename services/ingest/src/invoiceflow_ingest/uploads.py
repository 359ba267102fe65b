"""Taking the files and fields of a form as they arrive."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_chassis.ports import Received
from invoiceflow_contracts.events import Metadata
from invoiceflow_ingest.filenames import clean_filename
from invoiceflow_ingest.handlers import Intake, store
from invoiceflow_ingest.multipart import Part

__all__ = ["InvalidFieldError", "NoFileError", "TooManyFilesError", "Upload", "Uploads", "receive_uploads"]

FILE = "file"
_SINGLE = ("source", "external_reference")
_REPEATED = "tags"
_MAX_FIELD = 1024
"""Bytes in a field that is not a file."""
_MAX_FIELDS = 100


class NoFileError(PermanentError):
    """A form without files."""

    def __init__(self) -> None:
        super().__init__("no_file", "The form has no file. Send at least one as a form field named file.")


class TooManyFilesError(PermanentError):
    """More files than one request may carry."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            "too_many_files", f"A request may carry {limit} files. Send the others in a request of their own."
        )


class InvalidFieldError(PermanentError):
    """A field that is not known or not valid.

    Args:
        errors: for each field its name and a message.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        fields = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        super().__init__("invalid_request", f"The form is not valid: {fields}.")
        self.errors = errors


@dataclass(frozen=True)
class Upload:
    """One file of a form: stored, or refused."""

    filename: str
    outcome: Received | PermanentError


@dataclass
class Uploads:
    """All that a form held."""

    files: list[Upload] = field(default_factory=list)
    metadata: Metadata = field(default_factory=Metadata)


async def receive_uploads(intake: Intake, tenant: str, form: AsyncIterator[Part], *, max_files: int) -> Uploads:
    """Store the files of ``form`` one after the other; the fields may stand before or after them.

    A file that is refused does not keep the others from being stored.

    Raises:
        NoFileError, TooManyFilesError, InvalidFieldError: the form as a whole is refused.
        MultipartError: it is malformed or breaks off.
        TransientError: the object store is away or full.
    """
    uploads = Uploads()
    fields: dict[str, list[str]] = {}
    async for part in form:
        if part.name == FILE:
            if len(uploads.files) == max_files:
                raise TooManyFilesError(max_files)
            upload = await _receive_file(intake, tenant, part)
            if upload is not None:
                uploads.files.append(upload)
        elif part.name in _SINGLE or part.name == _REPEATED:
            values = fields.setdefault(part.name, [])
            if len(values) == _MAX_FIELDS:
                raise InvalidFieldError([{"field": part.name, "message": f"is given more than {_MAX_FIELDS} times"}])
            values.append(await _value(part))
        else:
            known = ", ".join((FILE, *_SINGLE, _REPEATED))
            raise InvalidFieldError([{"field": part.name[:100], "message": f"is not a field of this form ({known})"}])
    if not uploads.files:
        raise NoFileError
    uploads.metadata = _metadata(fields)
    return uploads


async def _receive_file(intake: Intake, tenant: str, part: Part) -> Upload | None:
    try:
        outcome: Received | PermanentError = await store(intake, tenant, part.chunks())
    except PermanentError as error:
        if error.code == "empty_file" and part.filename == "":
            return None  # what a browser sends for a file field in which nothing was chosen
        outcome = error
    return Upload(clean_filename(part.filename or ""), outcome)


async def _value(part: Part) -> str:
    data = bytearray()
    async for chunk in part.chunks():
        data += chunk
        if len(data) > _MAX_FIELD:
            raise InvalidFieldError([{"field": part.name, "message": f"is longer than {_MAX_FIELD} bytes"}])
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidFieldError([{"field": part.name, "message": "is not UTF-8"}]) from None


def _metadata(fields: dict[str, list[str]]) -> Metadata:
    repeated = [name for name in _SINGLE if len(fields.get(name, ())) > 1]
    if repeated:
        raise InvalidFieldError([{"field": name, "message": "is given more than once"} for name in repeated])
    values: dict[str, Any] = {name: fields[name][0] or None for name in _SINGLE if name in fields}
    values[_REPEATED] = [tag for tag in fields.get(_REPEATED, ()) if tag]
    try:
        return Metadata.model_validate(values)
    except ValidationError as error:
        raise InvalidFieldError(
            [{"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()]
        ) from None
