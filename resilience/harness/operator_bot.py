"""An operator bot: it corrects the port-in and resolves escalations.

It resolves them by what exists at the vendor, which it reads from the simulator's ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from resilience.harness.customer import CHILD, PARENT, PORTED, Customer
from resilience.oracle.ledger import LedgerReader
from simulator import LedgerRow
from telegent_orchestrator.client import (
    MessageRejectedError,
    OnboardingHandle,
    OnboardingProgress,
    Orchestrator,
)
from telegent_orchestrator.onboarding import ExistingSubscriber, NewPackage, NewProduct
from telegent_orchestrator.port_in import (
    NEEDS_OPERATOR_STATES,
    OperatorAction,
    OperatorDecision,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import Escalation, Resolution, ResolutionAction
from workflows.onboarding.line_workflow import SUBSCRIPTION_STEP
from workflows.onboarding.resources import (
    CALL_FILTER_STEP,
    GUARDIAN_STEP,
    MESSAGE_FILTER_STEP,
    MESSAGE_ROUTE_STEP,
    NUMBER_STEP,
    PACKAGES_STEP,
    PRODUCTS_STEP,
    VOICE_ROUTE_STEP,
    subscriber_step,
)
from workflows.onboarding.workflow import ACCOUNT_STEP

OPERATOR_NAME = "support desk"
CREATED_RESOURCES = {
    ACCOUNT_STEP: ("account.created", "account_id"),
    MESSAGE_ROUTE_STEP: ("message_route.created", "message_route_id"),
    VOICE_ROUTE_STEP: ("voice_route.created", "voice_route_id"),
    PRODUCTS_STEP: ("product.created", "product_id"),
    PACKAGES_STEP: ("package.created", "package_id"),
    GUARDIAN_STEP: ("guardian.related", "child_id"),
    NUMBER_STEP: ("number.provisioned", "number"),
    SUBSCRIPTION_STEP: ("subscription.created", "subscription_id"),
    CALL_FILTER_STEP: ("call_filter.created", "filter_id"),
    MESSAGE_FILTER_STEP: ("message_filter.created", "filter_id"),
}
"""By step: the ledger's kind of what the step creates, and the field with the id to adopt."""


@dataclass
class OperatorBot:
    """The operator of one customer.

    Attributes:
        actions_taken: A sentence for each action.
    """

    customer: Customer
    orchestrator: Orchestrator
    actions_taken: list[str] = field(default_factory=list)

    def only_needs_correction(self, progress: OnboardingProgress) -> bool:
        """Whether the planned correction of the rejected port-in is all that is needed."""
        escalated = progress.onboarding.escalations or any(
            s.escalations for s in progress.lines.values()
        )
        return not escalated and all(
            _is_rejected(port) for port in progress.ports.values() if _needs_operator(port)
        )

    async def respond(self, progress: OnboardingProgress, rows: Sequence[LedgerRow]) -> None:
        """Do whatever `progress` asks of an operator. Escalations that were closed meanwhile are
        skipped."""
        try:
            await self._respond_to_port_ins(progress, rows)
            handle = self.orchestrator.onboarding(self.customer.request.reference)
            for escalation in progress.onboarding.escalations:
                await self._resolve(handle, escalation, None, rows)
            for line, status in progress.lines.items():
                for escalation in status.escalations:
                    await self._resolve(handle, escalation, line, rows)
        except MessageRejectedError as error:
            self.actions_taken.append(f"rejected: {error}")

    async def _respond_to_port_ins(
        self, progress: OnboardingProgress, rows: Sequence[LedgerRow]
    ) -> None:
        handle = self.orchestrator.port_in(self.customer.number)
        for port in filter(_needs_operator, progress.ports.values()):
            if _is_rejected(port):
                await handle.signal_correction(self.customer.correction)
                self.actions_taken.append("corrected the port-in")
                continue
            orders = LedgerReader(rows).claim("portin.submitted", {"number": self.customer.number})
            if orders and port.order_id is None:
                order_id = str(orders[-1].data["order_id"])
                await handle.decide(
                    OperatorDecision(
                        action=OperatorAction.ATTACH_ORDER,
                        order_id=order_id,
                        by=OPERATOR_NAME,
                        reason="found at Telegent",
                    )
                )
                self.actions_taken.append(f"attached order {order_id}")
            else:
                await handle.decide(
                    OperatorDecision(
                        action=OperatorAction.RETRY_NOW,
                        by=OPERATOR_NAME,
                        reason="not found at Telegent",
                    )
                )
                self.actions_taken.append(f"retried the port-in in {port.state}")

    async def _resolve(
        self,
        handle: OnboardingHandle,
        escalation: Escalation,
        line: str | None,
        rows: Sequence[LedgerRow],
    ) -> None:
        found_id = self._find_at_vendor(escalation.step, line, rows)
        reason = "found at Telegent" if found_id else "not found at Telegent"
        resolution = Resolution(
            step=escalation.step,
            action=ResolutionAction.ADOPT if found_id else ResolutionAction.RETRY,
            id=found_id,
            by=OPERATOR_NAME,
            reason=reason,
        )
        await handle.resolve(resolution, line=line)
        self.actions_taken.append(
            f"{escalation.step}: {resolution.action} {found_id or ''}".rstrip()
        )

    def _find_at_vendor(self, step: str, line: str | None, rows: Sequence[LedgerRow]) -> str | None:
        """The id of what a step creates, if the ledger has it."""
        reference = self.customer.request.reference
        subscriber_ids = {
            subscriber.key: subscriber.subscriber_id
            for subscriber in self.customer.request.subscribers
            if isinstance(subscriber, ExistingSubscriber)
        } | {
            key: str(row.data["subscriber_id"])
            for key in (PARENT, CHILD)
            for row in rows
            if row.kind == "subscriber.created"
            and str(row.data["email"]).startswith(f"{key}.{reference}@")
        }
        for key, subscriber_id in subscriber_ids.items():
            if step == subscriber_step(key):
                return subscriber_id
        kind, id_field = CREATED_RESOURCES.get(step, ("", ""))
        if step in (NUMBER_STEP, SUBSCRIPTION_STEP) and (iccid := self._iccid(line)):
            sims = (row for row in rows if row.kind == kind and row.data["iccid"] == iccid)
            return next((str(row.data[id_field]) for row in sims), None)
        owner = subscriber_ids.get(PARENT if line == PORTED else CHILD)
        names = self._catalogue_names()
        for row in rows:
            values = [str(value) for value in row.data.values()]
            if row.kind == kind and (
                owner in values
                or not names.isdisjoint(values)
                or any(v.rstrip(")").endswith(reference) for v in values)
            ):
                return str(row.data[id_field])
        return None

    def _iccid(self, line: str | None) -> str | None:
        """The physical SIM of a line, if it has one."""
        lines = (each for each in self.customer.request.lines if each.key == line)
        return next((each.number.iccid for each in lines), None)

    def _catalogue_names(self) -> set[str]:
        """SKUs and names of packages, which are the request's own or shared with others."""
        request = self.customer.request
        skus = {item.sku for item in request.products if isinstance(item, NewProduct)}
        return skus | {item.name for item in request.packages if isinstance(item, NewPackage)}


def _needs_operator(port: PortInStatus) -> bool:
    return port.state in NEEDS_OPERATOR_STATES


def _is_rejected(port: PortInStatus) -> bool:
    """Whether the losing carrier has rejected the port-in and the bot has the missing data."""
    return port.state is PortState.ACTION_REQUIRED and "account_number" in port.fields_to_correct
