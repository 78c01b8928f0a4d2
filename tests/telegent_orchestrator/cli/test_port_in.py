"""`tgo port-in …` against a real server, worker and simulator."""

import asyncio
import json
from pathlib import Path

import pytest

from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from simulator.engine.faults import Fault
from telegent_orchestrator.cli.views import PortInView
from telegent_orchestrator.port_in import PortState
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.command_line import CommandLine, printed_command, wait_submitted
from tests.harness.payloads import port_in
from tests.harness.port_ins import until

NUMBER = "+18015550142"


def written(directory: Path, **changes: object) -> str:
    file = directory / "port-in.json"
    file.write_text(json.dumps({"details": port_in(NUMBER, **changes)}))
    return str(file)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path)


class TestWatch:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), manual_clock=True)

    async def test_watch_follows_the_port_in_to_its_end(
        self, cli: CommandLine, harness: Harness, file: str
    ) -> None:
        await cli.run("port-in", "start", file)
        handle = harness.orchestrator.port_in(NUMBER)
        await until(handle, PortState.SUBMITTED)
        watching = asyncio.create_task(cli.run("port-in", "start", file, "--watch"))
        harness.advance(FAST_TIMINGS.acknowledge_after)
        await until(handle, PortState.AT_CARRIER)
        harness.advance(FAST_TIMINGS.complete_after)
        said = await watching
        assert said.status == 0
        for shown in ("SUBMITTED: Telegent: submitted", "AT_CARRIER: Telegent: "):
            assert f"port-in: {shown}" in said.out
        assert f"port-in of {NUMBER}: done, COMPLETED" in said.out
        assert "\n  eSIM LPA:1$" in said.out
        as_json = await cli.run("port-in", "status", NUMBER, "--watch", "--json")
        (line,) = as_json.json_lines
        view = PortInView.model_validate(line)
        assert (view.state, view.status.state) == ("done", PortState.COMPLETED)


async def test_start_of_a_port_in_reports_whether_it_joined(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    first = await cli.run("port-in", "start", file, "--json")
    second = await cli.run("port-in", "start", file)
    assert first.json["joined"] is False
    assert "joined it" in second.err
    assert "482913" not in first.out + second.out + second.err


async def test_printed_command_sends_missing_data(cli: CommandLine, tmp_path: Path) -> None:
    bare = written(tmp_path, account_number=None, losing_carrier=None, billing_address=None)
    said = await cli.run("port-in", "start", bare, "--watch")
    assert said.status == 3
    assert "losing_carrier: is missing" in said.out
    shown = printed_command(said, "port-in", "correct")
    assert "--secret account_number" in shown
    typed = (
        shown.replace("account_number", "account_number=env:ACCOUNT")
        .replace("carrier=…", "carrier=Verizon")
        .replace("street1=…", "street1=100 Main Street")
        .replace("city=…", "city=Lehi")
        .replace("state=…", "state=UT")
        .replace("zip=…", "zip=84043")
    )
    assert "…" not in typed
    sent = await cli.run_line(f"{typed} --by 'support desk'", ACCOUNT="100200300")
    assert sent.status == 0, sent.err
    end = await cli.run_line(printed_command(sent, "--watch"))
    assert end.status == 0
    assert "support desk: corrected account_number, billing_address, losing_carrier" in end.out


async def test_rejected_correction_names_reason_and_alternatives(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    assert (await cli.run("port-in", "start", file, "--watch")).status == 3
    update = ("port-in", "correct", NUMBER, "--secret")
    same = await cli.run(*update, "account_pin=env:PIN", PIN="482913")
    assert same.status == 1
    assert same.err.startswith("rejected: account_pin: unchanged since the rejection\n")
    assert "482913" not in same.err
    # The same refusal as a document.
    as_json = await cli.run(*update, "account_pin=env:PIN", "--json", PIN="482913")
    assert as_json.json["error"].startswith("rejected: ")
    assert as_json.json["next"][0]["commands"] == [printed_command(same, "correct")]


async def test_printed_commands_send_operator_decisions(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="reject:9Z-STRANGE"))
    said = await cli.run("port-in", "start", file, "--watch")
    assert said.status == 3
    assert "(UNCLASSIFIED)" in said.out
    retry = printed_command(said, "decide", "retry_now")
    assert (await cli.run_line(retry.replace("…", "mended"))).status == 0
    assert (await cli.run("port-in", "status", NUMBER, "--watch")).status == 0


async def test_operator_decision_can_replace_data(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    assert (await cli.run("port-in", "start", file, "--watch")).status == 3
    decide = ("port-in", "decide", NUMBER)
    why = ("--reason", "read from the bill", "--by", "operator")
    without = await cli.run(*decide, "replace_data", *why)
    assert without.status == 2
    assert "a correction needs at least one of" in without.err
    needless = await cli.run(*decide, "retry_now", *why, "--set", "losing_carrier=Verizon")
    assert (needless.status, needless.err) == (
        2,
        "retry_now takes no data: only replace_data does\n",
    )
    sent = await cli.run(
        *decide, "replace_data", *why, "--secret", "account_number=-", given="100200301\n"
    )
    assert sent.status == 0, sent.err
    assert (await cli.run("port-in", "status", NUMBER, "--watch")).status == 0


async def test_attach_continues_a_lost_submit(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    said = await cli.run("port-in", "start", file, "--watch")
    assert said.status == 3
    (order,) = harness.telegent.ledger.by_kind("portin.submitted")
    attach = printed_command(said, "port-in", "attach_order")
    sent = await cli.run_line(attach.replace("…", order.data["order_id"]))
    assert sent.status == 0, sent.err
    assert (await cli.run_line(printed_command(sent, "--watch"))).status == 0


async def test_cancelled_port_in_exits_nonzero(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    started = await cli.run("port-in", "start", file, "--json")
    workflow_id = started.json["workflow_id"]
    await wait_submitted(cli, NUMBER)
    by_id = await cli.run("port-in", "cancel", workflow_id, "--reason", "stays", "--json")
    assert by_id.status == 0, by_id.out
    assert by_id.json["workflow_id"] == workflow_id
    end = await cli.run("port-in", "status", NUMBER, "--watch", "--json")
    assert end.status == 1
    assert end.json_lines[-1]["state"] == "cancelled"
    late = await cli.run("port-in", "cancel", NUMBER, "--reason", "again")
    assert (late.status, late.err) == (1, "rejected: it has already ended\n")


async def test_other_id_key_shows_workflow_ids(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    started = await cli.run("port-in", "start", file, "--watch", "--json")
    workflow_id = started.json_lines[-1]["workflow_id"]
    other = CommandLine({**cli.variables, "TELEGENT_ID_KEY": "another"})
    unknown = await other.run("port-in", "status", NUMBER)
    assert unknown.status == 2
    assert "--id-key-file" in unknown.err
    by_id = await other.run("port-in", "status", workflow_id)
    assert by_id.status == 3
    assert printed_command(by_id, "correct").startswith(f"tgo port-in correct {workflow_id} ")


async def test_invalid_number_is_a_one_line_error(cli: CommandLine) -> None:
    said = await cli.run("port-in", "status", "801-555-0142")
    assert said.status == 2
    assert said.err.startswith("801-555-0142 is neither a phone number such as ")


async def test_control_characters_are_removed_from_output(
    cli: CommandLine, harness: Harness, file: str
) -> None:
    harness.telegent.carrier.set_record(
        NUMBER, CarrierRecord(script="reject:\x1b]0;owned\x07[red]RED")
    )
    said = await cli.run("port-in", "start", file, "--watch")
    status = await cli.run("port-in", "status", NUMBER)
    assert (said.status, status.status) == (3, 3)
    for shown in (said.out, status.out):
        assert "]0;owned" in shown
        assert "[red]RED" in shown
        assert "\x1b" not in shown


async def test_note_appears_in_the_timeline(cli: CommandLine, harness: Harness, file: str) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    assert (await cli.run("port-in", "start", file)).status == 0
    await wait_submitted(cli, NUMBER)
    sent = await cli.run("port-in", "note", NUMBER, "ticket 4711", "--by", "operator")
    assert sent.status == 0, sent.err
    shown = await cli.run("port-in", "status", NUMBER)
    assert "operator: note: ticket 4711" in shown.out
    empty = await cli.run("port-in", "note", NUMBER, " ")
    assert (empty.status, "note: must not be empty" in empty.err) == (2, True)
