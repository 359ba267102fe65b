"""What Docker says of containers: processor time, memory and bytes since they were started."""

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

__all__ = ["Usage", "engine_answers", "usage_of"]

_DEFAULT_SOCKET = "/var/run/docker.sock"
_SECONDS = 30.0


@dataclass(frozen=True)
class Usage:
    """What a container has used."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    """Now, without the file cache that can be given back."""
    received_bytes: int = 0
    sent_bytes: int = 0

    def since(self, before: "Usage") -> "Usage":
        """Return what was used since ``before``; memory as it is now."""
        return Usage(
            self.cpu_seconds - before.cpu_seconds,
            self.memory_bytes,
            self.received_bytes - before.received_bytes,
            self.sent_bytes - before.sent_bytes,
        )


class _SocketConnection(HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or _DEFAULT_SOCKET)


def engine_answers() -> bool:
    """Return whether a Docker engine is there to be asked."""
    try:
        return bool(_ask("/version"))
    except (OSError, ValueError):
        return False


async def usage_of(project: str) -> dict[str, Usage]:
    """Return the usage of each service of a compose project; of all its containers together where it has several."""
    return await asyncio.to_thread(_usage_of, project)


def _usage_of(project: str) -> dict[str, Usage]:
    filters = quote(json.dumps({"label": [f"com.docker.compose.project={project}"]}))
    found: dict[str, Usage] = {}
    for container in _ask(f"/containers/json?filters={filters}"):
        one = usage(_ask(f"/containers/{container['Id']}/stats?stream=false&one-shot=true"))
        service = container["Labels"]["com.docker.compose.service"]
        other = found.get(service, Usage())
        found[service] = Usage(
            one.cpu_seconds + other.cpu_seconds,
            one.memory_bytes + other.memory_bytes,
            one.received_bytes + other.received_bytes,
            one.sent_bytes + other.sent_bytes,
        )
    return found


def usage(stats: Mapping[str, Any]) -> Usage:
    """Return what the engine's statistics of a container come to."""
    memory, networks = stats["memory_stats"], stats.get("networks") or {}
    details = memory.get("stats", {})
    # cgroup v1 names what belongs to the whole tree with a prefix, v2 has no other.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return Usage(
        cpu_seconds=stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        memory_bytes=memory.get("usage", 0) - cache,
        received_bytes=sum(network["rx_bytes"] for network in networks.values()),
        sent_bytes=sum(network["tx_bytes"] for network in networks.values()),
    )


def _ask(path: str) -> Any:
    connection = _SocketConnection("localhost", timeout=_SECONDS)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
