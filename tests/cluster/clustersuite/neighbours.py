"""What stands beside the release on a cluster: an Ingress controller, the monitoring, and somebody who has no business here."""

from collections.abc import Mapping
from typing import Any

from clustersuite.kube import Kube

__all__ = ["ingress_controller", "resting_pod"]

Object = Mapping[str, Any]


def ingress_controller(kube: Kube, name: str, image: str, address: str) -> Object:
    """Return a pod that passes everything on to ``address``, as the controller of an Ingress does.

    It is what the load goes through: as from outside, by the Service in front, to whatever pods stand behind it.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": kube.namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": "caddy",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["caddy", "reverse-proxy", "--from", ":8080", "--to", address],
                    "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
                }
            ],
        },
    }


def resting_pod(kube: Kube, name: str, image: str) -> Object:
    """Return a pod that does nothing and has Python, to try connections from."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": kube.namespace},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "rest",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "-c", "import signal; signal.pause()"],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }
