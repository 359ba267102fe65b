"""What `helm install` makes, and what a second time changes."""

import json
import re

import pytest
from clustersuite.installation import SERVICES, Installation
from clustersuite.kube import helm, kubectl
from clustersuite.neighbours import resting_pod
from faultsuite.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_helm_test_sends_a_document_through(installation: Installation, world: World) -> None:
    with installation.figures.timed("helm test"):
        tested = helm("test", installation.release, "--namespace", installation.kube.namespace, "--logs", check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "Succeeded" in tested.stdout
    (document,) = re.findall(r"accepted as document (\S+)\.", tested.stdout)
    world.others.add(document)


def test_every_pod_meets_the_restricted_standard(installation: Installation) -> None:
    """The namespace enforces it, so whatever runs has passed; what would not pass is refused, or this says nothing."""
    namespace = installation.kube.namespace
    privileged = dict(resting_pod(installation.kube, "privileged", installation.image("ingest")))
    privileged["spec"] = {**privileged["spec"], "hostNetwork": True}
    refused = kubectl(
        "--namespace", namespace, "create", "--dry-run=server", "--filename", "-",
        given=json.dumps(privileged), check=False,
    )  # fmt: skip
    assert "violates PodSecurity" in refused.stderr
    level = "pod-security.kubernetes.io/enforce=restricted"
    labelled = kubectl("label", "--dry-run=server", "--overwrite", "namespace", namespace, level)
    assert "Warning" not in labelled.stderr
    assert {installation.service_of(pod) for pod in installation.kube.pods()} >= set(SERVICES)


def test_no_pod_holds_a_token_of_the_cluster(installation: Installation) -> None:
    for service in SERVICES:
        looked = installation.kube("exec", installation.pod(service), "--", "ls", "/var/run/secrets", check=False)
        assert "kubernetes.io" not in looked


def test_the_same_upgrade_again_restarts_nothing(installation: Installation) -> None:
    before = installation.pod_names()
    installation.upgrade()
    assert installation.pod_names() == before


def test_the_api_server_accepts_what_each_values_file_makes(installation: Installation) -> None:
    for values in installation.values_files():
        rendered = helm("template", "other", str(installation.chart), "--values", str(values)).stdout
        tried = kubectl(
            "--namespace", installation.kube.namespace, "apply", "--dry-run=server", "--filename", "-",
            given=rendered, check=False,
        )  # fmt: skip
        missing = "ensure CRDs are installed first"
        complaints = [
            line
            for line in tried.stderr.splitlines()
            if line and missing not in line and "no matches for kind" not in line
        ]
        assert not complaints, f"{values.name}: {complaints}"
