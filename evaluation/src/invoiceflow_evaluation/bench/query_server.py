"""``python -m invoiceflow_evaluation.bench.query_server``: the query service over HTTP on a read model that is there, without Kafka.

Everything a request goes through is the service's own: uvicorn as ``serve`` starts it, the chassis' middlewares, routes, store. No
event comes, so that nothing else is measured. Settings are those of the service; INVOICEFLOW_PORT tells where it listens.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from invoiceflow_chassis.app import create_app, serve
from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.settings import HttpSettings
from invoiceflow_chassis.testing import FakeBacklog, FakeDeadLetters, RecordingPublisher
from invoiceflow_query.main import create_read_model, create_service
from invoiceflow_query.settings import QuerySettings

__all__ = ["OBJECTS"]

OBJECTS = "INVOICEFLOW_BENCH_OBJECTS"
"""Environment variable with the folder of the original documents, which are not asked for."""


class _Silence:
    """A transport over which no event comes."""

    def attach(self, service: Service) -> None: ...

    async def start(self, refuse: Callable[[Sequence[str]], None]) -> None: ...

    async def stop(self) -> None: ...

    async def check_ready(self) -> None: ...

    async def stuck(self) -> Mapping[str, str]:
        return {}


def main() -> None:
    """Serve until SIGTERM."""
    http, settings = HttpSettings(), QuerySettings()
    service = create_service(
        settings,
        DirectoryObjectStore(Path(os.environ[OBJECTS])),
        create_read_model(settings),
        publisher=RecordingPublisher(),
        backlog=FakeBacklog(),
        dead_letters=FakeDeadLetters(),
    )
    serve(create_app("Invoiceflow query", [service], transport=_Silence(), http=http), "query", http)


if __name__ == "__main__":
    main()
