"""What the documents tell to type does what they say."""

from pathlib import Path

import httpx
import pytest

from devstack.child_process import ChildProcess, http_ready
from devstack.supervised_stack import SupervisedStack
from devstack.tcp_ports import free_ports
from tests.harness.documents import OPEN, command_blocks, reset_stack, run_commands
from tools.docs.documents import ROOT

FAILURES = ROOT / "docs" / "explanation" / "failure-handling.md"
OTHER_SERVICES = ROOT / "docs" / "how-to" / "other-services.md"
EVENTS = ROOT / "docs" / "reference" / "events.md"
WEBHOOK = ROOT / "docs" / "how-to" / "webhook.md"
REFUSED = "workflow update execute"
FAMILY = "--workflow-id onboarding-family-2041"
ACCOUNT = f"metadata {FAMILY} | grep 'response was lost, found by lookup'"
QUESTION = f"query {FAMILY} --type status --output json | grep -q evidence"
REJECTION = f"""count --query 'PortState = "ACTION_REQUIRED" AND {OPEN}' | grep -q 'Total: 1'"""


@pytest.mark.resilience
async def test_documented_fault_commands_work(running: SupervisedStack) -> None:
    await reset_stack(running)
    exports, cut, nonsense, correct = command_blocks(
        FAILURES, "Try it: lost responses and invalid messages"
    )
    assert "\nsleep 5\n" in cut
    await run_commands(exports + cut.replace("\nsleep 5\n", f"\n{wait_for(ACCOUNT)}\n"), running)
    printed = await run_commands(f"{exports}{wait_for(REJECTION)}\n{nonsense}", running)
    assert printed.count("acount_number") >= 1
    refused = correct.splitlines()[0]
    assert REFUSED in refused
    port_in = nonsense.partition(".venv/bin/temporal workflow signal")[0]
    said = await run_commands(exports + port_in + correct.replace(refused, f"! {refused}"), running)
    assert "COMPLETED" in said


def wait_for(sign: str) -> str:
    """In place of the time that it takes to read on: a command, and what it says in the end."""
    return f"until .venv/bin/temporal workflow {sign}; do sleep 0.5; done"


@pytest.mark.resilience
async def test_documented_port_in_json_works(running: SupervisedStack) -> None:
    await reset_stack(running)
    # So that it is still there when it is cancelled.
    silent = {"number": "+18015550177", "script": "silent"}
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.post(f"{running.simulator_url}/_sim/carrier", json=silent)).raise_for_status()
    [exports] = command_blocks(OTHER_SERVICES, "Set up")
    [port_in] = command_blocks(OTHER_SERVICES, "A port-in with plain JSON")
    start, update, rest = port_in.partition(".venv/bin/temporal workflow update")
    # While it is being submitted a cancel is refused, and a test types faster than people.
    ordered = wait_for("query --workflow-id $PORT_IN --type status --output json | grep -q JNUOID")
    said = await run_commands(f"{exports}{start}{ordered}\n{update}{rest}", running)
    assert "CANCEL" in said


@pytest.mark.resilience
async def test_documented_resolve_command_works(running: SupervisedStack) -> None:
    await reset_stack(running)
    [printed] = command_blocks(FAILURES, "Try it: an escalation")
    assert "\nsleep 5\n" in printed
    await run_commands(printed.replace("\nsleep 5\n", f"\n{wait_for(QUESTION)}\n"), running)
    status = await running.orchestrator.onboarding("family-2041").status()
    assert "Voice route" not in [question.step for question in status.escalations]


@pytest.mark.resilience
async def test_documented_event_reset_works(running: SupervisedStack) -> None:
    """There are none here: that they arrive is shown in tests/workflows/events/test_events.py."""
    exports, *_ = command_blocks(FAILURES, "Try it: lost responses and invalid messages")
    listed, again = command_blocks(EVENTS, "Undelivered events")
    await run_commands(exports + listed + again, running)


@pytest.mark.resilience
async def test_documented_order_update_is_accepted(
    running: SupervisedStack, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    [serve], [ask] = (
        command_blocks(WEBHOOK, "Running it"),
        command_blocks(WEBHOOK, "Responses"),
    )
    export, command = serve.replace(
        "$(openssl rand -hex 24)", "a-token-for-two-shells"
    ).splitlines()
    webhook = ChildProcess(
        "webhook",
        ["bash", "-euc", f"{export}\nexec {command}"],
        log=tmp_path / "webhook.log",
        ready=http_ready(f"http://127.0.0.1:{port}/readyz"),
        environment={
            "TEMPORAL_ADDRESS": running.temporal_address,
            "TELEGENT_WEBHOOK_PORT": str(port),
        },
    )
    await webhook.spawn()
    try:
        await webhook.wait_ready()
        said = await run_commands(f"{export}\n{ask.replace(':8082', f':{port}')}", running)
    finally:
        await webhook.stop()
    assert '"unknown_orders":1' in said
