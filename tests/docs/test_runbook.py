"""Every command of docs/how-to/runbook.md, typed where what it is for has happened."""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
import yaml
from temporalio.service import RPCError

from demo.summary import fetch_vendor_summary
from devstack.supervised_stack import SupervisedStack, supervised_stack
from devstack.tcp_ports import TcpPorts
from telegent_orchestrator.client import PortInHandle, ReconcileClient
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness.documents import anchors, documented_commands, localize_commands, reset_stack
from tests.harness.payloads import port_in, single
from tests.harness.resets import delete_all
from tools.docs.documents import ROOT, between_markers, table_rows
from worker.schedules import USAGE, ensure_schedule

RUNBOOK = ROOT / "docs" / "how-to" / "runbook.md"
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
FAMILY = OnboardingRequest.model_validate_json((ROOT / "examples/family.json").read_text())
REJECTED, SILENT, HELD, FOUND, NOT_FOUND = (
    f"+180155501{last}" for last in ("42", "77", "45", "78", "79")
)
ORDER = "JNUOID-11111111"
PORT_IN = "port-in-9c7e4fd447a815fed5726c36"


@dataclass(frozen=True)
class OnCall:
    """An on-call engineer at a shell in which the runbook's first block has been typed."""

    running: SupervisedStack

    async def types(
        self,
        name: str,
        *,
        exits: int = 0,
        order: str = ORDER,
        port_in: str = PORT_IN,
        variables: Mapping[str, str] = {},
    ) -> str:
        """What a block of the runbook prints, with this order and port-in in place of its own."""
        commands = (
            documented_commands(RUNBOOK, name).replace(ORDER, order).replace(PORT_IN, port_in)
        )
        set_up = localize_commands(documented_commands(RUNBOOK, "set up"), self.running)
        exports = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
        async with asyncio.timeout(60):
            while True:
                status, said = await self._shell(f"{set_up}\n{exports}{commands}")
                if "Max concurrent batch operations" not in said:
                    break
                await asyncio.sleep(0.3)
        assert status == exits, f"{commands}\n{said}"
        return said

    async def _shell(self, commands: str) -> tuple[int | None, str]:
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", commands),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "COLUMNS": "160"},
        )
        out, _ = await self.running.run(shell.communicate())
        return shell.returncode, out.decode()

    async def tells_simulator(self, what: str, **body: object) -> None:
        url = f"{self.running.simulator_url}/_sim/{what}"
        async with httpx.AsyncClient(trust_env=False) as simulator:
            (await simulator.post(url, json=body)).raise_for_status()

    async def starts_port(self, number: str, state: PortState) -> PortInHandle:
        """A port-in that has reached this state."""
        details = PortInDetails.model_validate(port_in(number))
        port = await self.running.orchestrator.start_port_in(PortInRequest(details=details))
        return await reaches(port, state)


async def reaches(port: PortInHandle, state: PortState) -> PortInHandle:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(RPCError):  # an onboarding may not have started it yet
                if (await port.status()).state is state:
                    return port
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on_call(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OnCall]:
    async with supervised_stack(tmp_path_factory.mktemp("runbook"), TcpPorts.allocate()) as running:
        yield OnCall(running)


@pytest.mark.resilience
async def test_commands_find_and_fix_stuck_port_ins(on_call: OnCall) -> None:
    # Another test may have onboarded the family.
    await reset_stack(on_call.running)
    orchestrator = on_call.running.orchestrator
    await on_call.tells_simulator("carrier", number=HELD, script="reject:9Z-ACCOUNT ON HOLD")
    family = await orchestrator.start_onboarding(FAMILY)
    held = await on_call.starts_port(HELD, PortState.ACTION_REQUIRED)
    rejected = await reaches(orchestrator.port_in(REJECTED), PortState.ACTION_REQUIRED)

    found = await on_call.types("find what is stuck")
    assert held.id in found
    assert rejected.id in found
    assert "ACCOUNT_NUMBER" in await on_call.types("read it", exits=3)
    await on_call.types("help it", port_in=held.id, variables={"ACCOUNT_NUMBER": "100200301"})

    assert (await family.result()).complete
    assert (await held.result()).state is PortState.COMPLETED


@pytest.mark.resilience
async def test_commands_find_and_resolve_an_escalation(on_call: OnCall) -> None:
    fault = {"match": "POST /v1.0/voice/routes", "kind": "error_before", "status": 504, "times": 2}
    await on_call.tells_simulator("faults", **fault)
    onboarding = await on_call.running.orchestrator.start_onboarding(single("family-2043"))
    async with asyncio.timeout(60):
        while not (await onboarding.status()).escalations:
            await asyncio.sleep(0.1)

    said = await on_call.types("find the question", exits=3)
    assert "family-2043:Voice route needs an operator: " in said
    await on_call.types("answer it")

    assert (await onboarding.result()).complete


@pytest.mark.resilience
async def test_commands_attach_the_order_of_a_lost_submit(on_call: OnCall) -> None:
    submit = "POST /v1.0/numbers/portin"
    await on_call.tells_simulator("faults", match=submit, kind="drop_response")
    found = await on_call.starts_port(FOUND, PortState.SUBMIT_UNKNOWN)
    await on_call.tells_simulator("faults", match=submit, kind="error_before", status=504)
    not_found = await on_call.starts_port(NOT_FOUND, PortState.SUBMIT_UNKNOWN)

    await on_call.types("lost submit", order=await order_of(FOUND, on_call.running))

    assert (await found.result()).state is PortState.COMPLETED
    assert (await not_found.result()).state is PortState.COMPLETED


async def order_of(number: str, running: SupervisedStack) -> str:
    """The order that the simulator has for this number."""
    async with httpx.AsyncClient(trust_env=False) as simulator:
        ledger = (await simulator.get(f"{running.simulator_url}/_sim/ledger")).json()
    submitted = [row for row in ledger if row["kind"] == "portin.submitted"]
    return next(str(row["data"]["order_id"]) for row in submitted if number in str(row))


@pytest.mark.resilience
async def test_commands_change_the_call_rate_without_restart(on_call: OnCall) -> None:
    await on_call.starts_port("+18015550149", PortState.SUBMITTED)

    assert "limit: 15 requests a minute" in await on_call.types("slow down")
    assert "TELEGENT_REQUESTS_PER_MINUTE" in await on_call.types("full speed")


@pytest.mark.resilience
async def test_commands_list_pollers_and_replay_open_workflows(on_call: OnCall) -> None:
    await on_call.starts_port("+18015550146", PortState.SUBMITTED)

    assert "SERVING" in await on_call.types("who polls")
    assert "already registered" in await on_call.types("register")
    assert await on_call.types("which fail") == ""
    await on_call.types("poll all")
    assert "can continue with this build" in await on_call.types("replay what is open")


@pytest.mark.parametrize(
    ("name", "document"),
    [("make current", "deployment.md"), ("replay what is open", "changing-workflows.md")],
)
def test_shared_commands_are_the_same_in_both_documents(name: str, document: str) -> None:
    page = RUNBOOK.with_name(document)
    assert documented_commands(RUNBOOK, name) == documented_commands(page, name)


@pytest.mark.resilience
async def test_commands_list_and_resend_failed_events(on_call: OnCall) -> None:
    await on_call.types("events")


@pytest.mark.resilience
async def test_commands_show_findings_and_why_there_are_none(on_call: OnCall) -> None:
    await reset_stack(on_call.running)
    await (await ReconcileClient(on_call.running.client).start()).result()

    assert "0 findings" in await on_call.types("findings")
    assert "ReconcileWorkflow" in await on_call.types("why not")


@pytest.mark.resilience
async def test_commands_show_usage_and_why_there_is_none(on_call: OnCall) -> None:
    # The workers of this stack have none.
    await ensure_schedule(on_call.running.client, USAGE, "20 * * * *", ZoneInfo("UTC"))

    shown = await on_call.types("usage")

    await ensure_schedule(on_call.running.client, USAGE, "", ZoneInfo("UTC"))
    assert "usage of" in shown
    assert "UsageWorkflow" in shown


@pytest.mark.resilience
async def test_commands_rebuild_after_a_lost_database_without_duplicates(
    on_call: OnCall,
) -> None:
    running = on_call.running
    await on_call.tells_simulator("carrier", number=REJECTED, account_number=None)
    family = await running.orchestrator.start_onboarding(FAMILY)
    assert (await family.result()).complete
    await on_call.tells_simulator("carrier", number=SILENT, script="silent")
    await on_call.starts_port(SILENT, PortState.SUBMITTED)
    created = (await fetch_vendor_summary(running.simulator_url)).created()
    await on_call.types("end what the backup had open")
    # As if the database had been recreated.
    await delete_all(running.client)

    await on_call.types("an earlier run")
    order = await order_of(SILENT, running)
    await on_call.types("attach what is open", order=order)
    assert REJECTED in await on_call.types("onboard again")

    assert (await fetch_vendor_summary(running.simulator_url)).created() == created
    status = await running.orchestrator.port_in(SILENT).status()
    assert (status.state, status.order_id) == (PortState.SUBMITTED, order)


def test_command_blocks_are_all_tested() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    found = re.finditer(r"(?:<!-- run: ([^\n]*) -->\n)?^( *)```\n.*?^\2```$", text, re.M | re.S)
    # `make compose-trial` runs those of Docker Compose.
    blocks = [block[1] for block in found if "docker compose" not in block[0]]
    typed = Path(__file__).read_text(encoding="utf-8")
    assert len(blocks) > 15
    assert [name for name in blocks if f'"{name}"' not in typed] == []


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_alert_links_to_its_section(rule: dict[str, dict[str, str]]) -> None:
    table = {row[0].strip("`"): row for row in table_rows(between_markers(RUNBOOK, "alerts"))}
    _, urgency, _, link = table[str(rule["alert"])]
    section = link.partition("(#")[2].strip(")")
    assert rule["labels"]["severity"] == urgency
    assert rule["annotations"]["runbook"] == f"docs/how-to/runbook.md#{section}"
    assert section in anchors(RUNBOOK)
    heading = rf"^##+ {re.escape(heading_of(section))}$(.*?)(?=^## |\Z)"
    said = re.search(heading, RUNBOOK.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert said
    assert f"`{rule['alert']}`" in said[1]


def heading_of(section: str) -> str:
    heads: list[str] = re.findall(r"^#+ (.*)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    return next(
        head for head in heads if re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") == section
    )


def test_alert_table_lists_the_alert_rules() -> None:
    listed = [row[0].strip("`") for row in table_rows(between_markers(RUNBOOK, "alerts"))]
    assert listed == [rule["alert"] for rule in ALERTS]
