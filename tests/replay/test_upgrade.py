"""What the latest release has begun is finished by today's code, each thing made exactly once.

The release's worker is a process of the release's own source, and is killed. Only the source is
the release's: the libraries are today's.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client

from devstack.child_process import ChildProcess
from devstack.stack import Vendor, worker_process
from simulator import (
    CarrierRecord,
    CarrierSetup,
    CarrierTimings,
    Fault,
    ManualClock,
    Simulator,
    SimulatorOptions,
)
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from telegent_orchestrator.port_out import PortOutCancel, PortOutRequest, PortOutState
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import dev_server, example_request
from tests.harness.payloads import port_in, single
from tests.harness.port_ins import attach
from tests.harness.waiting import TEST_TIMEOUT
from tests.replay.releases import (
    ROOT,
    Release,
    release_parameters,
    releases,
    skip_without,
    unpack,
)

pytestmark = pytest.mark.resilience

TIMINGS = CarrierTimings(acknowledge_after=100, decide_after=200, complete_after=300)
RUNNING = "ExecutionStatus = 'Running'"
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
FAMILYS = "+18015550142"
RARE = {"TELEGENT_PORT_POLL_FIXED_SECONDS": "3600"}
"""No poll is under way when the worker is killed; it would be retried only after 75 seconds."""


@dataclass
class UpgradeEnvironment:
    """Where the stories take place."""

    temporal: Client
    orchestrator: Orchestrator
    telegent: Simulator
    clock: ManualClock

    async def carrier_acts(self, port: PortInHandle, after: float) -> None:
        """The carrier takes its time, and the vendor hints that something has happened."""
        self.clock.advance(after)
        await port.poll_now()

    async def start_port(
        self, number: str, state: PortState, **details: str | None
    ) -> PortInHandle:
        """A port-in that has come to this state."""
        known = PortInDetails.model_validate(port_in(number, **details))
        port = await self.orchestrator.start_port_in(PortInRequest(details=known))
        await until(port, state)
        return port


Story = Callable[[UpgradeEnvironment], AsyncGenerator[None, None]]
"""Begins on the release, yields while the builds change, and ends on today's code."""


async def purchase_that_an_operator_decides(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """An onboarding asks what became of a purchase."""
    env.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", times=2)
    )
    onboarding = await env.orchestrator.start_onboarding(single())
    async with asyncio.timeout(TEST_TIMEOUT):
        async for now in onboarding.watch():
            if now.lines and now.lines["first"].escalations:
                break
    yield
    resolution = Resolution(
        step="Number", action=ResolutionAction.RETRY, by="operator", reason="not in the portal"
    )
    await onboarding.resolve(resolution, line="first")
    assert (await onboarding.result()).complete


async def rejected_in_a_family(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """The demo: a port-in waits for a correction. Another number may leave."""
    env.telegent.carrier.set_record(FAMILYS, CarrierRecord(account_number="100200301"))
    onboarding = await env.orchestrator.start_onboarding(example_request())
    port = env.orchestrator.port_in(FAMILYS)
    async with asyncio.timeout(TEST_TIMEOUT):
        async for now in onboarding.watch():
            states = {line.key: line.state for line in now.onboarding.lines}
            if now.ports and states["manager-esim"] is StepState.DONE:
                break
    await until(port, PortState.SUBMITTED)
    await env.carrier_acts(port, TIMINGS.decide_after)
    await until(port, PortState.ACTION_REQUIRED)
    live = now.lines["manager-esim"].result
    leaving = await PortOutClient(env.temporal).start(
        PortOutRequest(
            phone_number=live.phone_number or "",
            authentication_reference="auth-1",
            pin="739164",
            subscription_id=live.subscription_id,
            by="operator",
        )
    )
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await leaving.status()).state is not PortOutState.PIN_ISSUED:
            await asyncio.sleep(0.1)
    yield
    await port.correct(PortInCorrection(account_number="100200301", by="operator"))
    await leaving.cancel(PortOutCancel(by="operator", reason="the subscriber stays"))
    assert (await leaving.result()).state is PortOutState.CANCELLED
    await until(port, PortState.SUBMITTED)
    await env.carrier_acts(port, TIMINGS.complete_after)
    assert (await onboarding.result()).complete


async def waiting_for_the_carrier(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """A port-in is polled, and nothing happens for a long time."""
    port = await env.start_port("+18015550150", PortState.SUBMITTED)
    yield
    await env.carrier_acts(port, TIMINGS.complete_after)
    assert (await port.result()).state is PortState.COMPLETED


async def information_missing(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """A port-in waits for data, with reminders as timers."""
    port = await env.start_port("+18015550151", PortState.INFO_REQUIRED, account_number=None)
    yield
    await port.correct(PortInCorrection(account_number="100200300", by="operator"))
    await until(port, PortState.SUBMITTED)
    await env.carrier_acts(port, TIMINGS.complete_after)
    assert (await port.result()).state is PortState.COMPLETED


async def submit_unanswered(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """A port-in does not know its order until support has found it."""
    env.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    port = await env.start_port("+18015550152", PortState.SUBMIT_UNKNOWN)
    order_id = env.telegent.ledger.by_kind("portin.submitted")[-1].data["order_id"]
    yield
    await port.decide(attach(order_id))
    await env.carrier_acts(port, TIMINGS.complete_after)
    assert (await port.result()).state is PortState.COMPLETED


async def cancel_that_cannot_be_sent(env: UpgradeEnvironment) -> AsyncGenerator[None, None]:
    """A port-in waits by timer until the vendor has time for it."""
    env.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/portin/cancel", kind="429", times=1_000)
    )
    env.telegent.carrier.set_record("+18015550153", CarrierRecord(script="silent"))
    port = await env.start_port("+18015550153", PortState.SUBMITTED)
    await port.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    await waits_to_try_again(port)
    yield
    assert (await port.result()).state is PortState.CANCELLED


STORIES: tuple[Story, ...] = (
    purchase_that_an_operator_decides,
    rejected_in_a_family,
    submit_unanswered,
    waiting_for_the_carrier,
    information_missing,
    cancel_that_cannot_be_sent,
)
EFFECTS = {
    "account.created": 2,
    "subscriber.created": 4,
    "message_route.created": 2,
    "voice_route.created": 2,
    "product.created": 3,
    "package.created": 2,
    "package_item.created": 3,
    "number.provisioned": 3,
    "subscription.created": 4,
    "guardian.related": 1,
    "call_filter.created": 1,
    "message_filter.created": 1,
    "portin.submitted": 5,
    "portin.completed": 4,
    "portin.cancelled": 1,
}


@pytest.mark.parametrize("release", release_parameters(releases()[-1:]))
async def test_current_code_finishes_workflows_of_the_last_release(
    release: Release, tmp_path: Path
) -> None:
    skip_without(release)
    unpack(release, tmp_path / "source")
    clock = ManualClock()
    options = SimulatorOptions(carrier=CarrierSetup(timings=TIMINGS))
    telegent = Simulator(options, clock=clock)
    async with dev_server() as client, telegent.serve() as url:
        env = UpgradeEnvironment(client, Orchestrator(client), telegent, clock)
        address = client.service_client.config.target_host

        def build(name: str, source: Path) -> ChildProcess:
            return worker_process(
                name,
                log=tmp_path / f"{name}.log",
                temporal_address=address,
                vendor=Vendor.simulated(url, telegent.options),
                settings=RARE,
                source=source,
            )

        async with build("release", tmp_path / "source") as old:
            under_way = [story(env) for story in STORIES]
            for story in under_way:
                await anext(story)
            await nothing_is_under_way(client)
            os.kill(old.pid, signal.SIGKILL)
            await old.wait_ended()
        telegent.faults.clear()
        async with build("today", ROOT):
            for story in under_way:
                await asyncio.wait_for(anext(story, None), TEST_TIMEOUT)
    effects = Counter(row.kind for row in telegent.ledger.rows)
    assert {kind: effects[kind] for kind in EFFECTS} == EFFECTS


async def nothing_is_under_way(client: Client) -> None:
    """Of a call that dies with its worker it is found out only after 75 seconds."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while any([await calls(client, w.id) async for w in client.list_workflows(RUNNING)]):
            await asyncio.sleep(0.1)


async def calls(client: Client, workflow_id: str) -> bool:
    described = (await client.get_workflow_handle(workflow_id).describe()).raw_description
    return any(pending.state == STARTED for pending in described.pending_activities)


async def until(port: PortInHandle, state: PortState) -> None:
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await port.status()).state is not state:
            await asyncio.sleep(0.1)


async def waits_to_try_again(port: PortInHandle) -> None:
    """No request is under way any more: of such a one it is found out only after 75 seconds."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while not any("trying again" in step.detail for step in (await port.status()).steps):
            await asyncio.sleep(0.1)
