"""What docker-compose.yml says of our services is so: they run by it, without an engine."""

import asyncio
import shutil
import subprocess
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
import pytest_asyncio
import yaml
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from devstack.tcp_ports import HOST, free_ports
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.names import SEARCH_ATTRIBUTES
from telegent_orchestrator.onboarding import OnboardingResult
from tests.deploy.processes import COMPOSE, OWN_SERVICES, PATH, ROOT, SERVICES, Containers
from tests.harness.payloads import single
from tests.harness.processes import temporal_binary
from tests.harness.waiting import TEST_TIMEOUT
from worker.http.webhook import ORDER_UPDATE_PATH as ORDER_UPDATE

pytestmark = pytest.mark.resilience

ONE_SHOT = ("namespace", "search-attributes")
CONTAINERS = [
    f"{name}-{number}" if "scale" in SERVICES[name] else name
    for name in OWN_SERVICES
    if name not in ONE_SHOT
    for number in range(1, SERVICES[name].get("scale", 1) + 1)
]
EXPORTED = {
    "BUILD_ID": "tested",
    # As the comment at the top of the file says, for a run without Telegent.
    "TELEGENT_BASE_URL": "http://simulator:8099",
    # The simulator has no rate limit, and the test should be fast.
    "TELEGENT_REQUESTS_PER_MINUTE": "6000",
}
SCRAPED = {
    job["job_name"]: job["dns_sd_configs"][0]
    for job in yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())[
        "scrape_configs"
    ]
}


@dataclass
class Ran:
    """What was to be seen while everything ran, by container where it concerns one."""

    jobs: dict[str, str] = field(default_factory=dict)
    health_before: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    onboarded: OnboardingResult | None = None
    order_updates: list[int] = field(default_factory=list)
    ui: int = 0
    written: set[Path] = field(default_factory=set)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("compose")
    make_secrets(folder)
    containers, seen = Containers(folder, EXPORTED), Ran()
    before = files(containers)
    (ui,) = free_ports(1)
    async with (
        await WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary(), ui=True, ui_port=ui
        ) as temporal,
        AsyncExitStack() as at_the_end,
    ):
        address = temporal.client.service_client.config.target_host
        containers.set_port("temporal", 7233, int(address.rpartition(":")[2]))
        for job in ONE_SHOT:
            seen.jobs[job] = await containers.run_job(job)
        children = [containers.child(name) for name in CONTAINERS]
        for child in children:
            seen.health_before[child.name] = await containers.health(child.name)
            at_the_end.push_async_callback(child.stop)
            await child.spawn()
        await asyncio.gather(*(child.wait_ready() for child in children))
        await use(containers, folder / "secrets", address, ui, seen)
        with patch("devstack.child_process.STOP_TIMEOUT", TEST_TIMEOUT):
            await asyncio.gather(*(child.stop() for child in children))
        seen.ended = {child.name: await child.wait_ended() for child in children}
    seen.written = files(containers) - before
    return seen


def make_secrets(folder: Path) -> None:
    shutil.copy(ROOT / "deploy/make-secrets.sh", folder)
    subprocess.run(["sh", str(folder / "make-secrets.sh")], check=True, capture_output=True)


def files(containers: Containers) -> set[Path]:
    return set(containers.application.rglob("*"))


async def use(containers: Containers, secrets: Path, address: str, ui: int, seen: Ran) -> None:
    """What a service, Telegent, Prometheus and a person would do."""
    keys = parse_key_ring((secrets / "payload_keys").read_text())
    client = await Client.connect(address, data_converter=data_converter(keys))
    orchestrator = Orchestrator(client, id_key=(secrets / "id_key").read_text())
    onboarding = await orchestrator.start_onboarding(single("compose-1", lines=[]))
    async with asyncio.timeout(TEST_TIMEOUT), httpx.AsyncClient(trust_env=False) as http:
        seen.onboarded = await onboarding.result()
        for container in CONTAINERS:
            if target := SCRAPED.get(container.rstrip("-12")):
                port = containers.port(container, target["port"])
                response = await http.get(f"http://{HOST}:{port}/metrics")
                seen.metrics[container] = response.text
        webhook = f"http://{HOST}:{containers.port('webhook', 8082)}{ORDER_UPDATE}"
        for token in ((secrets / "webhook_token").read_text(), "wrong"):
            headers = {"Authorization": f"Bearer {token}"}
            response = await http.post(webhook, headers=headers, content="{}")
            seen.order_updates.append(response.status_code)
        process = SERVICES["temporal-ui"]["healthcheck"]["test"][-1]
        seen.ui = (await http.get(process.replace(":8080", f":{ui}"))).status_code


def test_compose_file_conforms_to_the_specification() -> None:
    checked = subprocess.run(
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        cwd=ROOT,
        env={"PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_jobs_prepare_temporal(ran: Ran) -> None:
    assert ran.jobs["namespace"] == "namespace default is ready\n"
    assert ran.jobs["search-attributes"].splitlines() == [
        f"{key.name}: registered" for key in SEARCH_ATTRIBUTES
    ]


@pytest.mark.parametrize("container", CONTAINERS)
def test_services_become_healthy_and_stop_on_request(ran: Ran, container: str) -> None:
    assert ran.health_before[container] != 0  # the check can fail
    assert ran.ended[container] in ("exit status 0", "signal 15")  # never by force


def test_ui_passes_its_health_check(ran: Ran) -> None:
    assert ran.ui == 200


def test_worker_onboards_with_generated_secrets(ran: Ran) -> None:
    assert ran.onboarded
    assert ran.onboarded.complete


def test_webhook_accepts_updates_with_generated_token(ran: Ran) -> None:
    assert ran.order_updates == [200, 401]


def test_prometheus_scrapes_all_configured_targets(ran: Ran) -> None:
    assert {name.rstrip("-12") for name in ran.metrics} == SCRAPED.keys()
    assert len(ran.metrics) == 3
    assert {job["names"][0] for job in SCRAPED.values()} <= SERVICES.keys()
    assert all("telegent_" in text for text in ran.metrics.values())


def test_services_write_only_to_writable_mounts(ran: Ran) -> None:
    assert all(SERVICES[name]["read_only"] for name in OWN_SERVICES)
    assert ran.written == set()


def test_generated_secrets_are_all_used() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()
