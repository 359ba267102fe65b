"""``invoiceflow dead-letters``: what the services gave up, listed, shown and redriven."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rich.console import Console

from invoiceflow_standalone.cli.client import Client, Params, parse
from invoiceflow_standalone.cli.errors import CommandError, Exit
from invoiceflow_standalone.cli.resources import Content, DeadLetter, OpenedDeadLetter, Redriven
from invoiceflow_standalone.cli.tables import plain, say, table, wide_enough

__all__ = ["Choice", "list_letters", "redrive_letters", "show_letter"]

PATH = "/v1/dead-letters"
AT_MOST = 20_000
"""Letters that a deployment lists."""
BATCH = 100
"""Letters that one request redrives."""


@dataclass(frozen=True)
class Choice:
    """Which letters; what is None does not choose."""

    topic: str | None = None
    code: str | None = None
    document: str | None = None

    def params(self, state: str) -> Params:
        return {"topic": self.topic, "code": self.code, "document_id": self.document, "state": state}


async def list_letters(
    client: Client, choice: Choice, *, state: str, limit: int, out: Console, log: Console, as_json: bool = False
) -> Exit:
    """Print the letters, those given up last first, one JSON object a line or as a table."""
    rows = [row async for row in client.rows(PATH, choice.params(state), limit=limit + 1)]
    _print(rows[:limit], out=out, as_json=as_json)
    if not rows and not as_json:
        say(log, "There is no such dead letter." if choice != Choice() or state != "open" else "Nothing was given up.")
    if len(rows) > limit:
        say(log, f"There are more than {limit}; see them with --limit, or narrow the filters.", "dim")
    return Exit.OK


async def show_letter(client: Client, reference: str, *, out: Console, as_json: bool = False) -> Exit:
    """Print what the letter holds whose id begins with ``reference``, and why it was given up."""
    (letter_id,) = await _found(client, [reference])
    answer = await client.get(f"{PATH}/{letter_id}")
    if as_json:
        out.out(json.dumps(answer, ensure_ascii=False), highlight=False)
        return Exit.OK
    letter = parse(OpenedDeadLetter, answer)
    say(
        out,
        f"{letter.topic} {letter.partition}-{letter.offset}, given up by {letter.group} at {letter.dead_at:%Y-%m-%d %H:%M:%S} UTC",
    )
    say(out, f"{letter.code}. {letter.message}")
    say(out, f"{letter.state}, {letter.attempts} attempts, redriven {letter.redrives} times, {letter.id}", "dim")
    headers = table("Header", "Value")
    headers.add_row("key", plain(_shown(letter.key)))
    for header in letter.headers:
        headers.add_row(plain(header.name), plain(_shown(header)))
    wide_enough(out).print(headers)
    say(out, _shown(letter.body))
    if letter.truncated:
        say(out, f"... of {letter.size:,} bytes", "dim")
    return Exit.OK


async def redrive_letters(
    client: Client,
    references: Sequence[str],
    choice: Choice,
    *,
    dry_run: bool,
    confirm: Callable[[str], bool],
    out: Console,
    log: Console,
    as_json: bool = False,
) -> Exit:
    """Give open letters back to the services that gave them up; what was listed is what is redriven.

    Args:
        client: the deployment.
        references: (beginnings of) ids.
        choice: in place of ids, or beside them.
        dry_run: only list them.
        confirm: asked before more than one is redriven.
        out: where the letters are listed.
        log: where the rest is said.
        as_json: list them as one JSON object a line.
    """
    if not references and choice == Choice():
        raise CommandError("Say which: give ids, or --topic, --code or --document.")
    ids = await _found(client, references) if references else None
    rows = [
        row
        async for row in client.rows(PATH, choice.params("open"), limit=AT_MOST)
        if ids is None or parse(DeadLetter, row).id in ids
    ]
    _print(rows, out=out, as_json=as_json)
    if dry_run or not rows:
        say(log, f"{len(rows)} would be redriven." if rows else "No open dead letter fits.")
        return Exit.OK
    if len(rows) > 1 and not confirm(f"Redrive {len(rows)} dead letters?"):
        raise CommandError("Nothing was redriven.")
    chosen = [str(parse(DeadLetter, row).id) for row in rows]
    done = 0
    for start in range(0, len(chosen), BATCH):
        answer = await client.post(f"{PATH}/redrive", {"ids": chosen[start : start + BATCH]})
        done += len(parse(Redriven, answer).redriven)
    say(log, f"Redrove {done} of {len(chosen)}.")
    return Exit.OK if done == len(chosen) else Exit.SOME_FAILED


def _print(rows: Sequence[dict[str, Any]], *, out: Console, as_json: bool) -> None:
    if as_json:
        for row in rows:
            out.out(json.dumps(row, ensure_ascii=False), highlight=False)
        return
    if not rows:
        return
    made = table(
        "Id", "State", "Topic", "Group", "Reason", ">Given up (UTC)", ">Attempts", ">Redrives", ">Bytes", "Document"
    )
    for letter in (parse(DeadLetter, row) for row in rows):
        made.add_row(
            str(letter.id)[:8],
            letter.state,
            plain(letter.topic),
            plain(letter.group),
            plain(letter.code, "red" if letter.state == "open" else ""),
            f"{letter.dead_at:%Y-%m-%d %H:%M:%S}",
            str(letter.attempts),
            str(letter.redrives),
            f"{letter.size:,}",
            "" if letter.document_id is None else str(letter.document_id),
        )
    wide_enough(out).print(made)


async def _found(client: Client, references: Sequence[str]) -> list[UUID]:
    """Return the id that begins with each of ``references``."""
    known = [parse(DeadLetter, row).id async for row in client.rows(PATH, {"state": "all"}, limit=AT_MOST)]
    found: list[UUID] = []
    for reference in references:
        match [one for one in known if str(one).startswith(reference.lower())]:
            case [one]:
                found.append(one)
            case []:
                raise CommandError(
                    f"There is no dead letter whose id begins with {reference!r}. `invoiceflow dead-letters list` shows those there are.",
                    Exit.SOME_FAILED,
                )
            case several:
                raise CommandError(
                    f"{len(several)} dead letters have ids that begin with {reference!r}. Give more of it."
                )
    return found


def _shown(content: Content) -> str:
    if content.text is not None:
        return content.text
    return "(nothing)" if content.base64 is None else f"base64: {content.base64}"
