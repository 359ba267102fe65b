"""Events as Kafka messages: CloudEvents 1.0 in binary mode.

Every context attribute is a header (``ce_id``, ``ce_type``, ...), the value is the event's data as JSON, and the trace
context travels in ``traceparent`` (CloudEvents Kafka protocol binding 1.0.2, section 3.2; W3C Trace Context). Pure: no client
library is needed to write or read such a message.
"""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from invoiceflow_contracts.events import EVENTS, Event

__all__ = ["CONTENT_TYPE", "SPEC_VERSION", "DecodeError", "DecodeReason", "Envelope", "decode", "encode"]

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"

_SCHEMA_PREFIX: Final = "urn:invoiceflow:schema:"
_TYPE = re.compile(r"invoiceflow\.(?P<event>[a-z.]+)\.v(?P<version>[0-9]+)")
_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_JSON_MEDIA_TYPE = re.compile(r"(?:application|text)/(?:[a-z0-9.-]+\+)?json", re.ASCII)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.ASCII)
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_ERRORS_NAMED: Final = 5


@dataclass(frozen=True)
class Envelope:
    """The context attributes of an event.

    ``time`` is UTC. ``traceparent`` is None where the message has none or one that W3C Trace Context says to ignore.
    """

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None
    traceparent: str | None


class DecodeReason(StrEnum):
    """Why a message is not an event that its reader takes; stable, goes into the dead letter."""

    MISSING_ATTRIBUTE = "missing_attribute"
    INVALID_ATTRIBUTE = "invalid_attribute"
    UNSUPPORTED_SPECVERSION = "unsupported_specversion"
    STRUCTURED_MODE = "structured_mode"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    UNEXPECTED_TYPE = "unexpected_type"
    SCHEMA_MISMATCH = "schema_mismatch"
    EMPTY_VALUE = "empty_value"
    NOT_JSON = "not_json"
    SCHEMA_VIOLATION = "schema_violation"


class DecodeError(Exception):
    """The message cannot be read, however often it is tried.

    ``message`` is a sentence for the sender; it names fields and rules, never what stood in the document.
    """

    def __init__(self, reason_code: DecodeReason, message: str) -> None:
        super().__init__(f"{reason_code}: {message}")
        self.reason_code = reason_code
        self.message = message


def encode(
    event: Event,
    *,
    event_id: UUID,
    source: str,
    time: datetime,
    subject: str | None = None,
    traceparent: str | None = None,
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the value and the headers of the message that carries ``event``.

    Args:
        event: the data.
        event_id: the same for the same event, however often it is sent.
        source: a URI reference of the sender, such as ``/invoiceflow/ocr``; with ``event_id`` unique.
        time: when it happened; must know its offset from UTC.
        subject: the document's id.
        traceparent: the trace that the event belongs to (W3C Trace Context).
    """
    if time.tzinfo is None:
        raise ValueError("the time of an event must know its offset from UTC")
    attributes = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event_id),
        "ce_type": event.ce_type(),
        "ce_source": source,
        "ce_time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_subject": subject,
        "ce_dataschema": event.ce_dataschema(),
        "content-type": CONTENT_TYPE,
        "traceparent": traceparent,
    }
    headers = [(name, value.encode()) for name, value in attributes.items() if value is not None]
    return event.model_dump_json().encode(), headers


def decode(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    accept: Collection[type[Event]],
    *,
    received_at: datetime | None = None,
) -> tuple[Envelope, Event]:
    """Return what a message says.

    Args:
        value: the message's value.
        headers: the message's headers; where a name stands twice the last one counts, as in Kafka's own clients.
            Headers that are none of ours may hold any bytes. A name that is not UTF-8 is given with lone surrogates
            (PEP 383).
        accept: the events that the reader takes.
        received_at: the event's time where the sender gave none (it is optional in CloudEvents); by default now.

    Raises:
        DecodeError: nothing else is ever raised because of what the message holds.
    """
    _require_names(headers)
    raw = {name.lower(): content for name, content in headers}
    _require_binary_json(raw)
    ce_type = _required(raw, "ce_type")
    model = _model(ce_type, accept)
    schema = _optional(raw, "ce_dataschema")
    if schema is not None and schema.startswith(_SCHEMA_PREFIX) and schema != model.ce_dataschema():
        raise DecodeError(
            DecodeReason.SCHEMA_MISMATCH,
            f"ce_dataschema names another schema than that of ce_type, {model.ce_dataschema()!r}. Make them agree or leave ce_dataschema out.",
        )
    envelope = Envelope(
        id=_required(raw, "ce_id"),
        type=ce_type,
        source=_required(raw, "ce_source"),
        time=_time(raw, received_at),
        subject=_optional(raw, "ce_subject"),
        traceparent=_traceparent(raw),
    )
    return envelope, _data(value, model)


def _require_names(headers: Sequence[tuple[str, bytes | None]]) -> None:
    try:
        for name, _ in headers:
            name.encode()
    except UnicodeEncodeError as error:
        raise DecodeError(
            DecodeReason.INVALID_ATTRIBUTE, "The name of a header is not UTF-8, as Kafka requires. Name it in UTF-8."
        ) from error


def _require_binary_json(raw: dict[str, bytes | None]) -> None:
    content_type = (_optional(raw, "content-type") or CONTENT_TYPE).lower()
    media_type, _, parameters = (part.strip() for part in content_type.partition(";"))
    if media_type.startswith("application/cloudevents"):
        raise DecodeError(
            DecodeReason.STRUCTURED_MODE,
            "The event is in CloudEvents structured mode. Send it in binary mode: attributes as ce_ headers, content-type application/json, the data as value.",
        )
    if not _JSON_MEDIA_TYPE.fullmatch(media_type) or ("charset" in parameters and "utf-8" not in parameters):
        raise DecodeError(
            DecodeReason.UNSUPPORTED_CONTENT_TYPE,
            "The header content-type is not that of JSON in UTF-8. Send the data as application/json.",
        )
    version = _required(raw, "ce_specversion")
    if version != SPEC_VERSION:
        raise DecodeError(
            DecodeReason.UNSUPPORTED_SPECVERSION,
            f"The header ce_specversion is not {SPEC_VERSION!r}, the only version of CloudEvents that is read here.",
        )


def _optional(raw: dict[str, bytes | None], name: str) -> str | None:
    content = raw.get(name)
    if not content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(DecodeReason.INVALID_ATTRIBUTE, f"The header {name} is not UTF-8.") from error


def _required(raw: dict[str, bytes | None], name: str) -> str:
    content = _optional(raw, name)
    if content is None:
        state = "is null or empty" if name in raw else "is missing"
        raise DecodeError(DecodeReason.MISSING_ATTRIBUTE, f"The header {name} {state}; CloudEvents 1.0 requires it.")
    return content


def _model(ce_type: str, accept: Collection[type[Event]]) -> type[Event]:
    for model in accept:
        if model.ce_type() == ce_type:
            return model
    if any(model.ce_type() == ce_type for model in EVENTS):
        takes = ", ".join(sorted(model.ce_type() for model in accept))
        raise DecodeError(
            DecodeReason.UNEXPECTED_TYPE, f"{ce_type} does not belong on this topic, whose reader takes {takes}."
        )
    match = _TYPE.fullmatch(ce_type)
    versions = sorted(model.event_version for model in EVENTS if match and model.event_type == match["event"])
    if match and versions:
        known = ", ".join(f"v{version}" for version in versions)
        raise DecodeError(
            DecodeReason.UNKNOWN_VERSION,
            f"There is no version {match['version']} of {match['event']} here; known: {known}.",
        )
    raise DecodeError(DecodeReason.UNKNOWN_TYPE, "The header ce_type names no event of Invoiceflow.")


def _time(raw: dict[str, bytes | None], received_at: datetime | None) -> datetime:
    text = _optional(raw, "ce_time")
    if text is None:
        return received_at or datetime.now(UTC)
    if _RFC_3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    raise DecodeError(
        DecodeReason.INVALID_ATTRIBUTE,
        "The header ce_time is not a time of RFC 3339 with its offset, such as 2026-01-31T12:00:00Z.",
    )


def _traceparent(raw: dict[str, bytes | None]) -> str | None:
    text = (raw.get("traceparent") or b"").decode(errors="replace")
    return text if _TRACEPARENT.fullmatch(text) else None


def _data(value: bytes | None, model: type[Event]) -> Event:
    if not value:
        raise DecodeError(
            DecodeReason.EMPTY_VALUE, "The message has no value; the event's data belongs there, as JSON."
        )
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid":
            raise DecodeError(DecodeReason.NOT_JSON, "The value is not JSON in UTF-8.") from error
        raise DecodeError(DecodeReason.SCHEMA_VIOLATION, _violations(error, model)) from error


def _violations(error: ValidationError, model: type[Event]) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    # A key that is no field name (say, of the evidence) came from the sender and may hold anything: it is not repeated.
    named = [
        f"{'/'.join(_place(part) for part in one['loc']) or 'the event'}: {one['msg']}" for one in found[:_ERRORS_NAMED]
    ]
    more = f" (and {len(found) - _ERRORS_NAMED} more)" if len(found) > _ERRORS_NAMED else ""
    return f"The data is not a {model.event_type} of version {model.event_version}: {'; '.join(named)}{more}."


def _place(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "*"
