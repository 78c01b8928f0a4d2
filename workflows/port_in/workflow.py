"""The port-in workflow: check, submit, poll for days, correct or cancel, bind the number.

Whatever happens (a message, a deadline, the end of a task) is a *fact*. reaction.py says how a fact
changes the state, and which *effects* follow from it: the next task, events, measurements. This
module takes the facts from Temporal, and performs the effects on it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import JsonValue, TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.names import (
    CANCEL_MESSAGE,
    CORRECT_MESSAGE,
    DECIDE_UPDATE,
    NOTE_UPDATE,
    POLL_NOW_SIGNAL,
    PORT_IN_WORKFLOW,
    SEARCH_ATTRIBUTES,
    STATUS_QUERY,
    SUMMARY_MEMO,
)
from telegent_orchestrator.port_in import (
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInNote,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import ExecutionSummary
from workflows.events.delivery_workflow import EventPublisher
from workflows.port_in import effects, facts
from workflows.port_in.deadline_timer import DeadlineTimer
from workflows.port_in.reaction import Message, react, rejection_reason
from workflows.port_in.state import PortIn, for_next_run, new_port_in
from workflows.port_in.tasks import perform
from workflows.port_in.transitions import MessageKind
from workflows.port_in.views import (
    changed_search_attributes,
    render_details_page,
    to_result,
    to_status,
    to_summary,
)
from workflows.support import metrics
from workflows.support.messages import (
    ChildUpdate,
    ParentNotifier,
    parse_message,
    rejection_message,
    sender_name,
)
from workflows.support.progress import RUNNING_STEP
from workflows.support.resets import current_resets


@workflow.defn(name=PORT_IN_WORKFLOW)
class PortInWorkflow:
    """Ports a number in.

    Ends as COMPLETED, CANCELLED, INELIGIBLE or ABANDONED, or fails with PortInFailed.

    Accepts corrections, cancellations and operator decisions while it runs. A rejected update fails
    with the reason; a rejected signal is recorded in the timeline with the reason.
    """

    @workflow.init
    def __init__(self, request: PortInRequest) -> None:
        self._request = request
        self._port = (
            _checkpoint_type().validate_python(request.checkpoint)
            if request.checkpoint
            else new_port_in(request, workflow.now())
        )
        self._effects: list[effects.Effect] = []
        self._running: asyncio.Task[facts.TaskEnded] | None = None
        self._timer = DeadlineTimer()
        self._changed = False
        self._resets = 0
        self._publisher = EventPublisher(published=self._port.published_events)
        self._parent = ParentNotifier()
        self._summary = ExecutionSummary()

    @workflow.run
    async def run(self, request: PortInRequest) -> PortInResult:
        """Runs until the port-in has ended.

        When this workflow itself is cancelled, it cancels the order at Telegent, and runs until the
        order has ended. A cancel of its line or onboarding does not reach it. A write in flight is
        never cancelled: only its response shows what Telegent has done.
        """
        self._resets, _ = current_resets()
        # An asyncio task of its own, because a cancel of the workflow would end this one.
        main = asyncio.create_task(self._run_to_end())
        while not main.done():
            try:
                await workflow.wait_condition(main.done)
            except asyncio.CancelledError:
                self._handle(facts.WorkflowCancelled())
        return main.result()

    async def _run_to_end(self) -> PortInResult:
        self._handle(facts.Started())
        while not self._port.ended:
            await self._run_effects()
            self._show()
            if self._may_continue_as_new():
                await self._continue_as_new()
            await self._wait_for_fact()
        await self._run_effects()
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._show()
        if self._port.failure:
            raise ApplicationError(self._port.failure, type="PortInFailed", non_retryable=True)
        return to_result(self._port)

    def _handle(self, fact: facts.PortInFact) -> None:
        """The only place where the state changes."""
        reaction = react(self._port, fact, workflow.now())
        self._port = reaction.port
        self._effects.extend(reaction.effects)
        self._changed = True

    async def _run_effects(self) -> None:
        while self._effects:
            effect = self._effects.pop(0)
            if isinstance(effect, effects.SubmitOrder) and self._take_new_reset():
                # The part of the history that the reset discarded may have submitted the order.
                self._handle(facts.RunReset())
            elif isinstance(effect, effects.Task):
                self._start(effect)
            elif isinstance(effect, effects.NotifyParent):
                update = ChildUpdate(key="port-in", state=effect.state, detail=effect.detail)
                await self._parent.notify(update)
            elif isinstance(effect, effects.PublishEvent):
                await self._publish(effect)
            else:
                _MEASURE[type(effect)](effect)

    def _take_new_reset(self) -> bool:
        """Whether there was a reset in Temporal since the last call, or since the start.

        Deterministic: resets.py notices a reset by a change of the run's random seed, which every
        replay repeats at the same place.
        """
        resets, self._resets = self._resets, current_resets()[0]
        return resets != self._resets

    def _start(self, task: effects.Task) -> None:
        """Starts a task, and cancels the previous one if it still runs.

        That is safe, because `react` replaces only interruptible tasks. They can be repeated.
        """
        if self._running:
            self._running.cancel()
        # The asyncio task inherits this context variable. If its activities make no progress, the
        # code that calls them finds this object there, and calls `stall`.
        RUNNING_STEP.set(self)
        self._running = asyncio.create_task(perform(task))

    def stall(self, reason: str, since: datetime) -> None:
        """Called when an activity of the running task makes no progress."""
        self._handle(facts.TaskStalled(since, reason))

    def resume(self) -> None:
        """Called when the activity makes progress again.

        Changes nothing: the attention that `stall` has raised stays until the state changes.
        """

    async def _wait_for_fact(self) -> None:
        """Waits until the task ends, a message arrives, or a deadline passes."""
        deadline = self._port.next_deadline
        self._timer.set(deadline)
        await workflow.wait_condition(
            lambda: self._changed or self._task_ended() or self._timer.fired
        )
        if deadline and self._timer.fired and not (self._changed or self._task_ended()):
            self._timer.cancel()
            self._handle(facts.DeadlinePassed(deadline))
        # New effects come first: if they replace the task, its result does not count.
        if not self._effects and self._running and self._running.done():
            ended, self._running = self._running, None
            task, order = self._port.task, self._port.order
            if order is None and task and task.interruptible and self._take_new_reset():
                # The part that the reset discarded may have submitted the order. This result may
                # then reflect it, such as an eligibility that says "already active".
                self._handle(facts.RunReset())
            else:
                self._handle(ended.result())

    def _task_ended(self) -> bool:
        return self._running is not None and self._running.done()

    async def _publish(self, event: effects.PublishEvent) -> None:
        if self._port.event_receivers is not None:
            self._publisher.receivers = list(self._port.event_receivers)
        await self._publisher.publish(
            event.type,
            event.state.value,
            step=event.step,
            reason=event.reason,
            remedy=event.remedy,
            fields_to_correct=event.fields_to_correct,
            deadline=event.deadline,
            phone_number=self._port.details.phone_number,
        )

    def _show(self) -> None:
        """Updates details page, search attributes and memo after a change."""
        if not self._changed:
            return
        self._changed = False
        workflow.set_current_details("\n".join(render_details_page(self._port)).strip())
        attributes = workflow.info().typed_search_attributes
        known = {key.name: attributes.get(key) for key in SEARCH_ATTRIBUTES}
        keys = {key.name: key for key in SEARCH_ATTRIBUTES}
        if changed := changed_search_attributes(self._port, known):
            # One command for all: each is an event, and on Temporal Cloud a billed action.
            workflow.upsert_search_attributes(
                [
                    keys[name].value_set(value) if value else keys[name].value_unset()
                    for name, value in changed.items()
                ]
            )
        summary = to_summary(self._port)
        if summary != self._summary:
            # In the memo, because it is encrypted; search attributes are not.
            self._summary = summary
            workflow.upsert_memo({SUMMARY_MEMO: summary.model_dump(exclude_defaults=True)})

    def _may_continue_as_new(self) -> bool:
        """Not while a task runs that must not be interrupted, such as a write.

        Its response reaches only this run. An interruptible task starts again in the next one.
        """
        task = self._port.task
        return (
            workflow.info().is_continue_as_new_suggested()
            and not self._effects
            and (task is None or task.interruptible)
        )

    async def _continue_as_new(self) -> None:
        """Continues in a new run, with the state of this one and an empty history."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._may_continue_as_new():
            return
        checkpoint = _checkpoint_type().dump_python(for_next_run(self._port), mode="json")
        workflow.continue_as_new(self._request.model_copy(update={"checkpoint": checkpoint}))

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortInStatus:
        """Returns the status of the port-in, without secrets."""
        return to_status(self._port)

    # Handlers accept any input and check it themselves. Otherwise Temporal would reject a malformed
    # update with an internal error, and drop a malformed signal or fail the workflow task.

    @workflow.update(
        name=CORRECT_MESSAGE, description="correct or add data; fields: 'by', and those to change"
    )
    async def correct(self, *sent: JsonValue) -> PortState:
        """Accepts a PortInCorrection, or rejects it with the reason.

        Returns:
            The state in which the message was accepted.
        """
        return self._accept(parse_message(PortInCorrection, sent))

    @correct.validator
    def _validate_correction(self, *sent: JsonValue) -> None:
        self._check(parse_message(PortInCorrection, sent))

    @workflow.update(name=CANCEL_MESSAGE, description="cancel the port-in; fields: 'by', 'reason'")
    async def cancel(self, *sent: JsonValue) -> PortState:
        """Accepts a PortInCancel, or rejects it with the reason.

        Returns:
            The state in which the message was accepted.
        """
        return self._accept(parse_message(PortInCancel, sent))

    @cancel.validator
    def _validate_cancel(self, *sent: JsonValue) -> None:
        self._check(parse_message(PortInCancel, sent))

    @workflow.update(
        name=DECIDE_UPDATE,
        description="decide as an operator; fields: 'action', 'by', 'reason'; 'order_id' for "
        "attach_order, 'correction' for replace_data",
    )
    async def decide(self, *sent: JsonValue) -> PortState:
        """Accepts an OperatorDecision, or rejects it with the reason.

        Returns:
            The state in which the message was accepted.
        """
        return self._accept(parse_message(OperatorDecision, sent))

    @decide.validator
    def _validate_decision(self, *sent: JsonValue) -> None:
        self._check(parse_message(OperatorDecision, sent))

    @workflow.update(
        name=NOTE_UPDATE, description="add a note to the timeline; fields: 'by', 'note'"
    )
    async def add_note(self, *sent: JsonValue) -> None:
        """Adds a PortInNote to the timeline."""
        note = parse_message(PortInNote, sent)
        self._handle(facts.NoteAdded(note.by, note.note))

    @add_note.validator
    def _validate_note(self, *sent: JsonValue) -> None:
        parse_message(PortInNote, sent)

    @workflow.signal(
        name=CORRECT_MESSAGE, description="correct or add data; fields: 'by', and those to change"
    )
    def correct_by_signal(self, *sent: JsonValue) -> None:
        """Like the update `correct`, but a rejection is only recorded in the timeline."""
        self._accept_signal(PortInCorrection, MessageKind.CORRECTION, sent)

    @workflow.signal(name=CANCEL_MESSAGE, description="cancel the port-in; fields: 'by', 'reason'")
    def cancel_by_signal(self, *sent: JsonValue) -> None:
        """Like the update `cancel`, but a rejection is only recorded in the timeline."""
        self._accept_signal(PortInCancel, MessageKind.CANCEL, sent)

    @workflow.signal(name=POLL_NOW_SIGNAL, description="poll the order now; no input")
    def poll_now(self, *anything: JsonValue) -> None:
        """Takes a hint that the order may have changed; its content is ignored."""
        self._handle(facts.HintReceived())

    def _check(self, message: Message) -> None:
        """Raises ApplicationError with the reason if the message is rejected."""
        if reason := rejection_reason(self._port, message):
            raise ApplicationError(reason, type="MessageRejected")

    def _accept(self, message: Message) -> PortState:
        """Handles a message that was checked. Returns the state before it."""
        state = self._port.state
        if isinstance(message, PortInCorrection):
            self._handle(facts.CorrectionAccepted(message))
        elif isinstance(message, PortInCancel):
            self._handle(facts.CancelAccepted(message))
        else:
            self._handle(facts.DecisionAccepted(message))
        return state

    def _accept_signal(
        self,
        model: type[PortInCorrection | PortInCancel],
        kind: MessageKind,
        sent: Sequence[JsonValue],
    ) -> None:
        """Handles a message from a signal, or records in the timeline why it is rejected."""
        try:
            message = parse_message(model, sent)
            self._check(message)
        except ApplicationError as error:
            rejected = facts.SignalRejected(sender_name(sent), kind.value, rejection_message(error))
            self._handle(rejected)
        else:
            self._accept(message)


@cache
def _checkpoint_type() -> TypeAdapter[PortIn]:
    return TypeAdapter(PortIn)


_MEASURE: Mapping[type[Any], Callable[[Any], None]] = {
    effects.RecordStateExit: lambda effect: metrics.record_state_exit(
        effect.state, effect.duration
    ),
    effects.RecordEnd: lambda effect: metrics.record_port_in_end(
        effect.state, effect.duration, first_attempt=effect.first_attempt
    ),
    effects.CountRejection: lambda effect: metrics.count_rejection(effect.reason),
    effects.CountUnknownStatus: lambda _: metrics.count_unknown_status(),
    effects.CountLostResponse: lambda effect: metrics.count_lost_response(effect.write),
    effects.CountLostResponseResolved: lambda effect: metrics.count_lost_response_resolved(
        effect.write, effect.resolution
    ),
}
