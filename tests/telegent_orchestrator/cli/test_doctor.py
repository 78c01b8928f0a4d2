"""`tgo doctor`: what it finds, and what it says to do."""

import asyncio
import base64
import os
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.cli import clock
from telegent_orchestrator.cli.commands import doctor
from telegent_orchestrator.client import ExecutionFilter, Executions, PortInHandle, WorkflowKind
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.port_in import PortInDetails, PortInRequest
from tests.harness import Harness, running_harness
from tests.harness.command_line import CommandLine, command_line
from tests.harness.payloads import port_in, single

NUMBER = "+18015550142"
RUNNING = ExecutionFilter(kinds=[WorkflowKind.PORT_IN])
KEYS, OTHER_KEYS = (f"mine:{base64.b64encode(os.urandom(32)).decode()}" for _ in range(2))


async def test_healthy_installation_passes(cli: CommandLine) -> None:
    async with asyncio.timeout(30):
        # A worker is listed a moment after its first poll.
        while (said := await cli.run("doctor")).status != 0:
            await asyncio.sleep(0.2)
    assert "✗" not in said.out
    for name in ("Temporal: 127.0.0.1", "search attributes: all", "workers on telegent-api: 1"):
        assert f"✓ {name}" in said.out


async def test_unknown_variable_is_a_problem(cli: CommandLine) -> None:
    said = await cli.run("doctor", "--json", TEMPORAL_ADRESS="elsewhere:7233")
    assert said.status == 4
    [problem] = [check for check in said.json["checks"] if not check["ok"]]
    assert "did you mean TEMPORAL_ADDRESS?" in problem["found"]


async def test_unreachable_server_is_a_problem(cli: CommandLine) -> None:
    said = await cli.run("--address", "127.0.0.1:1", "doctor")
    assert said.status == 4
    assert "✗ Temporal: cannot reach Temporal at 127.0.0.1:1" in said.out


async def test_missing_worker_is_a_problem(temporal: Client) -> None:
    address = temporal.service_client.config.target_host
    alone = CommandLine({"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": "temporal-system"})
    said = await alone.run("doctor")
    assert said.status == 4
    assert "✗ workers on telegent-api: none is polling" in said.out
    assert "start one: python -m worker" in said.out


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (300, "✗ clock: this machine's is at least 5min ahead of Temporal's"),
        (-300, "✗ clock: this machine's is at least 5min behind Temporal's"),
        (0, "✓ clock: "),
    ],
)
async def test_clock_that_differs_is_a_problem_and_workers_are_still_found(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, seconds: int, found: str
) -> None:
    class WrongClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "WrongClock":
            return cls.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC)

    monkeypatch.setattr(clock, "datetime", WrongClock)
    monkeypatch.setattr(doctor, "datetime", WrongClock)
    said = await cli.run("doctor")
    assert found in said.out
    assert "✓ workers on telegent-api: 1" in said.out


async def test_client_that_may_not_poll_reads_no_time(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deny(*_: object, **__: object) -> None:
        raise RPCError("no permission", RPCStatusCode.PERMISSION_DENIED, b"")

    monkeypatch.setattr(temporal.workflow_service, "poll_activity_task_queue", deny)
    assert await clock.read_server_time(temporal) is None


async def test_other_payload_keys_are_a_problem(temporal: Client) -> None:
    config = temporal.config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with running_harness(Client(**config), SimulatorOptions()) as harness:
        handle = await start_silent_port_in(harness)
        commands = [
            command_line(harness, TELEGENT_PAYLOAD_KEYS=keys) for keys in (KEYS, OTHER_KEYS, "")
        ]
        right, other, without = [await command.run("doctor") for command in commands]
        await harness.temporal.get_workflow_handle(handle.id).terminate()
    [key] = parse_key_ring(KEYS)
    assert f"✓ payload keys: {key.label}" in right.out
    for said in (other, without):
        assert said.status == 4
        assert "✗ payload keys: this command has " in said.out
        assert f"the workers have {key.label}" in said.out


async def start_silent_port_in(harness: Harness) -> PortInHandle:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    details = PortInDetails.model_validate(port_in(NUMBER))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    async with asyncio.timeout(30):
        while not (await Executions(harness.temporal).find(RUNNING, 1)).executions:
            await asyncio.sleep(0.1)
    return handle


async def test_rejected_credentials_are_a_problem(cli: CommandLine, harness: Harness) -> None:
    refuse = Fault(match="POST /v1.0/oauth2/tokens", kind="error_before", status=401, times=999)
    harness.telegent.faults.add(refuse)
    handle = await harness.onboard(single())
    async with asyncio.timeout(60):
        while "✗ Telegent credentials" not in (said := await cli.run("doctor")).out:
            await asyncio.sleep(0.2)
    assert said.status == 4
    assert "correct TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET of the workers" in said.out
    await harness.temporal.get_workflow_handle(handle.id).terminate()
