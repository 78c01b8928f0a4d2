"""What other services may send and will receive: the workflows, their messages, the events."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from telegent_orchestrator import names, port_out
from telegent_orchestrator.events import Event
from telegent_orchestrator.lines import LineResult, LineStatus
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult, OnboardingStatus
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorResolve,
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import Resolution

Shape = type[BaseModel] | type[PortState] | type[port_out.PortOutState]


@dataclass(frozen=True)
class Update:
    """A message that is answered, or refused with the reason; `answer` None: with nothing."""

    argument: Shape
    answer: Shape | None = None


@dataclass(frozen=True)
class Contract:
    """One type of workflow. `start` None: others only talk to it, our own workflows start it.

    A signal without a payload has None.
    """

    workflow_id: str
    start: Shape | None
    result: Shape
    queries: dict[str, Shape]
    updates: dict[str, Update]
    signals: dict[str, Shape | None] = field(default_factory=dict)


WORKFLOWS = {
    names.ONBOARDING_WORKFLOW: Contract(
        workflow_id="onboarding-{reference}",
        start=OnboardingRequest,
        result=OnboardingResult,
        queries={names.STATUS_QUERY: OnboardingStatus},
        updates={names.RESOLVE_UPDATE: Update(Resolution)},
    ),
    names.LINE_WORKFLOW: Contract(
        workflow_id="onboarding-{reference}-line-{key}",
        start=None,
        result=LineResult,
        queries={names.STATUS_QUERY: LineStatus},
        updates={names.RESOLVE_UPDATE: Update(Resolution)},
    ),
    names.PORT_IN_WORKFLOW: Contract(
        workflow_id="port-in-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=PortInRequest,
        result=PortInResult,
        queries={names.STATUS_QUERY: PortInStatus},
        updates={
            names.CORRECT_UPDATE: Update(PortInCorrection, PortState),
            names.CANCEL_UPDATE: Update(PortInCancel, PortState),
            names.ATTACH_ORDER_UPDATE: Update(AttachOrder),
            names.OPERATOR_UPDATE: Update(OperatorResolve, PortState),
        },
        signals={
            names.CORRECT_SIGNAL: PortInCorrection,
            names.CANCEL_SIGNAL: PortInCancel,
            names.ORDER_EVENT_SIGNAL: None,
        },
    ),
    port_out.PORT_OUT_WORKFLOW: Contract(
        workflow_id="port-out-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=port_out.PortOutRequest,
        result=port_out.PortOutResult,
        queries={names.STATUS_QUERY: port_out.PortOutStatus},
        updates={
            port_out.REVEAL_PIN_UPDATE: Update(port_out.RevealPin, port_out.PortOutPin),
            names.CANCEL_UPDATE: Update(port_out.PortOutCancel, port_out.PortOutState),
        },
        signals={names.CANCEL_SIGNAL: port_out.PortOutCancel},
    ),
}
EVENT = Event


def sent() -> set[Shape]:
    """What callers write."""
    shapes: set[Shape | None] = set()
    for one in WORKFLOWS.values():
        shapes |= {one.start, *one.signals.values()}
        shapes |= {update.argument for update in one.updates.values()}
    return {shape for shape in shapes if shape is not None}


def received() -> set[Shape]:
    """What callers read."""
    shapes: set[Shape | None] = {EVENT}
    for one in WORKFLOWS.values():
        shapes |= {one.result, *one.queries.values()}
        shapes |= {update.answer for update in one.updates.values()}
    return {shape for shape in shapes if shape is not None}
