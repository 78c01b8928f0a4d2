"""What can be known about the Kubernetes manifests without a cluster."""

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from telegent import Timeouts
from telegent_orchestrator.names import TASK_QUEUE
from tests.deploy.manifests import FILES, FOLDER, OBJECTS, RUN
from worker.run import LOCAL_SHUTDOWN_TIMEOUT, shutdown_timeout
from worker.settings import unknown_variables

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


@pytest.mark.parametrize(
    "thing", [t for t in OBJECTS if t["kind"] not in NOT_KUBERNETES], ids=lambda t: str(t["kind"])
)
def test_manifests_are_valid_for_kubernetes(thing: dict[str, Any]) -> None:
    kubernetes_validate.validate(thing, kubernetes_validate.latest_version(), strict=True)


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
