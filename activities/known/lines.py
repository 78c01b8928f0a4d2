"""What our workflows know of the lines at Telegent."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import telegent
from telegent_orchestrator.filter_changes import CallFilterChange, MessageFilterChange
from telegent_orchestrator.line_changes import (
    ChangeFilters,
    ChangeGuardian,
    ChangeLimits,
    ChangeNumber,
    ChangePlan,
    End,
    LineChangeResult,
    Restore,
    Suspend,
    SwapSim,
    WinBack,
)
from telegent_orchestrator.lines import CallFilter, DataLimits, MessageFilter, ProductType
from telegent_orchestrator.progress import StepState


@dataclass
class KnownLine:
    """A number as our workflows have last set it up. What is None is not compared.

    Attributes:
        workflow_id: The workflow that knows it.
        label: The line of an onboarding, such as `family-2041:first`; empty if it is none.
        complete: Whether its workflow has completed: a line that has failed lacks something.
        ended: Whether a line change has ended it, or it has been ported out.
        suspended: Whether a line change has suspended it, or may have.
        calls_on: Whether AI Guardian is to be on for calls, if the line has a filter of calls.
        messages_on: The same for messages.
    """

    phone_number: str
    workflow_id: str
    label: str = ""
    complete: bool = True
    ended: bool = False
    suspended: bool = False
    number_id: str | None = None
    subscription_id: str | None = None
    subscriber_id: str | None = None
    package_id: str | None = None
    product_type: ProductType | None = None
    message_route_id: str | None = None
    voice_route_id: str | None = None
    iccid: str | None = None
    data_limits: DataLimits | None = None
    call_filter: CallFilter | None = None
    message_filter: MessageFilter | None = None
    calls_on: bool = True
    messages_on: bool = True

    def apply(self, result: LineChangeResult) -> None:
        """Take over what a line change has set. After one that failed it is unknown."""
        done, change = result.state is StepState.DONE, result.change
        if not (done or result.changed):
            return
        match change:
            case Suspend():
                self.suspended = True
            case Restore():
                self.suspended = self.suspended and not done
            case End():
                self.ended = self.ended or done
                self.call_filter = self.message_filter = None
            case WinBack():
                self.ended = self.ended and not done
                self.subscription_id = result.subscription_id
                self.package_id = change.package_id if done else None
                self.data_limits = self.call_filter = self.message_filter = None
            case ChangeLimits():
                if change.data_limits:
                    self.data_limits = change.data_limits if done else None
            case ChangePlan():
                self._apply_plan(change, done)
            case SwapSim():
                self.iccid = result.iccid if done else None
            case ChangeNumber():
                self.phone_number = result.new_phone_number or self.phone_number
                self.complete = self.complete and done
            case ChangeFilters():
                self._apply_filters(change, done)

    def _apply_plan(self, change: ChangePlan, done: bool) -> None:
        self.package_id = change.package_id if done else None
        if change.product_type:
            self.product_type = change.product_type if done else None
            self.message_route_id = change.message_route_id or self.message_route_id
            self.voice_route_id = change.voice_route_id or self.voice_route_id
        if change.data_limits:
            self.data_limits = change.data_limits if done else None

    def _apply_filters(self, change: ChangeFilters, done: bool) -> None:
        if calls := change.call_filter:
            before = self.call_filter or (CallFilter(mode=calls.mode) if calls.mode else None)
            self.call_filter = None
            if done and before and not calls.off:
                self.call_filter = before.model_copy(update=_edited(before, calls, "numbers"))
        if messages := change.message_filter:
            was = self.message_filter
            was = was or (MessageFilter(mode=messages.mode) if messages.mode else None)
            self.message_filter = None
            if done and was and not messages.off:
                self.message_filter = was.model_copy(update=_edited(was, messages, "contacts"))


def _edited(
    before: CallFilter | MessageFilter,
    edits: CallFilterChange | MessageFilterChange,
    entries: Literal["numbers", "contacts"],
) -> dict[str, object]:
    """The fields of a filter that edits change."""
    allowed, blocked = f"allowed_{entries}", f"blocked_{entries}"
    return {
        "mode": edits.mode or before.mode,
        allowed: sorted({*getattr(before, allowed), *edits.allow} - {*edits.disallow}),
        blocked: sorted({*getattr(before, blocked), *edits.block} - {*edits.unblock}),
    }


@dataclass(frozen=True)
class KnownPortIn:
    """The latest port-in of a number.

    Attributes:
        state: As in its search attribute.
        open: Whether it is running.
    """

    workflow_id: str
    state: str
    open: bool


@dataclass
class Known:
    """What our workflows know.

    Attributes:
        lines: By number.
        port_ins: By number.
        busy_numbers: Numbers that a workflow has changed since the reading of Telegent began.
        busy_subscribers: The same for subscribers, as keys of their ids.
        unfinished: Lines without a number, by the key of their subscriber's id.
        since: Numbers that were bought before are not expected to be known.
        unreadable: How many workflows could not be read.
    """

    lines: dict[str, KnownLine] = field(default_factory=dict)
    port_ins: dict[str, KnownPortIn] = field(default_factory=dict)
    busy_numbers: set[str] = field(default_factory=set)
    busy_subscribers: set[str] = field(default_factory=set)
    unfinished: dict[str, str] = field(default_factory=dict)
    since: date | None = None
    unreadable: int = 0

    def apply(self, result: LineChangeResult, workflow_id: str) -> None:
        """Take over a line change, in the order in which they were made.

        One that has failed without an effect may name a number that does not exist.
        """
        line = self.lines.get(result.phone_number)
        if line is None:
            if result.state is not StepState.DONE and not result.changed:
                return
            line = KnownLine(result.phone_number, workflow_id)
        self.lines.pop(result.phone_number, None)
        line.apply(result)
        self.lines[line.phone_number] = line
        if isinstance(result.change, ChangeGuardian):
            self._apply_guardian(result.change, line.subscriber_id)

    def _apply_guardian(self, change: ChangeGuardian, subscriber_id: str | None) -> None:
        for line in self.lines.values():
            if telegent.same_id(line.subscriber_id, subscriber_id):
                line.calls_on = line.calls_on if change.calls is None else change.calls
                line.messages_on = line.messages_on if change.messages is None else change.messages

    def is_busy(self, number: telegent.Number) -> bool:
        """Whether a workflow may be changing the number."""
        owner = number.assigned_subscriber_id
        return number.number in self.busy_numbers or (
            owner is not None and telegent.id_key(owner) in self.busy_subscribers
        )
