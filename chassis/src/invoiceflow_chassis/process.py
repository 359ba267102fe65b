"""A service as a process of its own: Kafka and S3 from the environment, one HTTP port."""

import argparse
import sys
from collections.abc import Callable, Sequence

from pydantic import ValidationError

from invoiceflow_chassis.app import create_app, exit_with_settings_error, serve
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.objects.minio import MinioObjectStore
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.settings import HttpSettings

__all__ = ["run_service"]


def run_service(
    name: str, wire: Callable[[ObjectStore, KafkaTransport], Service], arguments: Sequence[str] | None = None
) -> None:
    """Run one service until SIGTERM; with ``--check`` only say whether its settings are valid.

    Args:
        name: of the service, as in its folder.
        wire: builds the service on the object store and on what it takes from Kafka (its publisher, say); reads the
            service's own settings.
        arguments: of the command line; those of the process where None.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m invoiceflow_{name}",
        description=f"The {name} service of Invoiceflow. Everything is set by environment variables (docs/reference/settings.md).",
    )
    parser.add_argument("--check", action="store_true", help="validate the settings and end")
    options = parser.parse_args(arguments)
    try:
        http = HttpSettings()
        transport = KafkaTransport(KafkaSettings())
        objects = MinioObjectStore(ObjectStoreSettings())
        service = wire(objects, transport)
    except ValidationError as error:
        exit_with_settings_error(error)
    if options.check:
        print(f"The settings of {name} are valid.", file=sys.stderr)  # noqa: T201
        return
    serve(create_app(f"Invoiceflow {name}", [service], transport=transport, http=http), name, http)
