"""A Kafka connection of its own for each service, as each has it in a process of its own."""

import asyncio
from collections.abc import Mapping

from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.ports import Publisher
from invoiceflow_chassis.service import Service

__all__ = ["TransportPerService"]


class TransportPerService:
    """Behaves as one transport.

    The embedded broker lets three seconds pass before a group's first member gets its partitions; over one
    connection the services would wait for one another.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._transports: dict[str, KafkaTransport] = {}

    def _of(self, service: str) -> KafkaTransport:
        return self._transports.setdefault(service, KafkaTransport(self._settings))

    def publisher(self, service: str) -> Publisher:
        """Return the publisher of the service of that name."""
        return self._of(service).publisher(service)

    def attach(self, service: Service) -> None:
        if service.subscriptions:
            self._of(service.name).attach(service)

    async def start(self) -> None:
        for transport in self._transports.values():
            await transport.start()

    async def stop(self) -> None:
        await asyncio.gather(*(transport.stop() for transport in self._transports.values()))

    async def check_ready(self) -> None:
        for transport in self._transports.values():
            await transport.check_ready()

    async def stuck(self) -> Mapping[str, str]:
        found = [await transport.stuck() for transport in self._transports.values()]
        return {service: why for each in found for service, why in each.items()}
