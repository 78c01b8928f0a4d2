"""Changes of lines in service: each sets a state that a read of the number shows."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.number_states import NumberState, number_state
from activities.support.outcomes import ambiguous, pending, rejected
from activities.support.write_activity import elapsed, write_activity
from telegent import RequestRejectedError, Telegent
from telegent_orchestrator._models import WireModel

COMPLETED_ORDER_STATUSES = ("complete", "completed")
FAILED_ORDER_STATUSES = ("failed", "error", "rejected", "cancelled", "canceled")


class LineRecord(WireModel):
    """A number as Telegent shows it. `status`: as in the response."""

    phone_number: str
    state: NumberState
    status: str = ""
    subscriber_id: str | None = None


class StatusChangeInput(WireModel):
    """A change of a line's state. `before`: the line as it was read before the change."""

    before: LineRecord
    wanted: Literal[NumberState.ACTIVE, NumberState.SUSPENDED]

    def reached(self, line: LineRecord) -> bool:
        """Whether the line shows the change.

        The status of a suspended number is not documented: an unclear one counts after an active.
        """
        if self.wanted is NumberState.SUSPENDED and line.state is NumberState.UNCLEAR:
            return self.before.state is NumberState.ACTIVE
        return line.state is self.wanted

    @property
    def can_show(self) -> bool:
        """Whether a read can show the change: not after an unclear status, which may stay."""
        return self.wanted is NumberState.ACTIVE or self.before.state is not NumberState.UNCLEAR


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
        line = await self._line(phone_number)
        if line.state is NumberState.GONE:
            raise rejected(f"the number is not in service: Telegent shows it as '{line.status}'")
        return line

    @write_activity(write_specs.SUSPEND_LINE)
    async def suspend_line(self, request: StatusChangeInput) -> str | None:
        """Park the number. Returns the order id; None if it is parked already."""
        return await self._set_status(request, "park")

    @write_activity(write_specs.RESTORE_LINE)
    async def restore_line(self, request: StatusChangeInput) -> str | None:
        """Activate the number. Returns the order id; None if it is active already."""
        return await self._set_status(request, "activate")

    async def _set_status(
        self, request: StatusChangeInput, change: Literal["park", "activate"]
    ) -> str | None:
        """Sends the change unless the number shows it: a repeat creates another order."""
        number = request.before.phone_number
        if request.reached(await self._line(number)):
            return None
        try:
            order = await self.api.numbers.change_status(
                telegent.StatusChange(
                    status_change=change,
                    effective_date=self._today(),
                    phone_numbers=[telegent.StatusChangeNumber(number=number)],
                )
            )
        except RequestRejectedError as error:
            info = activity.info()
            if info.attempt > 1 and not info.heartbeat_details:
                # An earlier attempt whose response was lost may be the reason, and not shown yet.
                activity.heartbeat("rejected")
                raise pending(str(error), self.settings.read_lag) from None
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
            order = await self.api.numbers.order(order_id)
            status = (order.order_status or "").casefold()
            if status in FAILED_ORDER_STATUSES:
                raise rejected(
                    f"order {order_id} is '{order.order_status}'. "
                    f"Telegent says: {order.order_status_message or 'nothing'}"
                )
            shown = f"order {order_id} is '{order.order_status}', and {shown}"
            if status not in COMPLETED_ORDER_STATUSES:
                raise pending(shown, self.settings.order_poll)
            if not request.can_show:
                return line
        if elapsed() >= self.settings.read_lag:
            raise ambiguous(f"Telegent has accepted the change: {shown}")
        raise pending(shown, min(self.settings.order_poll, self.settings.read_lag / 4))

    async def _line(self, phone_number: str) -> LineRecord:
        number = await self.api.numbers.details(phone_number=phone_number)
        status = number.status or ""
        return LineRecord(
            phone_number=number.number,
            state=number_state(status),
            status=status,
            subscriber_id=number.assigned_subscriber_id,
        )

    def _today(self) -> date:
        """The operator's date: by that of UTC, a US evening is already tomorrow."""
        return activity.info().started_time.astimezone(self.settings.time_zone).date()
