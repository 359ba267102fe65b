"""``python -m invoiceflow_query migrate|rebuild``: the read model prepared and made anew, as steps of a deployment."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from pydantic import ValidationError

from invoiceflow_chassis.app import exit_with_settings_error
from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.kafka import KafkaSettings
from invoiceflow_chassis.kafka.replay import replaying
from invoiceflow_chassis.objects.minio import MinioObjectStore
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.settings import HttpSettings
from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_query.insisting import insist
from invoiceflow_query.main import create_read_model
from invoiceflow_query.ports import Rebuildable
from invoiceflow_query.rebuild import rebuild
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.stored import Stored
from invoiceflow_query.subscribers import CONSUMED

__all__ = ["COMMANDS", "rebuild_from_stored", "stored_events"]


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


def run_rebuild(arguments: Sequence[str]) -> None:
    """Make the read model anew."""
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_query rebuild",
        description="Make the read model anew beside the live one and let it take its place, while the service runs (with "
        "MongoDB) or is stopped (with SQLite). Ended half way it has changed nothing.",
    )
    parser.add_argument(
        "--from",
        dest="source",
        choices=["stored", "topics", "both"],
        default="both",
        help="the acceptance records and extraction results in the object store, the topics as far back as they go, or both",
    )
    options = parser.parse_args(arguments)
    try:
        settings, kafka, http = QuerySettings(), KafkaSettings(), HttpSettings()
        objects = MinioObjectStore(ObjectStoreSettings())
    except ValidationError as error:
        exit_with_settings_error(error)
    _run(lambda: _rebuild(settings, kafka, http, objects, options.source))


COMMANDS = {"migrate": run_migrate, "rebuild": run_rebuild}
"""By the word that follows ``python -m invoiceflow_query``."""


def stored_events(settings: QuerySettings, objects: ObjectStore) -> Stored:
    """Return where the stored events are."""
    return Stored(objects=objects, originals=settings.originals_bucket, extractions=settings.extractions_bucket)


async def rebuild_from_stored(settings: QuerySettings, objects: ObjectStore, http: HttpSettings) -> None:
    """Make the read model anew where no event arrives meanwhile: its service and its broker are stopped."""
    await rebuild(
        create_read_model(settings),
        stored=stored_events(settings, objects),
        events=None,
        tenants=_tenants(http),
        young=settings.account_young,
        say=_say,
    )


async def _migrate(settings: QuerySettings) -> None:
    read_model = create_read_model(settings)
    try:
        await insist(lambda: read_model.migrate(_say), _say)
    finally:
        await read_model.close()


async def _rebuild(
    settings: QuerySettings, kafka: KafkaSettings, http: HttpSettings, objects: ObjectStore, source: str
) -> None:
    read_model: Rebuildable = create_read_model(settings)
    try:
        # What the service has not committed yet is read in any case: it may come to be written to the old generation only.
        async with replaying(kafka, "query", CONSUMED, uncommitted_only=source == "stored") as events:
            await rebuild(
                read_model,
                stored=None if source == "topics" else stored_events(settings, objects),
                events=events,
                tenants=_tenants(http),
                young=settings.account_young,
                say=_say,
            )
            if events.undecodable:
                _say(f"{events.undecodable} records of the topics were no events and were passed over.")
    finally:
        await read_model.close()


def _tenants(http: HttpSettings) -> set[str]:
    return {DEFAULT_TENANT, *(key.tenant for key in http.api_keys)}


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
