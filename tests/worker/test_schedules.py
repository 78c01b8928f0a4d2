"""The schedules of the worker, on a Temporal server."""

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.service import RPCError, RPCStatusCode

from simulator import SimulatorOptions
from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.reconcile import RECONCILE_SCHEDULE_ID, RECONCILE_WORKFLOW
from tests.harness import Harness, new_namespace, running_harness
from tests.harness.waiting import wait_until
from worker.schedules import RECONCILE, ensure_schedule

NEW_YORK = ZoneInfo("America/New_York")


@pytest_asyncio.fixture(loop_scope="session")
async def alone(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A namespace without other schedules, and workers."""
    async with running_harness(await new_namespace(temporal), options) as running:
        yield running


async def next_start(client: Client) -> tuple[int, int]:
    """Hour and minute (UTC) of the next run."""
    description = await client.get_schedule_handle(RECONCILE_SCHEDULE_ID).describe()
    first = description.info.next_action_times[0]
    return first.hour, first.minute


async def test_schedule_is_created_and_its_run_reports(alone: Harness) -> None:
    client = alone.temporal
    await ensure_schedule(client, RECONCILE, "30 3 * * *", ZoneInfo("UTC"))
    handle = client.get_schedule_handle(RECONCILE_SCHEDULE_ID)
    description = await handle.describe()

    await handle.trigger()
    latest = await wait_until(ReconcileClient(client).latest)

    action = description.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert (action.workflow, list(action.args)) == (RECONCILE_WORKFLOW, [])
    assert await next_start(client) == (3, 30)
    assert latest is not None
    assert latest.id.startswith("reconcile-")
    assert (await latest.result()).total == 0


async def test_changed_setting_changes_the_schedule_and_keeps_it_paused(alone: Harness) -> None:
    client = alone.temporal
    await ensure_schedule(client, RECONCILE, "30 3 * * *", ZoneInfo("UTC"))
    handle = client.get_schedule_handle(RECONCILE_SCHEDULE_ID)
    await handle.pause(note="migration")

    await ensure_schedule(client, RECONCILE, "45 4 * * *", ZoneInfo("UTC"))

    description = await handle.describe()
    assert await next_start(client) == (4, 45)
    assert (description.schedule.state.paused, description.schedule.state.note) == (
        True,
        "migration",
    )


async def test_empty_setting_deletes_the_schedule(alone: Harness) -> None:
    client = alone.temporal
    await ensure_schedule(client, RECONCILE, "", NEW_YORK)
    await ensure_schedule(client, RECONCILE, "30 3 * * *", NEW_YORK)

    await ensure_schedule(client, RECONCILE, "", NEW_YORK)

    with pytest.raises(RPCError) as missing:
        await client.get_schedule_handle(RECONCILE_SCHEDULE_ID).describe()
    assert missing.value.status is RPCStatusCode.NOT_FOUND
