"""A stack that can be broken: fault points inside the services, Toxiproxy between them and their servers, docker around all."""

import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from compose_stack import Stack, free_port, run
from minio import Minio
from minio.error import S3Error
from stored import fetched

__all__ = ["KINDS", "PATIENCE_SECONDS", "SERVICES", "FaultStack", "Point", "docker", "until"]

PATIENCE_SECONDS = 240.0
"""For whatever is sure to come; the cores may be shared with other work."""

SERVICES = ("ingest", "ocr", "extract", "query")

KINDS: Mapping[str, Sequence[str]] = {
    "one broker": ("tests/faults/compose.yml", "tests/faults/compose.one-broker.yml"),
    "three brokers": (
        "docker-compose.three-brokers.yml",
        "tests/faults/compose.yml",
        "tests/faults/compose.three-brokers.yml",
    ),
}
"""The compose files of each kind of stack."""

ORACLE_PORTS = ("FAULTS_KAFKA_PORT", "FAULTS_KAFKA_2_PORT", "FAULTS_KAFKA_3_PORT")


BALLAST = "ballast"
FULL = {"XMinioStorageFull", "IncompleteBody", "InternalError"}
"""What MinIO answers when it has no room, and when it finds out in the middle of a body or of its own files."""


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS, pause: float = 0.1) -> Any:
    """Wait until ``condition`` holds, looking every ``pause`` seconds, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (outcome := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(pause)
    return outcome


@dataclass(frozen=True)
class Point:
    """Something that is planned to happen inside a process."""

    entry: dict[str, Any]
    mark: Path

    @property
    def container(self) -> str | None:
        """The id of the container in which it has happened."""
        with suppress(FileNotFoundError):
            return self.mark.read_text() or None
        return None


class FaultStack(Stack):
    """One of ``KINDS``, running; the clients here reach its servers past every fault."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self._plan_folder, self._marks = folder / "plan", folder / "marks"
        # Root in the engine makes the mounts; the services' user only looks at one and writes into the other.
        for path, mode in ((folder, 0o755), (self._plan_folder, 0o755), (self._marks, 0o777)):
            path.mkdir(exist_ok=True)
            path.chmod(mode)
        self._plan: dict[str, Any] = {"points": [], "sabotage": []}
        self._write_plan()
        ports = {name: free_port() for name in (*ORACLE_PORTS, "FAULTS_MINIO_PORT", "FAULTS_TOXIPROXY_PORT")}
        super().__init__(
            folder,
            overrides=KINDS[kind],
            environment={"FAULTS_CONTROL": str(folder), "INVOICEFLOW_VERSION": "faults", **ports},
        )
        # Past the proxy the services must not go: neither where .env names the server nor where the caller does.
        address = self._environment.get("INVOICEFLOW_QUERY_MONGODB_URI") or self.setting(
            "INVOICEFLOW_QUERY_MONGODB_URI"
        )
        self._environment["INVOICEFLOW_QUERY_MONGODB_URI"] = address.replace("@mongo:", "@toxiproxy:").replace(
            "//mongo:", "//toxiproxy:"
        )
        self.has_mongodb_stand_in = self._environment.get("MONGO_IMAGE", "mongo:").partition(":")[0] != "mongo"
        brokers = ORACLE_PORTS if kind == "three brokers" else ORACLE_PORTS[:1]
        self.bootstrap = ",".join(f"127.0.0.1:{ports[name]}" for name in brokers)
        self.toxiproxy = httpx.Client(
            base_url=f"http://127.0.0.1:{ports['FAULTS_TOXIPROXY_PORT']}", trust_env=False, timeout=30
        )
        self.objects = Minio(
            f"127.0.0.1:{ports['FAULTS_MINIO_PORT']}",
            access_key=self.setting("INVOICEFLOW_OBJECTS_ACCESS_KEY"),
            secret_key=self.setting("INVOICEFLOW_OBJECTS_SECRET_KEY"),
            secure=False,
        )

    def close(self) -> None:
        """Take everything away."""
        self.toxiproxy.close()
        self.objects._http.clear()
        self.stop()

    # -- processes ----------------------------------------------------------------------------------------------------

    def containers(self, service: str, *, running: bool = True) -> list[str]:
        """Return the names of the service's containers."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        return sorted(docker("ps", "--format", "{{.Names}}", *filters, *(() if running else ("--all",))).split())

    def kill(self, service: str, *, container: str | None = None) -> None:
        """End it as a power cut would."""
        docker("kill", "--signal", "KILL", *([container] if container else self.containers(service)))

    def terminate(self, service: str, *, grace: int) -> int:
        """Send SIGTERM, and SIGKILL after ``grace`` seconds; return the exit code."""
        names = self.containers(service)
        docker("stop", "--time", str(grace), *names)
        return max(int(docker("inspect", "--format", "{{.State.ExitCode}}", name)) for name in names)

    def start_again(self, service: str) -> None:
        """Start what was ended."""
        docker("start", *self.containers(service, running=False))

    def restart(self, *services: str) -> None:
        """Stop in order and start again, and return when they are healthy."""
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda service: self.terminate(service, grace=30), services))
        for service in services:
            self.start_again(service)
        for service in services:
            self.wait_healthy(service)

    def up(self) -> None:
        """Have everything run that is not running, as an operator would."""
        # An image that was built again meanwhile is no business of this run: what runs is left as it is.
        done = self.compose("up", "--detach", "--no-build", "--no-recreate")
        assert done.returncode == 0, done.stderr

    def scale(self, service: str, number: int) -> None:
        scaled = self.compose(
            "up", "--detach", "--no-recreate", "--no-deps", "--no-build", "--scale", f"{service}={number}", service
        )
        assert scaled.returncode == 0, scaled.stderr

    def freeze(self, container: str) -> None:
        docker("kill", "--signal", "STOP", container)

    def thaw(self, container: str) -> None:
        docker("kill", "--signal", "CONT", container)

    def wait_healthy(self, service: str) -> None:
        def healthy() -> bool:
            names = self.containers(service)
            states = docker("inspect", "--format", "{{.State.Health.Status}}", *names).split() if names else []
            return bool(states) and set(states) == {"healthy"}

        until(healthy, f"{service} is healthy")

    def logs(self, service: str, lines: int = 30) -> str:
        return "\n".join(
            run("docker", "logs", "--tail", str(lines), name).stderr for name in self.containers(service, running=False)
        )

    # -- the object store, past every proxy -----------------------------------------------------------------------------

    def get(self, bucket: str, key: str) -> bytes:
        return fetched(self.objects, bucket, key)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self.objects.put_object(bucket, key, io.BytesIO(data), len(data))

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return [str(one.object_name) for one in self.objects.list_objects(bucket, prefix, recursive=True)]

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Leave the object store no room for as long as the block lasts."""
        if not self.objects.bucket_exists(BALLAST):
            self.objects.make_bucket(BALLAST)
        done = threading.Event()
        # What the store itself lets go of, such as the rest of a body that did not fit, is taken as well.
        with ThreadPoolExecutor(1, "ballast") as filler:
            self._fill()
            filling = filler.submit(self._keep_filling, done)
            try:
                yield
            finally:
                done.set()
                filling.result()
                for key in self.keys(BALLAST, ""):
                    self.objects.remove_object(BALLAST, key)

    def _keep_filling(self, done: threading.Event) -> None:
        while not done.wait(0.1):
            self._fill()

    def _fill(self) -> None:
        size = 4 << 20
        while size >= 1024:
            try:
                self.put(BALLAST, uuid4().hex, os.urandom(size))
            except S3Error as error:
                if error.code not in FULL:
                    raise
                size //= 4

    # -- inside of a process --------------------------------------------------------------------------------------------

    def plan(self, point: str, *, action: str = "hold", passage: int = 1, seconds: float = 0) -> Point:
        """Have something happen at the ``passage``-th time that a process comes to ``point`` (see inside/sitecustomize.py)."""
        name = uuid4().hex[:12]
        entry = {"id": name, "point": point, "action": action, "passage": passage, "seconds": seconds}
        self._plan["points"].append(entry)
        self._write_plan()
        return Point(entry, self._marks / name)

    def withdraw(self, point: Point) -> None:
        """Let whoever is held there go on, and nobody else be struck."""
        self._plan["points"].remove(point.entry)
        self._write_plan()

    def sabotage(self, *names: str) -> None:
        """Have the services, once restarted, do without what ``names`` say."""
        self._plan["sabotage"] = list(names)
        self._write_plan()

    def _write_plan(self) -> None:
        new = self._plan_folder / "new.json"
        new.write_text(json.dumps(self._plan))
        new.chmod(0o644)
        new.replace(self._plan_folder / "plan.json")

    # -- the network ----------------------------------------------------------------------------------------------------

    @contextmanager
    def toxic(
        self, proxy: str, kind: str, *, stream: str = "downstream", toxicity: float = 1.0, **attributes: int
    ) -> Iterator[None]:
        """Spoil the connections to ``proxy`` (kafka, minio, mongo) for as long as the block lasts."""
        name = f"{kind}-{stream}-{uuid4().hex[:6]}"
        body = {"name": name, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        self.toxiproxy.post(f"/proxies/{proxy}/toxics", json=body).raise_for_status()
        try:
            yield
        finally:
            self.toxiproxy.delete(f"/proxies/{proxy}/toxics/{name}").raise_for_status()

    @contextmanager
    def instead(self, proxy: str, upstream: str) -> Iterator[None]:
        """Have another server answer in place of the one behind ``proxy``."""
        before = self.toxiproxy.get(f"/proxies/{proxy}").raise_for_status().json()["upstream"]
        self.toxiproxy.post(f"/proxies/{proxy}", json={"upstream": upstream}).raise_for_status()
        try:
            yield
        finally:
            self.toxiproxy.post(f"/proxies/{proxy}", json={"upstream": before}).raise_for_status()


def docker(*arguments: str) -> str:
    """Run a docker command that must succeed, and return what it prints."""
    done = run("docker", *arguments)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
