"""The effects of a fact: tasks, of which one runs at a time, notifications and measurements.

A task ends with one fact, see facts.py. The other effects have no result.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from activities.port_in.orders import AwaitChange, UpdatePort
from telegent_orchestrator.events import EventType
from telegent_orchestrator.port_in import Classification, NumberBinding, PortInDetails, PortState
from telegent_orchestrator.progress import StepState
from workflows.support.metrics import LostResponseResolution


@dataclass(frozen=True)
class Task:
    """The next piece of work.

    Attributes:
        interruptible: It can be repeated without harm, so a message may replace it with another
            task, and a new run may start it again.
    """

    interruptible: ClassVar[bool] = False


@dataclass(frozen=True)
class Prepare(Task):
    """Load the deadlines and limits of this port-in, find its earlier run, check its details."""

    details: PortInDetails


@dataclass(frozen=True)
class FindNumber(Task):
    """Check whether the number arrived in an earlier run, for this subscriber or for none."""

    interruptible: ClassVar[bool] = True
    phone_number: str
    subscriber_id: str | None


@dataclass(frozen=True)
class ValidateDetails(Task):
    """Check the details without a call to Telegent."""

    details: PortInDetails


@dataclass(frozen=True)
class ClaimSim(Task):
    """Claim the physical SIM for this port-in, and read what it carries."""

    interruptible: ClassVar[bool] = True
    iccid: str
    phone_number: str


@dataclass(frozen=True)
class CheckEligibility(Task):
    """Check whether the number can be ported in, and nothing else is open for it."""

    interruptible: ClassVar[bool] = True
    phone_number: str
    classification: str
    wireline: bool


@dataclass(frozen=True)
class SubmitOrder(Task):
    """Submit the port-in, once."""

    details: PortInDetails


@dataclass(frozen=True)
class VerifyOrder(Task):
    """Check that an order belongs to this number."""

    order_id: str
    phone_number: str
    wireless: bool


@dataclass(frozen=True)
class PollOrder(Task):
    """Poll the order until it changes."""

    interruptible: ClassVar[bool] = True
    request: AwaitChange


@dataclass(frozen=True)
class SendCorrection(Task):
    """Send the full set of details for the order, once."""

    update: UpdatePort


@dataclass(frozen=True)
class SendCancel(Task):
    """Ask Telegent to cancel the order, once."""

    order_id: str


@dataclass(frozen=True)
class AwaitNumber(Task):
    """Wait until the inventory shows the number."""

    phone_number: str


@dataclass(frozen=True)
class BindNumber(Task):
    """Bind the number to its subscriber, and read that back."""

    phone_number: str
    binding: NumberBinding
    iccid: str | None
    classification: Classification


@dataclass(frozen=True)
class Pause(Task):
    """Wait until a moment; `reason` names the timer."""

    interruptible: ClassVar[bool] = True
    until: datetime
    reason: str


@dataclass(frozen=True)
class WaitForOperator(Task):
    """Wait for a message or a deadline. It does not end."""

    interruptible: ClassVar[bool] = True


@dataclass(frozen=True)
class NotifyParent:
    """Notify the parent workflow."""

    state: StepState
    detail: str


@dataclass(frozen=True)
class PublishEvent:
    """Publish an event to the configured receivers."""

    type: EventType
    state: PortState
    step: str
    reason: str | None
    remedy: str | None
    fields_to_correct: tuple[str, ...]
    deadline: datetime | None


@dataclass(frozen=True)
class RecordStateExit:
    """Measure how long a state lasted."""

    state: PortState
    duration: timedelta


@dataclass(frozen=True)
class RecordEnd:
    """Count an end, and measure how long the port-in took."""

    state: PortState
    duration: timedelta
    first_attempt: bool


@dataclass(frozen=True)
class CountRejection:
    """Count a rejection."""

    reason: str


@dataclass(frozen=True)
class CountUnknownStatus:
    """Count an unknown status from the vendor."""


@dataclass(frozen=True)
class CountLostResponse:
    """Count a write without a response."""

    write: str


@dataclass(frozen=True)
class CountLostResponseResolved:
    """Count the outcome of such a write."""

    write: str
    resolution: LostResponseResolution


Measurement = (
    RecordStateExit
    | RecordEnd
    | CountRejection
    | CountUnknownStatus
    | CountLostResponse
    | CountLostResponseResolved
)
Effect = Task | NotifyParent | PublishEvent | Measurement
