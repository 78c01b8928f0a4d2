"""How many port-ins and questions are open, and for how long: counted now and then."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.common import MetricMeter, SearchAttributeKey

from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    NEEDS_ACTION_ATTRIBUTE,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_SINCE_ATTRIBUTE,
)
from telegent_orchestrator.port_in import FINAL_STATES, PortState

OPEN = f"WorkflowType = '{PORT_IN_WORKFLOW}' AND ExecutionStatus = 'Running'"
ASKING = (
    f"WorkflowType IN ('{ONBOARDING_WORKFLOW}', '{LINE_WORKFLOW}') "
    f"AND {NEEDS_ACTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'"
)
STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
NEEDS_ACTION = SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE)
SINCE = SearchAttributeKey.for_datetime(PORT_STATE_SINCE_ATTRIBUTE)
STATES = [state for state in PortState if state not in FINAL_STATES]
AGES = {
    "under 1 day": timedelta(days=1),
    "1 to 3 days": timedelta(days=3),
    "3 to 7 days": timedelta(days=7),
    "7 days or more": timedelta.max,
}
"""How long in the state, with upper bounds. A person is reminded after 1, 3 and 7 days."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class OpenWork:
    """Gauges of open port-ins and questions, as Temporal's list of workflows shows them.

    Every worker counts all of them, so the same figures come from each: take one, not the sum.
    """

    def __init__(self, temporal: Client, meter: MetricMeter) -> None:
        self._temporal = temporal
        self._open = meter.create_gauge("telegent_ports_open", "Open port-ins")
        self._longest = meter.create_gauge(
            "telegent_ports_longest_in_state_seconds", "The longest that one is in its state now"
        )
        self._questions = meter.create_gauge(
            "telegent_questions_open", "Onboardings and lines that wait for a person's answer"
        )
        self._longest_question = meter.create_gauge(
            "telegent_questions_longest_open_seconds", "The longest that one of them has waited"
        )
        self._counted = meter.create_gauge(
            "telegent_ports_counted_timestamp_seconds", "When all of these were last counted"
        )

    async def count(self) -> None:
        """Counts once. Raises RPCError when Temporal does not answer."""
        now = datetime.now(UTC)
        await self._count_ports(now)
        await self._count_questions(now)
        self._counted.set(int(time.time()))

    async def _count_ports(self, now: datetime) -> None:
        found: Counter[tuple[str, str]] = Counter()
        longest: Counter[str] = Counter()
        async for port_in in self._temporal.list_workflows(OPEN, page_size=1000):
            attributes = port_in.typed_search_attributes
            # One that has just started has neither, one of an older build may lack the time.
            state = attributes.get(STATE, PortState.CHECKING_ELIGIBILITY.value)
            stayed = now - attributes.get(SINCE, port_in.start_time)
            age = next(name for name, bound in AGES.items() if stayed < bound)
            found[state, age] += 1
            longest[state] = max(longest[state], int(stayed.total_seconds()))
        for state in STATES:
            for age in AGES:
                self._open.set(found[state, age], {"state": state, "age": age})
            self._longest.set(longest[state], {"state": state})

    async def _count_questions(self, now: datetime) -> None:
        waited = []
        async for asking in self._temporal.list_workflows(ASKING, page_size=1000):
            since = asking.typed_search_attributes.get(NEEDS_ACTION)
            waited.append(now - (datetime.fromisoformat(since) if since else asking.start_time))
        self._questions.set(len(waited))
        self._longest_question.set(int(max(waited, default=timedelta()).total_seconds()))


@asynccontextmanager
async def counting(temporal: Client, meter: MetricMeter, every: timedelta) -> AsyncIterator[None]:
    """Count while the block runs. While Temporal cannot tell, the last figures stay."""

    async def count() -> None:
        work = OpenWork(temporal, meter)
        while True:
            try:
                await work.count()
            except Exception as error:  # the worker does not end for want of a figure
                log.warning("cannot count open port-ins", reason=str(error) or repr(error))
            await asyncio.sleep(every.total_seconds())

    task = asyncio.create_task(count())
    try:
        yield
    finally:
        task.cancel()
