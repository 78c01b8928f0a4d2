"""What can be known about the Kubernetes manifests without a cluster."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from telegent import Timeouts
from telegent_orchestrator.names import TASK_QUEUE
from tests.deploy.manifests import FILES, FOLDER, OBJECTS, RUN
from worker.run import LOCAL_SHUTDOWN_TIMEOUT, shutdown_timeout
from worker.settings import unknown_variables

OLDEST_VERSION = "1.32"
"""With `latest_version`, the versions whose API the manifests fit."""
NOT_KUBERNETES = {"Kustomization", "ScaledObject"}
COMMANDS = {"worker": None, "search-attributes": "search-attributes"} | {
    name: name for name in ("codec-server", "webhook")
}


def of(kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        thing for thing in OBJECTS if thing["kind"] == kind and thing["metadata"]["name"] == name
    ]
    return found


def container(thing: dict[str, Any]) -> dict[str, Any]:
    (only,) = thing["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize("version", [OLDEST_VERSION, kubernetes_validate.latest_version()])
@pytest.mark.parametrize(
    "thing", [t for t in OBJECTS if t["kind"] not in NOT_KUBERNETES], ids=lambda t: str(t["kind"])
)
def test_manifests_are_valid_for_kubernetes(thing: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(thing, version, strict=True)


def test_kustomization_lists_all_manifests_except_those_of_keda() -> None:
    listed = of_kind("Kustomization")["resources"]
    assert {*listed, "kustomization.yaml", "autoscaling.yaml"} == {path.name for path in FILES}


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = [thing for thing in OBJECTS if thing["kind"] == kind]
    return found


@pytest.mark.parametrize("thing", RUN, ids=lambda t: str(t["metadata"]["name"]))
def test_containers_run_known_commands_with_known_settings(thing: dict[str, Any]) -> None:
    runs = container(thing)
    command = COMMANDS[thing["metadata"]["name"]]
    assert runs.get("args") == ([command] if command else None)
    names = [variable["name"] for variable in runs.get("env", [])]
    config = of("ConfigMap", "telegent-config")["data"]
    assert unknown_variables(dict.fromkeys([*names, *config], "")) == []
    for variable in runs.get("env", []):
        if "valueFrom" in variable:
            assert variable["valueFrom"]["configMapKeyRef"]["key"] in config


@pytest.mark.parametrize("thing", RUN, ids=lambda t: str(t["metadata"]["name"]))
def test_secret_settings_name_mounted_files(thing: dict[str, Any]) -> None:
    pod = thing["spec"]["template"]["spec"]
    mounted = {
        item["path"] for volume in pod.get("volumes", []) for item in volume["secret"]["items"]
    }
    named = {
        variable["value"].removeprefix("/run/secrets/")
        for variable in container(thing).get("env", [])
        if variable["name"].endswith("_FILE")
    }
    assert named == mounted
    script = (FOLDER.parent / "make-secrets.sh").read_text(encoding="utf-8")
    assert all(name in script for name in named)


@pytest.mark.parametrize("thing", RUN, ids=lambda t: str(t["metadata"]["name"]))
def test_containers_run_without_privileges(thing: dict[str, Any]) -> None:
    pod, runs = thing["spec"]["template"]["spec"], container(thing)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert runs["securityContext"]["readOnlyRootFilesystem"]
    assert runs["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in runs["resources"]["limits"]


def labels(thing: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = thing["spec"]["template"]["metadata"]["labels"]
    return found


def selects(selector: dict[str, Any], pod: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return selector.get("matchLabels", {}).items() <= pod.items() and all(
        pod.get(each["key"]) in each["values"] for each in expressions
    )


@pytest.mark.parametrize("name", ["worker", "codec-server", "webhook"])
def test_one_pod_at_a_time_may_be_evicted_even_if_it_is_the_only_one(name: str) -> None:
    budget = of("PodDisruptionBudget", name)["spec"]
    assert budget["maxUnavailable"] == 1
    assert selects(budget["selector"], labels(of("Deployment", name)))


@pytest.mark.parametrize(
    ("thing", "from_outside", "to_outside"),
    [
        (of("Deployment", "worker"), {"metrics"}, {53, 7233, 443}),
        (of("Deployment", "webhook"), {"http", "metrics"}, {53, 7233, 443}),
        (of("Deployment", "codec-server"), {"http"}, {53}),
        (of("Job", "search-attributes"), set(), {53, 7233, 443}),
    ],
    ids=lambda value: str(value["metadata"]["name"]) if isinstance(value, dict) else "",
)
def test_network_policies_allow_what_a_pod_needs(
    thing: dict[str, Any], from_outside: set[str], to_outside: set[int]
) -> None:
    policies = [
        each["spec"]
        for each in OBJECTS
        if each["kind"] == "NetworkPolicy" and selects(each["spec"]["podSelector"], labels(thing))
    ]
    ports = {
        direction: {
            port["port"]
            for policy in policies
            for rule in policy.get(direction, [])
            for port in rule["ports"]
        }
        for direction in ("ingress", "egress")
    }
    assert {kind for policy in policies for kind in policy["policyTypes"]} == {"Ingress", "Egress"}
    assert ports == {"ingress": from_outside, "egress": to_outside}
    names = {port["name"] for port in container(thing).get("ports", [])}
    assert from_outside <= names


def test_grace_period_outlasts_the_worker_shutdown() -> None:
    pod = of("Deployment", "worker")["spec"]["template"]["spec"]
    longest = (shutdown_timeout(Timeouts()) + LOCAL_SHUTDOWN_TIMEOUT).total_seconds()
    assert pod["terminationGracePeriodSeconds"] > longest


def test_autoscaler_watches_the_workflow_task_queue() -> None:
    (trigger,) = of_kind("ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["taskQueue"] == TASK_QUEUE
    config = of("ConfigMap", "telegent-config")["data"]
    assert trigger["metadata"]["endpoint"] == config["TEMPORAL_ADDRESS"]
    assert of_kind("ScaledObject")["spec"]["scaleTargetRef"]["name"] == "worker"
    # An apply would undo what it has set.
    assert "replicas" not in of("Deployment", "worker")["spec"]


@pytest.mark.parametrize("name", ["worker", "webhook"])
def test_metrics_port_and_readiness_probe_match_the_settings(name: str) -> None:
    pod, runs = of("Deployment", name)["spec"]["template"], container(of("Deployment", name))
    (port,) = [
        variable["value"] for variable in runs["env"] if variable["name"] == "TELEGENT_METRICS_PORT"
    ]
    annotations = pod["metadata"]["annotations"]
    assert annotations == {"prometheus.io/scrape": "true", "prometheus.io/port": port}
    assert int(port) in [opened["containerPort"] for opened in runs["ports"]]
    assert runs["readinessProbe"]["httpGet"]["path"] == "/readyz"
