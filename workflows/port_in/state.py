"""The state of one port-in, and what follows from it."""

import re
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
from workflows.port_in.deadlines import Deadline, Milestones, next_deadline
from workflows.port_in.effects import Task
from workflows.port_in.rejections import Rejection

CHECKS, SUBMIT, CARRIER, ARRIVAL = "Checks", "Submit", "Losing carrier", "Arrival"
REDACTED = "***"
_SEPARATOR = re.compile(r"[\s.-]")


@dataclass(frozen=True)
class Inbox:
    """Accepted messages that wait to be acted on; several corrections are sent as one request.

    Attributes:
        decided_in: The state that the operator saw, on which the meaning of `retry_now` depends.
    """

    corrections: tuple[PortInCorrection, ...] = ()
    cancel: PortInCancel | None = None
    decision: OperatorDecision | None = None
    decided_in: PortState | None = None
    poll_requested: bool = False


@dataclass(frozen=True)
class PendingChange:
    """A correction (`cancel` is None) or a cancel, until the order shows its outcome.

    Attributes:
        cancel: who requested the cancel, and why.
        previous_state: the state to which the port-in returns when the change is rejected.
        previous_entered_at: when that state was entered.
        previous_attention: why that state needed attention.
        superseded: the change that was pending before, and is again when this one is rejected.
        restart: once the order is cancelled, a new one is submitted.
        unsent: it is to be sent, for the first time or again.
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
        """Its name in the timeline."""
        return "the cancel" if self.cancel else "the correction"


@dataclass(frozen=True)
class Attachment:
    """An order to follow once Telegent shows that it belongs to this number, and who named it."""

    order_id: str
    by: str


@dataclass
class PortIn:
    """The state of one port-in: changed only while a fact is handled (reaction.py).

    Attributes:
        bind: what to bind the number to when it has arrived; None: it is only ported.
        prepared: `policy` and the earlier run are known.
        event_receivers: ids of the receivers of events; None until the first preparation.
        check_existing: it is still to be checked whether the number arrived in an earlier run.
        workflow_cancelled: the workflow was cancelled in Temporal; later cancels of it are ignored.
        details: the data that are sent next, always in full.
        details_at_vendor: the data that Telegent is known to have had.
        secrets: current and previous account numbers and PINs, which a carrier may quote.
        task: the running task; None between two tasks.
        details_valid: the details have passed our own checks and have not changed since.
        sim_unclaimed: the details have passed our own checks, and their SIM is to be claimed.
        resend: the details are to be checked and sent: as a correction, or in a new submit.
        submit_lost: a submit had no response, and its outcome is unknown.
        attachment: an order that was named and is to be verified.
        order: the order that is followed, as it was last read; None while there is none.
        last_order_id: its id, which stays after the order was cancelled to submit a new one.
        earlier_order_id: the order that an earlier run has followed last.
        pending: the correction or cancel in progress.
        sent_at: when the last request about the order was sent, until the order shows its outcome.
        polled_at: when the order was last read.
        unconfirmed_state: a state that counts once a second read also shows it.
        overdue: a deadline that cancels, unless the next read shows that it no longer applies.
        rejection: why the losing carrier has rejected; None when a change was accepted since.
        rejections: how often the current order was rejected.
        ever_rejected: any order of this port-in was rejected.
        attention: why an operator should look although the port-in continues; else empty.
        warnings: doubts about the details or the binding, which stop nothing.
        not_sent_count: how often in a row a request could not be sent.
        retry_at: the earliest time of the next request, because of `retry_reason`.
        carrier_clock_started_at: when the losing carrier last received a request.
        carrier_response_deadline: when the losing carrier, if it is silent, exceeds its interval.
        failure: why the workflow fails; empty unless it does.
    """

    details: PortInDetails
    started_at: datetime
    entered_at: datetime
    carrier_clock_started_at: datetime
    bind: NumberBinding | None = None
    check_existing: bool = False
    policy: PortInPolicy = field(default_factory=PortInPolicy)
    prepared: bool = False
    event_receivers: tuple[str, ...] | None = None
    state: PortState = PortState.CHECKING_ELIGIBILITY
    task: Task | None = None
    inbox: Inbox = Inbox()
    workflow_cancelled: bool = False

    details_valid: bool = False
    sim_unclaimed: bool = False
    details_at_vendor: PortInDetails | None = None
    missing_fields: tuple[str, ...] = ()
    resend: bool = False
    secrets: tuple[str, ...] = ()

    submit_lost: bool = False
    attachment: Attachment | None = None
    earlier_order_id: str | None = None
    order: OrderSnapshot | None = None
    last_order_id: str | None = None
    pending: PendingChange | None = None
    sent_at: datetime | None = None
    polled_at: datetime | None = None
    unconfirmed_state: PortState | None = None
    unknown_statuses: int = 0
    overdue: Deadline | None = None
    not_sent_count: int = 0
    retry_at: datetime | None = None
    retry_reason: str = ""

    rejection: Rejection | None = None
    rejections: int = 0
    ever_rejected: bool = False
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
    activation_code: str | None = None
    subscriber_id: str | None = None
    reason: str = ""
    failure: str = ""

    @property
    def ended(self) -> bool:
        """Whether the port-in is over: in a final state, or failed."""
        return self.state.final or bool(self.failure)

    @property
    def milestones(self) -> Milestones:
        """The times that deadlines count from."""
        return Milestones(
            entered_at=self.entered_at,
            carrier_clock_started_at=self.carrier_clock_started_at if self.order else None,
            port_in_date=self.details.port_in_date,
            carrier_response_deadline=self.carrier_response_deadline,
            pin_expires_at=self.pin_expires_at,
        )

    @property
    def next_deadline(self) -> Deadline | None:
        """The deadline that passes next if nothing happens; None after the end."""
        if self.ended:
            return None
        return next_deadline(self.state, self.milestones, self.policy, self.handled_deadlines)

    @property
    def unchanged_counts_at(self) -> datetime | None:
        """From when an unchanged order shows that the last request had no effect.

        Before that, the read lag may explain it. None if no outcome of a request is awaited.
        """
        if self.sent_at is None:
            return None
        lost_responses = self.pending.lost_responses if self.pending else 0
        return self.sent_at + self.policy.resend_interval(lost_responses)

    @property
    def rejections_left(self) -> int:
        """How many more corrections may be sent before an operator must decide."""
        limit = self.policy.max_rejections
        if self.rejection:
            limit = min(limit, self.rejection.max_rejections)
        return limit - self.rejections

    @property
    def needs_decision(self) -> bool:
        """Whether it waits for an operator's decision: no correction helps, or none is left."""
        if self.state is not PortState.ACTION_REQUIRED or self.rejection is None:
            return False
        return self.rejection.not_correctable or self.rejections_left <= 0

    @property
    def fields_to_correct(self) -> list[str]:
        """The fields that a correction should contain."""
        if self.state is PortState.INFO_REQUIRED:
            return list(self.missing_fields)
        return list(self.rejection.fields) if self.rejection else []

    @property
    def waiting_step(self) -> str | None:
        """The step that waits for an operator or the subscriber, or None."""
        match self.state:
            case PortState.INFO_REQUIRED:
                return CHECKS
            case PortState.SUBMIT_UNKNOWN:
                return SUBMIT
            case PortState.ACTION_REQUIRED:
                return CARRIER if self.order else SUBMIT
        return None

    @property
    def redacted_order(self) -> OrderSnapshot | None:
        """The order without the secrets that a carrier may quote."""
        if self.order is None:
            return None
        return self.order.model_copy(update={"message": self.redact(self.order.message)})

    def redact(self, text: str) -> str:
        """The text with every secret replaced, also when spaces, dots or hyphens divide it."""
        for secret in self.secrets if text else ():
            spelt = r"[\s.-]?".join(map(re.escape, _SEPARATOR.sub("", secret)))
            text = re.sub(rf"(?<!\w){spelt}(?!\w)", REDACTED, text, flags=re.IGNORECASE)
        return text


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
            *(Step(name=name) for name in (SUBMIT, CARRIER, ARRIVAL)),
        ),
    )


def for_next_run(port: PortIn) -> PortIn:
    """The state from which a new run of the workflow continues; it starts the next task itself."""
    inbox = replace(port.inbox, poll_requested=port.order is not None)
    return replace(port, task=None, inbox=inbox)


def secrets_of(details: PortInDetails) -> tuple[str, ...]:
    """What must not be shown of these details: account number and PIN."""
    return tuple(filter(None, (details.account_number, details.account_pin)))
