"""What people and services have asked of a port-in, and why some of it is not taken."""

from collections.abc import Sequence

from pydantic import JsonValue
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortState,
)
from workflows.port_in.state import ORCHESTRATOR_ACTOR, PortInModel
from workflows.port_in.transitions import MessageKind, state_rejection_reason
from workflows.support.messages import parse_message, rejection_message, sender_name


class PendingMessages:
    """Messages that wait to be acted on; corrections that wait together are sent as one."""

    def __init__(self, record: PortInModel) -> None:
        self._model = record
        self.max_rejections = 3
        self.corrections: list[PortInCorrection] = []
        self.cancel: PortInCancel | None = None
        self.decision: OperatorDecision | None = None
        self.poll_requested = False

    def __bool__(self) -> bool:
        return bool(self.poll_requested or self.cancel or self.decision or self.corrections)

    def accept_correction(self, correction: PortInCorrection) -> None:
        """Takes a correction. Raises ApplicationError with the reason when it is of no use."""
        self.validate_correction(correction)
        self._model.log(correction.by, f"corrected {', '.join(sorted(correction.fields))}")
        self.corrections.append(correction)

    def validate_correction(self, correction: PortInCorrection) -> None:
        """Raises when a correction cannot help: wrong state, nothing new, or beyond data."""
        record, rejection = self._model, self._model.rejection
        _reject_if(state_rejection_reason(MessageKind.CORRECTION, record.state))
        _reject_if(_missing_parts(correction, record.details))
        if record.state is not PortState.ACTION_REQUIRED or rejection is None:
            return
        if rejection.not_correctable:
            _reject_if(f"no data can mend {rejection.reason}: {rejection.remedy}")
        if record.rejections >= min(rejection.max_rejections, self.max_rejections):
            _reject_if(
                f"rejected {record.rejections} times: an operator must decide, with the update "
                "operator_resolve"
            )
        if rejection.requires_confirmation and not correction.lock_removed:
            _reject_if("confirm with lock_removed: true that the number lock is off")
        changes, had = correction.changes(record.details), record.details_at_vendor
        same = had and all(getattr(had, name) == value for name, value in changes.items())
        if same and not correction.lock_removed:
            _reject_if(f"{', '.join(sorted(changes))}: this is what was rejected")

    def accept_cancel(self, cancel: PortInCancel) -> None:
        """Takes the wish to cancel. Raises ApplicationError with the reason when it cannot be."""
        self.validate_cancel()
        self._model.log(cancel.by, f"asked to cancel: {cancel.reason}")
        self.cancel = cancel

    def validate_cancel(self) -> None:
        """Raises when a cancel cannot be taken."""
        _reject_if(state_rejection_reason(MessageKind.CANCEL, self._model.state))

    def accept_decision(self, decision: OperatorDecision) -> None:
        """Takes an operator's decision. Raises ApplicationError when it does not fit."""
        self.validate_decision(decision)
        self._model.log(decision.by, f"decided {decision.action.value}: {decision.reason}")
        if decision.action is OperatorAction.REPLACE_DATA and decision.correction:
            # Data like any other; only that no count of rejections keeps them out.
            self.corrections.append(decision.correction)
        else:
            self.decision = decision

    def validate_decision(self, decision: OperatorDecision) -> None:
        """Raises when a decision does not fit the state, or another one is being carried out."""
        if self.decision is not None:
            _reject_if(f"{self.decision.action.value} is being carried out")
        _reject_if(state_rejection_reason(decision.action, self._model.state))
        if decision.correction:
            _reject_if(_missing_parts(decision.correction, self._model.details))

    def drop_what_is_too_late(self) -> None:
        """Takes out what was accepted and does not fit any more, with a word in the timeline."""
        record = self._model
        if self.corrections and state_rejection_reason(MessageKind.CORRECTION, record.state):
            for correction in self.corrections:
                self._log_stale(correction.by, MessageKind.CORRECTION)
            self.corrections.clear()
        if self.cancel and state_rejection_reason(MessageKind.CANCEL, record.state):
            self._log_stale(self.cancel.by, MessageKind.CANCEL)
            self.cancel = None
        if self.decision and state_rejection_reason(self.decision.action, record.state):
            self._log_stale(self.decision.by, self.decision.action)
            self.decision = None

    def _log_stale(self, by: str, what: MessageKind | OperatorAction) -> None:
        state = self._model.state.value
        self._model.log(
            ORCHESTRATOR_ACTOR, f"{what.value} of {by} came too late: it is {state} already"
        )

    def apply_corrections(self) -> None:
        """Puts the waiting corrections into the details, of which the full set is always sent."""
        for correction in self.corrections:
            self._model.apply_correction(correction)
        self.corrections.clear()

    def pop_cancel(self) -> PortInCancel | None:
        """The waiting wish to cancel, if there is one; it waits no more."""
        cancel, self.cancel = self.cancel, None
        return cancel

    def pop_decision(self, *actions: OperatorAction) -> OperatorDecision | None:
        """The waiting decision, if it is one of these; it waits no more."""
        if self.decision is None or self.decision.action not in actions:
            return None
        decision, self.decision = self.decision, None
        return decision

    def signal_correction(self, sent: Sequence[JsonValue]) -> None:
        """Takes a correction from a signal; one of no use stands in the timeline, with why."""
        try:
            self.accept_correction(parse_message(PortInCorrection, sent))
        except ApplicationError as error:
            self._log_rejected_signal(MessageKind.CORRECTION, sent, error)

    def signal_cancel(self, sent: Sequence[JsonValue]) -> None:
        """Takes the wish to cancel from a signal, like `signal_correction`."""
        try:
            self.accept_cancel(parse_message(PortInCancel, sent))
        except ApplicationError as error:
            self._log_rejected_signal(MessageKind.CANCEL, sent, error)

    def _log_rejected_signal(
        self, what: MessageKind, sent: Sequence[JsonValue], error: ApplicationError
    ) -> None:
        self._model.log(
            sender_name(sent), f"sent {what.value} that was refused: {rejection_message(error)}"
        )


def _missing_parts(correction: PortInCorrection, details: PortInDetails) -> str:
    """What a correction of a part of an object lacks; empty if nothing."""
    missing = correction.missing_parts(details)
    return f"also give {', '.join(missing)}: there is no value yet" if missing else ""


def _reject_if(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type="MessageRejected")
