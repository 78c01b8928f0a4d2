"""Numbers: buying one, finding the one that a lost answer bought, and binding a ported one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Look, settled, waited
from activities.support.outcomes import Outcome
from activities.support.write_activity import creation, write
from telegent import NotFound, Telegent, activation_code
from telegent_orchestrator._models import Payload
from telegent_orchestrator.lines import ProductType
from telegent_orchestrator.names import ACCOUNT_ATTRIBUTE, LINE_WORKFLOW
from telegent_orchestrator.port_in import MessageType, NumberBinding


class FindNumber(Look):
    """Look for the number of a subscriber that is not accounted for.

    `iccid`: look on this SIM only. `sure`: such a number can only be the one that is looked for,
    if nobody else buys for the account. `lines`: how the ids of our own lines' workflows begin.
    `begun`: before then nothing was bought for us.
    """

    account_id: str
    subscriber_id: str
    accounted_for: list[str] = []
    sure: bool
    iccid: str | None = None
    lines: str
    begun: datetime


class BuyNumber(Payload):
    """A number to buy, assigned to its subscriber in the same call.

    The assignment is what makes a purchase whose answer was lost findable, together with
    `accounted_for`: what the subscriber had before, and the numbers of other lines. `sure`,
    `lines`, `begun`: see `FindNumber`.
    """

    account_id: str
    subscriber_id: str
    product_type: ProductType
    message_type: MessageType
    message_route_id: str | None = None
    voice_route_id: str | None = None
    area_code: str | None = None
    zip_code: str | None = None
    iccid: str | None = None
    accounted_for: list[str] = []
    sure: bool = True
    lines: str
    begun: datetime

    def look(self, *, until: datetime | None = None) -> FindNumber:
        """Look for this number."""
        return FindNumber(
            account_id=self.account_id,
            subscriber_id=self.subscriber_id,
            accounted_for=self.accounted_for,
            sure=self.sure,
            iccid=self.iccid,
            lines=self.lines,
            begun=self.begun,
            until=until,
        )


class NumberAtHand(Payload):
    """A number as far as it is known: an order that is not complete has no number yet.

    `subscriber_id`: whose it is. `given_up`: it is in our inventory, and out of service.
    """

    order_id: str | None = None
    phone_number: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    activation_code: str | None = None
    subscriber_id: str | None = None
    given_up: bool = False


COMPLETE = ("complete", "completed")
GIVEN_UP = ("inactive", "cancelled", "canceled", "deactivated")
"""The words of a number that was cancelled are not documented. A parked one may look the same: it
was not bought a moment ago either."""
FAILED = ("failed", "error", "rejected", "cancelled")
DATE_AND_ZONE = timedelta(days=2)
"""The vendor's dates of purchase name neither hour nor zone."""
SLOWEST_LOOK = timedelta(minutes=10)
"""How often, at the least, a number is asked for that does not appear."""


@dataclass(frozen=True)
class NumberActivities:
    """Calls about numbers. Without `temporal`, nobody else is expected to buy for an account."""

    api: Telegent
    settings: ActivitySettings
    temporal: Client | None = None

    @activity.defn
    async def find_number(self, wanted: FindNumber) -> NumberAtHand | None:
        """The subscriber's number that is not accounted for, if there is one.

        On a physical SIM it can only be the one that the SIM carries. A fault when there are
        several, when the one found may be another line's, or when the SIM is somebody else's.
        """
        if wanted.iccid:
            found = await self._numbers_on_sim(wanted.iccid, wanted.subscriber_id)
        else:
            found = [number async for number in self._inventory_of(wanted.subscriber_id)]
        found = [number for number in found if _may_be(number, wanted)]
        if found and not wanted.iccid:
            why = await self._why_not_ours(found, wanted)
            if why:
                numbers = ", ".join(number.number for number in found)
                raise _not_to_be_told(f"the subscriber already has {numbers}, and {why}")
        at_hand = _at_hand(found[0]) if found else None
        return settled(at_hand, wanted, self.settings.purchase_lag)

    async def _why_not_ours(self, found: list[telegent.Number], wanted: FindNumber) -> str | None:
        if len(found) > 1 or not wanted.sure:
            return "it cannot be told whether that is this line's number"
        others = await self._others_buying(wanted)
        return f"it may be that of {others[0]}" if others else None

    async def _others_buying(self, wanted: FindNumber) -> list[str]:
        """Ids of other onboardings' lines that may have bought for the account since we began."""
        if self.temporal is None:
            return []
        query = (
            f"WorkflowType = '{LINE_WORKFLOW}' AND {ACCOUNT_ATTRIBUTE} = '{wanted.account_id}' AND "
            f"(ExecutionStatus = 'Running' OR CloseTime > '{wanted.begun.isoformat()}')"
        )
        try:
            ids = [line.id async for line in self.temporal.list_workflows(query)]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return ["a line that is paused"]
        return [line for line in ids if not line.startswith(wanted.lines)]

    @creation(write_specs.BUY_NUMBER, find_number)
    async def buy_number(self, wanted: BuyNumber) -> NumberAtHand:
        """Buy one number. Never repeat this without having looked for the number first."""
        bought = await self.api.numbers.provision(
            telegent.NumberProvision(
                number_type="mvno",
                message_type=wanted.message_type,
                message_enabled=wanted.product_type.messages,
                voice_enabled=wanted.product_type.voice,
                data_enabled=wanted.product_type.data,
                product_type=wanted.product_type.value,
                message_route_id=wanted.message_route_id,
                voice_route_id=wanted.voice_route_id if wanted.product_type.voice else None,
                area_code=wanted.area_code,
                zip_code=wanted.zip_code,
                iccid=wanted.iccid,
                assigned_subscriber_id=wanted.subscriber_id,
                account_id=wanted.account_id,
            )
        )
        return NumberAtHand(
            order_id=bought.order_id,
            phone_number=bought.phone_number,
            number_id=bought.number_id,
            iccid=bought.iccid or wanted.iccid,
            activation_code=activation_code(bought.qr_code),
        )

    @write(write_specs.RELEASE_NUMBER)
    async def release_number(self, phone_number: str) -> None:
        """Give a bought number up, for good; one that is given up already stays so.

        Looks first, because a second cancel is refused, and makes another order. A number that is
        not shown may have been bought a moment ago, so that counts when it lasts.
        """
        number = await self._shown(phone_number)
        if number is None:
            settled(None, Look(until=activity.info().scheduled_time), self.settings.purchase_lag)
            return
        if _given_up(number):
            return
        await self.api.numbers.change_status(
            telegent.StatusChange(
                status_change="cancel",
                effective_date=activity.info().started_time.date(),
                phone_numbers=[telegent.StatusChangeNumber(number=phone_number)],
            )
        )

    @activity.defn
    async def await_number_order(self, order_id: str) -> str:
        """The phone number of an order, once it is complete.

        Raises a benign `Pending` until then, so that Temporal asks again, and `Refused` with the
        vendor's words when the order has failed. An unknown status word means: not yet.
        """
        order = await self.api.numbers.order(order_id)
        status = (order.order_status or "").casefold()
        if status in FAILED:
            raise ApplicationError(
                f"number order {order_id} is '{order.order_status}'. "
                f"Telegent says: {order.order_status_message or 'nothing'}",
                type=Outcome.REFUSED,
                non_retryable=True,
            )
        if status not in COMPLETE or not order.numbers:
            raise ApplicationError(
                f"number order {order_id} is '{order.order_status}'",
                type=Outcome.PENDING,
                next_retry_delay=self.settings.order_poll,
                category=ApplicationErrorCategory.BENIGN,
            )
        return order.numbers[0]

    @activity.defn
    async def read_number(self, phone_number: str) -> NumberAtHand | None:
        """What the vendor has on a number; None when it is not in our inventory."""
        number = await self._shown(phone_number)
        return _at_hand(number) if number else None

    @activity.defn
    async def await_number(self, phone_number: str) -> NumberAtHand:
        """What the vendor has on a number, once it is in our inventory.

        Raises a benign `Pending` until then, at longer and longer intervals: the vendor does not
        document how long after a completed order a number appears.
        """
        number = await self.read_number(phone_number)
        if number is None:
            raise ApplicationError(
                "the number is not in the inventory yet",
                type=Outcome.PENDING,
                next_retry_delay=max(self.settings.order_poll, min(waited() / 4, SLOWEST_LOOK)),
                category=ApplicationErrorCategory.BENIGN,
            )
        return number

    @activity.defn
    async def read_named_number(self, wanted: FindNumber, phone_number: str) -> NumberAtHand:
        """The number that a person names as the one wanted; a fault when it cannot be."""
        number = await self._shown(phone_number)
        if number is None:
            raise _not_to_be_told(f"{phone_number} is not in our inventory")
        if number.assigned_subscriber_id != wanted.subscriber_id:
            whose = number.assigned_subscriber_id or "nobody"
            raise _not_to_be_told(f"{phone_number} belongs to {whose}, not to this subscriber")
        if phone_number in wanted.accounted_for:
            raise _not_to_be_told(f"{phone_number} is another line's, or was there before")
        return _at_hand(number)

    @activity.defn
    async def numbers_of(self, subscriber_id: str) -> list[str]:
        """The subscriber's phone numbers in inventory."""
        return [number.number async for number in self._inventory_of(subscriber_id)]

    @activity.defn
    async def read_binding_differences(
        self, number: str, binding: NumberBinding, iccid: str | None
    ) -> list[str]:
        """In what the number, as the vendor shows it, differs from what it was bound to."""
        shown = await self.api.numbers.details(phone_number=number)
        product_type = ProductType(binding.product_type)
        wanted = {
            "subscriber": (binding.subscriber_id, shown.assigned_subscriber_id),
            "message route": (binding.message_route_id, shown.message_route_id),
            "voice route": (
                binding.voice_route_id if product_type.voice else None,
                shown.voice_route_id,
            ),
            # Details of numbers show no product type in the vendor's sample, and ICCIDs may
            # carry a filler F.
            "product type": (
                product_type.value if shown.product_type else None,
                shown.product_type,
            ),
            "ICCID": (iccid, (shown.iccid or "").removesuffix("F") or None),
        }
        return [
            f"{what} is {there or 'none'}, not {wish}"
            for what, (wish, there) in wanted.items()
            if wish is not None and (there or "").casefold() != wish.casefold()
        ]

    async def _shown(self, phone_number: str) -> telegent.Number | None:
        try:
            return await self.api.numbers.details(phone_number=phone_number)
        except NotFound:
            return None

    async def _numbers_on_sim(self, iccid: str, subscriber_id: str) -> list[telegent.Number]:
        try:
            number = await self.api.numbers.details(iccid=iccid)
        except NotFound:
            return []
        if number.assigned_subscriber_id != subscriber_id and not _given_up(number):
            raise _not_to_be_told(
                f"SIM {iccid} already carries {number.number}, which belongs to "
                f"subscriber {number.assigned_subscriber_id or '(none)'}: use another SIM"
            )
        return [number]

    async def _inventory_of(self, subscriber_id: str) -> AsyncIterator[telegent.Number]:
        """Pages through the whole inventory: the vendor has no search by subscriber."""
        async for number in self.api.numbers.inventory():
            if number.assigned_subscriber_id == subscriber_id:
                yield number

    @write(write_specs.BIND_NUMBER)
    async def bind_number(self, number: str, binding: NumberBinding, iccid: str | None) -> None:
        """Bind a number to subscriber, routes, product type and SIM: an absolute set."""
        product_type = ProductType(binding.product_type)
        await self.api.numbers.update(
            telegent.NumberUpdate(
                number=number,
                message_enabled=product_type.messages,
                voice_enabled=product_type.voice,
                message_type=binding.message_type,
                message_route_id=binding.message_route_id,
                voice_route_id=binding.voice_route_id if product_type.voice else None,
                assigned_subscriber_id=binding.subscriber_id,
                iccid=iccid,
                product_type=product_type.value,
            )
        )


def _given_up(number: telegent.Number) -> bool:
    return (number.status or "").casefold() in GIVEN_UP


def _may_be(number: telegent.Number, wanted: FindNumber) -> bool:
    if number.number in wanted.accounted_for or _given_up(number):
        return False
    bought = _bought_at(number)
    return bought is None or bought > wanted.begun - DATE_AND_ZONE


def _bought_at(number: telegent.Number) -> datetime | None:
    """The day, which is all that the vendor tells; None when it cannot be read."""
    try:
        day = datetime.strptime(number.original_date_purchased or "", "%m/%d/%Y")
    except ValueError:
        return None
    return day.replace(tzinfo=UTC)


def _not_to_be_told(why: str) -> ApplicationError:
    return ApplicationError(why, type=Outcome.REFUSED, non_retryable=True)


def _at_hand(number: telegent.Number) -> NumberAtHand:
    return NumberAtHand(
        order_id=number.order_id,
        phone_number=number.number,
        number_id=number.number_id,
        iccid=number.iccid,
        activation_code=activation_code(number.qr_code),
        subscriber_id=number.assigned_subscriber_id,
        given_up=_given_up(number),
    )
