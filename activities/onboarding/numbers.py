"""Numbers: buying one, looking it up after a lost response, and binding a ported one."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

import telegent
from activities.onboarding.number_records import (
    COMPLETED_STATUSES,
    FAILED_STATUSES,
    BuyNumber,
    NumberRecord,
    is_candidate,
    is_released,
    to_record,
)
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.outcomes import Outcome, ambiguous, is_not_found, pending, rejected
from activities.support.shared_list import SharedList
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    create_activity,
    elapsed,
    found_or_pending,
    write_activity,
)
from telegent import RequestRejectedError, Telegent, parse_activation_code
from telegent_orchestrator.lines import ProductType
from telegent_orchestrator.names import ACCOUNT_ATTRIBUTE, LINE_WORKFLOW
from telegent_orchestrator.port_in import Classification, NumberBinding

MAX_POLL_INTERVAL = timedelta(minutes=10)
"""The longest interval between polls for a number that does not appear in the inventory."""


@dataclass(frozen=True)
class NumberActivities:
    """Calls about numbers.

    Without `temporal`, no other onboarding is expected to buy for an account.
    """

    api: Telegent
    settings: ActivitySettings
    inventory: SharedList[telegent.Number]
    temporal: Client | None = None

    @activity.defn
    async def find_number(self, lookup: Lookup[BuyNumber]) -> NumberRecord | None:
        """The subscriber's number that can only be the one wanted, if it exists.

        On a physical SIM it can only be the one that the SIM carries.

        Raises:
            ApplicationError: `Ambiguous` when there are several, when the one found may be another
                line's, or when the SIM carries a number that was not bought for this line.
        """
        wanted = lookup.wanted
        if recorded := await self._recorded(wanted):
            return to_record(recorded)
        if wanted.iccid:
            return await self._find_on_sim(wanted.iccid, wanted, lookup.created_before)
        listed = await self._subscriber_inventory(wanted.subscriber_id)
        found = list(
            {number.number: number for number in listed if is_candidate(number, wanted)}.values()
        )
        if found:
            ambiguity = await self._ambiguity(found, wanted)
            if ambiguity:
                numbers = ", ".join(number.number for number in found)
                raise ambiguous(f"the subscriber already has {numbers}, and {ambiguity}")
        record = to_record(found[0]) if found else None
        return found_or_pending(record, lookup.created_before, self.settings.purchase_lag)

    async def _find_on_sim(
        self, iccid: str, wanted: BuyNumber, created_before: datetime | None
    ) -> NumberRecord | None:
        number = await self._number_on_sim(iccid)
        if number is None:
            used_until = max(filter(None, (created_before, wanted.sim_used_until)), default=None)
            return found_or_pending(None, used_until, self.settings.purchase_lag)
        if not telegent.same_id(number.assigned_subscriber_id, wanted.subscriber_id):
            owner = f"subscriber {number.assigned_subscriber_id or '(none)'}"
        elif created_before is None or not is_candidate(number, wanted):
            owner = "this subscriber, but was not bought for this line"
        else:
            return to_record(number)
        raise ambiguous(
            f"SIM {iccid} already carries {number.number}, which belongs to {owner}: use another "
            "SIM, or release that number first"
        )

    @activity.defn
    async def read_number_on_sim(self, iccid: str) -> str | None:
        """The number in service that a SIM carries."""
        number = await self._number_on_sim(iccid)
        return number.number if number else None

    async def _recorded(self, wanted: BuyNumber) -> telegent.Number | None:
        """The number that an earlier run ended with, if it still belongs to the subscriber."""
        number = await self._details(wanted.recorded_number) if wanted.recorded_number else None
        if number is None or is_released(number):
            return None
        return (
            number
            if telegent.same_id(number.assigned_subscriber_id, wanted.subscriber_id)
            else None
        )

    async def _ambiguity(self, found: list[telegent.Number], wanted: BuyNumber) -> str | None:
        if len(found) > 1 or not wanted.unambiguous:
            return "it cannot be determined whether that is this line's number"
        competing = await self._competing_lines(wanted)
        return f"it may be that of {competing[0]}" if competing else None

    async def _competing_lines(self, wanted: BuyNumber) -> list[str]:
        """Ids of other onboardings' lines that may have bought for the account since we began."""
        if self.temporal is None:
            return []
        query = (
            f"WorkflowType = '{LINE_WORKFLOW}' AND {ACCOUNT_ATTRIBUTE} = '{wanted.account_id}' AND "
            f"(ExecutionStatus = 'Running' OR CloseTime > '{wanted.bought_after.isoformat()}')"
        )
        try:
            ids = [line.id async for line in self.temporal.list_workflows(query)]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return ["a line that is paused"]
        return [line for line in ids if not line.startswith(wanted.own_line_id_prefix)]

    @write_activity(write_specs.RELEASE_NUMBER)
    async def release_number(self, bought: NumberRecord) -> None:
        """Release a bought number permanently; one that is released already stays so.

        Reads it first, because a second cancel is rejected, and creates another order. A number
        that is not listed may have been bought a moment ago, so its absence counts when it lasts.
        """
        phone_number = bought.phone_number or await self._number_of_failed_or_complete_order(bought)
        number = await self._details(phone_number) if phone_number else None
        if number is None:
            found_or_pending(None, activity.info().scheduled_time, self.settings.purchase_lag)
            return
        if is_released(number):
            return
        await self.api.numbers.change_status(
            telegent.StatusChange(
                status_change="cancel",
                effective_date=self._today(),
                phone_numbers=[telegent.StatusChangeNumber(number=number.number)],
            )
        )

    def _today(self) -> date:
        """The operator's date: by that of UTC, a US evening is already tomorrow."""
        return activity.info().started_time.astimezone(self.settings.time_zone).date()

    @activity.defn
    async def read_number(self, phone_number: str) -> NumberRecord | None:
        """What the vendor has on a number; None when it is not in our inventory."""
        number = await self._details(phone_number)
        return to_record(number) if number else None

    @activity.defn
    async def await_number(self, phone_number: str) -> NumberRecord:
        """What the vendor has on a number, as soon as it is in our inventory.

        Polls at growing intervals: the vendor does not document how long after a completed order a
        number appears.
        """
        return to_record(await self._listed(phone_number))

    @activity.defn
    async def await_number_in_service(
        self, wanted: BuyNumber, bought: NumberRecord
    ) -> NumberRecord:
        """A bought number, as soon as its order is complete and the inventory lists it.

        The order decides: a number in the response to the purchase may still be lost with it.

        Raises:
            ApplicationError: `Rejected` with the vendor's message when the order has failed,
                `Ambiguous` when it is complete without one number of this subscriber.
        """
        phone_number = bought.phone_number
        if bought.order_id:
            phone_number = await self._ordered_number(bought.order_id)
        number = await self._listed(phone_number or "")
        if not telegent.same_id(number.assigned_subscriber_id, wanted.subscriber_id):
            owner = number.assigned_subscriber_id or "no subscriber"
            raise ambiguous(
                f"number order {bought.order_id} names {phone_number}, which belongs to {owner}"
            )
        record = to_record(number)
        return record.model_copy(
            update={
                "order_id": bought.order_id or record.order_id,
                "activation_code": record.activation_code or bought.activation_code,
                "iccid": record.iccid or bought.iccid,
                "in_service": True,
            }
        )

    async def _ordered_number(self, order_id: str) -> str:
        """The one number of an order, once it is complete; an unknown status means: not yet."""
        order = await self.api.numbers.order(order_id)
        if (order.order_status or "").casefold() in FAILED_STATUSES:
            # As for a port-in: an end counts once a second read shows it.
            await asyncio.sleep(min(self.settings.order_poll.total_seconds(), 15))
            order = await self.api.numbers.order(order_id)
        status, shown = (order.order_status or "").casefold(), f"'{order.order_status}'"
        if status in FAILED_STATUSES:
            raise rejected(
                f"number order {order_id} is {shown}. "
                f"Telegent says: {order.order_status_message or 'nothing'}"
            )
        numbers = sorted(set(order.numbers))
        if status in COMPLETED_STATUSES and len(numbers) == 1:
            return numbers[0]
        if status in COMPLETED_STATUSES and (numbers or elapsed() >= self.settings.purchase_lag):
            listed = ", ".join(numbers) or "no number"
            raise ambiguous(f"number order {order_id} is {shown}, and names {listed}")
        raise pending(f"number order {order_id} is {shown}", self.settings.order_poll)

    async def _number_of_failed_or_complete_order(self, bought: NumberRecord) -> str | None:
        """The number of an order whose response named none; None when the order has failed."""
        try:
            return await self._ordered_number(bought.order_id or "")
        except ApplicationError as error:
            if error.type == Outcome.REJECTED:
                return None
            raise

    async def _listed(self, phone_number: str) -> telegent.Number:
        number = await self._details(phone_number)
        if number is None:
            raise pending(
                f"{phone_number} is not in the inventory yet",
                max(self.settings.order_poll, min(elapsed() / 4, MAX_POLL_INTERVAL)),
            )
        return number

    @activity.defn
    async def verify_named_number(self, wanted: BuyNumber, phone_number: str) -> NumberRecord:
        """The number that an operator names as the one wanted.

        Raises:
            ApplicationError: `Ambiguous` with the reason why it cannot be.
        """
        number = await self._details(phone_number)
        if number is None:
            raise ambiguous(f"{phone_number} is not in our inventory")
        if not telegent.same_id(number.assigned_subscriber_id, wanted.subscriber_id):
            owner = number.assigned_subscriber_id or "no subscriber"
            raise ambiguous(f"{phone_number} belongs to {owner}, not to this subscriber")
        if phone_number in wanted.known_numbers:
            raise ambiguous(f"{phone_number} belongs to another line, or existed before")
        return to_record(number).model_copy(update={"in_service": True})

    @create_activity(
        CreateSpec(
            write_specs.BUY_NUMBER,
            find_number,
            compensate=release_number,
            adopt=verify_named_number,
            confirm=await_number_in_service,
            is_confirmed=lambda record: record.in_service,
        )
    )
    async def buy_number(self, request: BuyNumber) -> NumberRecord:
        """Buy one number. Never repeat this without having looked the number up."""
        bought = await self.api.numbers.provision(
            telegent.NumberProvision(
                number_type=request.classification,
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
            subscriber_id=bought.subscriber_id,
            in_service=bool(bought.phone_number and bought.number_id)
            and (bought.order_status or "").casefold() in COMPLETED_STATUSES,
        )

    @activity.defn
    async def list_subscriber_numbers(self, subscriber_id: str) -> list[str]:
        """The subscriber's phone numbers in the inventory."""
        rows = await self._subscriber_inventory(subscriber_id)
        return list(dict.fromkeys(row.number for row in rows))

    @activity.defn
    async def read_binding_differences(
        self,
        number: str,
        binding: NumberBinding,
        iccid: str | None,
        classification: Classification = "mvno",
    ) -> list[str]:
        """How the number, as the vendor shows it, differs from what it was bound to."""
        shown = await self.api.numbers.details(phone_number=number)
        product_type = ProductType(binding.product_type)
        compared = {
            "subscriber": (binding.subscriber_id, shown.assigned_subscriber_id),
            "message route": (binding.message_route_id, shown.message_route_id),
            "voice route": (
                binding.voice_route_id if product_type.voice else None,
                shown.voice_route_id,
            ),
            # Details of numbers show no product type in the vendor's sample.
            "product type": (
                product_type.value if shown.product_type else None,
                shown.product_type,
            ),
            "ICCID": (iccid, shown.iccid),
            "classification": (
                _iot_word(classification) if shown.classification else None,
                shown.classification,
            ),
        }
        return [
            f"{what} is {actual or 'none'}, not {expected}"
            for what, (expected, actual) in compared.items()
            if expected is not None
            and not telegent.same_id(actual, expected)
            and not telegent.same_iccid(actual, expected)
        ]

    async def _details(
        self, phone_number: str | None = None, *, iccid: str | None = None
    ) -> telegent.Number | None:
        try:
            return await self.api.numbers.details(phone_number=phone_number, iccid=iccid)
        except RequestRejectedError as error:
            if is_not_found(error):
                return None
            raise

    async def _number_on_sim(self, iccid: str) -> telegent.Number | None:
        number = await self._details(iccid=iccid)
        return None if number is None or is_released(number) else number

    async def _subscriber_inventory(self, subscriber_id: str) -> list[telegent.Number]:
        """The subscriber's rows of the whole inventory: the vendor has no search by subscriber."""
        return [
            number
            for number in await self.inventory.rows()
            if telegent.same_id(number.assigned_subscriber_id, subscriber_id)
        ]

    @write_activity(write_specs.BIND_NUMBER)
    async def bind_number(
        self,
        number: str,
        binding: NumberBinding,
        iccid: str | None,
        classification: Classification = "mvno",
    ) -> None:
        """Bind a number to subscriber, routes, product type and SIM."""
        product_type = ProductType(binding.product_type)
        await self.api.numbers.update(
            telegent.NumberUpdate(
                number=number,
                message_enabled=product_type.messages,
                voice_enabled=product_type.voice,
                message_type=binding.message_type,
                classification=_iot_word(classification),
                message_route_id=binding.message_route_id,
                voice_route_id=binding.voice_route_id if product_type.voice else None,
                assigned_subscriber_id=binding.subscriber_id,
                iccid=iccid,
                product_type=product_type.value,
            )
        )


def _iot_word(classification: Classification) -> Literal["IoT"] | None:
    """The classification to set; a number is ported in as that of a phone unless told otherwise."""
    return "IoT" if classification == "iot" else None
