"""The changes that one fact makes to a port-in, on a copy of it, and the effects they need."""

import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from telegent_orchestrator.events import EventType
from telegent_orchestrator.port_in import (
    NEEDS_OPERATOR_STATES,
    OperatorAction,
    OperatorDecision,
    PortInCorrection,
    PortState,
    TimelineEntry,
)
from telegent_orchestrator.progress import Step, StepState
from workflows.port_in.deadlines import auto_cancel_at
from workflows.port_in.effects import (
    Effect,
    NotifyParent,
    PollOrder,
    PublishEvent,
    RecordEnd,
    RecordStateExit,
    Task,
)
from workflows.port_in.state import ARRIVAL, CARRIER, CHECKS, SUBMIT, PortIn, secrets_of
from workflows.port_in.transitions import (
    STATE_DESCRIPTIONS,
    UNNOTIFIED_STATES,
    can_transition,
)
from workflows.support.timeline import append_bounded

ORCHESTRATOR_ACTOR = "orchestrator"
TELEGENT_ACTOR = "Telegent"
MAX_SECRETS = 100
"""How many account numbers and PINs are kept, to redact them in text from Telegent."""
RETRY_DELAY, MAX_RETRY_DELAY = timedelta(seconds=1), timedelta(minutes=5)
"""First and longest wait before a request that was certainly not executed is sent again; the wait
doubles each time."""
MAX_DOUBLINGS = 10
MAX_RETRY_AFTER = timedelta(hours=1)
"""The longest wait that Telegent can ask for."""
STEP_OF = {
    PortState.CHECKING_ELIGIBILITY: CHECKS,
    PortState.INFO_REQUIRED: CHECKS,
    PortState.INELIGIBLE: CHECKS,
    PortState.SUBMITTING: SUBMIT,
    PortState.SUBMIT_UNKNOWN: SUBMIT,
    PortState.SUBMITTED: CARRIER,
    PortState.AT_CARRIER: CARRIER,
    PortState.SCHEDULED: CARRIER,
    PortState.UPDATE_REQUESTED: CARRIER,
    PortState.CANCEL_REQUESTED: CARRIER,
    PortState.PORTED: ARRIVAL,
    PortState.BINDING: ARRIVAL,
    PortState.COMPLETED: ARRIVAL,
}
"""The step that a state belongs to. States that are not listed keep the current step."""


@dataclass
class Turn:
    """A copy of a port-in that is being changed, and the effects to perform afterwards."""

    port: PortIn
    now: datetime
    effects: list[Effect] = field(default_factory=list)

    @classmethod
    def of(cls, port: PortIn, now: datetime) -> "Turn":
        """Create a turn with a shallow copy of the port-in, whose values are immutable."""
        return cls(copy.copy(port), now)

    def start(self, task: Task) -> None:
        """Start a task, in place of the running one, if any."""
        self.port.task = task
        if isinstance(task, PollOrder):
            self.port.inbox = replace(self.port.inbox, poll_requested=False)
        self.effects.append(task)

    def transition(
        self,
        state: PortState,
        what: str,
        vendor_message: str = "",
        *,
        by: str | None = None,
        entered_at: datetime | None = None,
    ) -> None:
        """Enter a state, or return to one that was entered at `entered_at`.

        Raises:
            RuntimeError: The transition is illegal, which is a bug. Temporal then retries the
                workflow task until a fixed worker runs, and the port-in stays open.
        """
        port = self.port
        if port.failure or not can_transition(port.state, state):
            raise RuntimeError(f"a port-in cannot go from {port.state} to {state}")
        if state is not port.state:
            self.effects.append(RecordStateExit(port.state, self.now - port.entered_at))
            port.entered_at = entered_at or self.now
            port.attention = ""
        port.state = state
        self._enter_step(STEP_OF.get(state, port.current_step))
        actor = TELEGENT_ACTOR if vendor_message else ORCHESTRATOR_ACTOR
        self.log(by or actor, what, vendor_message)
        self.announce()

    def end(self, state: PortState, by: str, reason: str) -> None:
        """End the port-in in a final state, on behalf of `by`."""
        self.port.reason = f"{by}: {reason}"
        self.transition(state, reason, by=by)

    def fail(self, reason: str) -> None:
        """End the workflow as failed. The caller has logged who caused it."""
        self.port.failure = reason
        self._update_step(self.port.current_step, state=StepState.FAILED, detail=reason)

    def raise_attention(self, reason: str) -> None:
        """Mark the port-in as needing attention, in a state that does not wait for an operator."""
        self.port.attention = reason
        self.log(ORCHESTRATOR_ACTOR, f"needs attention: {reason}")
        self._notify_parent(StepState.NEEDS_OPERATOR)
        self._publish(EventType.PORT_IN_ATTENTION_REQUIRED)

    def log(self, by: str, what: str, vendor_message: str = "") -> None:
        """Add an entry to the timeline, with secrets redacted in Telegent's message."""
        port = self.port
        entry = TimelineEntry(
            at=self.now,
            by=by,
            event=what,
            state=port.state,
            vendor_message=port.redact(vendor_message),
        )
        entries = [*port.timeline]
        append_bounded(entries, entry)
        port.timeline = tuple(entries)

    def set_detail(self, step: str, detail: str) -> None:
        """Set the detail text of a step."""
        self._update_step(step, detail=detail)

    def skip_steps(self, reason: str, *names: str) -> None:
        """Mark steps as skipped."""
        for name in names:
            self._update_step(name, state=StepState.SKIPPED, detail=reason, ended_at=self.now)

    def retry_later(self, reason: str, retry_after: timedelta = timedelta()) -> datetime:
        """Schedule a request that was certainly not executed to be sent again after a pause.

        Args:
            reason: Why it was not executed.
            retry_after: How long Telegent asks to wait.

        Returns:
            When it is sent again.
        """
        port = self.port
        doubled = RETRY_DELAY * (1 << min(port.not_sent_count, MAX_DOUBLINGS))
        pause = max(min(doubled, MAX_RETRY_DELAY), min(retry_after, MAX_RETRY_AFTER))
        port.not_sent_count += 1
        port.retry_at, port.retry_reason = self.now + pause, reason
        self.set_detail(
            port.current_step, f"{reason}; trying again in {pause.total_seconds():.0f} s"
        )
        return port.retry_at

    def apply_corrections(self) -> bool:
        """Apply the waiting corrections to the details.

        Returns:
            Whether there were any.
        """
        port = self.port
        if not port.inbox.corrections:
            return False
        for correction in port.inbox.corrections:
            port.details = port.details.model_copy(update=correction.changes(port.details))
            # A carrier may quote what it was sent days ago.
            secrets = dict.fromkeys((*port.secrets, *secrets_of(port.details)))
            port.secrets = tuple(secrets)[-MAX_SECRETS:]
        port.inbox = replace(port.inbox, corrections=())
        port.details_valid = False
        return True

    def keep_correction(self, correction: PortInCorrection) -> None:
        """Add a correction to the inbox."""
        inbox = self.port.inbox
        self.port.inbox = replace(inbox, corrections=(*inbox.corrections, correction))

    def take_decision(self, *actions: OperatorAction) -> OperatorDecision | None:
        """Take the waiting decision out of the inbox, if its action is one of these."""
        decision = self.port.inbox.decision
        if decision is None or decision.action not in actions:
            return None
        self.port.inbox = replace(self.port.inbox, decision=None, decided_in=None)
        return decision

    def announce(self) -> None:
        """Tell the parent and the receivers of events about the state."""
        port = self.port
        needs_operator = port.state in NEEDS_OPERATOR_STATES
        if port.state is PortState.ACTION_REQUIRED:
            port.ever_rejected = True
        if port.state.final:
            self.effects.append(
                RecordEnd(port.state, self.now - port.started_at, not port.ever_rejected)
            )
        if port.state not in UNNOTIFIED_STATES:
            self._notify_parent(StepState.NEEDS_OPERATOR if needs_operator else StepState.RUNNING)
        self._publish(
            EventType.PORT_IN_ATTENTION_REQUIRED if needs_operator else EventType.PORT_IN_CHANGED
        )

    def _notify_parent(self, state: StepState) -> None:
        port = self.port
        detail = port.attention or STATE_DESCRIPTIONS[port.state]
        self.effects.append(NotifyParent(state, f"port-in {port.state.value}: {detail}"))

    def _publish(self, kind: EventType) -> None:
        port = self.port
        port.published_events += 1
        self.effects.append(
            PublishEvent(
                type=kind,
                state=port.state,
                step=STATE_DESCRIPTIONS[port.state],
                reason=port.rejection.reason if port.rejection else None,
                remedy=port.rejection.remedy if port.rejection else None,
                fields_to_correct=tuple(port.fields_to_correct),
                deadline=auto_cancel_at(port.state, port.milestones, port.policy),
            )
        )

    def _enter_step(self, name: str) -> None:
        port = self.port
        if name != port.current_step:
            self._update_step(port.current_step, state=StepState.DONE, ended_at=self.now)
            self._update_step(name, started_at=self.now, ended_at=None, detail="")
            port.current_step = name
        if port.state.final:
            self._update_step(name, state=StepState.DONE, ended_at=self.now)
        elif port.state in NEEDS_OPERATOR_STATES:
            detail = STATE_DESCRIPTIONS[port.state]
            self._update_step(name, state=StepState.NEEDS_OPERATOR, detail=detail)
        else:
            waited = _step(port, name).state is StepState.NEEDS_OPERATOR
            changes = {"detail": ""} if waited else {}
            self._update_step(name, state=StepState.RUNNING, **changes)

    def _update_step(self, name: str, **changes: object) -> None:
        self.port.steps = tuple(
            step.model_copy(update=changes) if step.name == name else step
            for step in self.port.steps
        )


def _step(port: PortIn, name: str) -> Step:
    return next(step for step in port.steps if step.name == name)
