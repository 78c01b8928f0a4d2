"""The gauges of reconciliations follow the run that ended last, and the schedule."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError

from simulator import Fault, SimulatorOptions
from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.reconcile import FindingKind
from tests.harness import Harness, new_namespace, running_harness
from tests.harness.line_changes import put_in_service
from tests.harness.waiting import TEST_TIMEOUT
from tests.worker.telemetry.shown_gauges import ShownGauges, pass_time
from worker.schedules import RECONCILE, ensure_schedule
from worker.telemetry.reconcile_gauges import ENDED_RUNS_QUERY, ReconcileGauges

FAILED, OVERDUE = "telegent_reconcile_failed", "telegent_reconcile_overdue_seconds"
UTC_ZONE = ZoneInfo("UTC")


@pytest_asyncio.fixture(loop_scope="session")
async def alone(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A namespace without other reconciliations, and workers."""
    async with running_harness(await new_namespace(temporal), options) as running:
        yield running


def shown(harness: Harness) -> ShownGauges:
    return ShownGauges(harness.temporal, ReconcileGauges, ENDED_RUNS_QUERY)


async def reconcile(harness: Harness) -> None:
    await (await ReconcileClient(harness.temporal).start()).result()


async def test_findings_are_shown_until_a_reconciliation_finds_them_no_more(
    alone: Harness,
) -> None:
    gauges = shown(alone)
    put_in_service(alone)
    assert set((await gauges.update(runs=0)).values()) == {0}

    await reconcile(alone)
    found = dict(await gauges.update(runs=1))
    alone.telegent.state.numbers.clear()
    alone.telegent.state.subscriptions.clear()
    await reconcile(alone)

    assert {kind: found[kind] for kind in FindingKind if found[kind]} == {
        FindingKind.UNKNOWN_NUMBER: 1
    }
    assert set((await gauges.update(runs=2)).values()) == {0}


async def test_failure_is_shown_until_a_reconciliation_completes(alone: Harness) -> None:
    gauges = shown(alone)
    await reconcile(alone)
    alone.telegent.faults.add(
        Fault(match="GET /v1.0/numbers/inventory", kind="error_before", status=400)
    )
    with pytest.raises(WorkflowFailureError):
        await reconcile(alone)
    assert (await gauges.update(runs=2))[FAILED] == 1

    await reconcile(alone)

    assert (await gauges.update(runs=3))[FAILED] == 0


async def test_terminated_reconciliation_has_not_failed(alone: Harness) -> None:
    client = alone.temporal
    alone.telegent.faults.add(
        Fault(match="GET /v1.0/numbers/inventory", kind="error_before", times=99)
    )
    handle = await ReconcileClient(client).start()
    terminated = client.get_workflow_handle(handle.id)
    await terminated.terminate()
    assert (await terminated.describe()).status is WorkflowExecutionStatus.TERMINATED

    assert (await shown(alone).update(runs=0))[FAILED] == 0


@pytest.mark.parametrize(
    ("cron", "hours"), [("30 3 * * *", 24), ("30 3 * * 1-5", 72)], ids=["nightly", "on weekdays"]
)
async def test_reconciliation_is_overdue_when_the_interval_has_passed(
    alone: Harness, monkeypatch: pytest.MonkeyPatch, cron: str, hours: int
) -> None:
    gauges = shown(alone)
    await ensure_schedule(alone.temporal, RECONCILE, cron, UTC_ZONE)
    pass_time(monkeypatch, timedelta(hours=hours, minutes=-5))
    assert (await gauges.update(runs=0))[OVERDUE] == 0

    pass_time(monkeypatch, timedelta(hours=hours + 1))
    never = (await gauges.update(runs=0))[OVERDUE]
    await reconcile(alone)
    pass_time(monkeypatch, timedelta(hours=hours + 2))
    once = (await gauges.update(runs=1))[OVERDUE]

    assert 3600 <= never < 3900
    # The run has completed during this test.
    assert 7200 - TEST_TIMEOUT < once <= 7200


async def test_nothing_is_overdue_without_a_schedule(
    alone: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reconcile(alone)
    pass_time(monkeypatch, timedelta(days=9))

    assert (await shown(alone).update(runs=1))[OVERDUE] == 0
