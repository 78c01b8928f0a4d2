"""Everything that is known about one port-in, in one object."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import (
    NumberBinding,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
    TimelineEntry,
)
from telegent_orchestrator.progress import Step, StepState
from workflows.port_in.deadlines import Deadline, Milestones
from workflows.port_in.effects import Task
from workflows.port_in.rejections import Rejection
from workflows.support.redaction import secrets_of

CHECKS, SUBMIT, CARRIER, ACTIVATION = "Checks", "Submit", "Losing carrier", "Put into service"


@dataclass(frozen=True)
class Inbox:
    """Messages that were accepted and wait to be acted on; corrections are sent as one.

    `decided_in`: the state that the operator saw, on which the meaning of `retry_now` depends.
    """

    corrections: tuple[PortInCorrection, ...] = ()
    cancel: PortInCancel | None = None
    decision: OperatorDecision | None = None
    decided_in: PortState | None = None
    poll_requested: bool = False


@dataclass(frozen=True)
class PendingChange:
    """A correction (`cancel` is None) or a cancel, until the order shows what became of it.

    Attributes:
        cancel: who asked for the cancel, and why.
        previous_state: where the port-in returns, as if it had not left it, when the change is
            rejected.
        previous_entered_at: since when it was there.
        previous_attention: why an operator should look at it there.
        superseded: the change that was pending before, and is again when this one is rejected.
        restart: once the order is cancelled, a new one is submitted.
        unsent: it is still to be sent, or to be sent again.
        lost_responses: how often in a row it was sent without a response.
    """

    cancel: PortInCancel | None
    previous_state: PortState
    previous_entered_at: datetime
    previous_attention: str = ""
    superseded: "PendingChange | None" = None
    restart: bool = False
    unsent: bool = True
    lost_responses: int = 0

    @property
    def label(self) -> str:
        """What it is called in the timeline."""
        return "the cancel" if self.cancel else "the correction"


@dataclass(frozen=True)
class Attachment:
    """An order that is followed once Telegent shows that it is this number's, and who named it."""

    order_id: str
    by: str


@dataclass
class PortIn:
    """The state of one port-in: only `Turn` and the modules that decide change it.

    Attributes:
        details: the data that are sent next, always in full.
        details_at_vendor: the data that Telegent is known to have had.
        secrets: account numbers and PINs of now and before, which a carrier may quote.
        task: what is under way; None between a task and the next.
        details_valid: the details have passed our own checks and have not changed since.
        resend: the details are to be checked and sent: as a correction, or in a new submit.
        submit_lost: a submit had no response, and what became of it is not known.
        attachment: an order that was named and is to be verified.
        pending: the correction or cancel under way.
        sent_at: when the last request about the order was made, until the order has answered it.
        looked_at: when the order was read last.
        unconfirmed: a state that counts when a second read shows it, too.
        overdue: a deadline that cancels, unless the order has moved on.
        not_sent: how often in a row a request could not be sent.
        retry_at: not before then is the next request made, for `retry_reason`.
        carrier_clock_started_at: when the losing carrier was last given something to do.
        carrier_deadline_due: by when it should answer is still to be computed.
        failure: why the workflow fails; empty unless it does.
    """

    details: PortInDetails
    started_at: datetime
    entered_at: datetime
    carrier_clock_started_at: datetime
    bind: NumberBinding | None = None
    check_existing: bool = False
    policy: PortInPolicy = field(default_factory=PortInPolicy)
    policy_loaded: bool = False
    state: PortState = PortState.CHECKING_ELIGIBILITY
    task: Task | None = None
    inbox: Inbox = Inbox()
    workflow_cancelled: bool = False

    details_valid: bool = False
    details_at_vendor: PortInDetails | None = None
    missing_fields: tuple[str, ...] = ()
    resend: bool = False
    secrets: tuple[str, ...] = ()

    submit_lost: bool = False
    attachment: Attachment | None = None
    order: OrderSnapshot | None = None
    last_order_id: str | None = None
    pending: PendingChange | None = None
    sent_at: datetime | None = None
    looked_at: datetime | None = None
    unconfirmed: PortState | None = None
    unknown_statuses: int = 0
    overdue: Deadline | None = None
    not_sent: int = 0
    retry_at: datetime | None = None
    retry_reason: str = ""

    rejection: Rejection | None = None
    rejections: int = 0
    ever_rejected: bool = False
    carrier_deadline_due: bool = False
    carrier_response_deadline: datetime | None = None
    pin_expires_at: datetime | None = None
    handled_deadlines: frozenset[Deadline] = frozenset()
    attention: str = ""
    warnings: tuple[str, ...] = ()

    steps: tuple[Step, ...] = ()
    current_step: str = CHECKS
    timeline: tuple[TimelineEntry, ...] = ()
    published_events: int = 0
    number_id: str | None = None
    iccid: str | None = None
    subscriber_id: str | None = None
    reason: str = ""
    failure: str = ""

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self.state.final or bool(self.failure)

    @property
    def milestones(self) -> Milestones:
        """What deadlines count from."""
        return Milestones(
            entered_at=self.entered_at,
            carrier_clock_started_at=self.carrier_clock_started_at if self.order else None,
            port_in_date=self.details.port_in_date,
            carrier_response_deadline=self.carrier_response_deadline,
            pin_expires_at=self.pin_expires_at,
        )

    @property
    def unchanged_counts_at(self) -> datetime | None:
        """When an order that is as it was before the last request has answered it with that."""
        if self.sent_at is None:
            return None
        lost_responses = self.pending.lost_responses if self.pending else 0
        return self.sent_at + self.policy.resend_interval(lost_responses)

    @property
    def fields_to_correct(self) -> list[str]:
        """Which fields a correction should bring."""
        if self.state is PortState.INFO_REQUIRED:
            return list(self.missing_fields)
        return list(self.rejection.fields) if self.rejection else []

    @property
    def waiting_step(self) -> str | None:
        """The step in which an operator or the subscriber must act; None: nobody must."""
        match self.state:
            case PortState.INFO_REQUIRED:
                return CHECKS
            case PortState.SUBMIT_UNKNOWN:
                return SUBMIT
            case PortState.ACTION_REQUIRED:
                return CARRIER if self.order else SUBMIT
        return None


def new_port_in(request: PortInRequest, now: datetime) -> PortIn:
    """A port-in that has just been requested."""
    return PortIn(
        details=request.details,
        started_at=now,
        entered_at=now,
        carrier_clock_started_at=now,
        bind=request.bind,
        check_existing=request.check_existing,
        attachment=Attachment(request.order_id, "the request") if request.order_id else None,
        secrets=secrets_of(request.details),
        steps=(
            Step(name=CHECKS, state=StepState.RUNNING, started_at=now),
            *(Step(name=name) for name in (SUBMIT, CARRIER, ACTIVATION)),
        ),
    )


def for_next_run(port: PortIn) -> PortIn:
    """What a new run of the workflow goes on from: it starts the next task itself."""
    inbox = replace(port.inbox, poll_requested=port.order is not None)
    return replace(port, task=None, inbox=inbox)
