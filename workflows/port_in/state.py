"""What is known about a running port-in, and how each change of it is shown."""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import (
    NEEDS_ACTION_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_ENTERED_AT_ATTRIBUTE,
)
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInResult,
    PortInStatus,
    PortState,
    TimelineEntry,
)
from telegent_orchestrator.progress import StepState
from workflows.events.delivery_workflow import EventPublisher
from workflows.port_in.deadlines import Deadline
from workflows.port_in.details_page import PortInDetailsPage
from workflows.port_in.rejections import Rejection
from workflows.port_in.transitions import can_transition
from workflows.support import timeline
from workflows.support.metrics import record_port_in_end, record_state_exit
from workflows.support.parent_updates import ChildUpdate, ParentNotifier
from workflows.support.progress import ProgressTracker
from workflows.support.redaction import SecretRedactor

STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
STATE_ENTERED_AT = SearchAttributeKey.for_datetime(PORT_STATE_ENTERED_AT_ATTRIBUTE)
ORDER = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
NEEDS_ACTION = SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE)

CHECKS, SUBMIT, CARRIER, ACTIVATION = "Checks", "Submit", "Losing carrier", "Put into service"
WAITING_STEP = {
    PortState.INFO_REQUIRED: CHECKS,
    PortState.SUBMIT_UNKNOWN: SUBMIT,
    PortState.ACTION_REQUIRED: CARRIER,
}
"""The states in which a person is waited for, and the step that shows it."""

TRANSIENT_STATES = frozenset(
    {
        PortState.CHECKING_ELIGIBILITY,
        PortState.SUBMITTING,
        PortState.UPDATE_REQUESTED,
        PortState.CONFIGURING,
        PortState.COMPLETED,
    }
)
"""States that the parent is not told of: they last moments, or it hears of them otherwise."""

STATE_DESCRIPTIONS = {
    PortState.INFO_REQUIRED: "data are missing or wrong",
    PortState.CHECKING_ELIGIBILITY: "checking the data, and whether the number can be ported",
    PortState.INELIGIBLE: "the number cannot be ported",
    PortState.SUBMITTING: "submitting the port-in",
    PortState.SUBMIT_UNKNOWN: "submitted without an answer: the order id is needed",
    PortState.SUBMITTED: "submitted, waiting for the losing carrier",
    PortState.AT_CARRIER: "the losing carrier is working on it",
    PortState.SCHEDULED: "the losing carrier has agreed on a date",
    PortState.ACTION_REQUIRED: "rejected: a correction is needed",
    PortState.UPDATE_REQUESTED: "sending the correction",
    PortState.CANCEL_REQUESTED: "cancel requested, not confirmed yet",
    PortState.CANCELLED: "cancelled",
    PortState.PORTED: "the number has arrived",
    PortState.CONFIGURING: "putting the number into service",
    PortState.COMPLETED: "the number is live",
    PortState.ABANDONED: "abandoned by an operator",
}
ORCHESTRATOR_ACTOR = "orchestrator"
TELEGENT_ACTOR = "Telegent"


class PortInModel:
    """State, order, data, timeline; they change only in `transition_to` and `log`.

    Every change is shown at once: in the current details, in search attributes, to the parent.
    `details_at_vendor`: the data that Telegent is known to have had; `handled_deadlines`:
    deadlines acted upon.
    """

    def __init__(self, details: PortInDetails) -> None:
        self.details = details
        self._redactor = SecretRedactor()
        self._redactor.add(details)
        self.state = PortState.CHECKING_ELIGIBILITY
        self.state_entered_at = self.carrier_clock_started_at = workflow.now()
        self.order: OrderSnapshot | None = None
        self.submitted_at: datetime | None = None
        self.rejection: Rejection | None = None
        self.rejections = 0
        self.unknown_statuses = 0
        self.missing_fields: list[str] = []
        self.attention = ""
        self.deadline: Deadline | None = None
        self.policy = PortInPolicy()
        self.handled_deadlines: set[Deadline] = set()
        self.details_at_vendor: PortInDetails | None = None
        self.result = PortInResult(phone_number=details.phone_number, state=self.state)
        self.progress = ProgressTracker([CHECKS, SUBMIT, CARRIER, ACTIVATION])
        self.progress.header = self._details_page
        self.progress.phone_number = details.phone_number
        self.auto_cancel_at: Callable[[], datetime | None] = lambda: None
        self._publisher = EventPublisher()
        self._parent = ParentNotifier()

    @property
    def has_order(self) -> bool:
        """Whether there is an order at the vendor that we know of."""
        return self.order is not None

    @property
    def order_id(self) -> str:
        """The vendor's id of the order. There must be one."""
        if self.order is None:
            raise ApplicationError("this port-in has no order yet", type="NoOrder")
        return self.order.order_id

    def apply_correction(self, correction: PortInCorrection) -> None:
        """Takes new values into the details, of which the full set is always sent."""
        self.details = self.details.model_copy(update=correction.changes(self.details))
        self._redactor.add(self.details)

    def adopt_order(self, order: OrderSnapshot) -> None:
        """Follows this order from now on."""
        self.order = order
        self.submitted_at = workflow.now()
        self.result.order_id = order.order_id
        self.progress.search_attributes[ORDER] = order.order_id

    async def transition_to(
        self,
        state: PortState,
        event: str,
        vendor_message: str = "",
        by: str | None = None,
        entered_at: datetime | None = None,
    ) -> None:
        """Enters a state, or goes back to one that it entered at `entered_at`, in the past.

        Raises RuntimeError for an illegal move, which is a fault of ours.

        Temporal then tries the step again until a mended worker runs, and the port-in stays open.
        (An AssertionError would end it.)
        """
        if not can_transition(self.state, state):
            raise RuntimeError(f"a port-in cannot go from {self.state} to {state}")
        if state is not self.state:
            self._record_metrics(state)
            self.state_entered_at = entered_at or workflow.now()
            self.attention = ""
        waiting_step = WAITING_STEP.get(self.state)
        self.state = self.result.state = state
        if waiting_step:
            self.progress.mark_needs_operator(waiting_step, None)
        if step := WAITING_STEP.get(state):
            self.progress.mark_needs_operator(step, STATE_DESCRIPTIONS[state])
        rejection = self.rejection if state is PortState.ACTION_REQUIRED else None
        self.progress.needs_action_reason = (
            f"{rejection.reason}: {rejection.remedy}" if rejection else event if step else ""
        )
        self.progress.search_attributes[STATE] = state.value
        self.progress.search_attributes[STATE_ENTERED_AT] = self.state_entered_at
        self.progress.search_attributes[NEEDS_ACTION] = (
            f"{self.state_entered_at:%Y-%m-%dT%H:%MZ}" if step else ""
        )
        self.log(
            by or (TELEGENT_ACTOR if vendor_message else ORCHESTRATOR_ACTOR), event, vendor_message
        )
        if state not in TRANSIENT_STATES:
            await self._notify_parent(StepState.NEEDS_OPERATOR if step else StepState.RUNNING)
        await self._publish(
            EventType.PORT_IN_ATTENTION_REQUIRED if step else EventType.PORT_IN_CHANGED
        )

    def _record_metrics(self, state: PortState) -> None:
        record_state_exit(self.state, workflow.now() - self.state_entered_at)
        if state.final:
            took = workflow.now() - workflow.info().start_time
            rejected = any(
                entry.state is PortState.ACTION_REQUIRED for entry in self.result.timeline
            )
            record_port_in_end(state, took, first_attempt=not rejected)

    async def raise_attention(self, reason: str) -> None:
        """Asks that a person look, although nothing can be asked of anybody in this state."""
        self.attention = reason
        self.log(ORCHESTRATOR_ACTOR, f"needs attention: {reason}")
        await self._notify_parent(StepState.NEEDS_OPERATOR)
        await self._publish(EventType.PORT_IN_ATTENTION_REQUIRED)

    def log(self, by: str, event: str, vendor_message: str = "") -> None:
        """Adds to the timeline: who did what, without secrets."""
        entry = TimelineEntry(
            at=workflow.now(),
            by=by,
            event=event,
            state=self.state,
            vendor_message=self._redactor.redact(vendor_message),
        )
        timeline.append_bounded(self.result.timeline, entry)
        self.progress.publish()

    def status(self) -> PortInStatus:
        """Everything that may be shown."""
        rejection, deadline, order = self.rejection, self.deadline, self._redacted_order
        return PortInStatus(
            phone_number=self.details.phone_number,
            state=self.state,
            order_id=order.order_id if order else None,
            vendor_message=order.status_text if order else "",
            reason=rejection.reason if rejection else "",
            remedy=rejection.remedy if rejection else "",
            fields_to_correct=self.fields_to_correct,
            attention=self.attention,
            warnings=self.result.warnings,
            next_deadline=deadline.at if deadline else None,
            next_deadline_name=deadline.name if deadline else "",
            rejections=self.rejections,
            unknown_statuses=self.unknown_statuses,
            steps=self.progress.steps,
            timeline=self.result.timeline,
        )

    @property
    def fields_to_correct(self) -> list[str]:
        """Which fields a correction is asked for."""
        if self.state is PortState.INFO_REQUIRED:
            return self.missing_fields
        return list(self.rejection.fields) if self.rejection else []

    def _details_page(self) -> list[str]:
        return PortInDetailsPage(
            state=self.state,
            description=STATE_DESCRIPTIONS[self.state],
            state_entered_at=self.state_entered_at,
            details=self.details,
            order=self._redacted_order,
            carrier_clock_started_at=self.carrier_clock_started_at,
            rejection=self.rejection,
            rejections=self.rejections,
            fields=self.fields_to_correct,
            attention=self.attention,
            warnings=self.result.warnings,
            deadline=self.deadline,
            auto_cancel_at=self.auto_cancel_at(),
            timeline=self.result.timeline,
            policy=self.policy,
        ).lines()

    @property
    def _redacted_order(self) -> OrderSnapshot | None:
        order = self.order
        if order is None:
            return None
        return order.model_copy(update={"message": self._redactor.redact(order.message)})

    async def _publish(self, kind: EventType) -> None:
        """Tells other services, if any are configured."""
        rejection = self.rejection
        await self._publisher.publish(
            kind,
            self.state.value,
            step=STATE_DESCRIPTIONS[self.state],
            reason=rejection.reason if rejection else None,
            remedy=rejection.remedy if rejection else None,
            fields_to_correct=self.fields_to_correct,
            deadline=self.auto_cancel_at(),
            phone_number=self.details.phone_number,
        )

    async def _notify_parent(self, state: StepState) -> None:
        detail = f"port-in {self.state.value}: {self.attention or STATE_DESCRIPTIONS[self.state]}"
        await self._parent.notify(ChildUpdate(key="port-in", state=state, detail=detail))
