"""What can happen to a port-in: every change of its state begins with one of these."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import OperatorDecision, PortInCancel, PortInCorrection
from workflows.port_in.deadlines import Deadline


@dataclass(frozen=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True)
class Started(Event):
    """The workflow begins, or goes on in a new run."""


@dataclass(frozen=True)
class CorrectionAccepted(Event):
    """A correction that can be used was sent."""

    correction: PortInCorrection


@dataclass(frozen=True)
class CancelAccepted(Event):
    """A cancel that can be used was sent."""

    cancel: PortInCancel


@dataclass(frozen=True)
class DecisionAccepted(Event):
    """An operator's decision that can be used was sent."""

    decision: OperatorDecision


@dataclass(frozen=True)
class NoteAdded(Event):
    """An operator has added a note to the timeline."""

    by: str
    note: str


@dataclass(frozen=True)
class SignalRefused(Event):
    """A signal that cannot be used was sent: its sender gets no response, so it is shown."""

    by: str
    what: str
    reason: str


@dataclass(frozen=True)
class HintReceived(Event):
    """The order may have changed."""


@dataclass(frozen=True)
class WorkflowCancelled(Event):
    """The workflow was cancelled in Temporal."""


@dataclass(frozen=True)
class DeadlinePassed(Event):
    """Nothing happened until a deadline."""

    deadline: Deadline


@dataclass(frozen=True)
class TaskStalled(Event):
    """The task under way has been repeated for long, each time in vain."""

    since: datetime
    reason: str


@dataclass(frozen=True)
class TaskEnded(Event):
    """The task under way has ended, in one of the ways below."""


@dataclass(frozen=True)
class PolicyLoaded(TaskEnded):
    """The deadlines and limits are known."""

    policy: PortInPolicy


@dataclass(frozen=True)
class NumberLookedUp(TaskEnded):
    """The inventory was read. `ours`: it has the number, for this subscriber or for none."""

    ours: bool


@dataclass(frozen=True)
class DetailsValidated(TaskEnded):
    """Our own checks have ended; without errors the details may be sent."""

    errors: tuple[str, ...] = ()
    invalid_fields: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pin_expires_at: datetime | None = None


@dataclass(frozen=True)
class EligibilityRead(TaskEnded):
    """Telegent has said whether the number can be ported."""

    eligible: bool
    message: str = ""


@dataclass(frozen=True)
class SubmitAccepted(TaskEnded):
    """Telegent has made an order."""

    order: OrderSnapshot


@dataclass(frozen=True)
class ChangeAccepted(TaskEnded):
    """Telegent has accepted a correction or a cancel."""


@dataclass(frozen=True)
class RequestLost(TaskEnded):
    """A submit, correction or cancel was sent, and there is no usable response."""

    words: str


@dataclass(frozen=True)
class RequestRejected(TaskEnded):
    """Telegent has refused it.

    `stale`: it was not sent, because the order has changed. `unknown_id`: the order is unknown,
    which within the read lag may be because it is new.
    """

    words: str
    stale: bool = False
    unknown_id: bool = False


@dataclass(frozen=True)
class RequestNotSent(TaskEnded):
    """It was certainly not executed, and can be later."""

    reason: str
    retry_after: timedelta = timedelta()


@dataclass(frozen=True)
class OrderVerified(TaskEnded):
    """An order that was named is this number's."""


@dataclass(frozen=True)
class OrderRefused(TaskEnded):
    """An order that was named does not exist, or is another number's."""

    words: str


@dataclass(frozen=True)
class CarrierDeadlineComputed(TaskEnded):
    """It is known when the losing carrier has been silent for too long."""

    at: datetime


@dataclass(frozen=True)
class OrderSeen(TaskEnded):
    """The order was read."""

    order: OrderSnapshot


@dataclass(frozen=True)
class OrderNotReadable(TaskEnded):
    """Telegent does not show the order."""

    words: str


@dataclass(frozen=True)
class NumberInInventory(TaskEnded):
    """The number has arrived."""

    number_id: str | None
    iccid: str | None


@dataclass(frozen=True)
class NumberBound(TaskEnded):
    """The number is bound; what is bound otherwise, in a sentence each."""

    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class BindingFailed(TaskEnded):
    """Telegent refuses to bind the number."""

    words: str


@dataclass(frozen=True)
class PauseOver(TaskEnded):
    """A pause has passed."""


@dataclass(frozen=True)
class ReadRefused(TaskEnded):
    """Telegent refuses a read without which the port-in cannot go on."""

    words: str
