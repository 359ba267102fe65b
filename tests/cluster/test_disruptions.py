"""What an operator and a cluster do to pods in a day, each under load and judged by the oracle of the fault suite."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from clustersuite.figures import Figures
from clustersuite.installation import SERVICES, Installation
from clustersuite.kube import kubectl, until
from faultsuite.run import Run

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

AWAY_SECONDS = 75.0
"""Four refused liveness probes, 15 s apart, end a container."""

UnderLoad = Callable[..., AbstractContextManager[Run]]


def test_one_pod_of_each_service_deleted_loses_nothing(
    installation: Installation, under_load: UnderLoad, figures: Figures
) -> None:
    with under_load("a pod of each service deleted", count=60, seconds=60) as run:
        run.load.wait_acknowledged(5)
        for service in run.rng.sample(SERVICES, len(SERVICES)):
            pod = installation.pod(service)
            with figures.timed(f"{service}: from its pod's deletion to the next one ready"):
                installation.kube("delete", "pod", pod, "--wait=false")
                until(lambda gone=pod: gone not in installation.pod_names(), f"{pod} is on its way out")
                installation.wait_ready(service)


def test_servers_that_are_away_for_a_while_restart_nobody(installation: Installation, under_load: UnderLoad) -> None:
    """Longer than the liveness probes would bear: pods that wait are not ready, and alive. That none was restarted the oracle says."""
    with under_load("Kafka, MinIO and MongoDB away", count=40, seconds=30) as run:
        run.load.wait_acknowledged(10)
        with installation.servers_away():
            until(lambda: not any(map(installation.ready, SERVICES)), "no service is ready")
            time.sleep(AWAY_SECONDS)
        for service in SERVICES:
            until(lambda service=service: installation.ready(service), f"{service} is ready again")


def test_an_upgrade_to_another_image_loses_nothing_and_refuses_nobody(
    installation: Installation, under_load: UnderLoad, figures: Figures
) -> None:
    before = installation.images()
    with under_load("upgrade to another image", count=80, seconds=100) as run:
        run.load.wait_acknowledged(5)
        with figures.timed("helm upgrade --wait to another image, under load"):
            installation.upgrade(version=installation.next_version)
    after = installation.images()
    assert all(before[service] != after[service] for service in SERVICES), after
    assert all(image.endswith(f":{installation.next_version}") for image in after.values()), after
    # A Service sends nothing more to a pod before that stops listening, so no client notices.
    assert not run.load.receipts.refusals


def test_a_rollback_loses_nothing(installation: Installation, under_load: UnderLoad, figures: Figures) -> None:
    assert set(installation.versions()) == {installation.next_version}, "there is nothing to roll back from"
    with under_load("rollback", count=60, seconds=80) as run:
        run.load.wait_acknowledged(5)
        with figures.timed("helm rollback --wait, under load"):
            installation.rollback()
    assert set(installation.versions()) == {installation.version}


def test_evictions_leave_one_of_two_pods_of_each_service(
    installation: Installation, under_load: UnderLoad, figures: Figures
) -> None:
    installation.upgrade(replicas=2)
    with under_load("evictions", count=40, seconds=30) as run:
        run.load.wait_acknowledged(5)
        for service in SERVICES:
            first, second = installation.pod_names(service)
            granted, answer = installation.kube.evict(first)
            assert granted, f"{service}: nothing keeps the first of two: {answer}"
            # The other one's place is not taken yet: its readiness takes seconds, this takes none.
            granted, answer = installation.kube.evict(second)
            assert not granted, f"{service}: both pods were evicted at once"
            assert "disruption budget" in answer
            installation.wait_ready(service)


def test_a_drained_node_keeps_one_pod_of_each_service(
    installation: Installation, under_load: UnderLoad, figures: Figures
) -> None:
    """On a cluster of one node nothing has anywhere to go: the drain takes what the budgets grant, and no more."""
    (node, *others) = {one["spec"]["nodeName"] for one in installation.kube.pods(installation.labels)}
    if others:
        pytest.skip("the pods stand on several nodes; the evictions above have shown what the budgets grant")
    alone = len(kubectl("get", "nodes", "--output", "name").stdout.split()) == 1
    installation.upgrade(replicas=2)
    selector = ",".join(f"{name}={value}" for name, value in installation.labels.items())
    with under_load("drain", count=40, seconds=30) as run:
        run.load.wait_acknowledged(5)
        try:
            drained = kubectl(
                "drain", node, "--pod-selector", selector, "--ignore-daemonsets", "--delete-emptydir-data",
                "--disable-eviction=false", f"--timeout={60 if alone else 600}s", check=False,
            )  # fmt: skip
            ready = {service: len(installation.ready(service)) for service in SERVICES}
        finally:
            kubectl("uncordon", node)
        figures.add(f"drained: {drained.stderr.count('evicting pod')} evictions asked for, then ready: {ready}")
        assert all(ready.values()), ready
        if alone:
            assert drained.returncode != 0
            assert "disruption budget" in drained.stdout + drained.stderr
        begun = time.monotonic()
        for service in SERVICES:
            installation.wait_ready(service)
        figures.add(f"all ready again {time.monotonic() - begun:.0f} s after uncordon")
    assert not run.load.receipts.refusals
    installation.upgrade(replicas=1)
