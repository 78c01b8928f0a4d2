"""What can happen to a port-in: every change of its state starts with one of these facts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.port_in.earlier_runs import EarlierPortIn
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import OperatorDecision, PortInCancel, PortInCorrection
from workflows.port_in.deadlines import Deadline


@dataclass(frozen=True)
class PortInFact:
    """Something that happened, such as a message, a passed deadline or the end of a task."""


@dataclass(frozen=True)
class Started(PortInFact):
    """The workflow started, or continues in a new run."""


@dataclass(frozen=True)
class CorrectionAccepted(PortInFact):
    """A correction was sent and accepted."""

    correction: PortInCorrection


@dataclass(frozen=True)
class CancelAccepted(PortInFact):
    """A cancel was sent and accepted."""

    cancel: PortInCancel


@dataclass(frozen=True)
class DecisionAccepted(PortInFact):
    """An operator's decision was sent and accepted."""

    decision: OperatorDecision


@dataclass(frozen=True)
class NoteAdded(PortInFact):
    """An operator has added a note to the timeline."""

    by: str
    note: str


@dataclass(frozen=True)
class SignalRejected(PortInFact):
    """A signal was rejected. Its sender gets no response, so the timeline records the reason."""

    by: str
    what: str
    reason: str


@dataclass(frozen=True)
class HintReceived(PortInFact):
    """The order may have changed."""


@dataclass(frozen=True)
class WorkflowCancelled(PortInFact):
    """The workflow was cancelled in Temporal."""


@dataclass(frozen=True)
class DeadlinePassed(PortInFact):
    """A deadline passed before anything else happened."""

    deadline: Deadline


@dataclass(frozen=True)
class RunReset(PortInFact):
    """The history of this run was reset: what it submitted after the reset point is unknown."""


@dataclass(frozen=True)
class TaskStalled(PortInFact):
    """The running task has been retried for a long time without success."""

    since: datetime
    reason: str


@dataclass(frozen=True)
class TaskEnded(PortInFact):
    """The running task has ended, with one of the facts below."""


@dataclass(frozen=True)
class NumberLookedUp(TaskEnded):
    """The inventory was read.

    Attributes:
        ours: The inventory has the number, for this subscriber or for none.
    """

    ours: bool


@dataclass(frozen=True)
class DetailsValidated(TaskEnded):
    """Our own checks have ended; without errors the details may be sent."""

    errors: tuple[str, ...] = ()
    invalid_fields: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pin_expires_at: datetime | None = None


@dataclass(frozen=True)
class Prepared(TaskEnded):
    """What a port-in needs to know before it calls Telegent.

    Attributes:
        policy: Its deadlines and limits.
        earlier: Its earlier run; None if there was none.
        validation: Our own checks of the details with which the preparation began.
        event_receivers: Ids of the receivers of its events.
    """

    policy: PortInPolicy
    earlier: EarlierPortIn | None = None
    validation: DetailsValidated = DetailsValidated()
    event_receivers: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimClaimEnded(TaskEnded):
    """The SIM was claimed for this port-in, or the claim was rejected.

    Attributes:
        conflict: Why the SIM cannot be used; empty if it was claimed.
    """

    conflict: str = ""


@dataclass(frozen=True)
class EligibilityRead(TaskEnded):
    """Telegent has said whether the number can be ported."""

    eligible: bool
    message: str = ""


@dataclass(frozen=True)
class SubmitAccepted(TaskEnded):
    """Telegent has created an order.

    Attributes:
        response_deadline: When a carrier that is silent from now on exceeds its interval.
    """

    order: OrderSnapshot
    response_deadline: datetime | None = None


@dataclass(frozen=True)
class ChangeAccepted(TaskEnded):
    """Telegent has accepted a correction or a cancel.

    Attributes:
        response_deadline: The same; None for a cancel.
    """

    response_deadline: datetime | None = None


@dataclass(frozen=True)
class RequestLost(TaskEnded):
    """A submit, correction or cancel was sent, and there is no usable response."""

    message: str


@dataclass(frozen=True)
class RequestRejected(TaskEnded):
    """Telegent rejected a request, or the request was not sent.

    Attributes:
        message: The reason, with Telegent's message.
        stale: The request was not sent, because the order has changed.
        unknown_id: Telegent does not know the order. Within the read lag it may just be new.
    """

    message: str
    stale: bool = False
    unknown_id: bool = False


@dataclass(frozen=True)
class RequestNotSent(TaskEnded):
    """A request was certainly not executed and can be sent later."""

    reason: str
    retry_after: timedelta = timedelta()


@dataclass(frozen=True)
class OrderVerified(TaskEnded):
    """The order that was named belongs to this number. `response_deadline`: see SubmitAccepted."""

    order: OrderSnapshot
    response_deadline: datetime | None = None


@dataclass(frozen=True)
class OrderRejected(TaskEnded):
    """The order that an operator named does not exist, or belongs to another number."""

    message: str


@dataclass(frozen=True)
class OrderSeen(TaskEnded):
    """The order was read. `response_deadline`: see SubmitAccepted."""

    order: OrderSnapshot
    response_deadline: datetime | None = None


@dataclass(frozen=True)
class OrderNotReadable(TaskEnded):
    """Telegent does not show the order."""

    message: str


@dataclass(frozen=True)
class NumberInInventory(TaskEnded):
    """The inventory shows the number: it has arrived."""

    number_id: str | None
    iccid: str | None
    activation_code: str | None = None


@dataclass(frozen=True)
class NumberBound(TaskEnded):
    """The number is bound.

    Attributes:
        differences: What is bound differently from the request, in a sentence each.
    """

    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartRefused(TaskEnded):
    """The port-in cannot start, whatever the number."""

    message: str


@dataclass(frozen=True)
class BindingFailed(TaskEnded):
    """Telegent rejected the request to bind the number."""

    message: str


@dataclass(frozen=True)
class PauseOver(TaskEnded):
    """A pause has passed."""


@dataclass(frozen=True)
class ReadRejected(TaskEnded):
    """Telegent rejected a read without which the port-in cannot continue."""

    message: str
