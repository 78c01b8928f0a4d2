"""What people read about a port-in in the Temporal UI, without knowing the code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.port_in.orders import OrderSeen
from activities.port_in.policy import PortRules
from activities.port_in.poll_schedule import looks_in_words
from telegent_orchestrator._models import OPEN
from telegent_orchestrator.port_in import PortInDetails, PortState, TimelineEntry
from workflows.port_in.deadlines import Deadline
from workflows.port_in.rejections import Rejection
from workflows.port_in.suggested_actions import Ask, asks
from workflows.support.markdown import SINCE, TOGETHER, code, day_and_minute, second, table

LATEST = 6
"""How many entries of the timeline are shown. The UI passes the page on inside an address, and
proxies take addresses of 8 KB; the query `status` has all entries."""
HANDS_ON = f"✋{TOGETHER}"


@dataclass(frozen=True)
class PortPage:
    """A port-in as it is now. `act_by`: when it is cancelled if nobody acts. `given_at`: when the
    losing carrier was last given something to do."""

    state: PortState
    sentence: str
    since: datetime
    details: PortInDetails
    order: OrderSeen | None
    given_at: datetime
    rejection: Rejection | None
    rejections: int
    fields: Sequence[str]
    attention: str
    warnings: Sequence[str]
    deadline: Deadline | None
    act_by: datetime | None
    timeline: Sequence[TimelineEntry]
    rules: PortRules

    def lines(self) -> list[str]:
        """The page in Markdown: how it stands, what to send, who did what."""
        ways_on = asks(self.state, self.rejection, self.rejections, self.fields, self.rules)
        hand = HANDS_ON if ways_on else ""
        facts = [(name, words) for name, words in self._facts() if words]
        lines = table((f"{hand}{self.state.value}", self.sentence), facts)
        for ask in ways_on:
            lines += ["", f"{HANDS_ON}**{ask.when}**: {_how(ask)}", "", *code(ask.json)]
        if ways_on:
            lines += ["", f"Send it from *More Actions* above, each {OPEN} replaced."]
        return [*lines, "", *self._who_did_what(), ""]

    def _facts(self) -> list[tuple[str, str]]:
        rejection, order, deadline, end = self.rejection, self.order, self.deadline, self.act_by
        return [
            (SINCE, day_and_minute(self.since)),
            ("reason", self._reason()),
            ("remedy", rejection.remedy if rejection else ""),
            ("who acts", rejection.who if rejection else ""),
            ("act by", f"{day_and_minute(end)}, or it is cancelled" if end else ""),
            ("attention", self.attention),
            *(("warning", warning) for warning in self.warnings),
            ("order", f"{order.order_id}, Telegent says: {order.words}" if order else ""),
            ("next look", self._looks()),
            ("next timer", f"{deadline.name}, {day_and_minute(deadline.at)}" if deadline else ""),
        ]

    def _reason(self) -> str:
        if not self.rejection:
            return ""
        reason, most = self.rejection.reason, min(self.rejection.tries, self.rules.rejections)
        if self.rejection.hard or not self.rejections:
            return reason
        return f"{reason}, rejection {self.rejections} of {most}"

    def _looks(self) -> str:
        """Exact to the minute only in the pending activity: a look leaves no trace here."""
        if self.order is None or self.state.final or self.state is PortState.PORTED:
            return ""
        words = looks_in_words(
            self.rules.pace,
            self.given_at,
            phone_number=self.details.phone_number,
            wireline=self.details.port_in_date is not None,
            needs_person=self.state is PortState.ACTION_REQUIRED,
            urgent=self.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
        )
        return f"{words}. To the minute: tab Pending Activities, Last Failure"

    def _who_did_what(self) -> list[str]:
        latest = [
            (second(entry.at), entry.by, _said(entry))
            for entry in reversed(self.timeline[-LATEST:])
        ]
        return table((f"when{TOGETHER}(UTC)", "who", "what"), latest)


def _how(ask: Ask) -> str:
    update = f"update `{ask.update}`"
    return f"signal `{ask.signal}` or {update}" if ask.signal else update


def _said(entry: TimelineEntry) -> str:
    return f"{entry.what}: {entry.vendor_words}" if entry.vendor_words else entry.what
