"""Another number for a line: a swap, which is not repeatable, its lookup, and its binding."""

from dataclasses import dataclass
from typing import Literal

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown, require_complete
from activities.support.number_states import NumberState, number_state
from activities.support.outcomes import ambiguous
from activities.support.shared_list import SharedList
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    at_most_one,
    create_activity,
    found_or_pending,
    write_activity,
)
from telegent import NotFoundError, Telegent
from telegent_orchestrator._models import WireModel


class SwapNumber(Wanted):
    """Another number for a line.

    Attributes:
        method: `swap`: from the same area; `replace`: from another one.
        phone_number: The number before.
        number_id: Its id.
        iccid: The SIM that it is on, by which the new number is found.
        swaps_before: How many swaps it had left.
    """

    method: Literal["swap", "replace"]
    area_code: str | None = None
    zip_code: str | None = None
    phone_number: str
    number_id: str | None = None
    iccid: str | None = None
    swaps_before: int | None = None

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the other number"


class NewNumberRecord(WireModel):
    """The number after a swap, as far as it is known. `confirmed`: Telegent shows it."""

    phone_number: str | None = None
    number_id: str | None = None
    subscriber_id: str | None = None
    swaps_remaining: int | None = None
    order_id: str | None = None
    confirmed: bool = False

    def __str__(self) -> str:
        return self.phone_number or f"of order {self.order_id}"


@dataclass(frozen=True)
class LineNumberActivities:
    """Vendor calls that give a line another number."""

    api: Telegent
    settings: ActivitySettings
    inventory: SharedList[telegent.Number]

    @activity.defn
    async def read_swaps_left(self, phone_number: str) -> int | None:
        """Returns how many swaps a number has left, if Telegent shows that."""
        return (await self.api.numbers.details(phone_number=phone_number)).swaps_remaining

    @activity.defn
    async def find_new_number(self, lookup: Lookup[SwapNumber]) -> NewNumberRecord | None:
        """Returns the number that a swap has given to the line.

        Raises:
            ApplicationError: `Ambiguous` when the old number is gone or has used a swap, and after
                the read lag no new one is shown.
        """
        wanted = lookup.wanted
        if found := await self._new_number(wanted, None):
            return found
        absent = found_or_pending(None, lookup.created_before, self.settings.read_lag)
        old = await self._details(wanted.phone_number)
        if old is None:
            raise ambiguous(
                f"{wanted.phone_number} is not in service any more, and no new number is shown "
                f"on SIM {wanted.iccid or '(unknown)'}"
            )
        left, before = old.swaps_remaining, wanted.swaps_before
        if left is not None and before is not None and left < before:
            raise ambiguous(
                f"{wanted.phone_number} has {left} swaps left, and had {before} before, and it is "
                "still shown"
            )
        return absent

    @activity.defn
    async def await_new_number(
        self, wanted: SwapNumber, ordered: NewNumberRecord
    ) -> NewNumberRecord:
        """Returns the new number, as soon as Telegent shows it.

        Raises:
            ApplicationError: `Rejected` when the order has failed; `Ambiguous` when it is complete,
                and no new number is shown after the read lag.
        """
        if found := await self._new_number(wanted, ordered.phone_number):
            return found.model_copy(update={"order_id": ordered.order_id})
        shown = f"no number in place of {wanted.phone_number} is shown"
        shown = await require_complete(self.api, self.settings, ordered.order_id or "", shown)
        raise not_shown(self.settings, shown)

    @activity.defn
    async def verify_new_number(self, wanted: SwapNumber, phone_number: str) -> NewNumberRecord:
        """Returns the number that an operator names, if it is in service.

        Raises:
            ApplicationError: `Ambiguous` when it is not, or is the old one.
        """
        number = await self._details(phone_number)
        if number is None or number.number == wanted.phone_number:
            raise ambiguous(f"{phone_number} is not shown as another number that is in service")
        return _to_record(number)

    @create_activity(
        CreateSpec(
            line_write_specs.SWAP_NUMBER,
            find_new_number,
            adopt=verify_new_number,
            confirm=await_new_number,
            is_confirmed=lambda record: record.confirmed,
        )
    )
    async def swap_number(self, request: SwapNumber) -> NewNumberRecord:
        """Get another number. Never repeat this without a lookup."""
        now = activity.info().started_time.astimezone(self.settings.time_zone)
        order = await self.api.numbers.change_status(
            telegent.StatusChange(
                status_change=request.method,
                effective_date=now.date(),
                phone_numbers=[telegent.StatusChangeNumber(number=request.phone_number)],
                area_code=request.area_code,
                zip_code=request.zip_code,
            )
        )
        new = next((row.new_number for row in order.numbers or () if row.new_number), None)
        return NewNumberRecord(phone_number=new, order_id=order.order_id)

    @write_activity(line_write_specs.ASSIGN_NUMBER)
    async def assign_number(self, phone_number: str, subscriber_id: str) -> None:
        """Assign a number to a subscriber; routes and product type stay."""
        await self.api.numbers.update(
            telegent.NumberUpdate(number=phone_number, assigned_subscriber_id=subscriber_id)
        )

    async def _new_number(self, wanted: SwapNumber, named: str | None) -> NewNumberRecord | None:
        """The number that is in service in place of the old one: as named, or on the same SIM."""
        number = None
        if named:
            number = await self._details(named)
        elif wanted.iccid:
            number = await self._details(iccid=wanted.iccid)
        elif wanted.number_id and await self._details(wanted.phone_number) is None:
            number = at_most_one(
                [
                    row
                    for row in await self.inventory.rows()
                    if telegent.same_id(row.number_id, wanted.number_id)
                    and row.number != wanted.phone_number
                ],
                "numbers",
            )
        if number is None or number.number == wanted.phone_number:
            return None
        return _to_record(number)

    async def _details(
        self, phone_number: str | None = None, *, iccid: str | None = None
    ) -> telegent.Number | None:
        """A number that is in service or suspended."""
        try:
            number = await self.api.numbers.details(phone_number=phone_number, iccid=iccid)
        except NotFoundError:
            return None
        return None if number_state(number.status) is NumberState.GONE else number


def _to_record(number: telegent.Number) -> NewNumberRecord:
    return NewNumberRecord(
        phone_number=number.number,
        number_id=number.number_id,
        subscriber_id=number.assigned_subscriber_id,
        swaps_remaining=number.swaps_remaining,
        confirmed=True,
    )
