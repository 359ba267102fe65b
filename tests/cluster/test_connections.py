"""The network policies as the packets see them: what is needed comes about, and everything else does not.

A refusal only says something where the same target answers somebody else, so that is looked at each time.
"""

import pytest
from clustersuite.connections import reached
from clustersuite.installation import HTTP_PORT, METRICS_PORT, SERVERS, SERVICES, Installation
from clustersuite.kube import until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def needed_by(service: str) -> set[str]:
    return {"kafka", "minio", "mongodb"} if service == "query" else {"kafka", "minio"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_what_it_needs_by_name(installation: Installation, service: str) -> None:
    wanted = {SERVERS[server] for server in needed_by(service)}
    assert reached(installation.kube, installation.pod(service), wanted) == wanted


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_nothing_else(installation: Installation, service: str) -> None:
    not_needed = {*SERVICES, *SERVERS, "minio console", "kubernetes"} - {service} - needed_by(service)
    targets = {other: installation.target(other) for other in not_needed}
    silent = {other for other in not_needed if not installation.answers(other)}
    assert not silent, f"{silent} answer nobody, so a refusal says nothing"
    came = reached(installation.kube, installation.pod(service), targets.values())
    assert not came, f"{service} reaches {[other for other, target in targets.items() if target in came]}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_no_address_outside(installation: Installation, service: str) -> None:
    outside = installation.outside()
    assert outside, "no address outside is reached from anywhere; name one by INVOICEFLOW_CLUSTER_OUTSIDE=host:port"
    assert not reached(installation.kube, installation.pod(service), outside)


def test_metrics_are_for_the_monitoring_namespace_and_nothing_else_is(installation: Installation) -> None:
    hosts = {service: installation.target(service)[0] for service in SERVICES}
    metrics = {(host, METRICS_PORT) for host in hosts.values()}
    monitoring = installation.monitoring
    until(lambda: reached(monitoring, "visitor", metrics) == metrics, "monitoring reaches all metrics", 30)
    assert not reached(monitoring, "visitor", {(host, HTTP_PORT) for host in hosts.values()})
    assert not reached(installation.elsewhere, "visitor", metrics)
    assert not reached(installation.kube, "visitor", metrics)
    for service in SERVICES:
        others = metrics - {(hosts[service], METRICS_PORT)}
        assert not reached(installation.kube, installation.pod(service), others), f"{service} reaches others' metrics"


def test_nobody_passes_the_gateway_by(installation: Installation) -> None:
    addresses = {installation.target(service) for service in SERVICES}
    for kube in (installation.elsewhere, installation.kube, installation.monitoring, installation.front):
        assert not reached(kube, "visitor", addresses), f"a pod in {kube.namespace} reaches them"


def test_by_the_gateway_the_api_is_reached_and_no_metrics(installation: Installation) -> None:
    with installation.http() as http:
        assert http.get("/v1/documents").status_code == 200
        assert http.get("/metrics").status_code == 404
    with installation.http(with_key=False) as http:
        assert http.get("/v1/documents").status_code == 401
