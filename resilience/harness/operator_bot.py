"""The people beside an onboarding: they correct the port-in, and answer what they are asked.

They tell the truth: what exists at the vendor, they read from the simulator's ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from resilience.harness.customer import CHILD, PARENT, PORTED, Family
from resilience.oracle.ledger import Books
from resilience.oracle.reported_state import ASKS
from simulator import LedgerRow
from telegent_orchestrator.client import NotTakenError, OnboardingHandle, Orchestrator, Progress
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorResolve,
    PortInStatus,
    PortState,
    Resolve,
)
from telegent_orchestrator.progress import Answer, Question, Resolution
from workflows.onboarding.catalogue import PACKAGES, PRODUCTS
from workflows.onboarding.guardian_filters import CALLS, MESSAGES
from workflows.onboarding.line_workflow import SUBSCRIPTION
from workflows.onboarding.number_purchase import NUMBER
from workflows.onboarding.routes import MESSAGE_ROUTE, VOICE_ROUTE
from workflows.onboarding.subscribers import GUARDIAN, subscriber_step
from workflows.onboarding.workflow import ACCOUNT_STEP

BY = "support desk"
THINGS = {
    ACCOUNT_STEP: ("account.created", "account_id"),
    MESSAGE_ROUTE: ("message_route.created", "message_route_id"),
    VOICE_ROUTE: ("voice_route.created", "voice_route_id"),
    PRODUCTS: ("product.created", "product_id"),
    PACKAGES: ("package.created", "package_id"),
    GUARDIAN: ("guardian.related", "child_id"),
    NUMBER: ("number.provisioned", "number"),
    SUBSCRIPTION: ("subscription.created", "subscription_id"),
    CALLS: ("call_filter.created", "filter_id"),
    MESSAGES: ("message_filter.created", "filter_id"),
}
"""By step, what it makes, and the id by which a person would have it adopted."""


@dataclass
class Desk:
    """Who answers for one family. `answered`: what it has done, in words."""

    family: Family
    orchestrator: Orchestrator
    answered: list[str] = field(default_factory=list)

    def corrects(self, progress: Progress) -> bool:
        """Whether the only thing to do is to correct the rejected port-in, as planned."""
        asked = progress.onboarding.questions or any(s.questions for s in progress.lines.values())
        return not asked and all(_rejected(port) for port in progress.ports.values() if _asks(port))

    async def act(self, progress: Progress, rows: Sequence[LedgerRow]) -> None:
        """Does what `progress` asks of people. What is not asked any more is left."""
        try:
            await self._answer_ports(progress, rows)
            handle = self.orchestrator.onboarding(self.family.request.reference)
            for question in progress.onboarding.questions:
                await self._answer(handle, question, None, rows)
            for line, status in progress.lines.items():
                for question in status.questions:
                    await self._answer(handle, question, line, rows)
        except NotTakenError as error:
            self.answered.append(f"not taken: {error}")

    async def _answer_ports(self, progress: Progress, rows: Sequence[LedgerRow]) -> None:
        handle = self.orchestrator.port_in(self.family.number)
        for port in filter(_asks, progress.ports.values()):
            if _rejected(port):
                await handle.signal_correction(self.family.correction)
                self.answered.append("corrected the port-in")
                continue
            orders = Books(rows).take("portin.submitted", {"number": self.family.number})
            if orders and port.state is PortState.SUBMIT_UNKNOWN:
                order_id = str(orders[-1].data["order_id"])
                await handle.attach_order(
                    AttachOrder(order_id=order_id, by=BY, reason="found at the vendor")
                )
                self.answered.append(f"attached order {order_id}")
            else:
                await handle.decide(
                    OperatorResolve(action=Resolve.RETRY_NOW, by=BY, reason="not at the vendor")
                )
                self.answered.append(f"told the port-in in {port.state} to go on")

    async def _answer(
        self,
        handle: OnboardingHandle,
        question: Question,
        line: str | None,
        rows: Sequence[LedgerRow],
    ) -> None:
        there = self._at_vendor(question.step, line, rows)
        reason = "found at the vendor" if there else "not at the vendor"
        answer = Resolution(
            step=question.step,
            answer=Answer.ADOPT if there else Answer.RETRY,
            id=there,
            by=BY,
            reason=reason,
        )
        await handle.resolve(answer, line=line)
        self.answered.append(f"{question.step}: {answer.answer} {there or ''}".rstrip())

    def _at_vendor(self, step: str, line: str | None, rows: Sequence[LedgerRow]) -> str | None:
        """The id of what a step is about, if the ledger has it."""
        reference = self.family.request.reference
        people = {
            key: str(row.data["subscriber_id"])
            for key in (PARENT, CHILD)
            for row in rows
            if row.kind == "subscriber.created"
            and str(row.data["email"]).startswith(f"{key}.{reference}@")
        }
        for key, subscriber_id in people.items():
            if step == subscriber_step(key):
                return subscriber_id
        owner = people.get(PARENT if line == PORTED else CHILD)
        kind, id_field = THINGS.get(step, ("", ""))
        for row in rows:
            values = [str(value) for value in row.data.values()]
            if row.kind == kind and (
                owner in values or any(v.rstrip(")").endswith(reference) for v in values)
            ):
                return str(row.data[id_field])
        return None


def _asks(port: PortInStatus) -> bool:
    return port.state in ASKS


def _rejected(port: PortInStatus) -> bool:
    """Whether the losing carrier has rejected, and waits for what the desk has."""
    return port.state is PortState.ACTION_REQUIRED and "account_number" in port.fields_to_correct
