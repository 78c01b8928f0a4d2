"""`tgo list` against a real server: filters, order, and where it ends."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest
from temporalio.client import Client

from activities import ActivitySettings
from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.bulk import BulkCancel
from telegent_orchestrator.client.bulk import BulkClient
from telegent_orchestrator.client.executions import (
    ExecutionFilter,
    ExecutionList,
    ExecutionStatus,
    WorkflowKind,
    build_query,
    mask_numbers,
)
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import Harness, new_namespace, running_harness
from tests.harness.bulk_customers import COMMAND, create_customers
from tests.harness.command_line import CommandLine, command_line, printed_command
from tests.harness.payloads import port_in, single
from tests.harness.port_ins import until

KEYS, OTHER_KEYS = (f"mine:{base64.b64encode(os.urandom(32)).decode()}" for _ in range(2))
NUMBERS = ("+18015550142", "+18015550143", "+18015550144")


@pytest_asyncio.fixture(loop_scope="session")
async def harness(
    temporal: Client, options: SimulatorOptions, settings: ActivitySettings
) -> AsyncIterator[Harness]:
    """In a namespace of its own, since a test counts all that is listed."""
    async with running_harness(await new_namespace(temporal), options, settings) as running:
        yield running


async def found(cli: CommandLine, *words: str, count: int) -> ExecutionList:
    """What is listed once that many are: Temporal's index lags a little."""
    async with asyncio.timeout(30):
        while True:
            said = await cli.run("list", "--json", *words)
            assert said.status == 0, said.out
            listed = ExecutionList.model_validate(said.json)
            if listed.total == count:
                return listed
            await asyncio.sleep(0.1)


async def rejected(harness: Harness) -> list[str]:
    """Start three port-ins, one after the other, that wait for an operator."""
    ids = []
    for number in NUMBERS:
        harness.telegent.carrier.set_record(number, CarrierRecord(pin="771204"))
        request = PortInRequest(details=PortInDetails.model_validate(port_in(number)))
        handle = await harness.orchestrator.start_port_in(request)
        await until(handle, PortState.ACTION_REQUIRED)
        ids.append(handle.id)
    return ids


async def test_longest_waiting_execution_is_first(cli: CommandLine, harness: Harness) -> None:
    await harness.onboard(single())
    youngest, oldest, middle = await rejected(harness)
    # The first one has been corrected, and rejected once more: it has waited for the least time.
    again = ("port-in", "correct", youngest, "--secret", "account_pin=env:PIN")
    assert (await cli.run(*again, PIN="771205")).status == 0
    assert (await cli.run("port-in", "status", youngest, "--watch")).status == 3

    waiting = await found(cli, "--needs-operator", count=3)
    while waiting.executions[2].workflow_id != youngest:
        waiting = await found(cli, "--needs-operator", count=3)
    assert [one.workflow_id for one in waiting.executions] == [oldest, middle, youngest]
    assert {one.port_state for one in waiting.executions} == {"ACTION_REQUIRED"}
    assert {one.kind for one in waiting.executions} == {WorkflowKind.PORT_IN}
    first = await found(cli, "--needs-operator", "--limit", "1", count=3)
    assert [one.workflow_id for one in first.executions] == [oldest]
    everything = await found(cli, "--type", "port-in", "--state", "running", count=3)
    assert [one.workflow_id for one in everything.executions] == [middle, oldest, youngest]

    text = await cli.run("list", "--needs-operator", "--limit", "2")
    assert "1 more: use --limit 3" in text.out
    assert text.out.index(oldest) < text.out.index(middle)
    assert youngest not in text.out
    assert NUMBERS[0] not in text.out


async def test_port_in_that_has_not_submitted_is_listed_in_its_first_state(
    cli: CommandLine, harness: Harness
) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/numbers/portin/eligibility", "before")
    request = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBERS[0])))
    handle = await harness.orchestrator.start_port_in(request)
    await gate.reached()

    listed = await found(cli, "--type", "port-in", "--state", "CHECKING_ELIGIBILITY", count=1)

    [checking] = listed.executions
    assert (checking.workflow_id, checking.port_state) == (handle.id, "CHECKING_ELIGIBILITY")
    gate.release()
    await found(cli, "--type", "port-in", "--state", "CHECKING_ELIGIBILITY", count=0)


async def test_each_listed_port_in_has_the_command_that_continues_it(
    cli: CommandLine, harness: Harness
) -> None:
    ids, now = await rejected(harness), datetime.now(UTC).isoformat()
    await found(cli, "--needs-operator", count=3)
    listed = await cli.run("list", "--needs-operator")
    for workflow_id in ids:
        correct = printed_command(listed, "port-in", "correct", workflow_id)
        assert " --secret account_pin " in correct
        filled = correct.replace("account_pin ", "account_pin=env:PIN ").replace("…", now)
        corrected = await cli.run_line(filled, PIN="771204")
        assert corrected.status == 0, corrected.err
        assert (await cli.run("port-in", "status", workflow_id, "--watch")).status == 0
    await found(cli, "--needs-operator", count=0)


async def test_port_in_that_only_a_decision_continues_is_listed_with_its_status(
    cli: CommandLine, harness: Harness
) -> None:
    harness.telegent.carrier.set_record(NUMBERS[0], CarrierRecord(script="reject:7T-NOT PORTABLE"))
    request = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBERS[0])))
    handle = await harness.orchestrator.start_port_in(request)
    await until(handle, PortState.ACTION_REQUIRED)
    await found(cli, "--needs-operator", count=1)
    listed = await cli.run("list", "--needs-operator")
    status = printed_command(listed, "port-in", "status", handle.id)
    assert (await cli.run_line(status)).status == 3
    assert (await handle.status()).needs_decision


async def test_lost_submit_is_listed_with_the_command_that_attaches_its_order(
    cli: CommandLine, harness: Harness
) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    request = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBERS[0])))
    handle = await harness.orchestrator.start_port_in(request)
    await until(handle, PortState.SUBMIT_UNKNOWN)
    await found(cli, "--needs-operator", count=1)
    attach = printed_command(await cli.run("list", "--needs-operator"), "port-in", "attach_order")
    order = harness.telegent.ledger.by_kind("portin.submitted")[-1].data["order_id"]
    filled = attach.replace("…", order, 1).replace("…", "support")
    assert (await cli.run_line(filled)).status == 0
    await handle.result()


async def test_bulk_rows_and_a_paused_bulk_are_listed_with_their_next_commands(
    cli: CommandLine, harness: Harness
) -> None:
    some = await create_customers(harness)
    refuse = "POST /v1.0/subscribers/create"
    harness.telegent.faults.add(Fault(match=refuse, kind="error_before", status=504, times=99))
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    rows = some.rows(3)[1:]
    bulk = await bulks.start(some.reference("bulk"), rows, by="desk", window=1)
    (row,) = (await found(cli, "--needs-operator", count=1)).executions
    assert row.reference == rows[0].onboarding.reference
    await bulk.pause(COMMAND)
    await found(cli, "--needs-operator", count=2)

    listed = await cli.run("list", "--needs-operator")
    assert printed_command(listed, "status", row.reference) == f"tgo status {row.reference}"
    status = printed_command(listed, "bulk", "status")
    assert "bulk resume" in (await cli.run_line(status)).out
    await bulk.cancel(BulkCancel(by="desk", reason="the test ends", cancel_running=True))


async def test_list_without_the_keys_says_what_is_missing(
    temporal: Client, options: SimulatorOptions
) -> None:
    config = (await new_namespace(temporal)).config()
    config["data_converter"] = data_converter(parse_key_ring(KEYS))
    async with running_harness(Client(**config), options) as harness:
        ids = await rejected(harness)
        right = command_line(harness, TELEGENT_PAYLOAD_KEYS=KEYS)
        readable = await found(right, "--needs-operator", count=3)
        assert all(one.reason and one.phone_number for one in readable.executions)
        for keys in ("", OTHER_KEYS):
            cli = command_line(harness, TELEGENT_PAYLOAD_KEYS=keys)
            shown = await cli.run("list", "--needs-operator")
            assert shown.status == 0
            assert "references and reasons of 3 workflows are missing" in shown.err
            assert "--payload-keys-file" in shown.err
            assert all(f"tgo port-in status {each}" in shown.out for each in ids)
            listed = await cli.run("list", "--needs-operator", "--json")
            assert [one["memo_unreadable"] for one in listed.json["executions"]] == [True] * 3


async def test_escalation_is_listed_until_resolved(cli: CommandLine, harness: Harness) -> None:
    add_fault = harness.telegent.faults.add
    add_fault(Fault(match="POST /v1.0/voice/routes", kind="error_before", status=504, times=2))
    add_fault(Fault(match="POST /v1.0/numbers/provision", kind="error_before", status=504, times=2))
    onboarding = await harness.onboard(single())
    reference = onboarding.id.removeprefix("onboarding-")
    for workflow_id, step in (
        (onboarding.id, "Voice route"),
        (f"{onboarding.id}:line-first", "Number"),
    ):
        (waiting,) = (await found(cli, "--needs-operator", count=1)).executions
        assert (waiting.workflow_id, waiting.step) == (workflow_id, step)
        text = await cli.run("list", "--needs-operator")
        assert "needs operator" in text.out
        status = printed_command(text, "status")
        assert status == f"tgo status {reference}"
        resolve = printed_command(await cli.run_line(status), "resolve", "retry")
        assert (await cli.run_line(resolve.replace("…", "it is not there"))).status == 0
        await found(cli, "--needs-operator", count=0)
    assert (await onboarding.result()).complete


async def test_filters_combine(cli: CommandLine, harness: Harness) -> None:
    handle = await harness.onboard(single())
    result = await handle.result()
    await rejected(harness)
    mine = ("--account", result.account_id)

    (onboarding,) = (await found(cli, *mine, count=1)).executions
    assert (onboarding.workflow_id, onboarding.status) == (handle.id, ExecutionStatus.COMPLETED)
    assert onboarding.account_id == result.account_id
    assert onboarding.ended_at is not None
    (line,) = (await found(cli, *mine, "--type", "line", count=1)).executions
    assert line.kind is WorkflowKind.LINE
    await found(cli, *mine, "--type", "line", "--type", "onboarding", count=2)
    await found(cli, *mine, "--state", "running", count=0)
    await found(cli, *mine, "--state", "completed", "--since", "1h", count=1)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await found(cli, *mine, "--since", later, count=0)
    await found(cli, "--state", "ACTION_REQUIRED", "--state", "running", count=3)
    await found(
        cli, "--state", "AT_CARRIER", "--state", "ACTION_REQUIRED", "--needs-operator", count=3
    )
    await found(cli, "--account", '" OR "" = "', count=0)

    running = ("--state", "running")
    waiting = await found(cli, *running, "--step", "Losing carrier", count=3)
    one = waiting.executions[0]
    assert one.order_id is not None
    (same,) = (await found(cli, "--order", one.order_id, count=1)).executions
    assert same.workflow_id == one.workflow_id
    await found(cli, *running, "--unchanged-since", later, count=3)
    await found(cli, *running, "--unchanged-since", "1h", count=0)

    text = await cli.run("list", *mine)
    assert handle.id.removeprefix("onboarding-") in text.out
    nothing = await cli.run("list", "--account", "AID-of-nobody")
    assert (nothing.status, nothing.out) == (0, "no workflow matches\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--state", "LOST"), "unknown state: LOST"),
        (("--since", "yesterday"), "use a duration such as 36h, 7d or 2w, or a date"),
        (("--since", "0001-01-01"), "use a duration such as 36h, 7d or 2w, or a date"),
        (("--unchanged-since", "long ago"), "--unchanged-since long ago: use a duration"),
    ],
)
async def test_invalid_filter_is_rejected(words: tuple[str, ...], says: str) -> None:
    said = await CommandLine({}).run("list", *words)
    assert said.status == 2
    assert says in said.err


def test_quotes_in_filter_values_are_escaped() -> None:
    query = build_query(ExecutionFilter(kinds=[WorkflowKind.LINE], account_id='a"b\\c'))
    assert query == r'WorkflowType IN ("LineWorkflow") AND TelegentAccount IN ("a\"b\\c")'


async def test_paused_workflow_is_listed_as_paused(cli: CommandLine, harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBERS[0], CarrierRecord(script="silent"))
    request = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBERS[0])))
    handle = await harness.orchestrator.start_port_in(request)
    namespace = harness.temporal.namespace
    await harness.temporal.workflow_service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(namespace=namespace, workflow_id=handle.id)
    )
    (listed,) = (await found(cli, "--state", "paused", count=1)).executions
    assert (listed.workflow_id, listed.status) == (handle.id, ExecutionStatus.PAUSED)
    assert "paused" in (await cli.run("list")).out
    for words in (("port-in", "status", handle.id), ("port-in", "status", handle.id, "--watch")):
        status = await cli.run(*words)
        assert status.status == 3
        assert "unpause it in the Temporal UI" in status.err
        assert handle.id in (await cli.run_line(printed_command(status, "list"))).out
    await harness.temporal.get_workflow_handle(handle.id).terminate()


async def test_port_ins_that_need_action_show_masked_number_and_reason(
    cli: CommandLine, harness: Harness
) -> None:
    await rejected(harness)
    listed = await found(cli, "--needs-operator", count=3)
    assert {execution.phone_number for execution in listed.executions} == {
        f"{'*' * 8}0{number[-3:]}" for number in NUMBERS
    }
    assert all(execution.reason.startswith("PIN_INVALID: ") for execution in listed.executions)
    shown = await cli.run("list", "--needs-operator")
    assert "Number" in shown.out
    assert "PIN_INVALID" in shown.out
    assert NUMBERS[0] not in shown.out
    full = await cli.run("list", "--needs-operator", "--show-numbers")
    assert all(number in full.out for number in NUMBERS)


def test_masks_hide_all_but_the_last_four_digits() -> None:
    assert (
        mask_numbers("call +18015550142 or +442071234567") == "call ********0142 or *********4567"
    )
    assert mask_numbers("order 18015550142") == "order 18015550142"
