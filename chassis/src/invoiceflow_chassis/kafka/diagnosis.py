"""Why Kafka cannot be connected to, in a sentence for whoever reads the log."""

import asyncio
import socket
import ssl

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from invoiceflow_chassis.kafka.settings import KafkaSettings

__all__ = ["why_not_connected"]

PATIENCE_SECONDS = 5.0


async def why_not_connected(settings: KafkaSettings) -> str:
    """Return what the first broker has against a connection; the client itself only says that there is none."""
    client = settings.client()
    host, port, _ = collect_hosts(client.pop("bootstrap_servers"), randomize=False)[0]
    server = f"{host}:{port}"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            connection = await create_conn(host, port, **client)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is asked for
        return f"Kafka at {server} {_objection(error, settings)}"
    connection.close()
    return f"Kafka at {server} is not ready yet."


def _objection(error: Exception, settings: KafkaSettings) -> str:
    match error:
        case AuthenticationFailedError() | SaslAuthenticationFailed():
            said = "does not accept the user name or the password. Check INVOICEFLOW_KAFKA_USERNAME and INVOICEFLOW_KAFKA_PASSWORD."
        case UnsupportedSaslMechanismError():
            said = f"does not offer {settings.sasl_mechanism}. Check INVOICEFLOW_KAFKA_SASL_MECHANISM, and the port."
        case ssl.SSLCertVerificationError():
            said = f"has a certificate that is not trusted ({error.verify_message}). Check INVOICEFLOW_KAFKA_CA_FILE."
        case ssl.SSLError():
            said = "does not speak TLS. Check INVOICEFLOW_KAFKA_TLS, and the port."
        case TimeoutError():
            said = "does not answer."
        case ConnectionRefusedError():
            said = "cannot be reached: nothing listens there."
        case socket.gaierror():
            said = "cannot be reached: there is no host of that name."
        case ConnectionResetError() | KafkaError():
            said = (
                "ends the connection. Check INVOICEFLOW_KAFKA_TLS and INVOICEFLOW_KAFKA_SASL_MECHANISM, and the port."
            )
        case OSError():
            said = f"cannot be reached ({error.strerror or type(error).__name__})."
        case _:
            said = f"cannot be connected to ({type(error).__name__})."
    return said
