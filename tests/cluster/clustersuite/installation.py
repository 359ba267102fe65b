"""Both charts in a namespace of their own, with neighbours in others; the load and the oracle of the fault suite work with it."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from compose_stack import free_port
from faultsuite.stack import SERVICES
from minio import Minio
from stored import fetched

from clustersuite.connections import Address, reached
from clustersuite.figures import Figures
from clustersuite.forward import Forward
from clustersuite.kube import ROOT, Kube, helm, kubectl, until
from clustersuite.neighbours import ingress_controller, resting_pod

__all__ = ["METRICS_PORT", "SERVICES", "Installation"]

HTTP_PORT, METRICS_PORT = 8080, 9090
SERVERS = {"kafka": ("backing-kafka", 9092), "minio": ("backing-minio", 9000), "mongodb": ("backing-mongodb", 27017)}
"""Service and port of each server, as values-trial.yaml names them."""
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
COMPONENT, INSTANCE = "app.kubernetes.io/component", "app.kubernetes.io/instance"
ROLE = "invoiceflow-test/role"
HELM_SECONDS = 900.0
CADDY = "caddy:2.10"
OUTSIDE = "1.1.1.1:443"


class Installation:
    """One release of each chart, from first to last.

    Args:
        folder: for its values files.
        figures: is told how long things took.
    """

    release, backing_release = "invoiceflow", "backing"
    chart, backing_chart = ROOT / "deploy/k8s/invoiceflow", ROOT / "deploy/k8s/invoiceflow-backing"

    def __init__(self, folder: Path, figures: Figures) -> None:
        self.figures = figures
        self.version = os.environ.get("CLUSTER_VERSION", "dev")
        self.next_version = os.environ.get("CLUSTER_NEXT", f"{self.version}-next")
        name = f"invoiceflow-test-{uuid4().hex[:6]}"
        self.kube, self.front = Kube(name), Kube(f"{name}-front")
        self.monitoring, self.elsewhere = Kube(f"{name}-monitoring"), Kube(f"{name}-elsewhere")
        self.labels = {INSTANCE: self.release}
        self.at_first: set[str] = set()
        """What was in the namespace before either chart."""
        self.before_release: set[str] = set()
        """What was in it with the backing services alone."""
        self._folder = folder
        self._kafka_port = int(free_port())
        self._forwards: list[Forward] = []
        self._version, self._replicas, self._least, self._keda = self.version, 1, None, False

    # -- from first to last ---------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Have the namespaces with their neighbours, both charts, and the ways in."""
        self.kube.create(RESTRICTED)
        for kube, role in ((self.front, "front"), (self.monitoring, "monitoring"), (self.elsewhere, "none")):
            kube.create({ROLE: role})
        for kube in (self.front, self.monitoring, self.elsewhere, self.kube):
            kube.apply(resting_pod(kube, "visitor", self.image("ingest")))
        gateway = f"{self.release}-gateway.{self.kube.namespace}.svc:{HTTP_PORT}"
        self.front.apply(ingress_controller(self.front, "controller", CADDY, gateway))
        self.at_first = self.everything()
        self.install_backing()
        self.before_release = self.everything()
        self.install_release()
        self.front("wait", "--for=condition=Ready", "pod/controller", "--timeout=120s")
        for kube in (self.front, self.monitoring, self.elsewhere, self.kube):
            kube("wait", "--for=condition=Ready", "pod/visitor", "--timeout=120s")
        self.url = f"http://{self._forward(self.front, 'pod/controller', 8080).address}"
        self._forward(self.kube, "statefulset/backing-kafka", self._kafka_port, self._kafka_port)
        self.bootstrap = f"127.0.0.1:{self._kafka_port}"
        self.objects = Minio(
            self._forward(self.kube, "statefulset/backing-minio", 9000).address,
            access_key=self._secret("invoiceflow-objects", "accessKey"),
            secret_key=self._secret("invoiceflow-objects", "secretKey"),
            secure=False,
        )

    def close(self) -> None:
        """Take everything away, whatever came of it."""
        for forward in self._forwards:
            forward.close()
        if os.environ.get("INVOICEFLOW_CLUSTER_KEEP"):
            self.figures.add(f"kept: the namespaces that begin with {self.kube.namespace}")
            return
        names = [one.namespace for one in (self.kube, self.front, self.monitoring, self.elsewhere)]
        kubectl("delete", "namespace", "--ignore-not-found", *names, check=False)

    def install_backing(self) -> None:
        mongo = os.environ.get("MONGO_IMAGE", "mongo:8.0")
        values = {
            "kafka": {"forwardedPort": self._kafka_port},
            # Another server than MongoDB's own may know no users; the network policies keep all others from it.
            "mongodb": {"image": mongo, "authentication": mongo.partition(":")[0].rpartition("/")[2] == "mongo"},
        }
        with self.figures.timed("helm install --wait of the backing chart"):
            self._helm("install", self.backing_release, self.backing_chart, values)

    def install_release(self) -> None:
        with self.figures.timed("helm install --wait of the chart"):
            self._helm("install", self.release, self.chart, self._values(), self.chart / "values-trial.yaml")

    def upgrade(
        self,
        *,
        version: str | None = None,
        replicas: int | None = None,
        ocr_least: int | None = None,
        keda: bool = True,
    ) -> None:
        """Upgrade to another image, to so many pods of each service, or to autoscaling with at least so many of ocr."""
        self._version = version or self._version
        self._replicas = replicas or self._replicas
        self._least, self._keda = ocr_least, keda
        self._helm("upgrade", self.release, self.chart, self._values(), self.chart / "values-trial.yaml")

    def rollback(self) -> None:
        """Go back to the revision before."""
        wait = ("--wait", "--timeout", f"{HELM_SECONDS:g}s")
        helm("rollback", self.release, "--namespace", self.kube.namespace, *wait, seconds=HELM_SECONDS + 120)
        self._version = self.version

    def _values(self) -> dict[str, Any]:
        """Return what values-trial.yaml does not say."""
        services: dict[str, dict[str, Any]] = {one: {"replicas": self._replicas} for one in SERVICES}
        # The cores are wanted for other things than models that no document asks for.
        services["ocr"]["settings"] = {"INVOICEFLOW_OCR_WARM": "false"}
        if self._least is not None:
            services["ocr"] |= {
                "autoscaling": {"enabled": True, "min": self._least, "max": 3, "lag": 10},
                # So slow that documents wait, and that a second pod of it finds a processor free on a small machine.
                "resources": {"limits": {"cpu": "300m"}},
            }
            for service in ("extract", "query"):
                services[service]["autoscaling"] = {"enabled": True, "min": 1, "max": 2}
        return {
            **services,
            "gateway": {"replicas": self._replicas},
            "image": {"tag": self._version},
            "keda": {
                "enabled": self._least is not None and self._keda,
                # As quick as KEDA allows: a day of work in minutes.
                "pollingSeconds": 5,
                "cooldownSeconds": 20,
                "stabilizationSeconds": 20,
            },
            "networkPolicy": {
                "from": [{"namespaceSelector": {"matchLabels": {ROLE: "front"}}}],
                "monitoring": [{"namespaceSelector": {"matchLabels": {ROLE: "monitoring"}}}],
            },
        }

    @contextmanager
    def servers_away(self) -> Iterator[None]:
        """Have none of Kafka, MinIO and MongoDB for as long as the block lasts."""
        servers = [f"statefulset/{name}" for name, _ in SERVERS.values()]
        self.kube("scale", "--replicas=0", *servers)
        try:
            until(
                lambda: not self.kube.get("pods", "--selector", f"{INSTANCE}={self.backing_release}"),
                "the servers are gone",
            )
            yield
        finally:
            self.kube("scale", "--replicas=1", *servers)
            for server in servers:
                self.kube("rollout", "status", server, "--timeout=300s")

    def uninstall(self) -> None:
        helm("uninstall", self.release, "--namespace", self.kube.namespace, "--wait")
        until(lambda: not self.kube.pods(self.labels), "the release's pods are gone")

    def uninstall_backing(self) -> None:
        helm("uninstall", self.backing_release, "--namespace", self.kube.namespace, "--wait")
        until(lambda: not self.kube.pods({INSTANCE: self.backing_release}), "the backing release's pods are gone")

    def _helm(self, verb: str, release: str, chart: Path, values: dict[str, Any], *files: Path) -> None:
        file = self._folder / f"{release}.json"  # JSON is YAML
        file.write_text(json.dumps(values, indent=2), encoding="utf-8")
        done = helm(
            *(verb, release, str(chart), "--namespace", self.kube.namespace),
            *(part for one in (*files, file) for part in ("--values", str(one))),
            *("--wait", "--timeout", f"{HELM_SECONDS:g}s"),
            check=False,
            seconds=HELM_SECONDS + 120,
        )
        assert done.returncode == 0, f"helm {verb} {release}: {done.stderr}\n{self.state()}"

    # -- what is looked at ----------------------------------------------------------------------------------------------

    def state(self) -> str:
        """Return what a person would look at first when something does not start."""
        shown = [self.kube("get", "pods,jobs", "--output", "wide", check=False)]
        for pod in self.kube.pods():
            states = pod["status"].get("containerStatuses", ())
            if not states or not all(one["ready"] for one in states):
                name = pod["metadata"]["name"]
                shown.append(self.kube("describe", "pod", name, check=False)[-2000:])
                shown.append(self.kube("logs", name, "--tail", "20", "--all-containers", check=False))
        return "\n".join(shown)

    def everything(self) -> set[str]:
        """Return everything in the namespace that somebody has put there, as kind/name."""
        listable = kubectl("api-resources", "--verbs=list,delete", "--namespaced", "--output", "name").stdout.split()
        # Kubernetes' own: what happened, who leads, what a Service stands for, and what comes with a namespace.
        kinds = [
            one
            for one in listable
            if one.partition(".")[0] not in {"events", "leases", "endpoints", "endpointslices", "pods"}
        ]
        names = self.kube("get", ",".join(kinds), "--ignore-not-found", "--output", "name").split()
        return {one for one in names if not one.startswith("secret/sh.helm.release.")}

    def service_of(self, pod: dict[str, Any]) -> str:
        return str(pod["metadata"].get("labels", {}).get(COMPONENT, ""))

    def pod_names(self, service: str | None = None) -> list[str]:
        """Return the pods of a service, or of all, oldest first, without those on their way out."""
        chosen = {**self.labels, **({COMPONENT: service} if service else {})}
        pods = [one for one in self.kube.pods(chosen) if self.service_of(one) in SERVICES]
        return [
            one["metadata"]["name"] for one in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"]))
        ]

    def pod(self, service: str) -> str:
        """Return a pod of a service that is ready."""
        return str(until(lambda: self.ready(service), f"{service} is ready")[0])

    def ready(self, service: str) -> list[str]:
        """Return the pods of a service that are ready."""
        return [
            one["metadata"]["name"]
            for one in self.kube.pods({**self.labels, COMPONENT: service})
            if any(part["type"] == "Ready" and part["status"] == "True" for part in one["status"].get("conditions", ()))
        ]

    def wait_ready(self, service: str) -> None:
        self.kube.wait_deployed([f"{self.release}-{service}"])

    def images(self) -> dict[str, str]:
        """Return what the running pods of each service were made from."""
        return {
            service: pod["spec"]["containers"][0]["image"]
            for service in SERVICES
            for pod in self.kube.pods({**self.labels, COMPONENT: service})
        }

    def versions(self) -> list[str]:
        return [image.rpartition(":")[2] for image in self.images().values()]

    def image(self, service: str) -> str:
        return f"invoiceflow/{service}:{self.version}"

    def values_files(self) -> list[Path]:
        return sorted(self.chart.glob("values-*.yaml"))

    def outside(self) -> set[Address]:
        """Return addresses outside of the cluster's pods that a pod without policies does reach."""
        nodes = json.loads(kubectl("get", "nodes", "--output", "json").stdout)["items"]
        inside = [
            part["address"] for one in nodes for part in one["status"]["addresses"] if part["type"] == "InternalIP"
        ]
        named = os.environ.get("INVOICEFLOW_CLUSTER_OUTSIDE", OUTSIDE).rpartition(":")
        wanted = [(named[0], int(named[2])), *((address, 10250) for address in inside[:1])]
        return reached(self.elsewhere, "visitor", wanted)

    def target(self, name: str) -> Address:
        """Return address and port of a pod, or of the API server: no name that a policy could keep from being resolved."""
        if name == "kubernetes":
            service = Kube("default").one("service", "kubernetes")["spec"]
            return service["clusterIP"], service["ports"][0]["port"]
        port = {"minio console": 9001, "minio": 9000, "mongodb": 27017, "kafka": 9092}.get(name, HTTP_PORT)
        pod = self.pod(name) if name in SERVICES else f"backing-{name.partition(' ')[0]}-0"
        return self.kube.one("pod", pod)["status"]["podIP"], port

    def answers(self, name: str) -> bool:
        """Whether the target answers those who may reach it: itself, and for the API server anybody."""
        target = self.target(name)
        if name == "kubernetes":
            return bool(reached(self.elsewhere, "visitor", [target]))
        pod = self.pod(name) if name in SERVICES else f"backing-{name.partition(' ')[0]}-0"
        inside = ("exec", pod, "--", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{target[1]} && echo open")
        return "open" in self.kube(*inside, check=False)

    # -- ways in --------------------------------------------------------------------------------------------------------

    @cached_property
    def api_key(self) -> str:
        return self._secret("invoiceflow-api-keys", "INVOICEFLOW_API_KEY")

    def _secret(self, name: str, key: str) -> str:
        return base64.b64decode(self.kube.one("secret", name)["data"][key]).decode()

    def _forward(self, kube: Kube, target: str, remote: int, local: int = 0) -> Forward:
        self._forwards.append(Forward(kube.namespace, target, remote, local))
        return self._forwards[-1]

    def http(self, *, with_key: bool = True) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.api_key}"} if with_key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object, by a client that has nothing to do with the services'."""
        return fetched(self.objects, bucket, key)
