"""What people and services have asked of a port-in, and why some of it is not taken."""

from collections.abc import Sequence

from pydantic import JsonValue
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.port_in import (
    OperatorResolve,
    PortInCancel,
    PortInCorrection,
    PortState,
    Resolve,
)
from workflows.port_in.state import OURS, PortRecord
from workflows.port_in.transitions import Message, refusal
from workflows.support.messages import read_message, refusal_of, sender_of


class PortInbox:
    """Messages that wait to be acted on; corrections that wait together are sent as one."""

    def __init__(self, record: PortRecord) -> None:
        self._record = record
        self.rejections_allowed = 3
        self.corrections: list[PortInCorrection] = []
        self.cancel: PortInCancel | None = None
        self.decision: OperatorResolve | None = None
        self.look_now = False

    def __bool__(self) -> bool:
        return bool(self.look_now or self.cancel or self.decision or self.corrections)

    def correct(self, correction: PortInCorrection) -> None:
        """Takes a correction. Raises ApplicationError with the reason when it is of no use."""
        self.refuse_correction(correction)
        self._record.write(correction.by, f"corrected {', '.join(sorted(correction.fields))}")
        self.corrections.append(correction)

    def refuse_correction(self, correction: PortInCorrection) -> None:
        """Raises when a correction cannot help: wrong state, nothing new, or beyond data."""
        record, rejection = self._record, self._record.rejection
        _refuse(refusal(Message.CORRECTION, record.state))
        if record.state is not PortState.ACTION_REQUIRED or rejection is None:
            return
        if rejection.hard:
            _refuse(f"no data can mend {rejection.reason}: {rejection.remedy}")
        if record.rejections >= min(rejection.tries, self.rejections_allowed):
            _refuse(
                f"rejected {record.rejections} times: an operator must decide, with the update "
                "operator_resolve"
            )
        if rejection.confirmation and not correction.lock_removed:
            _refuse("confirm with lock_removed: true that the number lock is off")
        changes, had = correction.changes(), record.at_vendor
        same = had and all(getattr(had, name) == value for name, value in changes.items())
        if same and not correction.lock_removed:
            _refuse(f"{', '.join(sorted(changes))}: this is what was rejected")

    def ask_to_cancel(self, cancel: PortInCancel) -> None:
        """Takes the wish to cancel. Raises ApplicationError with the reason when it cannot be."""
        self.refuse_cancel()
        self._record.write(cancel.by, f"asked to cancel: {cancel.reason}")
        self.cancel = cancel

    def refuse_cancel(self) -> None:
        """Raises when a cancel cannot be taken."""
        _refuse(refusal(Message.CANCEL, self._record.state))

    def decide(self, decision: OperatorResolve) -> None:
        """Takes an operator's decision. Raises ApplicationError when it does not fit."""
        self.refuse_decision(decision)
        self._record.write(decision.by, f"decided {decision.action.value}: {decision.reason}")
        if decision.action is Resolve.REPLACE_DATA and decision.correction:
            # Data like any other; only that no count of rejections keeps them out.
            self.corrections.append(decision.correction)
        else:
            self.decision = decision

    def refuse_decision(self, decision: OperatorResolve) -> None:
        """Raises when a decision does not fit the state, or another one is being carried out."""
        if self.decision is not None:
            _refuse(f"{self.decision.action.value} is being carried out")
        _refuse(refusal(decision.action, self._record.state))

    def drop_what_is_too_late(self) -> None:
        """Takes out what was accepted and does not fit any more, with a word in the timeline."""
        record = self._record
        if self.corrections and refusal(Message.CORRECTION, record.state):
            for correction in self.corrections:
                self._too_late(correction.by, Message.CORRECTION)
            self.corrections.clear()
        if self.cancel and refusal(Message.CANCEL, record.state):
            self._too_late(self.cancel.by, Message.CANCEL)
            self.cancel = None
        if self.decision and refusal(self.decision.action, record.state):
            self._too_late(self.decision.by, self.decision.action)
            self.decision = None

    def _too_late(self, by: str, what: Message | Resolve) -> None:
        state = self._record.state.value
        self._record.write(OURS, f"{what.value} of {by} came too late: it is {state} already")

    def merge_into_details(self) -> None:
        """Puts the waiting corrections into the details, of which the full set is always sent."""
        for correction in self.corrections:
            self._record.merge(correction)
        self.corrections.clear()

    def take_cancel(self) -> PortInCancel | None:
        """The waiting wish to cancel, if there is one; it waits no more."""
        cancel, self.cancel = self.cancel, None
        return cancel

    def take_decision(self, *actions: Resolve) -> OperatorResolve | None:
        """The waiting decision, if it is one of these; it waits no more."""
        if self.decision is None or self.decision.action not in actions:
            return None
        decision, self.decision = self.decision, None
        return decision

    def signal_correction(self, sent: Sequence[JsonValue]) -> None:
        """Takes a correction from a signal; one of no use stands in the timeline, with why."""
        try:
            self.correct(read_message(PortInCorrection, sent))
        except ApplicationError as error:
            self._write_refusal(Message.CORRECTION, sent, error)

    def signal_cancel(self, sent: Sequence[JsonValue]) -> None:
        """Takes the wish to cancel from a signal, like `signal_correction`."""
        try:
            self.ask_to_cancel(read_message(PortInCancel, sent))
        except ApplicationError as error:
            self._write_refusal(Message.CANCEL, sent, error)

    def _write_refusal(
        self, what: Message, sent: Sequence[JsonValue], error: ApplicationError
    ) -> None:
        self._record.write(
            sender_of(sent), f"sent {what.value} that was refused: {refusal_of(error)}"
        )


def _refuse(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type="NotNow")
