"""The chart as an operator relies on it: what it makes is safe by default, complete, and what the services understand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import CHARTS, VALUES, Object, Render, tool
from pydantic_settings import BaseSettings

from invoiceflow_chassis.kafka.groups import consumed_topics, group_of
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.settings import HttpSettings
from invoiceflow_contracts.topics import topic_specs

SERVICES = ("ingest", "ocr", "extract", "query")
HASH = "0" * 64


def of(objects: list[Object], kind: str, name: str | None = None) -> list[Object]:
    return [one for one in objects if one["kind"] == kind and name in {None, one["metadata"]["name"]}]


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Yield the name and the pod of everything that runs one."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["spec"]
        elif "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def environment(pod: Object) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in pod["containers"][0]["env"]}


# -- secure by default ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_meets_the_restricted_standard(render: Render, values: str) -> None:
    found = dict(pods(render(values)))
    assert {f"invoiceflow-{one}" for one in (*SERVICES, "migrate", "test")} <= found.keys() | {"invoiceflow-test"}
    for name, pod in found.items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"], name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}, name
        assert not any("hostPath" in volume for volume in pod.get("volumes", ())), name
        for container in pod["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"]["drop"] == ["ALL"], name
            assert set(own["capabilities"].get("add", ())) <= {"NET_BIND_SERVICE"}, name
            assert own["readOnlyRootFilesystem"], name
            assert container["resources"]["limits"]["memory"], name


@pytest.mark.parametrize("values", VALUES)
def test_secrets_come_by_reference_alone(render: Render, values: str) -> None:
    objects = render(values)
    assert not of(objects, "Secret")
    for name, pod in pods(objects):
        for variable, value in environment(pod).items() if "env" in pod["containers"][0] else ():
            if any(word in variable for word in ("KEYS", "API_KEY", "PASSWORD", "SECRET", "ACCESS", "URI")):
                assert "secretKeyRef" in value, f"{name}: {variable}"


def test_passwords_of_the_trial_are_random(render: Render) -> None:
    secrets = of(render("", chart="invoiceflow-backing"), "Secret")
    assert len(secrets) == 3
    values = [value for secret in secrets for name, value in secret["stringData"].items() if name != "username"]
    assert all(len(value) >= 20 for value in values)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("apiKeys.existingSecret=", "apiKeys.existingSecret is needed"),
        ("kafka.bootstrapServers=", "kafka.bootstrapServers is needed"),
        ("objects.endpoint=", "objects.endpoint is needed"),
        ("objects.existingSecret=", "objects.existingSecret is needed"),
        ("mongodb.existingSecret=", "mongodb.existingSecret is needed"),
        ("networkPolicy.kafka.to=null", "networkPolicy.kafka.to is needed"),
        ("llm.enabled=true,llm.model=m", "networkPolicy.llm.to is needed"),
        ("kafka.sasl.mechanism=PLAIN", "kafka.sasl.existingSecret"),
        ("ingress.enabled=true", "ingress.host is needed"),
        ("httpRoute.enabled=true", "httpRoute.parentRefs is needed"),
        ("ocr.autoscaling.enabled=true,ocr.autoscaling.min=0", "needs keda.enabled"),
        ("topics.create=strimzi", "topics.strimzi.cluster is needed"),
        ("logLevel=LOUD", "logLevel"),
        ("ocr.replica=2", "replica"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_a_sentence(render: Render, missing: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace(".", r"\.")):
        render("trial", missing)


# -- the network ----------------------------------------------------------------------------------------------------------


def test_a_service_reaches_what_it_needs_and_nothing_else(render: Render) -> None:
    objects = render("trial")
    (deny,) = of(objects, "NetworkPolicy", "invoiceflow-deny")
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not deny["spec"].keys() & {"ingress", "egress"}
    needed = {one: {"kafka", "minio"} for one in SERVICES}
    needed["query"] |= {"mongodb"}
    for service, servers in needed.items():
        (policy,) = of(objects, "NetworkPolicy", f"invoiceflow-{service}")
        reached = [rule for rule in policy["spec"]["egress"] if rule["ports"][0]["port"] != 53]
        assert {
            rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for rule in reached
        } == servers
        assert all("to" in rule for rule in reached), "a rule without peers leads anywhere"


def test_extract_alone_reaches_the_language_model(render: Render) -> None:
    objects = render("air-gapped")
    for service in SERVICES:
        (policy,) = of(objects, "NetworkPolicy", f"invoiceflow-{service}")
        assert ("10.20.2.0/24" in json.dumps(policy)) == (service == "extract")


def test_metrics_have_a_port_of_their_own_for_the_monitoring(render: Render) -> None:
    objects = render("production")
    for service in SERVICES:
        (deployment,) = of(objects, "Deployment", f"invoiceflow-{service}")
        assert environment(deployment["spec"]["template"]["spec"])["INVOICEFLOW_METRICS_PORT"] == "9090"
        (policy,) = of(objects, "NetworkPolicy", f"invoiceflow-{service}")
        for rule in policy["spec"].get("ingress", ()):
            ports = {one["port"] for one in rule["ports"]}
            assert ("metrics" in ports) == ("monitoring" in json.dumps(rule["from"]))
            assert len(ports) == 1
    (none,) = of(render("trial"), "NetworkPolicy", "invoiceflow-ocr")
    assert "ingress" not in none["spec"]


# -- what the services are told -------------------------------------------------------------------------------------------


def settings_of(service: str) -> list[type[BaseSettings]]:
    module = __import__(f"invoiceflow_{service}.settings", fromlist=["settings"])
    own = getattr(module, f"{service.capitalize()}Settings")
    return [HttpSettings, KafkaSettings, ObjectStoreSettings, own]


STANDS_FOR = {
    "INVOICEFLOW_API_KEYS": f'["{HASH}:default:operator"]',
    "INVOICEFLOW_QUERY_MONGODB_URI": "mongodb://mongodb/",
    "OMP_NUM_THREADS": "2",
}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_understands_every_variable(
    render: Render, values: str, service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (deployment,) = of(render(values), "Deployment", f"invoiceflow-{service}")
    ca = tmp_path / "ca.crt"
    ca.touch()
    given = {}
    for name, value in environment(deployment["spec"]["template"]["spec"]).items():
        given[name] = value if isinstance(value, str) else STANDS_FOR.get(name, "of-a-secret")
        if name.endswith("_CA_FILE"):
            given[name] = str(ca)
        monkeypatch.setenv(name, given[name])
    known = {
        f"{kind.model_config['env_prefix']}{field}".upper()
        for kind in [*settings_of(service), *llm_settings(service)]
        for field in kind.model_fields
    }
    assert {one for one in given if one.startswith("INVOICEFLOW_")} <= known
    assert [kind() for kind in settings_of(service)]


def llm_settings(service: str) -> list[type[BaseSettings]]:
    if service != "extract":
        return []
    from invoiceflow_extract.llm.settings import LlmSettings  # noqa: PLC0415

    return [LlmSettings]


def test_the_grace_period_covers_what_a_service_may_take(render: Render) -> None:
    objects = render("trial", "delivery.drainSeconds=100", "delivery.shutdownSeconds=40")
    for service in SERVICES:
        (deployment,) = of(objects, "Deployment", f"invoiceflow-{service}")
        pod = deployment["spec"]["template"]["spec"]
        told = environment(pod)
        least = int(told["INVOICEFLOW_KAFKA_DRAIN_SECONDS"]) + int(told["INVOICEFLOW_SHUTDOWN_SECONDS"])
        assert least == 140
        assert pod["terminationGracePeriodSeconds"] > least


def test_a_pod_is_not_killed_because_a_backing_service_is_away(render: Render) -> None:
    for service in SERVICES:
        (deployment,) = of(render("trial"), "Deployment", f"invoiceflow-{service}")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert container["startupProbe"]["httpGet"]["path"] == "/livez"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_an_image_by_digest_has_no_tag(render: Render) -> None:
    objects = render("air-gapped")
    images = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in of(objects, "Deployment")
    }
    for service in SERVICES:
        assert images[f"invoiceflow-{service}"].startswith(f"registry.intern.example.com/invoiceflow/{service}@sha256:")


# -- scaling --------------------------------------------------------------------------------------------------------------


def test_keda_counts_what_waits_in_every_topic_of_the_group(render: Render) -> None:
    scaled = {
        one["metadata"]["name"].partition("-")[2]: one["spec"] for one in of(render("production"), "ScaledObject")
    }
    assert set(scaled) == {"ocr", "extract", "query"}
    for service, spec in scaled.items():
        metadata = [trigger["metadata"] for trigger in spec["triggers"]]
        assert {one["topic"] for one in metadata} == set(consumed_topics()[service])
        assert {one["consumerGroup"] for one in metadata} == {group_of(service)}
        assert {one["offsetResetPolicy"] for one in metadata} == {"earliest"}
        (deployment,) = of(render("production"), "Deployment", f"invoiceflow-{service}")
        assert "replicas" not in deployment["spec"], "an upgrade would undo what the scaler has set"


def test_without_keda_the_load_of_the_processors_decides(render: Render) -> None:
    objects = render("production", "keda.enabled=false")
    assert not of(objects, "ScaledObject")
    assert {one["metadata"]["name"] for one in of(objects, "HorizontalPodAutoscaler")} == {
        "invoiceflow-ocr",
        "invoiceflow-extract",
        "invoiceflow-query",
    }


# -- one address ----------------------------------------------------------------------------------------------------------


def test_the_gateway_is_that_of_compose() -> None:
    ours = (CHARTS / "invoiceflow/files/Caddyfile").read_text(encoding="utf-8")
    assert ours == (CHARTS.parent / "gateway/Caddyfile").read_text(encoding="utf-8")


def test_the_gateway_leads_to_the_release_s_services(render: Render) -> None:
    (configuration,) = of(render("trial"), "ConfigMap", "invoiceflow-gateway")
    assert "import service invoiceflow-ingest\n" in configuration["data"]["Caddyfile"]
    assert "import service invoiceflow-query\n" in configuration["data"]["Caddyfile"]


def test_a_route_sends_uploads_to_ingest_and_all_else_to_query(render: Render) -> None:
    (route,) = of(render("air-gapped"), "HTTPRoute")
    upload, rest = route["spec"]["rules"]
    assert upload["matches"] == [{"method": "POST", "path": {"type": "Exact", "value": "/v1/documents"}}]
    assert upload["backendRefs"][0]["name"] == "invoiceflow-ingest"
    assert rest["backendRefs"][0]["name"] == "invoiceflow-query"
    assert {one["timeouts"]["request"] for one in route["spec"]["rules"]} == {"0s"}


def test_there_is_no_way_in_until_one_is_asked_for(render: Render) -> None:
    values = yaml.safe_load((CHARTS / "invoiceflow/values.yaml").read_text(encoding="utf-8"))
    assert not any(values[one]["enabled"] for one in ("ingress", "httpRoute", "gateway"))
    kinds = {one["kind"] for one in render("trial", "gateway.enabled=false")}
    assert not kinds & {"Ingress", "HTTPRoute"}


# -- topics ---------------------------------------------------------------------------------------------------------------


def test_strimzi_makes_the_topics_of_the_contracts(render: Render) -> None:
    made = {one["metadata"]["name"]: one["spec"] for one in of(render("air-gapped"), "KafkaTopic")}
    assert set(made) == {spec.name for spec in topic_specs()}
    for spec in topic_specs():
        config = made[spec.name]["config"]
        assert made[spec.name]["partitions"] == spec.partitions
        assert config["retention.ms"] == spec.retention_hours * 3_600_000
        assert config["max.message.bytes"] == spec.max_message_bytes
        assert config["min.insync.replicas"] == 2


def test_a_kafka_user_may_do_what_its_service_does(render: Render) -> None:
    users = {one["metadata"]["name"]: one for one in of(render("air-gapped", "topics.strimzi.users=true"), "KafkaUser")}
    acls = users["invoiceflow-extract"]["spec"]["authorization"]["acls"]
    allowed = {
        (acl["resource"]["name"], operation)
        for acl in acls
        for operation in acl["operations"]
        if acl["resource"]["type"] == "topic" and acl["resource"]["patternType"] == "literal"
    }
    assert ("ocr.completed", "Read") in allowed
    assert ("invoice.extracted", "Write") in allowed
    assert ("document.submitted", "Read") not in allowed
    assert ("ocr.completed", "Write") not in allowed
    assert ("ocr.completed.dlq", "Read") not in allowed


# -- what is made from something else -------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["describe", "topics"])
def test_what_is_generated_is_up_to_date(program: str) -> None:
    done = subprocess.run(
        [sys.executable, str(CHARTS / program), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("chart", ["invoiceflow", "invoiceflow-backing"])
def test_every_value_has_a_sentence(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text(encoding="utf-8"))

    def silent(part: dict[str, Any], path: str) -> Iterator[str]:
        if "properties" in part:
            for name, each in part["properties"].items():
                yield from silent(each, f"{path}.{name}")
        elif not part.get("description"):
            yield path

    assert not list(silent(schema, ""))


@pytest.mark.parametrize("values", VALUES)
def test_a_change_of_what_is_made_shows_in_review(render: Render, values: str) -> None:
    stored = [one for one in yaml.safe_load_all((CHARTS / f"golden/{values}.yaml").read_text(encoding="utf-8")) if one]
    assert stored == render(values), "look at the difference after `make chart-golden`, and store it if it is meant"


@pytest.mark.parametrize("values", VALUES)
def test_helm_finds_nothing_to_say(values: str) -> None:
    file = CHARTS / f"invoiceflow/values-{values}.yaml"
    done = subprocess.run(
        [tool("helm"), "lint", "--strict", "--quiet", str(CHARTS / "invoiceflow"), "--values", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_helm_finds_nothing_to_say_of_the_backing_chart() -> None:
    done = subprocess.run(
        [tool("helm"), "lint", "--strict", "--quiet", str(CHARTS / "invoiceflow-backing")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", VALUES)
def test_kubernetes_knows_every_field(values: str) -> None:
    schemas = os.environ.get("KUBE_SCHEMAS")
    if not schemas:
        pytest.skip("KUBE_SCHEMAS names no schemas of Kubernetes' objects, as kubeconform wants them")
    done = subprocess.run(
        [
            tool("kubeconform"),
            "-strict",
            "-ignore-missing-schemas",
            "-schema-location",
            schemas,
            str(CHARTS / f"golden/{values}.yaml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


NOT_HELD_TO = {
    "container-image-pull-policy": "images are named by version or digest, and where there is no way to a registry they cannot be pulled anew",
    "deployment-has-host-podantiaffinity": "pods are spread by topologySpreadConstraints, which the check does not look at",
    "deployment-replicas": "how many there are is a value; budgets let even a single one be drained",
    "horizontalpodautoscaler-replicas": "likewise",
}


@pytest.mark.parametrize("values", VALUES)
def test_the_policy_check_reports_nothing(values: str) -> None:
    ignored = [part for one in NOT_HELD_TO for part in ("--ignore-test", one)]
    done = subprocess.run(
        [tool("kube-score"), "score", "--exit-one-on-warning", *ignored, str(CHARTS / f"golden/{values}.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
