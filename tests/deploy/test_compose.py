"""What can be known about the deployment without an engine to run it."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

from simulator.options import SimulatorOptions
from telegent import Timeouts
from telegent_orchestrator.names import API_TASK_QUEUE
from tests.deploy.processes import (
    COMPOSE,
    OWN_SERVICES,
    PATH,
    ROOT,
    SERVICES,
    dockerfile_instructions,
)
from tests.harness.processes import temporal_binary
from worker.run import LOCAL_SHUTDOWN_TIMEOUT, shutdown_timeout
from worker.settings import (
    WebhookSettings,
    WorkerSettings,
    load_settings,
    unknown_variables,
)
from worker.settings.base import SECRET_FIELDS
from worker.settings.codec import CodecServerSettings
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT

ONE_SHOT = {"schema", "namespace", "search-attributes"}
SCRIPTS = sorted((ROOT / "deploy").glob("*.sh"))
SH = shutil.which("sh") or "/bin/sh"


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    service = SERVICES[name]
    if name in OWN_SERVICES:
        assert service["pull_policy"] == "never"
        assert dockerfile_instructions("FROM") == ["${PYTHON_IMAGE}"]
        base, _ = dockerfile_instructions("ARG")
        assert re.search(r":\d+\.\d+\.\d+[\w-]*@sha256:[0-9a-f]{64}$", base), base
    else:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?", service["image"]), service["image"]


def test_image_of_ours_is_built_once_before_what_needs_it() -> None:
    (builder,) = (name for name, service in SERVICES.items() if "build" in service)
    assert builder in OWN_SERVICES
    for name in ("worker", "webhook"):
        assert builder in SERVICES[name]["depends_on"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_a_health_check_or_end(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert "restart" not in service
        waiting = [
            needed[name]["condition"]
            for other in SERVICES.values()
            if name in (needed := other.get("depends_on", {}))
        ]
        assert set(waiting) == {"service_completed_successfully"}
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


def test_dependencies_wait_until_healthy_or_completed() -> None:
    for service in SERVICES.values():
        for name, needed in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
            assert needed["condition"] == expected


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_of_other_services_are_not_mounted(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = Path(volume.partition(":")[0])
        assert source not in Path("deploy/secrets").parents, volume


@pytest.mark.parametrize("name", SERVICES)
def test_variables_are_known_settings_and_secrets_come_from_files(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert unknown_variables(environment) == []
    assert not {f"TELEGENT_{field.upper()}" for field in SECRET_FIELDS} & environment.keys()
    for variable, value in environment.items():
        if variable.endswith("_FILE"):
            secret = value.removeprefix("/run/secrets/")
            assert secret in SERVICES[name]["secrets"]
            assert secret in COMPOSE["secrets"]


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_stop_grace_period_outlasts_worker_shutdown_and_vendor_calls() -> None:
    minutes = re.fullmatch(r"(\d+)m", SERVICES["worker"]["stop_grace_period"])
    assert minutes
    # The longest that the worker's settings allow: they hold every call below VENDOR_CALL_TIMEOUT.
    for timeouts in (Timeouts(), Timeouts(call=VENDOR_CALL_TIMEOUT.total_seconds())):
        grace = shutdown_timeout(timeouts)
        assert int(minutes[1]) * 60 > (grace + LOCAL_SHUTDOWN_TIMEOUT).total_seconds()
        assert grace.total_seconds() > timeouts.call


def test_image_runs_the_worker_as_pid_1_without_privileges() -> None:
    assert dockerfile_instructions("ENTRYPOINT") == ['["python", "-m", "worker"]']
    (user,) = dockerfile_instructions("USER")
    assert "root" not in user
    assert user != "0"
    install, compiled = dockerfile_instructions("RUN")
    assert "--require-hashes" in install
    # Whatever is copied is compiled: the user of the container may write nowhere.
    copied = {line.split()[0] for line in dockerfile_instructions("COPY")} - {
        "requirements/runtime.txt"
    }
    assert copied <= set(compiled.split())


def test_dockerignore_includes_all_copied_packages() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for line in dockerfile_instructions("COPY"):
        source = line.split()[0]
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed


def test_api_task_queue_has_one_partition() -> None:
    text = (ROOT / "deploy/dynamicconfig/temporal.yaml").read_text()
    config = yaml.safe_load(text)
    for kind in ("Read", "Write"):
        assert config[f"matching.numTaskqueue{kind}Partitions"] == [
            {"value": 1, "constraints": {"taskQueueName": API_TASK_QUEUE}}
        ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse_and_stop_at_the_first_error(script: Path) -> None:
    subprocess.run([SH, "-n", str(script)], check=True)
    assert "\nset -eu\n" in script.read_text()


def test_every_script_that_a_service_runs_exists() -> None:
    for service in SERVICES.values():
        for argument in service.get("entrypoint", []):
            if argument.startswith("/deploy/"):
                assert ROOT / argument.lstrip("/") in SCRIPTS


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run(
        [SH, str(folder / "make-secrets.sh")], check=True, capture_output=True, env={"PATH": PATH}
    )
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_generated_secrets_are_mounted_and_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "deploy/make-secrets.sh", tmp_path)
    secrets_made = make_secrets(tmp_path)
    assert {f"./deploy/secrets/{name}" for name in secrets_made} == {
        secret["file"] for secret in COMPOSE["secrets"].values()
    }
    for field in SECRET_FIELDS & secrets_made.keys():
        monkeypatch.setenv(f"TELEGENT_{field.upper()}_FILE", str(tmp_path / "secrets" / field))
    settings = load_settings(WorkerSettings)
    assert len(settings.payload_keys) == 1
    assert settings.webhook_token.get_secret_value() == secrets_made["webhook_token"]
    simulator = SimulatorOptions()
    assert settings.account_key.get_secret_value() == simulator.account_key
    assert settings.account_secret.get_secret_value() == simulator.account_secret
    assert make_secrets(tmp_path) == secrets_made


def test_codec_server_starts_with_its_compose_settings_and_matches_the_ui(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec, ui = SERVICES["codec-server"], SERVICES["temporal-ui"]
    shutil.copy(ROOT / "deploy/make-secrets.sh", tmp_path)
    secrets_made = make_secrets(tmp_path)
    for variable, value in codec["environment"].items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(tmp_path / "secrets")))
    settings = load_settings(CodecServerSettings)
    (operator,) = settings.codec_operators
    assert secrets_made["codec_operators"] == f"{operator.name}:{operator.token.get_secret_value()}"
    (ui_port,) = (published.split(":")[1] for published in ui["ports"])
    assert settings.codec_allowed_origins == (f"http://localhost:{ui_port}",)
    assert codec["ports"] == [f"127.0.0.1:{settings.codec_port}:{settings.codec_port}"]
    address = f"http://localhost:{settings.codec_port}"
    assert ui["environment"]["TEMPORAL_CODEC_ENDPOINT"] == address
    assert ui["environment"]["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    assert ui["environment"]["TEMPORAL_CODEC_DEFAULT_ERROR_LINK"] == f"{address}/"


def test_ui_settings_can_be_written_into_yaml() -> None:
    for name, value in SERVICES["temporal-ui"]["environment"].items():
        assert str(yaml.safe_load(f"key: {value}")["key"]).lower() == value.lower(), name


def test_ui_logs_no_request_addresses() -> None:
    # They hold the text of details that it draws, decrypted.
    assert SERVICES["temporal-ui"]["environment"]["TEMPORAL_HIDE_LOGS"] == "true"


def test_webhook_starts_with_its_compose_settings_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = SERVICES["webhook"]
    assert webhook["profiles"] == ["webhook"]
    assert webhook["secrets"] == ["webhook_token"]
    assert "webhook_token" in SERVICES["worker"]["secrets"]
    shutil.copy(ROOT / "deploy/make-secrets.sh", tmp_path)
    make_secrets(tmp_path)
    for variable, value in webhook["environment"].items():
        if not value.startswith("$"):
            secrets = str(tmp_path / "secrets")
            monkeypatch.setenv(variable, value.replace("/run/secrets", secrets))
    settings = load_settings(WebhookSettings)
    port = settings.webhook_port
    assert settings.webhook_host == "0.0.0.0"
    assert webhook["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f":{port}/readyz" in webhook["healthcheck"]["test"][-1]


def test_example_credentials_are_reported(tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy/make-secrets.sh", tmp_path)

    def said(**variables: str) -> str:
        done = subprocess.run(
            [SH, str(tmp_path / "make-secrets.sh")],
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": PATH, **variables},
        )
        return done.stderr

    error = said(TELEGENT_ACCOUNT_KEY="DID-1")
    assert "TELEGENT_ACCOUNT_SECRET is not set" in error
    assert "TELEGENT_ACCOUNT_KEY" not in error
    assert said() == ""
    again = said(TELEGENT_ACCOUNT_KEY="DID-1", TELEGENT_ACCOUNT_SECRET="mine")
    assert "account_secret holds something else than TELEGENT_ACCOUNT_SECRET" in again
    assert "account_key" not in again
    assert "mine" not in again


async def test_namespace_script_is_idempotent() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary()
    ) as server:
        env = {
            "PATH": PATH,
            "TEMPORAL_ADDRESS": server.client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": "fresh",
        }
        for retention in ("7d", "90d"):
            script = await asyncio.create_subprocess_exec(
                SH,
                str(ROOT / "deploy/namespace.sh"),
                env=env | {"RETENTION": retention},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await script.communicate()
            assert script.returncode == 0, out.decode()
            assert out.decode().endswith("namespace fresh is ready\n")
        found = await server.client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="fresh")
        )
    assert found.config.workflow_execution_retention_ttl.seconds == 90 * 86_400
