"""What is known about a running port-in, and how each change of it is shown."""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from activities.port_in.orders import OrderSeen
from activities.port_in.policy import PortRules
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import (
    NEEDS_ACTION_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_SINCE_ATTRIBUTE,
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
from workflows.events.delivery_workflow import Publisher
from workflows.port_in.deadlines import Deadline
from workflows.port_in.details_page import PortPage
from workflows.port_in.rejections import Rejection
from workflows.port_in.transitions import may_move
from workflows.support import timeline
from workflows.support.metrics import port_ended, port_left
from workflows.support.parent_updates import ChildChanged, Parent
from workflows.support.progress import Board
from workflows.support.redaction import Secrets

STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
SINCE = SearchAttributeKey.for_datetime(PORT_STATE_SINCE_ATTRIBUTE)
ORDER = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
NEEDS_ACTION = SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE)

CHECKS, SUBMIT, CARRIER, SERVICE = "Checks", "Submit", "Losing carrier", "Put into service"
STEP_OF_STATE = {
    PortState.INFO_REQUIRED: CHECKS,
    PortState.SUBMIT_UNKNOWN: SUBMIT,
    PortState.ACTION_REQUIRED: CARRIER,
}
"""The states in which a person is waited for, and the step that shows it."""

PASSING = frozenset(
    {
        PortState.CHECKING_ELIGIBILITY,
        PortState.SUBMITTING,
        PortState.UPDATE_REQUESTED,
        PortState.CONFIGURING,
        PortState.COMPLETED,
    }
)
"""States that the parent is not told of: they last moments, or it hears of them otherwise."""

SENTENCES = {
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
OURS = "orchestrator"
VENDOR = "Telegent"


class PortRecord:
    """State, order, data, timeline; `move` and `write` are the only ways in which they change.

    Every change is shown at once: in the current details, in search attributes, to the parent.
    `at_vendor`: the data that Telegent is known to have had; `passed`: deadlines acted upon.
    """

    def __init__(self, details: PortInDetails) -> None:
        self.details = details
        self._secrets = Secrets()
        self._secrets.remember(details)
        self.state = PortState.CHECKING_ELIGIBILITY
        self.since = self.given_at = workflow.now()
        self.order: OrderSeen | None = None
        self.submitted_at: datetime | None = None
        self.rejection: Rejection | None = None
        self.rejections = 0
        self.unknown_words = 0
        self.asked_for: list[str] = []
        self.attention = ""
        self.deadline: Deadline | None = None
        self.rules = PortRules()
        self.passed: set[Deadline] = set()
        self.at_vendor: PortInDetails | None = None
        self.result = PortInResult(phone_number=details.phone_number, state=self.state)
        self.board = Board([CHECKS, SUBMIT, CARRIER, SERVICE])
        self.board.preface = self._page
        self.act_by: Callable[[], datetime | None] = lambda: None
        self._publisher = Publisher()
        self._parent = Parent()

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

    def merge(self, correction: PortInCorrection) -> None:
        """Takes new values into the details, of which the full set is always sent."""
        self.details = self.details.model_copy(update=correction.changes())
        self._secrets.remember(self.details)

    def adopt_order(self, order: OrderSeen) -> None:
        """Follows this order from now on."""
        self.order = order
        self.submitted_at = workflow.now()
        self.result.order_id = order.order_id
        self.board.attributes[ORDER] = order.order_id

    async def move(
        self,
        state: PortState,
        what: str,
        vendor_words: str = "",
        by: str | None = None,
        since: datetime | None = None,
    ) -> None:
        """Enters a state, or goes back to one in which it was `since` a moment in the past.

        Raises RuntimeError for an illegal move, which is a fault of ours.

        Temporal then tries the step again until a mended worker runs, and the port-in stays open.
        (An AssertionError would end it.)
        """
        if not may_move(self.state, state):
            raise RuntimeError(f"a port-in cannot go from {self.state} to {state}")
        if state is not self.state:
            self._measure(state)
            self.since = since or workflow.now()
            self.attention = ""
        waited_for = STEP_OF_STATE.get(self.state)
        self.state = self.result.state = state
        if waited_for:
            self.board.wait_for_person(waited_for, None)
        if step := STEP_OF_STATE.get(state):
            self.board.wait_for_person(step, SENTENCES[state])
        self.board.attributes[STATE] = state.value
        self.board.attributes[SINCE] = self.since
        self.board.attributes[NEEDS_ACTION] = f"{self.since:%Y-%m-%dT%H:%MZ}" if step else ""
        self.write(by or (VENDOR if vendor_words else OURS), what, vendor_words)
        if state not in PASSING:
            await self._tell(StepState.NEEDS_PERSON if step else StepState.RUNNING)
        await self._publish(
            EventType.PORT_IN_ATTENTION_REQUIRED if step else EventType.PORT_IN_CHANGED
        )

    def _measure(self, state: PortState) -> None:
        port_left(self.state, workflow.now() - self.since)
        if state.final:
            took = workflow.now() - workflow.info().start_time
            rejected = any(
                entry.state is PortState.ACTION_REQUIRED for entry in self.result.timeline
            )
            port_ended(state, took, first_attempt=not rejected)

    async def call_attention(self, why: str) -> None:
        """Asks that a person look, although nothing can be asked of anybody in this state."""
        self.attention = why
        self.write(OURS, f"needs attention: {why}")
        await self._tell(StepState.NEEDS_PERSON)
        await self._publish(EventType.PORT_IN_ATTENTION_REQUIRED)

    def write(self, by: str, what: str, vendor_words: str = "") -> None:
        """Adds to the timeline: who did what, without secrets."""
        entry = TimelineEntry(
            at=workflow.now(),
            by=by,
            what=what,
            state=self.state,
            vendor_words=self._secrets.strike_out(vendor_words),
        )
        timeline.add(self.result.timeline, entry)
        self.board.show()

    def status(self) -> PortInStatus:
        """Everything that may be shown."""
        rejection, deadline, order = self.rejection, self.deadline, self._order_to_show
        return PortInStatus(
            phone_number=self.details.phone_number,
            state=self.state,
            order_id=order.order_id if order else None,
            vendor_words=order.words if order else "",
            reason=rejection.reason if rejection else "",
            remedy=rejection.remedy if rejection else "",
            fields_to_correct=self.fields_to_correct,
            attention=self.attention,
            warnings=self.result.warnings,
            next_deadline=deadline.at if deadline else None,
            next_deadline_name=deadline.name if deadline else "",
            rejections=self.rejections,
            unknown_words=self.unknown_words,
            steps=self.board.steps,
            timeline=self.result.timeline,
        )

    @property
    def fields_to_correct(self) -> list[str]:
        """Which fields a correction is asked for."""
        if self.state is PortState.INFO_REQUIRED:
            return self.asked_for
        return list(self.rejection.fields) if self.rejection else []

    def _page(self) -> list[str]:
        return PortPage(
            state=self.state,
            sentence=SENTENCES[self.state],
            since=self.since,
            details=self.details,
            order=self._order_to_show,
            given_at=self.given_at,
            rejection=self.rejection,
            rejections=self.rejections,
            fields=self.fields_to_correct,
            attention=self.attention,
            warnings=self.result.warnings,
            deadline=self.deadline,
            act_by=self.act_by(),
            timeline=self.result.timeline,
            rules=self.rules,
        ).lines()

    @property
    def _order_to_show(self) -> OrderSeen | None:
        order = self.order
        if order is None:
            return None
        return order.model_copy(update={"message": self._secrets.strike_out(order.message)})

    async def _publish(self, kind: EventType) -> None:
        """Tells other services, if any are configured."""
        rejection = self.rejection
        await self._publisher.publish(
            kind,
            self.state.value,
            step=SENTENCES[self.state],
            reason=rejection.reason if rejection else None,
            remedy=rejection.remedy if rejection else None,
            fields_to_correct=self.fields_to_correct,
            deadline=self.act_by(),
            phone_number=self.details.phone_number,
        )

    async def _tell(self, state: StepState) -> None:
        detail = f"port-in {self.state.value}: {self.attention or SENTENCES[self.state]}"
        await self._parent.tell(ChildChanged(key="port-in", state=state, detail=detail))
