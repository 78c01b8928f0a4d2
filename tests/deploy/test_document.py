"""The files and commands that docs/how-to/deployment.md adds to those of deploy/."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

from tests.deploy.manifests import RUN
from tests.deploy.processes import COMPOSE, PATH, ROOT, SERVICES
from tests.harness.documents import documented_commands, run_shell
from tests.harness.processes import temporal_binary
from worker.settings import WorkerSettings, load_settings, unknown_variables
from worker.settings.base import SECRET_FIELDS

PAGE = ROOT / "docs" / "how-to" / "deployment.md"  # tests name it "deployment.md"
TEXT = PAGE.read_text("utf-8")


def override() -> dict[str, Any]:
    found = re.search(r"<!-- compose: override -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert found
    text: dict[str, Any] = yaml.safe_load(found[1])
    return text


def test_compose_override_uses_known_settings(tmp_path: Path) -> None:
    (service,) = override()["services"].items()
    name, added = service
    assert name in SERVICES
    assert unknown_variables(added["environment"]) == []
    assert not {f"TELEGENT_{field.upper()}" for field in SECRET_FIELDS} & (
        added["environment"].keys() - {"TELEGENT_EVENT_URLS"}
    )
    assert added["secrets"] == list(override()["secrets"])
    assert not override()["secrets"].keys() & COMPOSE["secrets"].keys()
    (tmp_path / "override.yml").write_text(yaml.safe_dump(override()))
    subprocess.run(
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "override.yml"],
        cwd=tmp_path,
        env={"PATH": PATH},
        check=True,
    )


async def test_documented_event_secret_is_accepted_by_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secret,) = override()["secrets"].values()
    file = tmp_path / "event_secret"
    commands = documented_commands(PAGE, "event secret")
    assert secret["file"].removeprefix("./") in commands
    await run_shell(commands.replace("deploy/secrets/event_secret", str(file)))
    monkeypatch.setenv("TELEGENT_ACCOUNT_KEY", "DID-1")
    monkeypatch.setenv("TELEGENT_ACCOUNT_SECRET", "x")
    monkeypatch.setenv("TELEGENT_EVENT_SECRET_FILE", str(file))
    monkeypatch.setenv("TELEGENT_EVENT_URLS", "https://crm.example.com/events")
    load_settings(WorkerSettings)
    assert file.stat().st_mode & 0o777 == 0o444


async def test_documented_command_sets_the_namespace_retention() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary()
    ) as server:
        address = server.client.service_client.config.target_host
        await run_shell(documented_commands(PAGE, "retention"), TEMPORAL_ADDRESS=address)
        found = await server.client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default")
        )
    days = re.search(r"RETENTION:-(\d+)d", str(SERVICES["namespace"]["environment"]))
    assert days
    kept = found.config.workflow_execution_retention_ttl.seconds
    assert kept == int(days[1]) * 86_400


def test_documented_secrets_are_those_that_the_manifests_mount() -> None:
    mounted = {
        item["key"]
        for thing in RUN
        for volume in thing["spec"]["template"]["spec"].get("volumes", [])
        for item in volume["secret"]["items"]
    }
    given = re.findall(r"--from-file=deploy/secrets/(\w+)", TEXT)
    assert set(given) == mounted
    assert len(given) == len(mounted)


def test_documented_request_budget_is_the_shipped_one() -> None:
    config = yaml.safe_load((ROOT / "deploy/kubernetes/config.yaml").read_text())["data"]
    rate = config["TELEGENT_REQUESTS_PER_MINUTE"]
    compose = SERVICES["worker"]["environment"]["TELEGENT_REQUESTS_PER_MINUTE"]
    assert compose == f"${{TELEGENT_REQUESTS_PER_MINUTE:-{rate}}}"
    assert f"The standard tier allows {rate} requests a minute" in " ".join(TEXT.split())
