"""Numbers: buying one, finding the one that a lost answer bought, and binding a ported one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, elapsed, found_or_pending
from activities.support.outcomes import pending, rejected
from activities.support.write_activity import create_activity, write_activity
from telegent import NotFoundError, Telegent, parse_activation_code
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.lines import ProductType
from telegent_orchestrator.names import ACCOUNT_ATTRIBUTE, LINE_WORKFLOW
from telegent_orchestrator.port_in import MessageType, NumberBinding


class FindNumber(Lookup):
    """The number of a subscriber that belongs to no other line.

    `recorded_number`: what an earlier run of the line ended with. `iccid`: search on this SIM only.
    `unambiguous`: such a number can only be the line's, if no other onboarding buys for the
    account. `own_line_id_prefix`: how the workflow ids of this onboarding's lines begin.
    `bought_after`: nothing was bought for the line before.
    """

    account_id: str
    subscriber_id: str
    recorded_number: str | None = None
    known_numbers: list[str] = []
    unambiguous: bool
    iccid: str | None = None
    own_line_id_prefix: str
    bought_after: datetime


class BuyNumber(WireModel):
    """A number to buy, assigned to its subscriber in the same call.

    The assignment is what makes a purchase whose answer was lost findable, together with
    `known_numbers`: what the subscriber had before, and the numbers of other lines. `sure`,
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
    recorded_number: str | None = None
    known_numbers: list[str] = []
    unambiguous: bool = True
    own_line_id_prefix: str
    bought_after: datetime

    def lookup(self, *, created_before: datetime | None = None) -> FindNumber:
        """Look for this number."""
        return FindNumber(
            account_id=self.account_id,
            subscriber_id=self.subscriber_id,
            recorded_number=self.recorded_number,
            known_numbers=self.known_numbers,
            unambiguous=self.unambiguous,
            iccid=self.iccid,
            own_line_id_prefix=self.own_line_id_prefix,
            bought_after=self.bought_after,
            created_before=created_before,
        )


class NumberRecord(WireModel):
    """A number as far as it is known: an order that is not complete has no number yet.

    `subscriber_id`: whose it is. `released`: it is in our inventory, and out of service.
    """

    order_id: str | None = None
    phone_number: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    activation_code: str | None = None
    subscriber_id: str | None = None
    released: bool = False


COMPLETED_STATUSES = ("complete", "completed")
RELEASED_STATUSES = ("inactive", "cancelled", "canceled", "deactivated")
"""The words of a number that was cancelled are not documented. A parked one may look the same: it
was not bought a moment ago either."""
FAILED_STATUSES = ("failed", "error", "rejected", "cancelled")
PURCHASE_DATE_TOLERANCE = timedelta(days=2)
"""The vendor's dates of purchase name neither hour nor zone."""
MAX_POLL_INTERVAL = timedelta(minutes=10)
"""How often, at the least, a number is asked for that does not appear."""


@dataclass(frozen=True)
class NumberActivities:
    """Calls about numbers. Without `temporal`, nobody else is expected to buy for an account."""

    api: Telegent
    settings: ActivitySettings
    temporal: Client | None = None

    @activity.defn
    async def find_number(self, lookup: FindNumber) -> NumberRecord | None:
        """The subscriber's number that is not accounted for, if there is one.

        On a physical SIM it can only be the one that the SIM carries. A fault when there are
        several, when the one found may be another line's, or when the SIM is somebody else's.
        """
        if recorded := await self._recorded(lookup):
            return _to_record(recorded)
        if lookup.iccid:
            found = await self._numbers_on_sim(lookup.iccid, lookup.subscriber_id)
        else:
            found = [number async for number in self._subscriber_inventory(lookup.subscriber_id)]
        found = [number for number in found if _is_candidate(number, lookup)]
        if found and not lookup.iccid:
            ambiguity = await self._ambiguity(found, lookup)
            if ambiguity:
                numbers = ", ".join(number.number for number in found)
                raise rejected(f"the subscriber already has {numbers}, and {ambiguity}")
        record = _to_record(found[0]) if found else None
        return found_or_pending(record, lookup, self.settings.purchase_lag)

    async def _recorded(self, lookup: FindNumber) -> telegent.Number | None:
        """Returns the number that an earlier run ended with, if it is the subscriber's still."""
        number = await self._details(lookup.recorded_number) if lookup.recorded_number else None
        if number is None or number.assigned_subscriber_id != lookup.subscriber_id:
            return None
        return None if _to_record(number).released else number

    async def _ambiguity(self, found: list[telegent.Number], lookup: FindNumber) -> str | None:
        if len(found) > 1 or not lookup.unambiguous:
            return "it cannot be told whether that is this line's number"
        competing = await self._competing_lines(lookup)
        return f"it may be that of {competing[0]}" if competing else None

    async def _competing_lines(self, lookup: FindNumber) -> list[str]:
        """Ids of other onboardings' lines that may have bought for the account since we began."""
        if self.temporal is None:
            return []
        query = (
            f"WorkflowType = '{LINE_WORKFLOW}' AND {ACCOUNT_ATTRIBUTE} = '{lookup.account_id}' AND "
            f"(ExecutionStatus = 'Running' OR CloseTime > '{lookup.bought_after.isoformat()}')"
        )
        try:
            ids = [line.id async for line in self.temporal.list_workflows(query)]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return ["a line that is paused"]
        return [line for line in ids if not line.startswith(lookup.own_line_id_prefix)]

    @create_activity(write_specs.BUY_NUMBER, find_number)
    async def buy_number(self, request: BuyNumber) -> NumberRecord:
        """Buy one number. Never repeat this without having looked for the number first."""
        bought = await self.api.numbers.provision(
            telegent.NumberProvision(
                number_type="mvno",
                message_type=request.message_type,
                message_enabled=request.product_type.messages,
                voice_enabled=request.product_type.voice,
                data_enabled=request.product_type.data,
                product_type=request.product_type.value,
                message_route_id=request.message_route_id,
                voice_route_id=request.voice_route_id if request.product_type.voice else None,
                area_code=request.area_code,
                zip_code=request.zip_code,
                iccid=request.iccid,
                assigned_subscriber_id=request.subscriber_id,
                account_id=request.account_id,
            )
        )
        return NumberRecord(
            order_id=bought.order_id,
            phone_number=bought.phone_number,
            number_id=bought.number_id,
            iccid=bought.iccid or request.iccid,
            activation_code=parse_activation_code(bought.qr_code),
        )

    @write_activity(write_specs.RELEASE_NUMBER)
    async def release_number(self, phone_number: str) -> None:
        """Give a bought number up, for good; one that is given up already stays so.

        Looks first, because a second cancel is refused, and makes another order. A number that is
        not shown may have been bought a moment ago, so that counts when it lasts.
        """
        number = await self._details(phone_number)
        if number is None:
            found_or_pending(
                None,
                Lookup(created_before=activity.info().scheduled_time),
                self.settings.purchase_lag,
            )
            return
        if _is_released(number):
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

        Raises a benign `Pending` until then, so that Temporal asks again, and `Rejected` with the
        vendor's words when the order has failed. An unknown status word means: not yet.
        """
        order = await self.api.numbers.order(order_id)
        status = (order.order_status or "").casefold()
        if status in FAILED_STATUSES:
            raise rejected(
                f"number order {order_id} is '{order.order_status}'. "
                f"Telegent says: {order.order_status_message or 'nothing'}"
            )
        if status not in COMPLETED_STATUSES or not order.numbers:
            raise pending(
                f"number order {order_id} is '{order.order_status}'", self.settings.order_poll
            )
        return order.numbers[0]

    @activity.defn
    async def read_number(self, phone_number: str) -> NumberRecord | None:
        """What the vendor has on a number; None when it is not in our inventory."""
        number = await self._details(phone_number)
        return _to_record(number) if number else None

    @activity.defn
    async def await_number(self, phone_number: str) -> NumberRecord:
        """What the vendor has on a number, once it is in our inventory.

        Raises a benign `Pending` until then, at longer and longer intervals: the vendor does not
        document how long after a completed order a number appears.
        """
        number = await self.read_number(phone_number)
        if number is None:
            raise pending(
                "the number is not in the inventory yet",
                max(self.settings.order_poll, min(elapsed() / 4, MAX_POLL_INTERVAL)),
            )
        return number

    @activity.defn
    async def verify_named_number(self, lookup: FindNumber, phone_number: str) -> NumberRecord:
        """The number that a person names as the one wanted; a fault when it cannot be."""
        number = await self._details(phone_number)
        if number is None:
            raise rejected(f"{phone_number} is not in our inventory")
        if number.assigned_subscriber_id != lookup.subscriber_id:
            owner = number.assigned_subscriber_id or "nobody"
            raise rejected(f"{phone_number} belongs to {owner}, not to this subscriber")
        if phone_number in lookup.known_numbers:
            raise rejected(f"{phone_number} is another line's, or was there before")
        return _to_record(number)

    @activity.defn
    async def list_subscriber_numbers(self, subscriber_id: str) -> list[str]:
        """The subscriber's phone numbers in inventory."""
        return [number.number async for number in self._subscriber_inventory(subscriber_id)]

    @activity.defn
    async def read_binding_differences(
        self, number: str, binding: NumberBinding, iccid: str | None
    ) -> list[str]:
        """In what the number, as the vendor shows it, differs from what it was bound to."""
        shown = await self.api.numbers.details(phone_number=number)
        product_type = ProductType(binding.product_type)
        compared = {
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
            f"{what} is {actual or 'none'}, not {expected}"
            for what, (expected, actual) in compared.items()
            if expected is not None and (actual or "").casefold() != expected.casefold()
        ]

    async def _details(self, phone_number: str) -> telegent.Number | None:
        try:
            return await self.api.numbers.details(phone_number=phone_number)
        except NotFoundError:
            return None

    async def _numbers_on_sim(self, iccid: str, subscriber_id: str) -> list[telegent.Number]:
        try:
            number = await self.api.numbers.details(iccid=iccid)
        except NotFoundError:
            return []
        if number.assigned_subscriber_id != subscriber_id and not _is_released(number):
            raise rejected(
                f"SIM {iccid} already carries {number.number}, which belongs to "
                f"subscriber {number.assigned_subscriber_id or '(none)'}: use another SIM"
            )
        return [number]

    async def _subscriber_inventory(self, subscriber_id: str) -> AsyncIterator[telegent.Number]:
        """Pages through the whole inventory: the vendor has no search by subscriber."""
        async for number in self.api.numbers.inventory():
            if number.assigned_subscriber_id == subscriber_id:
                yield number

    @write_activity(write_specs.BIND_NUMBER)
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


def _is_released(number: telegent.Number) -> bool:
    return (number.status or "").casefold() in RELEASED_STATUSES


def _is_candidate(number: telegent.Number, lookup: FindNumber) -> bool:
    if number.number in lookup.known_numbers or _is_released(number):
        return False
    bought = _purchased_on(number)
    return bought is None or bought > lookup.bought_after - PURCHASE_DATE_TOLERANCE


def _purchased_on(number: telegent.Number) -> datetime | None:
    """The day, which is all that the vendor tells; None when it cannot be read."""
    try:
        day = datetime.strptime(number.original_date_purchased or "", "%m/%d/%Y")
    except ValueError:
        return None
    return day.replace(tzinfo=UTC)


def _to_record(number: telegent.Number) -> NumberRecord:
    return NumberRecord(
        order_id=number.order_id,
        phone_number=number.number,
        number_id=number.number_id,
        iccid=number.iccid,
        activation_code=parse_activation_code(number.qr_code),
        subscriber_id=number.assigned_subscriber_id,
        released=_is_released(number),
    )
