"""Reconciliations on a Temporal server and a simulator that nothing else uses."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from activities.events import EventSettings
from activities.support.outcomes import failure_message
from simulator import CarrierRecord, Fault
from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.events import EventType
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInRequest, PortState
from telegent_orchestrator.reconcile import Finding, FindingKind, ReconcileReport
from tests.harness import Harness
from tests.harness.command_line import command_line
from tests.harness.details_pages import read_details_page
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.line_changes import NUMBER, STATUS, change, line_changes, put_in_service
from tests.harness.payloads import port_in
from tests.harness.waiting import wait_until

SILENT = "+18015550177"
INVENTORY = "GET /v1.0/numbers/inventory"
SUBSCRIPTIONS = "GET /v1.0/account/subscriptions"
SETTINGS = "POST /v1.0/numbers/data-usage/settings"


async def reconcile(harness: Harness) -> ReconcileReport:
    return await (await ReconcileClient(harness.temporal).start()).result()


async def settled(harness: Harness) -> None:
    """Waits until what has ended is compared, and no longer counts as being changed."""
    await wait_until(lambda: reconcile(harness), lambda report: report.in_progress == 0)


def by_kind(report: ReconcileReport) -> dict[FindingKind, Finding]:
    return {finding.kind: finding for finding in report.findings}


async def test_lines_that_are_as_requested_differ_in_nothing(
    alone: Harness, family: OnboardingRequest
) -> None:
    async with alone.running_workers():
        await (await alone.onboard(family)).result()
        await settled(alone)
        writes = len(alone.telegent.ledger.rows)

        report = await reconcile(alone)

    assert report.findings == []
    assert report.not_compared == []
    assert (report.numbers, report.subscriptions, report.lines) == (3, 3, 3)
    # Inventory, subscriptions, limits, and of the one line with filters: features and both filters.
    assert report.requests == 6
    assert len(alone.telegent.ledger.rows) == writes


async def test_every_difference_of_a_line_is_found(
    alone: Harness, family: OnboardingRequest
) -> None:
    world = alone.telegent.state
    async with alone.running_workers():
        result = await (await alone.onboard(family)).result()
        await settled(alone)
        manager, child, partner = (world.numbers[line.phone_number or ""] for line in result.lines)
        manager.message_route_id = None
        child.data_limits["LimitValue"] = 20
        world.filters.clear()
        del world.subscriptions[result.lines[2].subscription_id or ""]
        stranger = put_in_service(alone, "+18015550199")

        handle = await ReconcileClient(alone.temporal).start()
        report = await handle.result()
        page = await read_details_page(alone.temporal, handle.id)

    found = by_kind(report)
    assert {kind: finding.phone_number for kind, finding in found.items()} == {
        FindingKind.BINDING_DIFFERS: manager.number,
        FindingKind.LIMITS_DIFFER: child.number,
        FindingKind.GUARDIAN_DIFFERS: child.number,
        FindingKind.NUMBER_WITHOUT_SUBSCRIPTION: partner.number,
        FindingKind.UNKNOWN_NUMBER: stranger.number,
    }
    assert found[FindingKind.LIMITS_DIFFER].line == f"{result.reference}:child-sim"
    assert "--limit-mb 1000" in page
    assert "**5 findings**" in page


async def test_limits_that_lines_share_are_compared(
    alone: Harness, family: OnboardingRequest
) -> None:
    first, second, _ = family.lines
    shared = second.model_copy(update={"data_limits": first.data_limits})
    request = family.model_copy(update={"lines": [first, shared]})
    async with alone.running_workers():
        result = await (await alone.onboard(request)).result()
        await settled(alone)
        for line in result.lines:
            alone.telegent.state.numbers[line.phone_number or ""].data_limits = {}

        report = await reconcile(alone)

    assert report.counts == {FindingKind.LIMITS_DIFFER: 2}


async def test_remedies_resolve_what_they_are_for(
    alone: Harness, family: OnboardingRequest
) -> None:
    world = alone.telegent.state
    async with alone.running_workers():
        result = await (await alone.onboard(family)).result()
        await settled(alone)
        world.numbers[result.lines[0].phone_number or ""].data_limits = {}
        world.subscriptions.pop(result.lines[1].subscription_id or "")
        before = await reconcile(alone)

        cli = command_line(alone)
        for finding in before.findings:
            said = await cli.run_line(f"{finding.remedy} --by operator --watch")
            assert said.status == 0, said.err
        await settled(alone)
        after = await reconcile(alone)

    assert set(before.counts) == {
        FindingKind.LIMITS_DIFFER,
        FindingKind.NUMBER_WITHOUT_SUBSCRIPTION,
    }
    assert after.findings == []


async def test_port_in_that_arrives_unseen_is_found_and_told(alone: Harness) -> None:
    world, details = alone.telegent.state, port_in(SILENT)
    alone.telegent.carrier.set_record(SILENT, CarrierRecord(script="silent"))
    async with alone.running_workers():
        request = PortInRequest.model_validate({"details": details})
        waiting = await alone.orchestrator.start_port_in(request)
        await wait_until(waiting.status, lambda status: status.order_id)
        put_in_service(alone, SILENT)
        before = await reconcile(alone)

        said = await command_line(alone).run_line(f"{before.findings[0].remedy} --by operator")
        assert said.status == 0, said.err
        ended = await waiting.result()
        after = await reconcile(alone)

    assert before.counts == {FindingKind.UNSEEN_PORT_IN: 1}
    assert ended.state is PortState.COMPLETED
    # It has no subscription, because none was requested.
    assert after.counts == {FindingKind.NUMBER_WITHOUT_SUBSCRIPTION: 1}
    assert world.numbers[SILENT].status == "Active"


async def test_number_that_an_open_workflow_changes_is_left_out(alone: Harness) -> None:
    put_in_service(alone)
    gate = alone.telegent.gates.close(STATUS, "after")
    async with alone.running_workers():
        await line_changes(alone).start(change("suspend"))
        await gate.reached()

        report = await reconcile(alone)
        gate.release()

    assert (report.findings, report.in_progress) == ([], 1)


async def test_unreadable_inventory_fails_with_telegents_words(alone: Harness) -> None:
    alone.telegent.faults.add(Fault(match=INVENTORY, kind="error_before", status=400, times=99))
    async with alone.running_workers():
        with pytest.raises(WorkflowFailureError) as failed:
            await reconcile(alone)
        said = await command_line(alone).run("reconcile")

    assert "400" in failure_message(failed.value.cause)
    assert said.status == 1
    assert "nothing was compared: " in said.err
    assert "400" in said.err


async def test_unreadable_limits_are_reported_and_the_rest_is_compared(
    alone: Harness, family: OnboardingRequest
) -> None:
    async with alone.running_workers():
        result = await (await alone.onboard(family)).result()
        await settled(alone)
        del alone.telegent.state.subscriptions[result.lines[2].subscription_id or ""]
        alone.telegent.faults.add(Fault(match=SETTINGS, kind="error_before", status=400, times=99))

        report = await reconcile(alone)

    assert report.counts == {FindingKind.NUMBER_WITHOUT_SUBSCRIPTION: 1}
    assert [what.partition(":")[0] for what in report.not_compared] == ["limits of 1 line"] * 3


async def test_limits_of_others_are_compared_when_telegent_rejects_those_of_one_line(
    alone: Harness, family: OnboardingRequest
) -> None:
    async with alone.running_workers():
        result = await (await alone.onboard(family)).result()
        await settled(alone)
        first, *others = (alone.telegent.state.numbers[n.phone_number or ""] for n in result.lines)
        first.data_enabled = False
        for number in others:
            number.data_limits = {}

        report = await reconcile(alone)

    assert report.counts == {FindingKind.LIMITS_DIFFER: 2}
    assert [what.partition(":")[0] for what in report.not_compared] == ["limits of 1 line"]


async def test_failed_read_begins_again(alone: Harness) -> None:
    put_in_service(alone)
    alone.telegent.faults.add(Fault(match=SUBSCRIPTIONS, kind="error_before", status=503))
    async with alone.running_workers():
        handle = await ReconcileClient(alone.temporal).start()
        failing = await wait_until(handle.failing_calls, bool)
        joined = await ReconcileClient(alone.temporal).start()

    assert failing[0].activity == "find_differences"
    assert joined.joined


async def test_command_shows_findings_and_writes_them_to_a_file(
    alone: Harness, tmp_path: Path
) -> None:
    cli, file = command_line(alone), tmp_path / "findings.csv"
    async with alone.running_workers():
        none_yet = await cli.run("reconcile", "--latest")
        agreeing = await cli.run("reconcile")
        put_in_service(alone)
        differing = await cli.run("reconcile", "--csv", str(file))
        latest = await cli.run("reconcile", "--latest", "--json")

    assert (none_yet.status, agreeing.status, differing.status) == (2, 0, 3)
    assert "0 findings in 0 numbers" in agreeing.out
    assert f"unknown_number {NUMBER}: no workflow knows this number" in differing.out
    [written] = csv.DictReader(file.read_text().splitlines())
    [reported] = ReconcileReport.model_validate(latest.json).findings
    assert (written["kind"], written["phone_number"]) == ("unknown_number", NUMBER)
    assert written["remedy"] == reported.remedy


async def test_event_has_the_counts(alone: Harness) -> None:
    put_in_service(alone)
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        alone.settings = replace(alone.settings, events=events)
        async with alone.running_workers():
            await reconcile(alone)
            [received] = await receiver.has(1)

    assert received.event.type == EventType.RECONCILE_COMPLETED
    assert received.event.data.state == "findings"
    assert received.event.data.findings == {"unknown_number": 1}


async def test_latest_is_the_one_that_completed_last(alone: Harness) -> None:
    client = ReconcileClient(alone.temporal)
    async with alone.running_workers():
        assert await client.latest() is None
        await reconcile(alone)
        put_in_service(alone)
        await reconcile(alone)

        async def latest() -> ReconcileReport | None:
            handle = await client.latest()
            return await handle.result() if handle else None

        # Temporal's list lags: for a moment the first one is the latest.
        report = await wait_until(latest, lambda report: report and report.total == 1)
    assert report
    assert report.counts == {FindingKind.UNKNOWN_NUMBER: 1}
