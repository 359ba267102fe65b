"""``python -m invoiceflow_query``: the service as a process of its own; followed by a word, a step of its deployment."""

import sys

from invoiceflow_chassis.kafka import KafkaTransport
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.process import run_service
from invoiceflow_chassis.service import Service
from invoiceflow_query.commands import COMMANDS
from invoiceflow_query.main import create_read_model, create_service
from invoiceflow_query.settings import QuerySettings


def _wire(objects: ObjectStore, transport: KafkaTransport) -> Service:
    settings = QuerySettings()
    return create_service(
        settings,
        objects,
        create_read_model(settings),
        publisher=transport.publisher("query"),
        backlog=transport.backlog,
        dead_letters=transport.dead_letters,
    )


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
        COMMANDS[sys.argv[1]](sys.argv[2:])
    else:
        run_service("query", _wire)
