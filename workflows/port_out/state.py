"""What is on record of a port-out, and what people see of it."""

from collections.abc import Sequence

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.names import CANCEL_UPDATE, PORT_STATE_ATTRIBUTE
from telegent_orchestrator.port_out import (
    REVEAL_PIN_UPDATE,
    PortOutEntry,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    PortOutStatus,
)
from workflows.support import timeline
from workflows.support.messages import refusal_of, sender_of
from workflows.support.progress import Board

STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
NUMBER, PIN, LEAVING, SUBSCRIPTION = "Number", "PIN", "Leaving", "Subscription"

SENTENCES = {
    PortOutState.CHECKING: "looking whether the number is ours",
    PortOutState.ISSUING: "setting the PIN at Telegent",
    PortOutState.ISSUE_OVERDUE: "the PIN should be issued by now; still trying",
    PortOutState.PIN_ISSUED: "the PIN is issued; the number stays in service until it has left",
    PortOutState.CANCEL_REQUESTED: "overwriting the PIN with one that nobody knows",
    PortOutState.CANCELLED: "cancelled, the number stays",
    PortOutState.LEFT: "the number has left",
    PortOutState.COMPLETED: "the number has left, and nothing remains to be done",
}


class PortOutRecord:
    """State, timeline and board of one port-out, shown anew with every change. Without the PIN."""

    def __init__(self, request: PortOutRequest) -> None:
        self.board = Board([NUMBER, PIN, LEAVING, SUBSCRIPTION])
        self.board.preface = self._preface
        self.result = PortOutResult(
            phone_number=request.phone_number,
            state=PortOutState.CHECKING,
            authentication_reference=request.authentication_reference,
        )
        self._started_by = request.by

    @property
    def state(self) -> PortOutState:
        """Where the port-out is."""
        return self.result.state

    def status(self) -> PortOutStatus:
        """What the query answers."""
        return PortOutStatus(
            **dict(self.result), attention=self._attention(), steps=self.board.steps
        )

    def move(self, state: PortOutState, what: str, vendor_words: str = "") -> None:
        """Enters a state, and shows it in search attribute, timeline and details."""
        self.result.state = state
        workflow.upsert_search_attributes([STATE.value_set(state.searchable)])
        self.write("Telegent" if vendor_words else "orchestrator", what, vendor_words)

    def write(self, by: str, what: str, vendor_words: str = "") -> None:
        """Adds to the timeline, and shows it."""
        entry = PortOutEntry(
            at=workflow.now(), by=by, what=what, state=self.state, vendor_words=vendor_words
        )
        timeline.add(self.result.timeline, entry)
        self.board.show()

    def _preface(self) -> list[str]:
        return [
            f"**{self.state.searchable}**: {SENTENCES[self.state]}",
            "",
            *([f"- ✋ {self._attention()}"] if self._attention() else []),
            f"- started by {self._started_by}, who authenticated the subscriber: "
            f"`{self.result.authentication_reference}`",
            f"- to show the PIN to whoever is entitled: update `{REVEAL_PIN_UPDATE}`; to keep the "
            f"number: update `{CANCEL_UPDATE}`; each with `by` and `reason`",
        ]

    def write_refusal(self, sent: Sequence[JsonValue], error: ApplicationError) -> None:
        """Adds a signal that cannot be used, with the reason and without its values."""
        self.write(sender_of(sent), f"sent a cancel that was refused: {refusal_of(error)}")

    def _attention(self) -> str:
        if self.state is not PortOutState.ISSUE_OVERDUE:
            return ""
        return (
            "the subscriber waits for the PIN longer than the request allows. Look at the pending "
            "call: is Telegent out of reach, or does it refuse our credentials?"
        )
