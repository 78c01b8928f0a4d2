"""What `status` and `--watch` say about calls that Temporal repeats, before a workflow knows."""

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.client import Client, WorkflowExecutionDescription

from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.port_in import PortInDetails, PortInRequest
from tests.harness import Harness, idle_harness
from tests.harness.command_line import (
    CommandLine,
    CommandOutput,
    command_line,
    start_process,
    wait_output,
)
from tests.harness.payloads import line, port_in, single
from tests.harness.waiting import TEST_TIMEOUT, wait_until

KEYS = f"mine:{base64.b64encode(os.urandom(32)).decode()}"
NUMBER = "+18015550142"
REASON = "Telegent rejects our credentials: "


@pytest_asyncio.fixture
async def wrong_secret(temporal: Client) -> AsyncIterator[Harness]:
    """Workers with a wrong account secret, which encrypt payloads and failures."""
    config = temporal.config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with (
        idle_harness(Client(**config), SimulatorOptions()) as harness,
        harness.running_workers(account_secret="wrong"),
    ):
        yield harness


async def test_status_says_why_the_first_list_fails(wrong_secret: Harness) -> None:
    cli = command_line(wrong_secret, TELEGENT_PAYLOAD_KEYS=KEYS)
    handle = await start_with_existing_account(wrong_secret)
    said = await said_with(cli, REASON, "status", handle.reference)
    assert said.status == 0
    assert "\nlist products fails and is repeated (attempt " in said.out

    as_json = await cli.run("status", handle.reference, "--json")
    [call] = as_json.json["progress"]["failing_calls"]
    assert (call["workflow_id"], call["line"]) == (handle.id, "")
    assert (call["activity"], call["failure"]) == ("list_products", "CredentialsRejected")
    assert call["attempt"] > 1
    assert call["message"].endswith("AccountKey or AccountSecret is not valid.")
    assert call["message"] in " ".join(said.out.split())


async def test_watch_says_why_the_first_list_fails(wrong_secret: Harness) -> None:
    cli = command_line(wrong_secret, TELEGENT_PAYLOAD_KEYS=KEYS)
    handle = await start_with_existing_account(wrong_secret)
    watch = await start_process("status", handle.reference, "--watch", env=cli.variables)
    await read_until(watch, REASON)
    watch.send_signal(signal.SIGINT)
    ended = await wait_output(watch)
    assert ended.status == 130
    # Once, not with each attempt.
    assert REASON not in ended.out


async def test_watch_names_the_line_and_continues(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    reference = f"{harness.settings.id_key}-one"
    limited = line("first", "one", data_limits={"limit_mb": 1000})
    file = tmp_path / "one.json"
    file.write_text(single(reference, lines=[limited]).model_dump_json(exclude_none=True))
    refuse = Fault(
        match="POST /v1.0/numbers/data-usage", kind="error_before", status=503, times=999
    )
    harness.telegent.faults.add(refuse)
    watch = await start_process("start", str(file), "--watch", env=cli.variables)
    sentence = "s  line first, set data limits fails and is repeated (attempt "
    await read_until(watch, sentence)
    harness.telegent.faults.clear()
    ended = await wait_output(watch)
    assert ended.status == 0
    assert sentence not in ended.out


async def test_port_in_says_why_a_read_fails(cli: CommandLine, harness: Harness) -> None:
    refuse = Fault(match="POST /v1.0/oauth2/tokens", kind="error_before", status=401, times=999)
    harness.telegent.faults.add(refuse)
    details = PortInDetails.model_validate(port_in(NUMBER))
    await harness.orchestrator.start_port_in(PortInRequest(details=details))
    await said_with(cli, REASON, "port-in", "status", NUMBER)
    as_json = await cli.run("port-in", "status", NUMBER, "--json")
    [call] = as_json.json["failing_calls"]
    assert call["failure"] == "CredentialsRejected"
    assert call["message"].startswith("POST /v1.0/OAuth2/tokens: no token for this account key")


async def test_poll_of_an_order_does_not_count_as_failing(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    details = PortInDetails.model_validate(port_in(NUMBER))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    described = harness.temporal.get_workflow_handle(handle.id).describe

    def is_polled(now: WorkflowExecutionDescription) -> bool:
        pending = now.raw_description.pending_activities
        polls = [each for each in pending if each.activity_type.name == "await_port_change"]
        return any(poll.attempt > 2 for poll in polls)

    await wait_until(described, is_polled)
    assert await handle.failing_calls() == []


async def start_with_existing_account(harness: Harness) -> OnboardingHandle:
    return await harness.onboard(
        single(
            account={"account_id": "ACC-1"},
            subscribers=[{"key": "one", "subscriber_id": "SUB-1"}],
            routes={"message": {"message_route_id": "MR-1"}, "voice": {"voice_route_id": "VR-1"}},
        )
    )


async def said_with(cli: CommandLine, text: str, *words: str) -> CommandOutput:
    """What the command says once it says this."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while text not in (said := await cli.run(*words)).out:
            await asyncio.sleep(0.1)
    return said


async def read_until(running: asyncio.subprocess.Process, text: str) -> None:
    """Returns once the process has printed a line with this text."""
    assert running.stdout is not None
    async with asyncio.timeout(TEST_TIMEOUT):
        while text not in (shown := (await running.stdout.readline()).decode()):
            assert shown, f"it ended without {text}"
