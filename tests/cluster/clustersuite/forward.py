"""A way from here into the cluster: kubectl port-forward, begun anew whenever it ends."""

import re
import subprocess
import threading
from typing import Self

from clustersuite.kube import until

__all__ = ["Forward"]

LISTENS = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


class Forward:
    """A port of 127.0.0.1 that leads to one of a pod.

    Args:
        namespace: of what it leads to.
        target: such as ``deployment/gateway``.
        remote: the port there.
        local: the port here; any that is free where it is 0.
    """

    def __init__(self, namespace: str, target: str, remote: int, local: int = 0) -> None:
        self.port = local
        self._command = ("kubectl", "--namespace", namespace, "port-forward", "--address", "127.0.0.1", target)
        self._remote = remote
        self._listening, self._closed = threading.Event(), threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._last = ""
        self._thread = threading.Thread(target=self._keep, name=f"forward to {target}", daemon=True)
        self._thread.start()
        until(self._listening.is_set, f"a way to {target} in {namespace} ({self._last})", seconds=60, pause=0.05)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self._closed.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self) -> None:
        while not self._closed.is_set():
            ports = f"{self.port or ''}:{self._remote}"
            with subprocess.Popen(
                (*self._command, ports), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as self._process:
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    if found := LISTENS.search(line):
                        self.port = int(found[1])  # the same one from now on
                        self._listening.set()
                    elif not line.startswith("Handling connection"):
                        self._last = line.strip()
            self._closed.wait(0.5)
