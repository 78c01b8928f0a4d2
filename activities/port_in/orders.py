"""Port-ins: eligibility, submit, update, cancel, and waiting for the order to change."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

import telegent
from activities.port_in.poll_schedule import Situation, next_look
from activities.port_in.poll_throttle import PollShare
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.outcomes import Outcome
from activities.support.write_activity import decided_ago, nothing_sent_yet, write
from telegent import Telegent
from telegent_orchestrator._models import Payload, Quoted
from telegent_orchestrator.port_in import PortInDetails

LATEST_AGAIN = timedelta(hours=1)
"""Of corrections or cancels that are never answered, the longest time from one to the next: days of
them are a few hundred events of history, and few of the requests a minute."""
MOST_DOUBLINGS = 12


class Eligibility(Payload):
    """Whether a number can be ported in, and the vendor's reason."""

    eligible: bool
    carrier: Quoted = ""
    vendor_words: Quoted = ""


class OrderSeen(Payload):
    """An order's status as the vendor words it."""

    order_id: str
    status: Quoted
    message: Quoted = ""

    @property
    def words(self) -> str:
        """Status and message in one line, as the vendor wrote them."""
        return f"{self.status}: {self.message}" if self.message else self.status


class AwaitChange(Payload):
    """Wait until an order's status differs from what was seen last.

    After an update the same words may be a new answer, or a read that lags behind the update:
    they count again when `read_lag` has passed since `updated_at`; when several updates in a row
    had no answer (`unanswered`), after twice as long for each more, up to `LATEST_AGAIN`.

    The rest sets the pace. `submitted_at`: when the carrier was last given something to do: the
    submit, a correction or a cancel. `needs_person`: the carrier has rejected. `urgent`: a
    correction or a cancel is on its way.
    """

    seen: OrderSeen
    submitted_at: datetime
    updated_at: datetime | None = None
    unanswered: int = 0
    phone_number: str | None = None
    wireline: bool = False
    needs_person: bool = False
    urgent: bool = False


class UpdatePort(Payload):
    """The full last-known set of details for an order: what is left out might be cleared.

    `seen`: the order as it was when this was decided on.
    """

    seen: OrderSeen
    details: PortInDetails


@dataclass(frozen=True)
class PortActivities:
    """Calls about port-ins. Without `polls`, looks at open ones are not stretched."""

    api: Telegent
    settings: ActivitySettings
    polls: PollShare | None = None

    @activity.defn
    async def check_port_eligibility(self, phone_number: str, classification: str) -> Eligibility:
        """Ask whether a number can be ported in."""
        answer = await self.api.ports.eligibility(
            telegent.PortEligibilityQuery(
                phone_number=phone_number, target_classification=classification
            )
        )
        return Eligibility(
            eligible=answer.eligible,
            carrier=answer.current_carrier or "",
            vendor_words=answer.message or "",
        )

    @write(write_specs.SUBMIT_PORT)
    async def submit_port(self, details: PortInDetails) -> OrderSeen:
        """Submit a port-in. A lost answer cannot be looked up: the order id was in it.

        After a gap it asks again first whether the number can be ported.
        """
        if decided_ago() > self.settings.gap:
            with nothing_sent_yet():
                now = await self.check_port_eligibility(
                    details.phone_number, details.classification
                )
            if not now.eligible:
                raise _overtaken(f"the number cannot be ported any more: {now.vendor_words}")
        order = await self.api.ports.submit(
            telegent.PortIn(
                port_in_number=details.phone_number,
                # Nothing is submitted with a part missing; the client would refuse it, too.
                current_carrier_name=details.losing_carrier or "",
                current_account_number=details.account_number or "",
                current_account_password=details.account_pin or "",
                current_billing_address=_address(details),
                iccid=details.iccid,
                target_portin_classification=details.classification,
                subscriber_name=details.subscriber_name,
                port_in_date=details.port_in_date,
            )
        )
        return OrderSeen(order_id=order.order_id, status=order.status or "")

    @write(write_specs.UPDATE_PORT)
    async def update_port(self, wanted: UpdatePort) -> None:
        """Send corrected details; the vendor submits them to the losing carrier again."""
        if decided_ago() > self.settings.gap:
            with nothing_sent_yet():
                now = await self.read_port_order(wanted.seen.order_id)
            if now != wanted.seen:
                raise _overtaken(
                    f"the order was '{wanted.seen.status}', and is '{now.status}' anew"
                )
        details = wanted.details
        await self.api.ports.update(
            telegent.PortInUpdate(
                order_id=wanted.seen.order_id,
                current_carrier_name=details.losing_carrier,
                current_account_number=details.account_number,
                current_account_password=details.account_pin,
                current_billing_address=_address(details),
                iccid=details.iccid,
                target_portin_classification=details.classification,
                subscriber_name=details.subscriber_name,
                port_in_date=details.port_in_date,
            )
        )

    @write(write_specs.CANCEL_PORT)
    async def cancel_port(self, order_id: str) -> None:
        """Ask for cancellation; what comes of it is read from the order.

        Right whatever has happened meanwhile: what cannot be cancelled any more is refused.
        """
        await self.api.ports.cancel(order_id)

    @activity.defn
    async def read_port_order(self, order_id: str) -> OrderSeen:
        """The order's status now."""
        order = await self.api.numbers.order(order_id)
        return OrderSeen(
            order_id=order_id,
            status=order.order_status or "",
            message=order.order_status_message or "",
        )

    @activity.defn
    async def check_order_of(self, order_id: str, phone_number: str) -> None:
        """Fails when there is no such order, or when it is another number's."""
        order = await self.api.numbers.order(order_id)
        if order.numbers and phone_number not in order.numbers:
            raise ApplicationError(
                f"it is an order of {', '.join(order.numbers)}",
                type=Outcome.REFUSED,
                non_retryable=True,
            )

    @activity.defn
    async def await_port_change(self, wanted: AwaitChange) -> OrderSeen:
        """The order's status once it differs from what was seen last.

        Raises a benign `Pending` until then, so that Temporal asks again at the pace that the
        port-in calls for: thirty days of asking are one event in the workflow's history.
        """
        now = await self.read_port_order(wanted.seen.order_id)
        if now != wanted.seen:
            return now
        info = activity.info()
        clock = info.current_attempt_scheduled_time
        situation = Situation(
            now=clock,
            age=clock - wanted.submitted_at,
            phone_number=wanted.phone_number,
            wireline=wanted.wireline,
            needs_person=wanted.needs_person,
            urgent=wanted.urgent,
            stretch=await self.polls.stretch() if self.polls else 1,
            seed=f"{now.order_id}/{info.attempt}",
        )
        wait = next_look(self.settings.port_pace, situation)
        if wanted.updated_at:
            counts_again = wanted.updated_at + _again_after(
                self.settings.read_lag, wanted.unanswered
            )
            if clock >= counts_again:
                return now
            wait = min(wait, counts_again - clock)
        raise ApplicationError(
            # Without the message, in which a carrier may quote account number and PIN.
            f"port order {now.order_id} is still '{now.status}'; next look "
            f"{clock + wait:%Y-%m-%d %H:%M} UTC",
            type=Outcome.PENDING,
            next_retry_delay=wait,
            category=ApplicationErrorCategory.BENIGN,
        )


def _again_after(read_lag: timedelta, unanswered: int) -> timedelta:
    """How long after an update the same words count again."""
    times = 1 << min(max(unanswered - 1, 0), MOST_DOUBLINGS)
    return max(read_lag, min(read_lag * times, LATEST_AGAIN))


def _overtaken(how: str) -> ApplicationError:
    return ApplicationError(f"not sent: {how}", type=Outcome.OVERTAKEN, non_retryable=True)


def _address(details: PortInDetails) -> telegent.PortBillingAddress:
    address = details.billing_address
    return telegent.PortBillingAddress(**(address.model_dump() if address else {}))
