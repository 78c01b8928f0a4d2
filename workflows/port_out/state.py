"""The state of a port-out, and what operators see of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.names import CANCEL_MESSAGE, PORT_STATE_KEY
from telegent_orchestrator.port_out import (
    CONFIRM_DEPARTURE_UPDATE,
    REVEAL_PIN_UPDATE,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    PortOutStatus,
    PortOutTimelineEntry,
)
from workflows.support.messages import rejection_message, sender_name
from workflows.support.progress import ProgressTracker
from workflows.support.timeline import append_bounded

NUMBER, PIN, DEPARTURE, SUBSCRIPTION = "Number", "PIN", "Departure", "Subscription"
NEXT_READ = "Before the next read of the number"
MAX_STATUS_CHANGES = 3
"""Changes of a number's status within a pause between reads, after which the reads pause: while it
changes, no read waits for another status."""

STATE_DESCRIPTIONS = {
    PortOutState.CHECKING: "checking that the number is in service here",
    PortOutState.ISSUING: "setting the PIN at Telegent",
    PortOutState.ISSUE_OVERDUE: "the PIN is overdue; still trying",
    PortOutState.PIN_ISSUED: "the PIN is issued; the number stays in service until it leaves",
    PortOutState.CANCEL_REQUESTED: "overwriting the PIN with a random one",
    PortOutState.CANCELLED: "cancelled; the number stays",
    PortOutState.PORTED_OUT: "the number has left",
    PortOutState.COMPLETED: "the number has left, and its subscription is closed",
}


class PortOutModel:
    """State, timeline and progress of a port-out, published with every change. Without the PIN."""

    def __init__(self, request: PortOutRequest) -> None:
        self.progress = ProgressTracker([NUMBER, PIN, DEPARTURE, SUBSCRIPTION])
        self.progress.header = self._header
        self.result = PortOutResult(
            phone_number=request.phone_number,
            state=PortOutState.CHECKING,
            authentication_reference=request.authentication_reference,
        )
        self._started_by = request.by
        self._status_changes: list[datetime] = []

    @property
    def state(self) -> PortOutState:
        """The current state."""
        return self.result.state

    def status(self) -> PortOutStatus:
        """Returns the response of the status query."""
        return PortOutStatus(
            **dict(self.result), attention=self._attention(), steps=self.progress.steps
        )

    def transition_to(self, state: PortOutState, event: str, vendor_message: str = "") -> None:
        """Enters a state, and publishes it in search attribute, timeline and details."""
        self.result.state = state
        workflow.upsert_search_attributes([PORT_STATE_KEY.value_set(state.search_attribute_value)])
        self.log("Telegent" if vendor_message else "orchestrator", event, vendor_message)

    def log(self, by: str, event: str, vendor_message: str = "") -> None:
        """Adds an entry to the timeline, and publishes it."""
        entry = PortOutTimelineEntry(
            at=workflow.now(), by=by, event=event, state=self.state, vendor_message=vendor_message
        )
        append_bounded(self.result.timeline, entry)
        self.progress.publish()

    def count_status_change(self, window: timedelta) -> int:
        """Counts a change of the number's status. Returns how many there were in this window."""
        now = workflow.now()
        self._status_changes = [at for at in self._status_changes if now - at < window] + [now]
        return len(self._status_changes)

    def _header(self) -> list[str]:
        return [
            f"**{self.state.search_attribute_value}**: {STATE_DESCRIPTIONS[self.state]}",
            "",
            *([f"- ✋ {self._attention()}"] if self._attention() else []),
            f"- started by {escape_markdown(self._started_by)}, who authenticated the subscriber: "
            f"{escape_markdown(self.result.authentication_reference)}",
            f"- to show the PIN to the subscriber: update `{REVEAL_PIN_UPDATE}`; to keep the "
            f"number: update `{CANCEL_MESSAGE}`; when it has left and Telegent does not show that: "
            f"update `{CONFIRM_DEPARTURE_UPDATE}`; each with `by` and `reason`",
        ]

    def log_rejected_signal(self, sent: Sequence[JsonValue], error: ApplicationError) -> None:
        """Logs a rejected signal with the reason, without its values."""
        self.log(sender_name(sent), f"sent a cancel that was rejected: {rejection_message(error)}")

    def _attention(self) -> str:
        if self.state is not PortOutState.ISSUE_OVERDUE:
            return ""
        return (
            "the subscriber has waited for the PIN longer than the request allows. Check the last "
            "failure of the pending activity: Telegent may be unreachable or reject our credentials"
        )


def unclear_status(status: str) -> str:
    """What an operator must find out about a number with a status that is not documented."""
    return (
        f"Telegent shows the number as '{status}': it is suspended, or has left. If it has left, "
        f"send the update {CONFIRM_DEPARTURE_UPDATE}, which closes its subscription"
    )
