"""Which connections come about, tried from inside a pod."""

import json
from collections.abc import Iterable

from clustersuite.kube import Kube, kubectl

__all__ = ["Address", "reached"]

Address = tuple[str, int]
"""Host and port."""

SECONDS = 4
"""What a policy drops is never answered; what it lets through is answered at once."""

PROGRAM = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def reached(target):
    try:
        socket.create_connection(target, float(sys.argv[2])).close()
    except OSError:
        return False
    return True

targets = [tuple(one) for one in json.loads(sys.argv[1])]
with ThreadPoolExecutor(50) as side_by_side:
    print(json.dumps([one for one, came in zip(targets, side_by_side.map(reached, targets)) if came]))
"""


def reached(kube: Kube, pod: str, targets: Iterable[Address]) -> set[Address]:
    """Return those of ``targets`` that take a TCP connection from a pod; it has Python, as every image of Invoiceflow has."""
    program = ("python", "-c", PROGRAM, json.dumps(list(targets)), str(SECONDS))
    done = kubectl("--namespace", kube.namespace, "exec", pod, "--", *program, seconds=120)
    return {(host, port) for host, port in json.loads(done.stdout)}
