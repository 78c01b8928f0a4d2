"""What each alert warns of, caused and then removed: Telegent, port-ins, reconciliations, usage."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from unittest.mock import patch

from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from resilience.alerts.causes import Case, wait_until
from resilience.alerts.stack import MonitoredStack
from resilience.harness.customer import create_customer
from simulator import CarrierRecord
from simulator.engine.carrier import ORDER_STATUSES
from simulator.engine.faults import Fault, FaultKind
from simulator.http.request_log import RateLimit
from telegent_orchestrator.client import PortInHandle, ReconcileClient, UsageClient
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInDetails,
    PortInRequest,
    PortState,
)
from telegent_orchestrator.reconcile import RECONCILE_SCHEDULE_ID
from telegent_orchestrator.request_allowance import (
    ALLOWANCE_ID,
    SET_LIMIT_UPDATE,
    LimitCommand,
)
from telegent_orchestrator.usage import USAGE_SCHEDULE_ID

ALWAYS = 1_000_000
OPERATOR = "operator"
INVENTORY = "GET /v1.0/numbers/inventory"
OTHERS_LIMIT = 60
"""Requests a minute that Telegent permits while another program uses the account key."""
LOW_LIMIT = 60
"""Requests a minute, fewer than the load needs."""
OTHERS = 7_000_000
"""From here on: port-ins that belong to no onboarding of the load."""
NEW_REASON = "ZZ-SOMETHING NEW"


@contextmanager
def fault(
    monitored: MonitoredStack, match: str, kind: FaultKind, times: int = ALWAYS, **more: int
) -> Iterator[None]:
    """Inject a fault into requests while the block runs."""
    monitored.simulator.faults.add(
        Fault.model_validate({"match": match, "kind": kind, "times": times, **more})
    )
    try:
        yield
    finally:
        monitored.simulator.faults.clear()


@contextmanager
def no_operator(monitored: MonitoredStack) -> Iterator[None]:
    """No operator responds to escalations and rejections while the block runs."""
    monitored.load.operator_present.clear()
    try:
        yield
    finally:
        monitored.load.operator_present.set()


@asynccontextmanager
async def unreachable(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent accepts no connection."""
    with fault(monitored, "*", "refuse_connection"):
        yield


@asynccontextmanager
async def revoked_key(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent responds with 401 to every request, those for tokens included."""
    with fault(monitored, "*", "401"):
        yield


@asynccontextmanager
async def shared_key(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent permits fewer requests than the workers are set to."""
    monitored.simulator.rate_limit = RateLimit(OTHERS_LIMIT, include_retry_after=True)
    try:
        yield
    finally:
        monitored.simulator.rate_limit = None
        await _set_limit(monitored, None)


@asynccontextmanager
async def low_allowance(monitored: MonitoredStack) -> AsyncIterator[None]:
    """An operator permits fewer requests than the load needs."""
    await _set_limit(monitored, LOW_LIMIT)
    try:
        yield
    finally:
        await _set_limit(monitored, None)


async def _set_limit(monitored: MonitoredStack, per_minute: int | None) -> None:
    handle = monitored.stack.client.get_workflow_handle(ALLOWANCE_ID)
    command = LimitCommand(requests_per_minute=per_minute, by=OPERATOR)
    await handle.execute_update(SET_LIMIT_UPDATE, command)


@asynccontextmanager
async def lost_create(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Two responses to creates of one route are lost, and no operator is there."""
    with (
        no_operator(monitored),
        fault(monitored, "POST /v1.0/voice/routes", "error_before", times=4),
    ):
        yield


@asynccontextmanager
async def lost_submit(monitored: MonitoredStack) -> AsyncIterator[None]:
    """The response to the submit of a port-in is lost, and no operator is there."""
    with (
        no_operator(monitored),
        fault(monitored, "POST /v1.0/numbers/portin", "drop_response", times=1),
    ):
        yield


@asynccontextmanager
async def waiting_port_in(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Rejected port-ins wait, because no operator is there."""
    with no_operator(monitored):
        yield


@asynccontextmanager
async def lost_cancel(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent does not confirm the cancel of a port-in that the carrier leaves open."""
    port_in = await _start_port_in(monitored, 1, CarrierRecord(script="silent"))
    await _reached(port_in, PortState.SUBMITTED)
    with fault(monitored, "POST /v1.0/numbers/portin/cancel", "error_before", status=504):
        await _send(port_in.cancel(PortInCancel(reason="test", by=OPERATOR)))
        await _reached(port_in, PortState.CANCEL_REQUESTED)
        yield
    again = OperatorDecision(action=OperatorAction.RETRY_NOW, by=OPERATOR, reason="still open")
    await _send(port_in.decide(again))


@asynccontextmanager
async def unknown_reason(monitored: MonitoredStack) -> AsyncIterator[None]:
    """The losing carrier rejects a port-in for a reason that is in no list."""
    port_in = await _start_port_in(monitored, 2, CarrierRecord(script=f"reject:{NEW_REASON}"))
    await _reached(port_in, PortState.ACTION_REQUIRED)
    yield
    await _send(port_in.cancel(PortInCancel(reason="test", by=OPERATOR)))


@asynccontextmanager
async def unknown_status(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Orders have a status that is in none of the vendor's vocabularies."""
    with patch.dict(ORDER_STATUSES["kb"], acknowledged="Teleporting"):
        yield


async def _start_port_in(
    monitored: MonitoredStack, index: int, record: CarrierRecord
) -> PortInHandle:
    customer = create_customer(OTHERS + index, "alerts")
    monitored.simulator.carrier.set_record(customer.number, record)
    (number,) = [
        line.number for line in customer.request.lines if isinstance(line.number, PortInNumber)
    ]
    details = PortInDetails.model_validate(number.model_dump(exclude={"kind", "iccid"}))
    return await monitored.stack.orchestrator.start_port_in(PortInRequest(details=details))


async def _send(message: Awaitable[object]) -> None:
    """Send an operator's message. A worker that is slow takes it after the call has timed out."""
    with suppress(RPCError):
        await message


async def _reached(port_in: PortInHandle, state: PortState) -> None:
    async def reached() -> bool:
        return (await port_in.status()).state is state

    await wait_until(reached, f"a port-in is {state}")


@asynccontextmanager
async def parked_number(monitored: MonitoredStack) -> AsyncIterator[None]:
    """A number is parked in the vendor's portal, compared, and restored there."""
    await wait_until(lambda: _has_lines(monitored), "a line is complete")
    number = next(iter(monitored.simulator.state.numbers.values()))
    number.status = "Inactive"
    await _reconcile(monitored)
    try:
        yield
    finally:
        number.status = "Active"
        await _reconcile(monitored)


async def _has_lines(monitored: MonitoredStack) -> bool:
    return monitored.load.completed > 0


async def _reconcile(monitored: MonitoredStack) -> None:
    await (await ReconcileClient(monitored.stack.client).start()).result()


@asynccontextmanager
async def unreadable_inventory(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent rejects the request for the inventory."""
    with fault(monitored, INVENTORY, "error_before", status=400):
        await _fails(_reconcile(monitored))
        yield
    await _reconcile(monitored)


@asynccontextmanager
async def paused_schedules(monitored: MonitoredStack) -> AsyncIterator[None]:
    """An operator pauses the schedules of reconciliations and of readings of usage."""
    schedules = [
        monitored.stack.client.get_schedule_handle(name)
        for name in (RECONCILE_SCHEDULE_ID, USAGE_SCHEDULE_ID)
    ]
    for schedule in schedules:
        await schedule.pause(note="test")
    try:
        yield
    finally:
        for schedule in schedules:
            await schedule.unpause(note="test")


@asynccontextmanager
async def unreadable_usage(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Telegent rejects the request for the inventory while usage is read."""
    with fault(monitored, INVENTORY, "error_before", status=400):
        usage = await UsageClient(monitored.stack.client).start()
        await _fails(usage.result())
        yield


async def _fails(result: Awaitable[object]) -> None:
    with suppress(WorkflowFailureError):
        await result
        raise RuntimeError("it completed, although Telegent rejects its request")


OF_TELEGENT = [
    Case("Telegent accepts no connection", ("TelegentUnreachable",), unreachable),
    Case("Telegent rejects the account key", ("CredentialsRejected",), revoked_key),
    Case("another program uses the account key", ("RateLimited",), shared_key, 300),
    Case(
        "the load needs more requests than are allowed",
        ("ApiQueueLatencyHigh",),
        low_allowance,
        300,
    ),
    Case(
        "responses to a create are lost, and no operator is there",
        ("LostResponseEscalated", "EscalationOpen"),
        lost_create,
    ),
]
OF_PORT_INS = [
    Case(
        "the response to a submit is lost, and no operator is there",
        ("PortSubmitUnknown",),
        lost_submit,
    ),
    Case("a rejected port-in is not corrected", ("PortInNeedsOperator",), waiting_port_in),
    Case("Telegent does not confirm a cancel", ("PortCancelUnconfirmed",), lost_cancel),
    Case("a carrier rejects for an unknown reason", ("PortRejectionUnclassified",), unknown_reason),
    Case("orders have an unknown status", ("UnknownOrderStatus",), unknown_status),
]
OF_READING = [
    Case("a number is parked in Telegent's portal", ("ReconcileFindings",), parked_number),
    Case(
        "Telegent rejects the request for the inventory", ("ReconcileFailed",), unreadable_inventory
    ),
    Case("the schedules are paused", ("ReconcileOverdue", "UsageOverdue"), paused_schedules, 240),
    Case("usage is read while Telegent rejects that request", ("UsageNotRead",), unreadable_usage),
]
