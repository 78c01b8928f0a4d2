"""`tgo doctor`: what it finds, and what it says to do."""

import base64
import os

from temporalio.client import Client

from simulator import SimulatorOptions
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from tests.harness import Harness, running_harness
from tests.harness.command_line import CommandLine, command_line
from tests.harness.payloads import single

KEYS = f"mine:{base64.b64encode(os.urandom(32)).decode()}"
OTHER_KEYS = f"mine:{base64.b64encode(os.urandom(32)).decode()}"


async def test_healthy_installation_passes(cli: CommandLine) -> None:
    said = await cli.run("doctor")
    assert said.status == 0, said.out
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


async def test_other_payload_keys_are_a_problem(temporal: Client) -> None:
    config = temporal.config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with running_harness(Client(**config), SimulatorOptions()) as harness:
        await start_and_wait(harness)
        right = await command_line(harness, TELEGENT_PAYLOAD_KEYS=KEYS).run("doctor")
        assert right.status == 0, right.out
        other = await command_line(harness, TELEGENT_PAYLOAD_KEYS=OTHER_KEYS).run("doctor")
        without = await command_line(harness).run("doctor")
    for said in (other, without):
        assert said.status == 4
        assert "✗ payload keys: " in said.out
        assert "recent workflows also use mine (" in said.out


async def start_and_wait(harness: Harness) -> None:
    handle = await harness.orchestrator.start_onboarding(single("encrypted-1"))
    await handle.result()
