"""A port-in in memory to which one thing after the other happens, told by a test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness.payloads import port_in
from workflows.port_in import effects, facts
from workflows.port_in.reaction import react
from workflows.port_in.state import PortIn, new_port_in

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DETAILS = PortInDetails.model_validate(port_in())
CANCEL = PortInCancel(by="operator", reason="the subscriber stays")
CORRECTION = PortInCorrection(account_number="100200301", by="operator")
ORDER = OrderSnapshot(order_id="ORD-1", status="Pending")
INVALID = facts.DetailsValidated(("phone_number: no such number",), ("phone_number",))
MINUTE = timedelta(minutes=1)


@dataclass
class Story:
    """A port-in to which one thing after the other happens."""

    port: PortIn
    now: datetime = NOW
    last_effects: tuple[effects.Effect, ...] = ()

    def then(self, *events: facts.PortInFact) -> "Story":
        for event in events:
            decision = react(self.port, event, self.now)
            self.port, self.last_effects = decision.port, decision.effects
        return self

    def later(self, span: timedelta) -> "Story":
        self.now += span
        return self

    def task(self) -> effects.Task | None:
        return self.port.task

    def state(self) -> PortState:
        return self.port.state

    def events(self) -> list[str]:
        return [entry.event for entry in self.port.timeline]

    def sees(self, status: str, message: str = "") -> "Story":
        order = OrderSnapshot(order_id="ORD-1", status=status, message=message)
        return self.then(facts.OrderSeen(order))

    def passes(self) -> "Story":
        """Nothing happens until the next deadline."""
        deadline = self.port.next_deadline
        assert deadline
        self.now = max(self.now, deadline.at)
        return self.then(facts.DeadlinePassed(deadline))


def story(details: PortInDetails = DETAILS, **request: object) -> Story:
    wanted = PortInRequest.model_validate({"details": details, **request})
    return Story(new_port_in(wanted, NOW)).then(facts.Started())


def submitting(details: PortInDetails = DETAILS, policy: PortInPolicy | None = None) -> Story:
    return story(details).then(
        facts.Prepared(policy or PortInPolicy()),
        facts.EligibilityRead(True),
    )


def followed(details: PortInDetails = DETAILS, policy: PortInPolicy | None = None) -> Story:
    return submitting(details, policy).then(
        facts.SubmitAccepted(ORDER, NOW + timedelta(hours=3)),
    )


def rejected() -> Story:
    return followed().sees("ResolutionRequired", "8A-ACCOUNT_NUM_REQ_OR_INCORRECT")
