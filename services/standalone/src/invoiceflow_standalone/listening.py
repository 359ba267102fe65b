"""Finding out that a port is taken before anything is started, so that it can be said in a sentence."""

import errno
import socket

__all__ = ["PortError", "free_port"]


class PortError(Exception):
    """Nothing can listen there; the message is a sentence with the next step."""


def free_port(host: str, port: int) -> int:
    """Return ``port``, or one that is free where it is 0.

    Raises:
        PortError: it is taken, or the host is not this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            free: int = probe.getsockname()[1]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"Port {port} is taken by another program. Stop it, or choose another port: INVOICEFLOW_PORT={port + 1}"
            ) from error
        raise PortError(
            f"Nothing can listen on {host}:{port} ({error.strerror}). Check INVOICEFLOW_HOST and INVOICEFLOW_PORT."
        ) from error
    return free
