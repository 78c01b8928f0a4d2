"""What each command says when its keys are not those of the workers."""

import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError

from simulator import CarrierRecord, SimulatorOptions
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.key_record import KEYS_SCHEDULE_ID, id_key_fingerprint
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import Harness, running_harness
from tests.harness.command_line import CommandLine, command_line
from tests.harness.payloads import port_in, single
from tests.harness.port_ins import until
from worker.keys import require_same_keys

NUMBER = "+18015550142"
KEYS, OTHER_KEYS = (f"mine:{base64.b64encode(os.urandom(32)).decode()}" for _ in range(2))
LABEL, OTHER_LABEL = (parse_key_ring(keys)[0].label for keys in (KEYS, OTHER_KEYS))


@pytest_asyncio.fixture(loop_scope="session")
async def recorded(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A harness with encrypted payloads, in whose namespace a worker has recorded its keys."""
    config = temporal.config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with running_harness(Client(**config), options) as harness:
        await require_same_keys(harness.temporal, harness.settings.id_key, parse_key_ring(KEYS))
        yield harness
        with contextlib.suppress(RPCError):
            await harness.temporal.get_schedule_handle(KEYS_SCHEDULE_ID).delete()


@pytest.fixture
def right(recorded: Harness) -> CommandLine:
    return command_line(recorded, TELEGENT_PAYLOAD_KEYS=KEYS)


@pytest.fixture
def onboarding_file(tmp_path: Path) -> str:
    file = tmp_path / "onboarding.json"
    file.write_text(single("keys").model_dump_json(exclude_unset=True))
    return str(file)


@pytest.fixture
def port_in_file(tmp_path: Path) -> str:
    file = tmp_path / "port-in.json"
    file.write_text(json.dumps({"details": port_in(NUMBER)}))
    return str(file)


@pytest.fixture
def rows_file(tmp_path: Path, onboarding_file: str) -> str:
    file = tmp_path / "rows.jsonl"
    file.write_text(Path(onboarding_file).read_text("utf-8"))
    return str(file)


COMMANDS = (
    "start {onboarding}",
    "status keys",
    "status keys --watch",
    "resolve keys Account retry --reason because",
    "cancel keys",
    "port-in start {port_in}",
    f"port-in status {NUMBER}",
    f"port-in correct {NUMBER} --set losing_carrier=Verizon",
    f"port-in cancel {NUMBER} --reason because",
    f"port-in decide {NUMBER} attach_order --order JNUOID-1 --reason because",
    f"port-in decide {NUMBER} restart --reason because",
    f"port-in note {NUMBER} text",
    f"port-out start {NUMBER} --authentication call-4711",
    f"port-out status {NUMBER}",
    f"line suspend {NUMBER} --reason because",
    "bulk start {rows}",
    "bulk status keys",
    "bulk pause keys --reason because",
    "bulk cancel keys --reason because",
)


@pytest.mark.parametrize("keys", [OTHER_KEYS, ""], ids=["other keys", "no keys"])
async def test_each_command_names_the_payload_keys_that_differ(
    recorded: Harness, onboarding_file: str, port_in_file: str, rows_file: str, keys: str
) -> None:
    wrong = command_line(recorded, TELEGENT_PAYLOAD_KEYS=keys)
    files = {"onboarding": onboarding_file, "port_in": port_in_file, "rows": rows_file}
    shown = OTHER_LABEL if keys else "none"
    for command in COMMANDS:
        said = await wrong.run(*command.format(**files).split())
        assert said.status == 4, command
        sentence = said.err.splitlines()[-1]
        assert f"this command has {shown}, the workers have {LABEL}" in sentence, command
        assert "--payload-keys-file" in sentence
    assert not [run async for run in recorded.temporal.list_workflows("ExecutionStatus='Running'")]


async def test_commands_that_need_the_id_key_name_the_one_that_differs(
    recorded: Harness, right: CommandLine, onboarding_file: str, port_in_file: str, rows_file: str
) -> None:
    handle = await recorded.orchestrator.start_port_in(
        PortInRequest(details=PortInDetails.model_validate(port_in(NUMBER)))
    )
    files = {"onboarding": onboarding_file, "port_in": port_in_file, "rows": rows_file}
    expected = (
        f"this command has {id_key_fingerprint('other')}, the workers have "
        f"{id_key_fingerprint(recorded.settings.id_key)}"
    )
    for command in COMMANDS:
        if "start" in command or NUMBER in command:
            said = await right.run(*command.format(**files).split(), TELEGENT_ID_KEY="other")
            assert said.status == 4, command
            assert expected in said.err, command
            assert "--id-key-file" in said.err
    by_id = await right.run("port-in", "status", handle.id, TELEGENT_ID_KEY="other")
    assert by_id.status == 0
    await handle.result()


async def test_client_with_one_more_key_than_the_workers_is_served(
    recorded: Harness, port_in_file: str
) -> None:
    ring = command_line(recorded, TELEGENT_PAYLOAD_KEYS=f"{KEYS},next:{OTHER_KEYS[5:]}")
    said = await ring.run("port-in", "start", port_in_file, "--watch")
    assert said.status == 0, said.err


async def test_doctor_compares_the_keys_with_those_of_the_workers(
    recorded: Harness, right: CommandLine
) -> None:
    wrong = command_line(recorded, TELEGENT_PAYLOAD_KEYS=OTHER_KEYS, TELEGENT_ID_KEY="other")
    good, bad = await right.run("doctor"), await wrong.run("doctor")
    assert f"✓ payload keys: {LABEL}" in good.out
    assert f"✓ id key: {id_key_fingerprint(recorded.settings.id_key)}" in good.out
    assert bad.status == 4
    for name, option in (("payload keys", "--payload-keys-file"), ("id key", "--id-key-file")):
        assert f"✗ {name}: this command has " in bad.out
        assert f"give the worker's with {option}" in bad.out


async def test_missing_worker_is_distinguished_from_different_keys(
    recorded: Harness, right: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telegent_orchestrator.cli.watching.REPLY_TIMEOUT", 0.5)
    handle = await recorded.temporal.start_workflow(
        "OnboardingWorkflow", single(), id="onboarding-idle", task_queue="nobody-works-here"
    )
    said = await right.run("status", "idle")
    assert said.status == 4
    assert "no worker responded" in said.err
    assert "keys differ" not in said.err
    await handle.terminate()


async def test_list_with_other_keys_works(recorded: Harness, right: CommandLine) -> None:
    recorded.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    details = PortInDetails.model_validate(port_in(NUMBER))
    handle = await recorded.orchestrator.start_port_in(PortInRequest(details=details))
    await until(handle, PortState.ACTION_REQUIRED)
    assert (await right.run("list", TELEGENT_PAYLOAD_KEYS=OTHER_KEYS)).status == 0
