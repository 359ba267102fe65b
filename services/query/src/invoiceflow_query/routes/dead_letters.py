"""Dead letters: what the services gave up, seen and put back by operators."""

import base64
import codecs
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from invoiceflow_chassis.auth import require_operator
from invoiceflow_chassis.dead_letters import DeadLetter, Selection, State
from invoiceflow_chassis.ports import DeadLetters
from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.cursors import decode_cursor, encode_cursor
from invoiceflow_query.queries import Position
from invoiceflow_query.routes.responses import problems

__all__ = [
    "DeadLetterPage",
    "DeadLetterView",
    "OpenedDeadLetter",
    "RedriveAnswer",
    "RedriveRequest",
    "dead_letter_routes",
]

SHOWN_BYTES = 64 * 1024
"""How much of a letter's value is shown."""
REDRIVEN_AT_ONCE = 100
"""How many letters one request redrives, so that it is answered in seconds."""
EVERY_TENANT = ""
"""Cursors of other lists are tied to a tenant; letters belong to none."""


class DeadLetterView(BaseModel):
    """A message that a service gave up."""

    id: UUID
    state: State = Field(description="``open`` until it is redriven, and again when it is given up once more.")
    topic: str = Field(description="Where it first stood.", examples=["document.uploaded"])
    partition: int
    offset: int
    group: str = Field(description="The consumer group that gave it up.", examples=["invoiceflow-ocr"])
    code: str = Field(description="Stable code of the reason.", examples=["schema_violation"])
    message: str = Field(description="The reason as a sentence.")
    attempts: int = Field(description="How often it was tried since it was new or last redriven.")
    redrives: int = Field(description="How often it has been redriven.")
    dead_at: AwareDatetime
    redriven_at: AwareDatetime | None
    document_id: UUID | None = Field(description="As far as the message tells.")
    event_id: str | None = Field(description="``ce_id``.")
    event_type: str | None = Field(description="``ce_type``.", examples=["invoiceflow.document.uploaded.v1"])
    source: str | None = Field(description="``ce_source``: who sent it.")
    size: int = Field(description="Of the value, in bytes.")


class DeadLetterPage(BaseModel):
    """A page of dead letters."""

    items: list[DeadLetterView]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")


class Content(BaseModel):
    """Bytes: as text where they are UTF-8, else in base64. Both are null where there is nothing."""

    text: str | None = None
    base64: str | None = None


class HeaderView(Content):
    """A header of the message; those that begin with ``invoiceflow_`` say why it is here."""

    name: str


class OpenedDeadLetter(DeadLetterView):
    """A dead letter with what it holds."""

    key: Content
    headers: list[HeaderView]
    body: Content
    truncated: bool = Field(description=f"Whether the body is longer than the {SHOWN_BYTES} bytes that are shown.")


class DeadLetterParameters(BaseModel):
    """Filters and page of the dead letters."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "redriven", "all"] = "open"
    topic: str | None = Field(
        default=None, max_length=249, description="Without ``.dlq``.", examples=["document.uploaded"]
    )
    code: str | None = Field(default=None, max_length=100, examples=["schema_violation"])
    document_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200, description="Length of a page.")
    cursor: str | None = Field(
        default=None, max_length=2000, description="``next_cursor`` of the page before, with the same filters."
    )

    def selection(self) -> Selection:
        state = None if self.state == "all" else self.state
        return Selection(state=state, topic=self.topic, code=self.code, document_id=self.document_id)


class RedriveRequest(BaseModel):
    """Which open letters to redrive: those that fit everything that is given, and something must be."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=REDRIVEN_AT_ONCE)
    document_id: UUID | None = None
    topic: str | None = Field(default=None, max_length=249)
    code: str | None = Field(default=None, max_length=100)
    dry_run: bool = Field(default=False, description="Only say which.")

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if self.ids is None and self.document_id is None and self.topic is None and self.code is None:
            raise ValueError("say which letters: by ids, document_id, topic or code")
        return self

    def selection(self) -> Selection:
        return Selection(
            state="open",
            ids=None if self.ids is None else tuple(self.ids),
            topic=self.topic,
            code=self.code,
            document_id=self.document_id,
        )


class RedriveAnswer(BaseModel):
    """What was redriven, or would be."""

    dry_run: bool
    redriven: list[DeadLetterView] = Field(description="As they were before.")
    impossible: list[UUID] = Field(
        description="Letters that Kafka does not keep any more, or not in full, or whose consumer group is no more."
    )
    remaining: int = Field(description=f"Letters that fit as well; one request redrives {REDRIVEN_AT_ONCE}.")


def dead_letter_routes(dead_letters: DeadLetters) -> APIRouter:
    """Return the routes over dead letters."""
    router = APIRouter(prefix="/dead-letters", tags=["operation"], dependencies=[Depends(require_operator)])

    @router.get(
        "",
        summary="List the messages that services gave up (operators)",
        responses=problems(operator_required=403, invalid_cursor=400, invalid_request=422, broker_unavailable=503),
    )
    async def list_dead_letters(parameters: Annotated[DeadLetterParameters, Query()]) -> DeadLetterPage:
        selection = parameters.selection()
        after = None if parameters.cursor is None else decode_cursor(EVERY_TENANT, selection, parameters.cursor)
        found = await dead_letters.find(selection)
        if after is not None:
            found = [letter for letter in found if (_moment(letter), letter.id) < (after.value or "", after.id)]
        shown, more = found[: parameters.limit], len(found) > parameters.limit
        cursor = (
            encode_cursor(EVERY_TENANT, selection, Position(value=_moment(shown[-1]), id=shown[-1].id))
            if more
            else None
        )
        return DeadLetterPage(items=list(map(_view, shown)), next_cursor=cursor)

    @router.get(
        "/{letter_id}",
        summary="Show a message that a service gave up (operators)",
        responses=problems(
            operator_required=403, dead_letter_not_found=404, invalid_request=422, broker_unavailable=503
        ),
    )
    async def show_dead_letter(letter_id: UUID) -> OpenedDeadLetter:
        found = await dead_letters.find(Selection(ids=(letter_id,)))
        payload = await dead_letters.payload(found[0]) if found else None
        if payload is None:
            raise ProblemError(
                404,
                "dead_letter_not_found",
                f"There is no dead letter {letter_id}. GET /v1/dead-letters?state=all lists those that Kafka still keeps.",
            )
        value = payload.value
        truncated = value is not None and len(value) > SHOWN_BYTES
        return OpenedDeadLetter(
            **_view(found[0]).model_dump(),
            key=Content(**_content(payload.key)),
            headers=[HeaderView(name=name, **_content(content)) for name, content in payload.headers],
            body=Content(**_content(value[:SHOWN_BYTES] if value else value, whole=not truncated)),
            truncated=truncated,
        )

    @router.post(
        "/redrive",
        summary="Give messages back to the services that gave them up (operators)",
        description=(
            "Each open letter that fits goes back, as it first came and with the same event id, to the service that gave it up, "
            "which handles it as if it were new. If it is given up again, the same letter is open again."
        ),
        responses=problems(operator_required=403, invalid_request=422, broker_unavailable=503),
    )
    async def redrive(request: RedriveRequest) -> RedriveAnswer:
        # The oldest first, as they came.
        found = (await dead_letters.find(request.selection()))[::-1]
        chosen = found[:REDRIVEN_AT_ONCE]
        redriven = [letter for letter in chosen if request.dry_run or await dead_letters.redrive(letter)]
        done = {letter.id for letter in redriven}
        return RedriveAnswer(
            dry_run=request.dry_run,
            redriven=list(map(_view, redriven)),
            impossible=[letter.id for letter in chosen if letter.id not in done],
            remaining=len(found) - len(chosen),
        )

    return router


def _view(letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        id=letter.id,
        state=letter.state,
        topic=letter.origin.topic,
        partition=letter.origin.partition,
        offset=letter.origin.offset,
        group=letter.origin.group,
        code=letter.code,
        message=letter.message,
        attempts=letter.attempts,
        redrives=letter.redrives,
        dead_at=letter.dead_at,
        redriven_at=letter.redriven_at,
        document_id=letter.document_id,
        event_id=letter.event_id,
        event_type=letter.event_type,
        source=letter.source,
        size=letter.size,
    )


def _moment(letter: DeadLetter) -> str:
    return letter.dead_at.isoformat(timespec="microseconds")


def _content(content: bytes | None, *, whole: bool = True) -> dict[str, str]:
    if content is None:
        return {}
    try:
        # Of a character that was cut through the first bytes are left out.
        return {"text": codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
