"""Periodic gauges of open port-ins and escalations, and their ages; reconciliations and usage."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.common import MetricMeter

from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    NEEDS_OPERATOR_ATTRIBUTE,
    NEEDS_OPERATOR_KEY,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
    PORT_STATE_ENTERED_AT_KEY,
    PORT_STATE_KEY,
)
from telegent_orchestrator.port_in import FINAL_STATES, PortState
from worker.telemetry.reconcile_gauges import ReconcileGauges
from worker.telemetry.usage_gauges import UsageGauges

OPEN_PORT_INS_QUERY = f"WorkflowType = '{PORT_IN_WORKFLOW}' AND ExecutionStatus = 'Running'"
OPEN_ESCALATIONS_QUERY = (
    f"WorkflowType IN ('{ONBOARDING_WORKFLOW}', '{LINE_WORKFLOW}') "
    f"AND {NEEDS_OPERATOR_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'"
)
# Temporal sets the attribute after several failed tasks in a row, and removes it after a success.
FAILING_QUERY = (
    'TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut") '
    "AND ExecutionStatus = 'Running'"
)
OPEN_STATES = [state for state in PortState if state not in FINAL_STATES]
AGE_BUCKETS = {
    "under 1 day": timedelta(days=1),
    "1 to 3 days": timedelta(days=3),
    "3 to 7 days": timedelta(days=7),
    "7 days or more": timedelta.max,
}
"""Time in the state, with upper bounds. Operators are reminded after 1, 3 and 7 days."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class BacklogGauges:
    """Gauges of open port-ins and escalations, from Temporal's list of workflows.

    Every worker counts all of them and reports the same figures: take one worker's, not the sum.
    """

    def __init__(self, temporal: Client, meter: MetricMeter) -> None:
        self._temporal = temporal
        self._port_ins_open = meter.create_gauge("telegent_port_ins_open", "Open port-ins")
        self._oldest_in_state = meter.create_gauge(
            "telegent_port_in_oldest_in_state_seconds",
            "Longest time that an open port-in has been in its current state",
        )
        self._escalations_open = meter.create_gauge(
            "telegent_escalations_open",
            "Onboardings and lines that wait for an operator's resolution",
        )
        self._oldest_escalation = meter.create_gauge(
            "telegent_oldest_escalation_seconds", "Age of the oldest open escalation"
        )
        self._failing = meter.create_gauge(
            "telegent_workflows_failing", "Open workflows whose last tasks have all failed"
        )
        self._counted_at = meter.create_gauge(
            "telegent_backlog_counted_timestamp_seconds",
            "Time at which the backlog was last counted",
        )

    async def update(self) -> None:
        """Count once. Raises RPCError if Temporal does not respond."""
        now = datetime.now(UTC)
        await self._update_port_ins(now)
        await self._update_escalations(now)
        self._counted_at.set(int(time.time()))

    async def update_failing(self) -> None:
        """Count open workflows that cannot continue. Raises RPCError like `update`."""
        self._failing.set((await self._temporal.count_workflows(FAILING_QUERY)).count)

    async def _update_port_ins(self, now: datetime) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        oldest: Counter[str] = Counter()
        async for port_in in self._temporal.list_workflows(OPEN_PORT_INS_QUERY, page_size=1000):
            attributes = port_in.typed_search_attributes
            # One that has not submitted has neither attribute, unless it needs attention.
            state = attributes.get(PORT_STATE_KEY, PortState.CHECKING_ELIGIBILITY.value)
            time_in_state = now - attributes.get(PORT_STATE_ENTERED_AT_KEY, port_in.start_time)
            age_bucket = next(name for name, bound in AGE_BUCKETS.items() if time_in_state < bound)
            counts[state, age_bucket] += 1
            oldest[state] = max(oldest[state], int(time_in_state.total_seconds()))
        for state in OPEN_STATES:
            for age_bucket in AGE_BUCKETS:
                self._port_ins_open.set(
                    counts[state, age_bucket], {"state": state, "age": age_bucket}
                )
            self._oldest_in_state.set(oldest[state], {"state": state})

    async def _update_escalations(self, now: datetime) -> None:
        open_durations = []
        async for execution in self._temporal.list_workflows(
            OPEN_ESCALATIONS_QUERY, page_size=1000
        ):
            raised_at = execution.typed_search_attributes.get(NEEDS_OPERATOR_KEY)
            open_durations.append(
                now - (datetime.fromisoformat(raised_at) if raised_at else execution.start_time)
            )
        self._escalations_open.set(len(open_durations))
        self._oldest_escalation.set(int(max(open_durations, default=timedelta()).total_seconds()))


@asynccontextmanager
async def report_backlog(
    temporal: Client, meter: MetricMeter, interval: timedelta
) -> AsyncIterator[None]:
    """Count periodically while the block runs, and find the last reconciliation and usage reading.

    While Temporal does not respond, the last figures stay.
    """
    backlog, reconciliations = BacklogGauges(temporal, meter), ReconcileGauges(temporal, meter)
    usage = UsageGauges(temporal, meter)

    async def update_gauges() -> None:
        while True:
            await _try(backlog.update, "open port-ins and escalations could not be counted")
            await _try(backlog.update_failing, "failing workflows could not be counted")
            await _try(reconciliations.update, "the last reconciliation could not be read")
            await _try(usage.update, "the last reading of usage could not be found")
            await asyncio.sleep(interval.total_seconds())

    task = asyncio.create_task(update_gauges())
    try:
        yield
    finally:
        task.cancel()


async def _try(update: Callable[[], Awaitable[None]], on_failure: str) -> None:
    try:
        await update()
    except Exception as error:  # missing figures must not end the worker
        log.warning(on_failure, reason=str(error) or repr(error))
