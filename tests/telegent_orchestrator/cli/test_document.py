"""Every command of docs/reference/cli.md, typed one after the other."""

import csv
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from simulator.engine.faults import Fault
from telegent_orchestrator.cli.app import app, bulks, lines, port_ins, port_outs
from telegent_orchestrator.cli.commands.list import STATUSES
from telegent_orchestrator.cli.connection import VARIABLES
from telegent_orchestrator.cli.results import ExitStatus
from telegent_orchestrator.client import LineChangeClient
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.port_in import NEEDS_OPERATOR_STATES
from telegent_orchestrator.port_out import PortOutState
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.bulk_customers import create_customers
from tests.harness.command_line import FAMILY, ROOT, CommandLine, wait_submitted
from tests.harness.line_changes import STATUS, put_in_service
from tests.harness.waiting import wait_until
from tools.docs.documents import between_markers, table_rows
from worker.shared_rate_limiter import SharedRateLimiter, lease_from

PAGE = ROOT / "docs" / "reference" / "cli.md"
BULK = ROOT / "docs" / "how-to" / "bulk.md"
RECORDS = {
    "+18015550142": CarrierRecord(account_number="100200301", pin="482913", zip="84043"),
    "+18015550177": CarrierRecord(script="silent"),
    "+18015550179": CarrierRecord(script="reject:9Z-STRANGE"),
}
"""What the carriers do, so that the page's story can happen."""


@dataclass(frozen=True)
class Typed:
    line: str
    status: int


def commands(page: Path = PAGE, mark: str = "") -> list[Typed]:
    text = page.read_text(encoding="utf-8")
    found = []
    for status, block in re.findall(
        rf"(?:<!-- {mark}(?:exits: (\d+) )?-->\n)?```\n(tgo .*?)```", text, re.S
    ):
        lines = block.replace("\\\n", " ").strip().splitlines()
        found += [Typed(line, int(status or 0)) for line in lines]
    return found


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(records=RECORDS, timings=FAST_TIMINGS))


@pytest.mark.resilience
async def test_commands_of_the_reference_work_as_printed(
    cli: CommandLine, harness: Harness
) -> None:
    variables = {
        "ACCOUNT_NUMBER": "100200301",
        "FIRST_PASSWORD": "change-me-first-1",
        "NEW_PASSWORD": "x7-new-pass",
        "PORT_OUT_PIN": "918274",
    }
    typed = commands()
    assert len(typed) >= 15
    for command in typed:
        line = await prepared(command.line, cli, harness)
        said = await cli.run_line(line, **variables)
        assert said.status == command.status, f"{line}\n{said.out}{said.err}"


@pytest.mark.resilience
async def test_commands_of_the_bulk_page_work_as_printed(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    common = json.loads((ROOT / "examples" / "bulk-common.json").read_text())
    account = (await create_customers(harness)).account
    common["account"]["account_id"] = account.account_id
    common["routes"]["message"]["message_route_id"] = account.message_route_id
    common["routes"]["voice"]["voice_route_id"] = account.voice_route_id
    common["packages"][0]["package_id"] = account.package_ids["plan"]
    (tmp_path / "bulk-common.json").write_text(json.dumps(common))
    for row in (1, 2, 3):
        record = CarrierRecord(account_number=f"10020030{row}", pin=f"48291{row}")
        harness.telegent.carrier.set_record(f"+1801555015{row}", record)
    create = "POST /v1.0/subscribers/create"
    # Twice, because a rejected create of a subscriber is sent once more when none is found.
    harness.telegent.faults.add(
        Fault(match=create, kind="error_before", status=400, nth=2, times=2)
    )
    harness.telegent.faults.add(Fault(match=create, kind="delay_effect", seconds=5, times=99))
    elsewhere = {
        "examples/bulk-common.json": str(tmp_path / "bulk-common.json"),
        "result.csv": str(tmp_path / "result.csv"),
        "report.html": str(tmp_path / "report.html"),
    }
    for command in commands(BULK, "bulk ?"):
        words = [elsewhere.get(argument, argument) for argument in shlex.split(command.line)[1:]]
        said = await cli.run(*words)
        assert said.status == command.status, f"{command.line}\n{said.out}{said.err}"

    rows = list(csv.DictReader((tmp_path / "result.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done", "done", "done"]
    assert [row["phone_numbers"] for row in rows] == [f"+1801555015{row}" for row in (1, 2, 3)]
    page = (tmp_path / "report.html").read_text()
    assert all(f"<h2>{title}" in page for title in ("Rows by state", "Duration of rows"))
    assert "<script" not in page
    assert [
        argument for argument in re.findall(r"https?://[^\s\"']+", page) if "w3.org" not in argument
    ] == []


async def prepared(line: str, cli: CommandLine, harness: Harness) -> str:
    """Lets happen what the page says has happened before this line."""
    words = shlex.split(line)
    add_fault = harness.telegent.faults.add
    if "reference=family-2042" in words:
        # So that it is still there when it is cancelled.
        add_fault(Fault(match="POST /v1.0/account/create", kind="delay_effect", seconds=5))
    elif words[1] == "resolve":
        add_fault(Fault(match="POST /v1.0/voice/routes", kind="error_before", status=504, times=2))
        await other_family(cli, words[2], harness)
    elif words[1:3] == ["port-in", "decide"] and "attach_order" in words:
        add_fault(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
        await stuck_port_in(cli, words[3], harness)
        lost = harness.telegent.ledger.by_kind("portin.submitted")[-1]
        return line.replace("JNUOID-11111111", lost.data["order_id"])
    elif words[1] == "line":
        return await prepared_line(line, cli, harness)
    elif words[1:] == ["reconcile"]:
        put_in_service(harness, "+18015550199")
    elif words[1:] == ["allowance"]:
        limiter = SharedRateLimiter(lease_from(harness.temporal), 50)
        (await limiter.acquire()).settle()
    elif words[1] == "port-out":
        await prepare_port_outs(words, harness)
    elif words[1:3] == ["port-in", "decide"]:
        await stuck_port_in(cli, words[3], harness)
    elif words[1:3] == ["port-in", "cancel"]:
        await wait_submitted(cli, words[3])
    return line


async def prepared_line(line: str, cli: CommandLine, harness: Harness) -> str:
    """The same for `tgo line`."""
    words, world = shlex.split(line), harness.telegent.state
    match words[2]:
        case "resolve":
            await unconfirmed_suspension(cli, words[3], harness)
        case "bulk":
            [account, *_] = filter(None, (each.account_id for each in world.numbers.values()))
            return line.replace("AID-11111111", account)
        case "transfer":
            other = next(iter(world.accounts.values())) | {"AccountId": "AID-22222222"}
            world.accounts["AID-22222222"] = other
        case "plan":
            [package, *_] = world.packages
            return line.replace("PID-11111111", package)
    return line


async def other_family(cli: CommandLine, reference: str, harness: Harness) -> None:
    """A family with other people and numbers, whose onboarding asks something."""
    other = {
        "reference": reference,
        **{f"subscribers.{n}.email": f"person-{n}@example.com" for n in range(3)},
        "lines.1.number.iccid": "8901240397190195868",
        "lines.2.number.phone_number": "+18015550143",
    }
    sets = [
        argument for field, value in other.items() for argument in ("--set", f"{field}={value}")
    ]
    assert (await cli.run("start", FAMILY, *sets)).status == 0
    await wait_until(
        harness.orchestrator.onboarding(reference).status, lambda status: status.escalations
    )


async def stuck_port_in(cli: CommandLine, number: str, harness: Harness) -> None:
    """Start a port-in that waits for an operator."""
    file = str(ROOT / "examples" / "port-in.json")
    said = await cli.run("port-in", "start", file, "--set", f"details.phone_number={number}")
    assert said.status == 0, said.err
    await wait_until(
        harness.orchestrator.port_in(number).status,
        lambda status: status.state in NEEDS_OPERATOR_STATES,
    )


async def unconfirmed_suspension(cli: CommandLine, number: str, harness: Harness) -> None:
    """Start a suspension that Telegent accepts and does not show."""
    held = put_in_service(harness, number)
    gate = harness.telegent.gates.close(STATUS, "after")
    said = await cli.run("line", "suspend", number, "--reason", "unpaid")
    assert said.status == 0, said.err
    await gate.reached()
    held.status = "Active"
    gate.release()
    changes = LineChangeClient(harness.temporal, id_key=harness.settings.id_key)
    await wait_until(changes.get(number).status, lambda status: status.escalations)


async def prepare_port_outs(words: list[str], harness: Harness) -> None:
    """Have the numbers that leave, and wait for their PINs."""
    if words[2] in ("start", "bulk"):
        leaving = [words[3]] if words[2] == "start" else ["+18015550192", "+18015550193"]
        for number in leaving:
            put_in_service(harness, number)
    elif words[3].startswith("+"):
        port_out = PortOutClient(harness.temporal, id_key=harness.settings.id_key).get(words[3])
        issued = PortOutState.PIN_ISSUED
        await wait_until(port_out.status, lambda status: status.state is issued)


def test_documented_options_and_exit_statuses_match_the_code() -> None:
    options = table_rows(between_markers(PAGE, "connection"))
    assert {row[0].strip("`"): row[1].strip("`") for row in options} == VARIABLES
    exits = table_rows(between_markers(PAGE, "exits"))
    assert [int(row[0]) for row in exits] == [status.value for status in ExitStatus]


def names_of(commands: typer.Typer) -> set[str]:
    return {
        command.name or (command.callback.__name__ if command.callback else "")
        for command in commands.registered_commands
    }


def test_reference_has_all_commands_and_states() -> None:
    typed = {tuple(shlex.split(command.line)[1:3]) for command in commands()}
    assert {words[0] for words in typed} == {*names_of(app), "port-in", "port-out", "line"}
    of_bulks = [shlex.split(command.line)[1:3] for command in commands(BULK, "bulk ?")]
    assert {words[1] for words in of_bulks if words[0] == "bulk"} == names_of(bulks)
    assert {words[1] for words in typed if words[0] == "port-in"} == names_of(port_ins)
    assert {words[1] for words in typed if words[0] == "port-out"} == names_of(port_outs)
    assert {words[1] for words in typed if words[0] == "line"} == names_of(lines)
    assert [run for run in STATUSES if f"`{run}`" not in PAGE.read_text("utf-8")] == []
