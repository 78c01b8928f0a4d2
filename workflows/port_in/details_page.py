"""What people read about a port-in in the Temporal UI, without knowing the code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from activities.port_in.poll_schedule import describe_schedule
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.port_in import PortInDetails, PortState, TimelineEntry
from workflows.port_in.deadlines import Deadline
from workflows.port_in.rejections import Rejection
from workflows.port_in.suggested_actions import SuggestedAction, suggest_actions
from workflows.support.markdown import (
    NBSP,
    TIME_HEADING,
    code,
    format_minutes,
    format_seconds,
    table,
)

MAX_LISTED_ENTRIES = 6
"""How many entries of the timeline are shown. The UI passes the page on inside an address, and
proxies take addresses of 8 KB; the query `status` has all entries."""
ACTION_MARKER = f"✋{NBSP}"


@dataclass(frozen=True)
class PortInDetailsPage:
    """A port-in as it is now. `auto_cancel_at`: when it is cancelled if nobody acts.

    `carrier_clock_started_at`: when the losing carrier was last given something to do.
    """

    state: PortState
    description: str
    state_entered_at: datetime
    details: PortInDetails
    order: OrderSnapshot | None
    carrier_clock_started_at: datetime
    rejection: Rejection | None
    rejections: int
    fields: Sequence[str]
    attention: str
    warnings: Sequence[str]
    deadline: Deadline | None
    auto_cancel_at: datetime | None
    timeline: Sequence[TimelineEntry]
    policy: PortInPolicy

    def lines(self) -> list[str]:
        """The page in Markdown: how it stands, what to send, who did what."""
        actions = suggest_actions(
            self.state, self.rejection, self.rejections, self.fields, self.policy
        )
        marker = ACTION_MARKER if actions else ""
        facts = [(name, text) for name, text in self._facts() if text]
        lines = table((f"{marker}{self.state.value}", self.description), facts)
        for action in actions:
            lines += [
                "",
                f"{ACTION_MARKER}**{action.label}**: {_message_names(action)}",
                "",
                *code(action.json),
            ]
        if actions:
            lines += ["", f"Send it from *More Actions* above, each {PLACEHOLDER} replaced."]
        return [*lines, "", *self._timeline_table(), ""]

    def _facts(self) -> list[tuple[str, str]]:
        rejection, order, deadline, end = (
            self.rejection,
            self.order,
            self.deadline,
            self.auto_cancel_at,
        )
        return [
            (TIME_HEADING, format_minutes(self.state_entered_at)),
            ("reason", self._reason()),
            ("remedy", rejection.remedy if rejection else ""),
            ("who acts", rejection.responsible_party if rejection else ""),
            ("act by", f"{format_minutes(end)}, or it is cancelled" if end else ""),
            ("attention", self.attention),
            *(("warning", warning) for warning in self.warnings),
            ("order", f"{order.order_id}, Telegent says: {order.status_text}" if order else ""),
            ("next look", self._next_poll()),
            ("next timer", f"{deadline.name}, {format_minutes(deadline.at)}" if deadline else ""),
        ]

    def _reason(self) -> str:
        if not self.rejection:
            return ""
        reason, limit = (
            self.rejection.reason,
            min(self.rejection.max_rejections, self.policy.max_rejections),
        )
        if self.rejection.not_correctable or not self.rejections:
            return reason
        return f"{reason}, rejection {self.rejections} of {limit}"

    def _next_poll(self) -> str:
        """Exact to the minute only in the pending activity: a look leaves no trace here."""
        if self.order is None or self.state.final or self.state is PortState.PORTED:
            return ""
        schedule = describe_schedule(
            self.policy.poll_schedule,
            self.carrier_clock_started_at,
            phone_number=self.details.phone_number,
            wireline=self.details.port_in_date is not None,
            needs_operator=self.state is PortState.ACTION_REQUIRED,
            urgent=self.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
        )
        return f"{schedule}. To the minute: tab Pending Activities, Last Failure"

    def _timeline_table(self) -> list[str]:
        latest = [
            (format_seconds(entry.at), entry.by, _event_text(entry))
            for entry in reversed(self.timeline[-MAX_LISTED_ENTRIES:])
        ]
        return table((f"when{NBSP}(UTC)", "who", "what"), latest)


def _message_names(action: SuggestedAction) -> str:
    update = f"update `{action.update}`"
    return f"signal `{action.signal}` or {update}" if action.signal else update


def _event_text(entry: TimelineEntry) -> str:
    return f"{entry.event}: {entry.vendor_message}" if entry.vendor_message else entry.event
