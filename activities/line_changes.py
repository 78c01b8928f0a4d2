"""Changes of lines in service: each sets a state that a read of the number shows."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown, require_complete
from activities.support.number_states import NumberState, number_state
from activities.support.outcomes import ambiguous, pending, rejected
from activities.support.write_activity import elapsed, write_activity
from telegent import NotFoundError, RequestRejectedError, Telegent, same_id
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.port_in import Classification


class LineRecord(WireModel):
    """A number as Telegent shows it. `status`: as in the response."""

    phone_number: str
    state: NumberState
    status: str = ""
    subscriber_id: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    classification: Classification = "mvno"

    def owns(self, number_id: str | None, iccid: str | None) -> bool:
        """Whether a subscription of this number id and SIM is the number's: by the id, if known."""
        if number_id and self.number_id:
            return telegent.same_id(number_id, self.number_id)
        return telegent.same_iccid(iccid, self.iccid)


class StatusChangeInput(WireModel):
    """A change of a line's state. `before`: the line as it was read before the change."""

    before: LineRecord
    wanted: NumberState
    account_id: str | None = None

    def reached(self, line: LineRecord) -> bool:
        """Whether the line shows the change.

        The status of a suspended or cancelled number is not documented: an unclear one counts after
        an active.
        """
        if self.wanted is not NumberState.ACTIVE and line.state is NumberState.UNCLEAR:
            return self.before.state is NumberState.ACTIVE
        return line.state is self.wanted

    @property
    def can_show(self) -> bool:
        """Whether a read can show the change: not after an unclear status, which may stay."""
        return self.wanted is NumberState.ACTIVE or self.before.state is not NumberState.UNCLEAR


class LineResources(WireModel):
    """What belongs to a line, without its number.

    Attributes:
        relations: Parent and child of each AI Guardian relation of the subscriber.
    """

    subscription_ids: list[str] = []
    call_filter_ids: list[str] = []
    message_filter_ids: list[str] = []
    relations: list[tuple[str, str]] = []


@dataclass(frozen=True)
class LineChangeActivities:
    """Vendor calls for line changes."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def read_line(self, phone_number: str) -> LineRecord:
        """Returns a number of our inventory.

        Raises:
            ApplicationError: `NotFound` when it is not there, and still is not after the read lag;
                `Rejected` when it is cancelled or has left.
        """
        line = _to_record(await self.api.numbers.details(phone_number=phone_number))
        if line.state is NumberState.GONE:
            raise rejected(f"the number is not in service: Telegent shows it as '{line.status}'")
        return line

    @activity.defn
    async def read_ended_line(self, phone_number: str) -> LineRecord:
        """Returns a number that may be cancelled, and so may not be shown any more."""
        return await self._line(phone_number)

    @activity.defn
    async def find_line_resources(self, line: LineRecord) -> LineResources:
        """Returns the active subscriptions and the filters of a number, and the relations."""
        api, subscriber = self.api, line.subscriber_id
        found = LineResources(
            subscription_ids=[
                row.subscription_id
                for row in await api.subscriptions.list("Active")
                if line.owns(row.tnid, row.iccid)
            ]
        )
        if subscriber is None:
            return found
        guardian, number = api.guardian, line.phone_number
        call_filters = await guardian.call_filters.list(subscriber, number)
        message_filters = await guardian.message_filters.list(subscriber, number)
        relations = [*await guardian.parents(subscriber), *await guardian.children(subscriber)]
        found.call_filter_ids = [row.filter_id for row in call_filters]
        found.message_filter_ids = [row.filter_id for row in message_filters]
        found.relations = [(row.parent_subscriber_id, row.child_subscriber_id) for row in relations]
        return found

    @activity.defn
    async def check_surplus_subscription(self, line: LineRecord, subscription_id: str) -> bool:
        """Returns whether a subscription is active.

        Raises:
            ApplicationError: `Pending` when the list does not show it, for the read lag; `Rejected`
                when it is the only one of a number in service, or that of another number.
        """
        active = await self.api.subscriptions.list("Active")
        found = next((r for r in active if same_id(r.subscription_id, subscription_id)), None)
        if found is None:
            if (remaining := self.settings.read_lag - elapsed()) > timedelta(0):
                raise pending(f"{subscription_id} is not shown", remaining)
            return False
        owned = [row for row in active if line.owns(row.tnid, row.iccid)]
        gone = line.state is NumberState.GONE
        if found in owned or (gone and line.number_id is None):
            if gone and await self._carries_another(found.iccid, line.phone_number):
                raise rejected(f"SIM {found.iccid} of {subscription_id} carries another number")
            if gone or len(owned) > 1:
                return True
            raise rejected(f"{subscription_id} is the only one of a line in service: end it")
        raise rejected(f"{subscription_id} is not a subscription of this number")

    @activity.defn
    async def await_subscription_closed(self, subscription_id: str) -> None:
        """Waits until lists no longer show a subscription, so that the next change sees one less.

        Raises:
            ApplicationError: `Pending` while they show it; `Ambiguous` after the read lag.
        """
        active = await self.api.subscriptions.list("Active")
        if any(same_id(row.subscription_id, subscription_id) for row in active):
            raise not_shown(self.settings, f"{subscription_id} is still active")

    async def _carries_another(self, iccid: str | None, phone_number: str) -> bool:
        """Whether a SIM is that of another number, which is in service."""
        if iccid is None:
            return False
        try:
            carried = _to_record(await self.api.numbers.details(iccid=iccid))
        except NotFoundError:
            return False
        return carried.phone_number != phone_number and carried.state is not NumberState.GONE

    @write_activity(line_write_specs.SUSPEND_LINE)
    async def suspend_line(self, request: StatusChangeInput) -> str | None:
        """Park the number. Returns the order id; None if it is parked already."""
        return await self._set_status(request, "park")

    @write_activity(line_write_specs.RESTORE_LINE)
    async def restore_line(self, request: StatusChangeInput) -> str | None:
        """Activate the number. Returns the order id; None if it is active already."""
        return await self._set_status(request, "activate")

    @write_activity(line_write_specs.CANCEL_LINE)
    async def cancel_line(self, request: StatusChangeInput) -> str | None:
        """Cancel the number. Returns the order id; None if it is cancelled already."""
        return await self._set_status(request, "cancel")

    @write_activity(line_write_specs.REACTIVATE_LINE)
    async def reactivate_line(self, request: StatusChangeInput) -> str | None:
        """Reactivate a cancelled number. Returns None: it has no order."""
        return await self._set_status(request, "reactivate")

    @write_activity(line_write_specs.FREE_SIM)
    async def free_sim(self, iccid: str) -> None:
        """Release a SIM from its number."""
        await self.api.sims.clear(telegent.SimClear(iccid=iccid))

    async def _set_status(
        self,
        request: StatusChangeInput,
        change: Literal["park", "activate", "cancel", "reactivate"],
    ) -> str | None:
        """Sends the change unless the number shows it: a repeat creates another order."""
        number = request.before.phone_number
        if request.reached(await self._line(number)):
            return None
        try:
            if change == "reactivate":
                await self.api.numbers.reactivate(
                    telegent.NumberReactivate(phone_number=number, account_id=request.account_id)
                )
                return None
            order = await self.api.numbers.change_status(
                telegent.StatusChange(
                    status_change=change,
                    effective_date=self._today(),
                    phone_numbers=[telegent.StatusChangeNumber(number=number)],
                )
            )
        except RequestRejectedError as error:
            info = activity.info()
            if info.attempt == 1:
                raise
            # An earlier attempt whose response was lost may be the reason, and not shown yet.
            if not info.heartbeat_details:
                activity.heartbeat("rejected")
                raise pending(str(error), self.settings.read_lag) from None
            if not request.can_show:
                raise ambiguous(f"an attempt had no response, and the next one: {error}") from None
            raise
        return order.order_id

    @activity.defn
    async def await_line_status(
        self, request: StatusChangeInput, order_id: str | None
    ) -> LineRecord:
        """Returns the line as soon as it shows the change.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Rejected` when the
                order has failed; `Ambiguous` when the change is done and does not show.
        """
        line = await self._line(request.before.phone_number)
        if request.reached(line):
            return line
        shown = f"the number is shown as '{line.status}'"
        if order_id:
            shown = await require_complete(self.api, self.settings, order_id, shown)
            if not request.can_show:
                return line
        raise not_shown(self.settings, shown)

    async def _line(self, phone_number: str) -> LineRecord:
        """The number; one that is not in our inventory is gone."""
        try:
            return _to_record(await self.api.numbers.details(phone_number=phone_number))
        except NotFoundError as error:
            return LineRecord(phone_number=phone_number, state=NumberState.GONE, status=str(error))

    def _today(self) -> date:
        """The operator's date: by that of UTC, a US evening is already tomorrow."""
        return activity.info().started_time.astimezone(self.settings.time_zone).date()


def _to_record(number: telegent.Number) -> LineRecord:
    status = number.status or ""
    return LineRecord(
        phone_number=number.number,
        state=number_state(status),
        status=status,
        subscriber_id=number.assigned_subscriber_id,
        number_id=number.number_id,
        iccid=number.iccid,
        classification="iot" if (number.classification or "").casefold() == "iot" else "mvno",
    )
