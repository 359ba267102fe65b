"""The four services in one process: wiring, the one place where the embedded adapters are chosen."""

import sys
from importlib.metadata import version

from fastapi import FastAPI
from pydantic import ValidationError

from invoiceflow_chassis.app import create_app as create_chassis_app
from invoiceflow_chassis.app import exit_with_settings_error, serve
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.main import create_service as create_extract
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_ingest.main import create_service as create_ingest
from invoiceflow_ingest.settings import IngestSettings
from invoiceflow_ocr.main import create_service as create_ocr
from invoiceflow_ocr.settings import OcrSettings
from invoiceflow_query.main import create_read_model
from invoiceflow_query.main import create_service as create_query
from invoiceflow_query.settings import QuerySettings
from invoiceflow_standalone.broker import EmbeddedBroker
from invoiceflow_standalone.data_dir import DataDirError, exclusive
from invoiceflow_standalone.listening import PortError, free_port
from invoiceflow_standalone.resumption import Resumption, create_resumption
from invoiceflow_standalone.settings import StandaloneSettings

__all__ = ["create_app", "main"]

NAME = "invoiceflow"

FETCH_MAX_WAIT_MS = 50
"""The embedded broker answers a waiting fetch only when its time is up, so this is what each stage may add."""


def create_app(settings: StandaloneSettings) -> FastAPI:
    """Return the application; its broker starts at once, everything else with the application.

    The data directory must be this process' own (see ``data_dir.exclusive``).
    """
    ingest = IngestSettings()
    query = QuerySettings(sqlite_path=settings.read_model_file, mongodb_uri=None)
    broker = EmbeddedBroker()
    transport = KafkaTransport(
        KafkaSettings(bootstrap_servers=broker.bootstrap_servers, fetch_max_wait_ms=FETCH_MAX_WAIT_MS)
    )
    objects = DirectoryObjectStore(settings.objects_dir)
    read_model = create_read_model(query)
    publisher = transport.publisher("ingest")
    resumption = Resumption(
        objects=objects,
        publisher=publisher,
        read_model=read_model,
        bucket=ingest.bucket,
        tenants={DEFAULT_TENANT, *(key.tenant for key in settings.api_keys)},
    )
    services = (
        create_query(
            query,
            objects,
            read_model,
            publisher=transport.publisher("query"),
            backlog=transport.backlog,
            dead_letters=transport.dead_letters,
        ),
        create_ingest(ingest, objects, publisher),
        create_ocr(OcrSettings(), objects),
        create_extract(ExtractSettings(), objects, LlmSettings()),
        create_resumption(resumption, version("invoiceflow-standalone")),
    )

    async def announce() -> None:
        print(f"Invoiceflow runs on http://{settings.host}:{settings.port} and is described at /docs. ctrl-C stops it.")  # noqa: T201
        print(f"Its data is in {settings.data_dir.resolve()}, its Kafka on {broker.bootstrap_servers}.", flush=True)  # noqa: T201

    app = create_chassis_app("Invoiceflow", services, transport=transport, http=settings, after_start=announce)
    app.state.broker = broker  # the cluster lives as long as somebody holds it
    return app


def main() -> None:
    """Serve until SIGTERM or ctrl-C. What stands in the way of that is said in a sentence; the exit code is 2 then."""
    try:
        settings = StandaloneSettings()
        with exclusive(settings.data_dir):
            settings = settings.model_copy(update={"port": free_port(settings.host, settings.port)})
            serve(create_app(settings), NAME, settings)
    except ValidationError as error:
        exit_with_settings_error(error)
    except (DataDirError, PortError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for a person, before there is a log
        raise SystemExit(2) from None
