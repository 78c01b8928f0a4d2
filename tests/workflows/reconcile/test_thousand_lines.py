"""Differences among a thousand lines, and after Temporal's database was restored."""

import asyncio
from collections.abc import Iterable, Sequence

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from simulator import CarrierRecord
from simulator.engine.state import Number, Order, Subscriber
from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.lines import LineInput, LineRequest, LineResult
from telegent_orchestrator.names import LINE_WORKFLOW, TASK_QUEUE, line_id
from telegent_orchestrator.port_in import PortInRequest
from telegent_orchestrator.reconcile import FindingKind, ReconcileReport
from tests.harness import Harness
from tests.harness.line_changes import put_in_service
from tests.harness.payloads import port_in
from tests.harness.waiting import wait_until

LINES = 1000
PORTED, STRANGER = "+18015550177", "+18015550199"
CONCURRENT_STARTS = 50
REQUESTS = {"numbers": 11, "subscriptions": 1, "limits": 10, "filters": 5 * 2, "orders": 1}
"""Of numbers and limits, a hundred with each; of a line with a filter, features and filter."""


@workflow.defn(name=LINE_WORKFLOW)
class LineOfTheTest:
    """Ends at once with what `line_result` says: a thousand onboardings would take minutes."""

    @workflow.run
    async def run(self, given: LineInput) -> LineResult:
        return line_result(given)


def number_of(key: str) -> str:
    return f"+1801{int(key.removeprefix('line-')):07}"


def line_result(given: LineInput) -> LineResult:
    key = given.line.key
    return LineResult(
        key=key,
        phone_number=number_of(key),
        number_id=f"NID-{key}",
        iccid=f"8901240{int(key.removeprefix('line-')):012}",
        subscription_id=f"SUB-{key}",
    )


def line_input(index: int) -> LineInput:
    key = f"line-{index}"
    line = {
        "key": key,
        "subscriber": "owner",
        "package": "plan",
        "number": {"kind": "new"},
        "data_limits": {"limit_mb": 5000},
    }
    if index % 200 == 0:
        line["call_filter"] = {"mode": "BLACKLIST"}
    return LineInput(
        reference=f"customer-{index}",
        line=LineRequest.model_validate(line),
        account_id="AID-1",
        subscriber_id=f"TSUID-{key}",
        package_id="PID-plan",
        message_route_id="MRID-1",
        voice_route_id="CRID-1",
    )


async def record(client: Client, lines: Iterable[LineInput]) -> None:
    """Let Temporal know these lines as completed."""
    slots = asyncio.Semaphore(CONCURRENT_STARTS)

    async def run(given: LineInput) -> None:
        async with slots:
            await client.execute_workflow(
                LineOfTheTest.run,
                given,
                id=line_id(given.reference, given.line.key),
                task_queue=TASK_QUEUE,
            )

    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[LineOfTheTest],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await asyncio.gather(*map(run, lines))


def create(harness: Harness, lines: Sequence[LineInput]) -> None:
    """Let the vendor have these lines as requested."""
    world = harness.telegent.state
    for given in lines:
        result = line_result(given)
        owner, number = given.subscriber_id, result.phone_number or ""
        world.subscribers[owner] = Subscriber(owner, "Example", f"{owner}@x.example", "", "AID-1")
        world.numbers[number] = Number(
            number=number,
            id=result.number_id or "",
            order_id=f"JNUOID-{given.line.key}",
            account_id="AID-1",
            classification="MVNO",
            purchased=world.clock.now(),
            product_type=given.line.product_type.value,
            data_enabled=True,
            message_route_id="MRID-1",
            voice_route_id="CRID-1",
            subscriber_id=owner,
            iccid=result.iccid,
            data_limits={"LimitValue": 5000},
        )
        world.subscriptions[result.subscription_id or ""] = {
            "SubscriptionId": result.subscription_id,
            "SubscriberId": owner,
            "TNID": result.number_id,
            "ICCID": result.iccid,
            "PackageId": given.package_id,
            "Type": "mvno",
            "Active": True,
        }
        world.guardian[owner] = {
            "SubscriberId": owner,
            "EnableIntelligentGuardianCalls": True,
            "EnableIntelligentGuardianMessages": True,
        }
        if given.line.call_filter:
            world.filters[f"CFID-{given.line.key}"] = {
                "FilterId": f"CFID-{given.line.key}",
                "SubscriberId": owner,
                "Phone": number,
                "KeywordFilter": None,
                "FilterMode": "BLACKLIST",
            }


async def reconcile(harness: Harness) -> ReconcileReport:
    async def settled() -> ReconcileReport:
        return await (await ReconcileClient(harness.temporal).start()).result()

    return await wait_until(settled, lambda report: report.in_progress == 0)


@pytest.mark.resilience
async def test_eight_differences_in_a_thousand_lines_are_found(alone: Harness) -> None:
    lines = [line_input(index) for index in range(1, LINES + 1)]
    await record(alone.temporal, lines)
    create(alone, lines)
    world = alone.telegent.state
    alone.telegent.carrier.set_record(PORTED, CarrierRecord(script="silent"))
    async with alone.running_workers():
        request = PortInRequest.model_validate({"details": port_in(PORTED)})
        waiting = await alone.orchestrator.start_port_in(request)
        await wait_until(waiting.status, lambda status: status.order_id)
        assert (await reconcile(alone)).findings == []

        del world.subscriptions["SUB-line-10"]
        world.subscriptions["SUB-twice"] = {
            **world.subscriptions["SUB-line-20"],
            "SubscriptionId": "SUB-twice",
        }
        del world.numbers[number_of("line-30")]
        world.subscriptions["SUB-none"] = {
            **world.subscriptions["SUB-line-40"],
            "SubscriptionId": "SUB-none",
            "TNID": "NID-none",
        }
        world.numbers[number_of("line-50")].message_route_id = None
        world.numbers[number_of("line-60")].data_limits["LimitValue"] = 20
        world.filters.pop("CFID-line-200")
        put_in_service(alone, PORTED)
        stranger = put_in_service(alone, STRANGER)
        stranger.id = "NID-2"
        world.orders[stranger.order_id] = Order(
            stranger.order_id, "Provision", world.clock.now(), STRANGER
        )
        before = alone.telegent.api_calls

        report = await reconcile(alone)

    assert {finding.kind: finding.phone_number for finding in report.findings} == {
        FindingKind.NUMBER_WITHOUT_SUBSCRIPTION: number_of("line-10"),
        FindingKind.SEVERAL_SUBSCRIPTIONS: number_of("line-20"),
        FindingKind.NUMBER_LEFT: number_of("line-30"),
        FindingKind.SUBSCRIPTION_WITHOUT_NUMBER: "",
        FindingKind.BINDING_DIFFERS: number_of("line-50"),
        FindingKind.LIMITS_DIFFER: number_of("line-60"),
        FindingKind.GUARDIAN_DIFFERS: number_of("line-200"),
        FindingKind.UNSEEN_PORT_IN: PORTED,
        FindingKind.UNKNOWN_NUMBER: STRANGER,
    }
    assert report.total == len(FindingKind)
    assert report.not_compared == []
    assert report.lines == LINES
    assert report.requests == sum(REQUESTS.values())
    # The port-in also polls its order.
    assert alone.telegent.api_calls - before >= report.requests


async def test_what_a_restored_database_lacks_is_found(alone: Harness) -> None:
    """The database is that of an hour ago: it lacks lines that were onboarded since."""
    lines = [line_input(index) for index in range(1, 61)]
    restored, lost = lines[:50], lines[50:]
    await record(alone.temporal, restored)
    create(alone, lines)
    async with alone.running_workers():
        report = await reconcile(alone)

    assert report.counts == {FindingKind.UNKNOWN_NUMBER: len(lost)}
    assert {finding.phone_number for finding in report.findings} == {
        number_of(line.line.key) for line in lost
    }
    assert {finding.subscription_id for finding in report.findings} == {
        f"SUB-{line.line.key}" for line in lost
    }
    assert not alone.telegent.ledger.rows
