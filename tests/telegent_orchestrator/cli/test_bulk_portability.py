"""`tgo bulk check --portability`: what Telegent says about the numbers of a file."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes
from temporalio.client import Client

from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.cli import watching
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.portability import (
    MAX_PORTABILITY_NUMBERS,
    PORTABILITY_WORKFLOW,
    NumberToCheck,
    portability_id,
)
from tests.harness import Harness, idle_harness
from tests.harness.command_line import CommandLine, command_line

ELIGIBILITY = "POST /v1.0/numbers/portin/eligibility"
VERIZON, OTHER, THIRD = "+18015550165", "+18015550152", "+18015550153"
KEYS = f"mine:{base64.b64encode(os.urandom(32)).decode()}"


async def rows_file(folder: Path, *numbers: str, landline: str = "") -> str:
    """A file whose first row buys a number; each other one ports a number in from Verizon."""
    template = (await CommandLine({}).run("template", "bulk")).out
    head, bought, ported = template.splitlines()
    rows = [
        ported.replace(VERIZON, number)
        .replace("customer-1002", f"customer-{at}")
        .replace("other@", f"o{at}@")
        for at, number in enumerate(numbers)
    ]
    if landline:
        head += ",lines.0.number.port_in_date"
        rows = [row + (f",{landline}" if "0153" in row else ",") for row in rows]
        bought += ","
    file = folder / "rows.csv"
    file.write_text("\n".join([head, bought, *rows]))
    return str(file)


async def test_each_number_is_portable_or_not_with_the_message_from_telegent(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    harness.telegent.carrier.set_record(VERIZON, CarrierRecord(carrier="Verizon Wireless"))
    harness.telegent.carrier.set_record(OTHER, CarrierRecord(eligible=False, carrier="T-Mobile"))
    file = await rows_file(tmp_path, VERIZON, OTHER)

    said = await cli.run("bulk", "check", file, "--portability")
    assert said.status == 1, said.err
    assert "1 of 2 numbers can be ported:" in said.out
    assert "  row 3, line phone: ********0165 can be ported\n" in said.out
    assert (
        "  row 4, line phone: ********0152 cannot be ported: Number is not eligible for port-in; "
        "Telegent names the carrier T-Mobile, the file Verizon\n"
    ) in said.out
    assert "Verizon asks for (2 numbers):" in said.out

    as_json = await cli.run("bulk", "check", file, "--portability", "--json")
    assert (as_json.status, as_json.err.count("warning")) == (1, 0)
    first, second = as_json.json["portability"]
    assert (first["row"], first["portable"], first["carrier"]) == (3, True, "Verizon Wireless")
    assert (second["portable"], second["detail"]) == (False, "Number is not eligible for port-in")
    assert not harness.telegent.ledger.by_kind("portin.submitted")
    # Once each time that it was asked for: an ended check is repeated.
    assert requests(harness) == 4


async def test_refused_question_is_unknown_with_the_reason(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    refuse = Fault(match=ELIGIBILITY, kind="error_before", status=400, times=1)
    harness.telegent.faults.add(refuse)
    said = await cli.run(
        "bulk", "check", await rows_file(tmp_path, VERIZON), "--portability", "--json"
    )
    assert said.status == 1
    [answer] = said.json["portability"]
    assert answer["portable"] is None
    assert answer["detail"].startswith(f"{ELIGIBILITY}: rejected (400) | message from Telegent: ")


async def test_check_names_the_kind_of_line_like_a_port_in(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    in_four_weeks = (datetime.now(UTC) + timedelta(days=28)).date()
    file = await rows_file(tmp_path, VERIZON, THIRD, landline=in_four_weeks.isoformat())
    said = await cli.run("bulk", "check", file, "--portability")
    assert said.status == 0, said.out + said.err
    assert "2 of 2 numbers can be ported:" in said.out
    numbers = [
        NumberToCheck(phone_number=VERIZON),
        NumberToCheck(phone_number=THIRD, landline=True),
    ]
    asked = [
        [json.loads(payload.data) for payload in activity.input.payloads]
        for activity in await scheduled_activities(harness, numbers)
    ]
    assert asked == [[VERIZON, "mvno", False], [THIRD, "mvno", True]]


async def test_file_without_a_port_in_asks_nothing(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    said = await cli.run("bulk", "check", await rows_file(tmp_path), "--portability")
    assert (said.status, requests(harness)) == (0, 0)
    assert "0 of 0 numbers can be ported" in said.out


async def test_without_a_worker_the_check_says_so(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "REPLY_TIMEOUT", 2)
    async with idle_harness(temporal, SimulatorOptions()) as idle:
        file = await rows_file(tmp_path, VERIZON)
        said = await command_line(idle).run("bulk", "check", file, "--portability")
    assert said.status == 4
    assert "no worker responded" in said.err


async def test_failing_questions_say_why_and_numbers_stay_encrypted(
    temporal: Client, tmp_path: Path
) -> None:
    config = temporal.config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with (
        idle_harness(Client(**config), SimulatorOptions()) as harness,
        harness.running_workers(),
    ):
        refuse = Fault(match="POST /v1.0/oauth2/tokens", kind="error_before", status=401, times=4)
        harness.telegent.faults.add(refuse)
        cli = command_line(harness, TELEGENT_PAYLOAD_KEYS=KEYS)
        file = await rows_file(tmp_path, VERIZON)
        said = await cli.run("bulk", "check", file, "--portability")
        asked = await scheduled_activities(harness, [NumberToCheck(phone_number=VERIZON)])
    assert said.status == 0, said.err
    assert "Telegent rejects our credentials" in said.err
    assert all(VERIZON.encode() not in activity.SerializeToString() for activity in asked)
    # What an onboarding or a poll needs goes first.
    assert [activity.priority.priority_key for activity in asked] == [5]


async def test_long_file_is_checked_a_hundred_numbers_at_a_time(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    numbers = [f"+1801555{at:04}" for at in range(1000, 1000 + MAX_PORTABILITY_NUMBERS + 1)]
    harness.telegent.carrier.set_record(numbers[-1], CarrierRecord(eligible=False))
    file = await rows_file(tmp_path, *numbers)
    said = await cli.run("bulk", "check", file, "--portability", "--json")
    answers = said.json["portability"]
    assert [answer["portable"] for answer in answers] == [True] * MAX_PORTABILITY_NUMBERS + [False]
    ran = [
        run
        async for run in harness.temporal.list_workflows(f"WorkflowType = '{PORTABILITY_WORKFLOW}'")
        if run.id
        == portability_id(
            [NumberToCheck(phone_number=numbers[-1])], cli.variables["TELEGENT_ID_KEY"]
        )
    ]
    assert len(ran) == 1


def requests(harness: Harness) -> int:
    """How often eligibility was read."""
    return sum(entry.path.endswith("portin/eligibility") for entry in harness.telegent.requests)


async def scheduled_activities(
    harness: Harness, numbers: list[NumberToCheck]
) -> list[ActivityTaskScheduledEventAttributes]:
    """The calls of the check of these numbers."""
    workflow_id = portability_id(numbers, harness.settings.id_key)
    history = await harness.temporal.get_workflow_handle(workflow_id).fetch_history()
    return [
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
