"""The named ways of a port-in, in days, on a Temporal server that skips the waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import (
    CarrierRecord,
    CarrierSetup,
    CarrierTimings,
    Fault,
    ManualClock,
    Simulator,
    SimulatorOptions,
)
from simulator.engine.carrier import Vocabulary
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from tests.harness import Harness
from tests.harness.payloads import port_in
from tests.harness.port_ins import attach
from tests.harness.tiers import sampled
from tests.harness.time_skipping import DAY, ClockSync, time_skipper

NUMBER = "+18015550142"
TRUTH = CarrierRecord(account_number="100200301", pin="482913")
RIGHT = PortInCorrection(account_number="100200301", by="operator")
every_vocabulary = pytest.mark.parametrize(
    "vocabulary",
    sampled("kb", "bp", "oas"),
)
OperatorAct = Callable[[PortInStatus], Awaitable[None]]


@dataclass
class Days:
    """A port-in in days, and what moves its time."""

    simulator: Simulator
    skipping: TimeSkipper
    step: ClockSync
    request: PortInRequest

    @property
    def orchestrator(self) -> Orchestrator:
        return Orchestrator(self.skipping.client)

    @property
    def handle(self) -> PortInHandle:
        return self.orchestrator.port_in(NUMBER)

    async def end(self, operator: OperatorAct | None = None) -> PortInResult:
        """Return the result; in each activity `operator` gets the status, and may act on it."""

        async def act() -> None:
            if operator:
                await operator(await self.handle.status())

        self.step.operator_action = act
        await self.orchestrator.start_port_in(self.request)
        return await self.handle.result()

    async def end_from(self, state: PortState, operator: OperatorAct) -> PortInResult:
        """Return the result; `operator` acts in `state`, without polls, before time is skipped."""
        with self.skipping.with_time_skipping_disabled():
            await self.orchestrator.start_port_in(self.request)
        while (status := await self.handle.status()).state is not state:
            await asyncio.sleep(0.02)
        await operator(status)
        workflow = self.skipping.client.get_workflow_handle(self.handle.id)
        await self.skipping.fast_forward(workflow)
        return await self.handle.result()

    def count(self, kind: str) -> int:
        return self.simulator.ledger.count(kind)

    def called(self, path: str) -> bool:
        return any(entry.path == path for entry in self.simulator.requests)


@asynccontextmanager
async def days(
    temporal: Client,
    record: CarrierRecord,
    *,
    vocabulary: Vocabulary = "kb",
    fault: Fault | None = None,
    rules: PortInPolicy | None = None,
    details: dict[str, Any] | None = None,
) -> AsyncIterator[Days]:
    """A carrier that takes one day to acknowledge, two to decide, three to complete."""
    step = ClockSync(ManualClock())
    timings = CarrierTimings(acknowledge_after=DAY, decide_after=2 * DAY, complete_after=3 * DAY)
    carrier = CarrierSetup(timings=timings, vocabulary=vocabulary)
    simulator = Simulator(SimulatorOptions(carrier=carrier, token_ttl=365 * DAY), clock=step.clock)
    simulator.carrier.set_record(NUMBER, record)
    if fault:
        simulator.faults.add(fault)
    settings = replace(ActivitySettings(), port_in_policy=rules or PortInPolicy())
    wanted = PortInDetails.model_validate(details or port_in(NUMBER))
    skipping = await time_skipper(temporal, step)
    async with simulator.serve() as url:
        orchestrator = Orchestrator(skipping.client)
        harness = Harness(skipping.client, simulator, orchestrator, settings, url)
        async with harness.running_workers():
            yield Days(simulator, skipping, step, PortInRequest(details=wanted))


@every_vocabulary
async def test_accepted(temporal: Client, vocabulary: Vocabulary) -> None:
    async with days(
        temporal, TRUTH, vocabulary=vocabulary, details=port_in(account_number="100200301")
    ) as d:
        result = await d.end()
    assert result.state is PortState.COMPLETED
    assert result.timeline[-1].at - result.timeline[0].at >= timedelta(days=3)


@every_vocabulary
async def test_rejected_corrected_completed(temporal: Client, vocabulary: Vocabulary) -> None:
    async with days(temporal, TRUTH, vocabulary=vocabulary) as d:

        async def operator(status: PortInStatus) -> None:
            if status.state is PortState.ACTION_REQUIRED:
                await d.handle.correct(RIGHT)

        result = await d.end(operator)
    assert result.state is PortState.COMPLETED
    assert d.count("portin.updated") == 1


@every_vocabulary
async def test_rejected_three_times(temporal: Client, vocabulary: Vocabulary) -> None:
    async with days(temporal, TRUTH, vocabulary=vocabulary) as d:

        async def operator(status: PortInStatus) -> None:
            if status.state is not PortState.ACTION_REQUIRED:
                return
            if status.rejections < 3:
                wrong = f"{status.rejections}"
                await d.handle.correct(PortInCorrection(account_number=wrong, by="operator"))
            elif "an operator decides" in status.attention or status.rejections >= 3:
                await d.handle.decide(
                    OperatorDecision(
                        action=OperatorAction.REPLACE_DATA,
                        correction=RIGHT,
                        by="operator",
                        reason="bill",
                    )
                )

        result = await d.end(operator)
    assert result.state is PortState.COMPLETED
    assert d.count("portin.rejected") == 3


@every_vocabulary
async def test_lock_removed(temporal: Client, vocabulary: Vocabulary) -> None:
    async with days(temporal, CarrierRecord(locked=True), vocabulary=vocabulary) as d:

        async def operator(status: PortInStatus) -> None:
            if status.state is PortState.ACTION_REQUIRED:
                d.simulator.carrier.unlock(NUMBER)
                await d.handle.correct(PortInCorrection(lock_removed=True, by="operator"))

        result = await d.end(operator)
    assert result.state is PortState.COMPLETED


@every_vocabulary
async def test_hard_reason(temporal: Client, vocabulary: Vocabulary) -> None:
    record = CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD")
    async with days(temporal, record, vocabulary=vocabulary) as d:

        async def operator(status: PortInStatus) -> None:
            if status.state is PortState.ACTION_REQUIRED:
                await d.handle.decide(
                    OperatorDecision(
                        action=OperatorAction.RESTART, by="operator", reason="it is off"
                    )
                )

        result = await d.end(operator)
    assert result.state is PortState.COMPLETED
    assert (d.count("portin.submitted"), d.count("portin.cancelled")) == (2, 1)


@every_vocabulary
async def test_silence(temporal: Client, vocabulary: Vocabulary) -> None:
    async with days(temporal, CarrierRecord(script="silent"), vocabulary=vocabulary) as d:
        result = await d.end()
    assert result.state is PortState.CANCELLED
    assert any("no response from the losing carrier" in entry.event for entry in result.timeline)


@every_vocabulary
@pytest.mark.parametrize("script", ["silent", "complete_during_cancel"])
async def test_order_is_cancelled_or_completed_during_a_wait(
    temporal: Client, vocabulary: Vocabulary, script: str
) -> None:
    async with days(temporal, CarrierRecord(script=script), vocabulary=vocabulary) as d:

        async def operator(status: PortInStatus) -> None:
            if status.state is PortState.SUBMITTED and not d.called("/v1.0/numbers/portin/cancel"):
                await d.handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))

        result = await d.end(operator)
    won = PortState.CANCELLED if script == "silent" else PortState.COMPLETED
    assert result.state is won


@pytest.mark.parametrize("known_to_refuse", [False, True])
async def test_lost_submit(temporal: Client, known_to_refuse: bool) -> None:
    fault = Fault(match="POST /v1.0/numbers/portin", kind="drop_response")
    rules = PortInPolicy(resubmit_unknown=known_to_refuse)
    async with days(temporal, CarrierRecord(), fault=fault, rules=rules) as d:

        async def operator(status: PortInStatus) -> None:
            [row] = d.simulator.ledger.by_kind("portin.submitted")
            await d.handle.decide(attach(row.data["order_id"]))

        result = await d.end_from(PortState.SUBMIT_UNKNOWN, operator)
    assert result.state is PortState.COMPLETED
    assert d.count("portin.submitted") == 1


async def test_expired_pin_and_missing_data(temporal: Client) -> None:
    old = (datetime.now(UTC) - timedelta(days=60)).isoformat()
    details = port_in(pin_obtained_at=old)
    del details["authorization"]
    loa = port_in()["authorization"]
    async with days(temporal, CarrierRecord(), details=details) as d:

        async def operator(status: PortInStatus) -> None:
            assert set(status.fields_to_correct) == {"account_pin", "authorization"}
            await d.handle.correct(
                PortInCorrection.model_validate(
                    {
                        "account_pin": "482914",
                        "pin_obtained_at": datetime.now(UTC) - timedelta(hours=1),
                        "authorization": loa,
                        "by": "operator",
                    }
                )
            )

        result = await d.end_from(PortState.INFO_REQUIRED, operator)
    assert result.state is PortState.COMPLETED


async def test_port_in_is_cancelled_when_missing_data_never_arrive(temporal: Client) -> None:
    async with days(temporal, CarrierRecord(), details={"phone_number": NUMBER}) as d:
        result = await d.end()
    assert result.state is PortState.CANCELLED
    assert result.timeline[-1].at - result.timeline[0].at >= timedelta(days=30)
    assert not d.simulator.requests


async def test_flood_of_hints(temporal: Client) -> None:
    storms = 0
    async with days(temporal, CarrierRecord()) as d:

        async def operator(status: PortInStatus) -> None:
            nonlocal storms
            # In a first attempt the poll would start again and again, before any time can pass.
            if activity.info().attempt == 2 and storms < 20:
                storms += 1
                await asyncio.gather(*(d.handle.poll_now() for _ in range(10)))

        result = await d.end(operator)
    polls = sum(entry.path == "/v1.0/numbers/order" for entry in d.simulator.requests)
    assert result.state is PortState.COMPLETED
    assert d.count("portin.submitted") == 1
    # Two for each storm, since another hint may have come while the order was read.
    assert storms == 20
    assert polls <= 2 * storms + 75
