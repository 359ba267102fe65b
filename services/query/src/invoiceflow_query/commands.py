"""``python -m invoiceflow_query migrate``: the read model prepared, as a step of a deployment."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from pydantic import ValidationError

from invoiceflow_chassis.app import exit_with_settings_error
from invoiceflow_chassis.errors import InvoiceflowError, UnavailableError
from invoiceflow_query.main import create_read_model
from invoiceflow_query.settings import QuerySettings

__all__ = ["COMMANDS"]

START_SECONDS = 60.0
"""How long to wait for a store that is just starting."""


def run_migrate(arguments: Sequence[str]) -> None:
    """Bring the store's schema to this program's."""
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_query migrate",
        description="Bring the schema and the indexes of the read model that INVOICEFLOW_QUERY_* names to this version's. "
        "May be run again, and by several at once.",
    )
    parser.parse_args(arguments)
    try:
        settings = QuerySettings()
    except ValidationError as error:
        exit_with_settings_error(error)
    _run(lambda: _migrate(settings))


COMMANDS = {"migrate": run_migrate}
"""By the word that follows ``python -m invoiceflow_query``."""


async def _migrate(settings: QuerySettings) -> None:
    read_model = create_read_model(settings)
    try:
        await _once_there(lambda: read_model.migrate(_say))
    finally:
        await read_model.close()


async def _once_there(work: Callable[[], Awaitable[None]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return await work()
        except UnavailableError as error:
            if time.monotonic() > deadline:
                raise
            _say(error.message)
            await asyncio.sleep(1)


def _run(work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work``; end with 1 and a sentence where it does not succeed."""

    async def awaited() -> None:
        await work()

    try:
        asyncio.run(awaited())
    except InvoiceflowError as error:
        _end(error.message, 1)
    except KeyboardInterrupt:
        _end("Stopped.", 130)


def _end(sentence: str, code: int) -> NoReturn:
    _say(sentence)
    raise SystemExit(code)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
