"""Workers that share the request limit, on a real server with a short window."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from telegent import RateLimiter
from telegent_orchestrator.cli.results import CommandResult
from telegent_orchestrator.client._calls import MessageRejectedError, update
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.request_allowance import (
    ALLOWANCE_ID,
    LEASE_UPDATE,
    SET_LIMIT_UPDATE,
    AllowanceStatus,
)
from tests.harness import dev_server
from tests.harness.command_line import CommandLine
from tests.harness.waiting import wait_until
from worker.run import workflow_worker
from worker.shared_rate_limiter import SharedRateLimiter, lease_from
from workflows.request_allowance.workflow import AllowanceWorkflow

LIMIT, WINDOW = 30, 2.0
PER_MINUTE = round(LIMIT * 60 / WINDOW)


@asynccontextmanager
async def allowance_worker(client: Client) -> AsyncIterator[WorkflowHandle[object, object]]:
    """Runs the workflow, which is new."""
    handle = client.get_workflow_handle(ALLOWANCE_ID)
    with suppress(RPCError):
        # Of the worker of another test.
        await handle.terminate()
    async with workflow_worker(client, [AllowanceWorkflow], []):
        try:
            yield handle
        finally:
            await handle.terminate()


async def status_of(handle: WorkflowHandle[object, object]) -> AllowanceStatus:
    found: AllowanceStatus = await handle.query(
        STATUS_QUERY, time.time(), result_type=AllowanceStatus
    )
    return found


async def send(limiter: RateLimiter, count: int, sent: list[float]) -> None:
    """Sends so many requests, each when the one before has its response."""
    for _ in range(count):
        permit = await limiter.acquire()
        sent.append(time.monotonic())
        await asyncio.sleep(0)
        permit.settle()


def most_in_a_window(sent: list[float]) -> int:
    return max(sum(start <= at < start + WINDOW for at in sent) for start in sent)


async def test_two_workers_never_send_more_than_the_limit(temporal: Client) -> None:
    async with allowance_worker(temporal) as handle:
        limiters = [SharedRateLimiter(lease_from(temporal), PER_MINUTE, WINDOW) for _ in range(2)]
        sent = list[float]()
        await asyncio.gather(*(send(each, 20, sent) for each in limiters for _ in range(2)))
        assert most_in_a_window(sent) <= LIMIT
        for limiter in limiters:
            await limiter.close()
        assert (await status_of(handle)).leased == 0
        assert {each.per_minute for each in limiters} == {PER_MINUTE}


async def test_limit_that_an_operator_sets_reaches_all_workers(temporal: Client) -> None:
    async with allowance_worker(temporal):
        limiters = [SharedRateLimiter(lease_from(temporal), PER_MINUTE, WINDOW) for _ in range(2)]
        sent = list[float]()
        await asyncio.gather(*(send(each, 1, sent) for each in limiters))
        cli = CommandLine({"TEMPORAL_ADDRESS": temporal.service_client.config.target_host})
        shown = await cli.run("allowance", "--set", "6000", "--by", "operator")
        assert (shown.status, "limit: 6000 requests a minute (set by operator)" in shown.out) == (
            0,
            True,
        ), shown.err
        for limiter in limiters:
            await limiter.close()
        await asyncio.gather(*(send(each, 20, sent) for each in limiters))
        assert {each.per_minute for each in limiters} == {6000}

        assert (await cli.run("allowance", "--reset", "--json")).json["set_by"] is None
        shown = await cli.run("allowance", "--json")
        assert (shown.json["window_seconds"], shown.json["paused_seconds"]) == (WINDOW, 0)
        assert (await cli.run("allowance", "--set", "0")).status == 2
        assert (await cli.run("allowance", "--set", "5", "--reset")).status == 2


async def test_what_was_sent_is_known_after_the_history_has_become_long() -> None:
    async with (
        dev_server("limit.historyCount.suggestContinueAsNew=20") as client,
        allowance_worker(client) as handle,
    ):
        limiter = SharedRateLimiter(lease_from(client), 50)
        first_run = None
        for _ in range(8):
            (await limiter.acquire()).settle()
            # Reports, so that the next request needs another lease.
            await limiter.close()
            first_run = first_run or (await handle.describe()).run_id
        await wait_until(handle.describe, lambda found: found.run_id != first_run)
        assert (await status_of(handle)).used == 8


@pytest.mark.parametrize("name", [LEASE_UPDATE, SET_LIMIT_UPDATE])
async def test_message_that_cannot_be_read_is_rejected(temporal: Client, name: str) -> None:
    async with allowance_worker(temporal) as handle:
        await send(SharedRateLimiter(lease_from(temporal), 50), 1, [])
        with pytest.raises(MessageRejectedError, match="required"):
            await update(handle, name, CommandResult(workflow_id="x"), None)
