"""Port-ins: eligibility, submit, update, cancel, and waiting for the order to change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

import telegent
from activities.number_use import NumberUseActivities
from activities.port_in.policy import is_wireless, response_deadline
from activities.port_in.poll_throttle import PollThrottle
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.other_runs import SentRequest, sent_by_other_runs
from activities.support.outcomes import Outcome, pending, rejected
from activities.support.scheduling_run import require_no_reset
from activities.support.write_activity import (
    pre_write_read,
    schedule_to_start_delay,
    write_activity,
)
from telegent import Telegent
from telegent_orchestrator._models import VendorText, WireModel
from telegent_orchestrator.poll_schedule import PollContext, min_poll_interval, next_poll_delay
from telegent_orchestrator.port_in import PortInDetails


class Eligibility(WireModel):
    """Whether a number can be ported in, and Telegent's reason."""

    eligible: bool
    carrier: VendorText = ""
    vendor_message: VendorText = ""


class OrderSnapshot(WireModel):
    """An order's status and message from Telegent."""

    order_id: str
    status: VendorText
    message: VendorText = ""

    @property
    def status_text(self) -> str:
        """Status and message in one line, as Telegent returned them."""
        return f"{self.status}: {self.message}" if self.message else self.status


class FollowedOrder(WireModel):
    """An order, and what follows if its losing carrier was given something to do just now.

    Attributes:
        response_deadline: When a carrier that is silent from now on exceeds its interval.
    """

    order: OrderSnapshot
    response_deadline: datetime


class AwaitChange(WireModel):
    """Poll an order until its status differs from the last one seen.

    Attributes:
        last_snapshot: the order as it was seen last.
        carrier_clock_started_at: when the carrier last received the submit or a correction. The
            schedule of polls depends on it and on the fields below.
        unchanged_counts_at: from when an unchanged order is returned too: by then it would show the
            effect of the last request. None: no outcome is awaited.
        last_polled_at: when the order was last read; it is not read again before the minimum
            interval has passed.
        once: return what the next read shows, changed or not.
        wireless: the interval in which the carrier must respond is that of a wireless port.
        needs_operator: the carrier has rejected the port-in.
        urgent: a correction or a cancel is under way.
    """

    last_snapshot: OrderSnapshot
    carrier_clock_started_at: datetime
    unchanged_counts_at: datetime | None = None
    last_polled_at: datetime | None = None
    once: bool = False
    phone_number: str | None = None
    requested_date: date | None = None
    wireless: bool = True
    needs_operator: bool = False
    urgent: bool = False

    @property
    def order_id(self) -> str:
        """The order that is polled."""
        return self.last_snapshot.order_id

    @property
    def interval_counts_from(self) -> datetime | None:
        """The time that the next poll keeps its interval from; None: the order is polled now.

        The submit shows the status, too. A hint may be about a change since.
        """
        shown_by_submit = self.last_snapshot.status and not self.once
        return self.last_polled_at or (self.carrier_clock_started_at if shown_by_submit else None)


class UpdatePort(WireModel):
    """The full set of details for an order: Telegent might clear fields that are left out.

    Attributes:
        last_snapshot: The order as it was when the update was decided on.
        details: The details to send.
        order_read_at: When the order was read; None if it was not, since it is followed.
    """

    last_snapshot: OrderSnapshot
    details: PortInDetails
    order_read_at: datetime | None = None


@dataclass(frozen=True)
class PortInActivities:
    """Activities for port-ins.

    Attributes:
        poll_throttle: Without it, poll intervals are not stretched.
        temporal: Where to find what other runs have sent. Without it, a workflow has one run.
    """

    api: Telegent
    settings: ActivitySettings
    poll_throttle: PollThrottle | None = None
    temporal: Client | None = None

    @activity.defn
    async def check_port_eligibility(
        self, phone_number: str, classification: str, is_wireline: bool = False
    ) -> Eligibility:
        """Check whether a number can be ported in."""
        response = await self.api.ports.eligibility(
            telegent.PortEligibilityQuery(
                phone_number=phone_number, kind=_port_kind(classification, is_wireline)
            )
        )
        return Eligibility(
            eligible=response.eligible,
            carrier=response.current_carrier or "",
            vendor_message=response.message or "",
        )

    @activity.defn
    async def check_port_in(
        self, phone_number: str, classification: str, is_wireline: bool
    ) -> Eligibility:
        """Check whether a port-in may be submitted: not while something else is open.

        Raises:
            ApplicationError: `Rejected` when the id of the workflow is not that of its number.
        """
        if self.temporal:
            number_use = NumberUseActivities(self.settings, self.temporal)
            if others := await number_use.find_open_workflows_of_number(phone_number):
                return Eligibility(eligible=False, vendor_message="; ".join(others))
        return await self.check_port_eligibility(phone_number, classification, is_wireline)

    @write_activity(write_specs.SUBMIT_PORT)
    async def submit_port(self, details: PortInDetails) -> FollowedOrder:
        """Submit a port-in. After a lost response there is no lookup: it contained the order id.

        A submit that a reset starts again is therefore not sent; the workflow finds out whether
        there is an order. After a long schedule-to-start delay, the eligibility is checked again.
        """
        require_no_reset()
        if schedule_to_start_delay() > self.settings.max_schedule_to_start_delay:
            with pre_write_read():
                now = await self.check_port_eligibility(
                    details.phone_number,
                    details.classification,
                    details.port_in_date is not None,
                )
            if not now.eligible:
                raise _stale(f"the number cannot be ported any more: {now.vendor_message}")
        request = telegent.PortIn(
            port_in_number=details.phone_number,
            kind=_kind_of(details),
            # Nothing is submitted with a part missing; the client would reject it, too.
            current_carrier_name=details.losing_carrier or "",
            current_account_number=details.account_number or "",
            current_account_password=details.account_pin,
            current_billing_address=_address(details),
            iccid=details.iccid,
            subscriber_name=details.subscriber_name,
            port_in_date=details.port_in_date,
        )
        try:
            order = await self.api.ports.submit(request)
        except telegent.TelegentError as error:
            if error.order_id is None:
                raise
            # An error with an order id leaves open whether the order exists: reading it tells.
            message = error.vendor_message or ""
            shown = OrderSnapshot(order_id=error.order_id, status="", message=message)
        else:
            shown = OrderSnapshot(order_id=order.order_id, status=order.status or "")
        return _followed(shown, details.phone_number, wireless=is_wireless(details))

    @write_activity(write_specs.UPDATE_PORT)
    async def update_port(self, request: UpdatePort) -> datetime:
        """Send corrected details; Telegent submits them to the losing carrier again.

        They are not sent if Telegent has accepted them from another run since the order was read.

        Returns:
            When a carrier that is silent from now on exceeds its interval.
        """
        details = request.details
        if await self._is_accepted_from_another_run(request):
            return _response_deadline(details.phone_number, wireless=is_wireless(details))
        if schedule_to_start_delay() > self.settings.max_schedule_to_start_delay:
            with pre_write_read():
                now = await self.read_port_order(request.last_snapshot.order_id)
            if now != request.last_snapshot:
                raise _stale(
                    f"the order was '{request.last_snapshot.status}', and is now '{now.status}'"
                )
        await self.api.ports.update(
            telegent.PortInUpdate(
                order_id=request.last_snapshot.order_id,
                current_carrier_name=details.losing_carrier,
                current_account_number=details.account_number,
                current_account_password=details.account_pin,
                current_billing_address=_address(details),
                iccid=details.iccid,
                kind=_kind_of(details),
                subscriber_name=details.subscriber_name,
                port_in_date=details.port_in_date,
            )
        )
        return _response_deadline(details.phone_number, wireless=is_wireless(details))

    async def _is_accepted_from_another_run(self, request: UpdatePort) -> bool:
        """Whether the last details that another run has sent are these, and were accepted.

        Raises:
            ApplicationError: `NotSent`, because another run may have sent them, and the order may
                not show that yet.
        """
        if self.temporal is None:
            return False
        # The order may not show its effect before the read lag has passed.
        after = request.order_read_at and request.order_read_at - self.settings.read_lag
        updates = await sent_by_other_runs(
            self.temporal, write_specs.UPDATE_PORT.activity, UpdatePort, after
        )
        of_order = [
            sent
            for sent in reversed(updates)
            if sent.request.last_snapshot.order_id == request.last_snapshot.order_id
        ]
        same = list(takewhile(lambda sent: sent.request.details == request.details, of_order))
        if same and not any(sent.accepted for sent in same):
            return await self._has_changed_order(same[0])
        return bool(same)

    async def _has_changed_order(self, sent: SentRequest[UpdatePort]) -> bool:
        """Whether the order is no longer as it was when another run sent this request.

        Only that run knows how it was: this one may never have read the rejection.

        Raises:
            ApplicationError: `NotSent`, because the order may not show it yet; `OutcomeUnknown`,
                because that run had not read the order.
        """
        before, message = sent.request.last_snapshot, "an earlier run may have sent it"
        if not before.status:
            raise ApplicationError(f"not sent: {message}", type=Outcome.UNKNOWN)
        with pre_write_read():
            now = await self.read_port_order(before.order_id)
        if now != before:
            return True
        wait = sent.at + self.settings.read_lag - datetime.now(UTC)
        if wait > timedelta(0):
            seconds = wait.total_seconds()
            raise ApplicationError(f"not sent: {message}", seconds, type=Outcome.NOT_SENT)
        return False

    @write_activity(write_specs.CANCEL_PORT)
    async def cancel_port(self, order_id: str) -> None:
        """Request the cancellation of an order; polls show whether it took effect.

        Safe in any state of the order: Telegent rejects the cancel of one that cannot be cancelled.
        """
        await self.api.ports.cancel(order_id)

    @activity.defn
    async def read_port_order(self, order_id: str) -> OrderSnapshot:
        """The order's status now."""
        return _snapshot(order_id, await self.api.numbers.order(order_id))

    @activity.defn
    async def verify_order_number(
        self, order_id: str, phone_number: str, wireless: bool
    ) -> FollowedOrder:
        """The order's status now, if it exists and belongs to this number.

        Raises:
            ApplicationError: It does not.
        """
        order = await self.api.numbers.order(order_id)
        if order.numbers and phone_number not in order.numbers:
            raise rejected(f"it is an order of {', '.join(order.numbers)}")
        return _followed(_snapshot(order_id, order), phone_number, wireless=wireless)

    @activity.defn
    async def await_port_change(self, request: AwaitChange) -> FollowedOrder:
        """Poll the order until its status differs from the last snapshot.

        Raises:
            ApplicationError: The order is unchanged. The type is the benign `Pending` with the
                time of the next poll, so that Temporal retries on the port-in's schedule: thirty
                days of polls are one event in the workflow's history.
        """
        clock, order_id = activity.info().current_attempt_scheduled_time, request.order_id
        factor = await self.poll_throttle.interval_factor() if self.poll_throttle else 1
        if since := request.interval_counts_from:
            earliest = self._next_poll(request, since, factor)
            if clock < earliest:
                status = request.last_snapshot.status
                raise _pending(f"port order {order_id} was '{status}'", clock, earliest)
        if request.once and self.poll_throttle:
            self.poll_throttle.record_requested_poll()
        now = await self.read_port_order(order_id)
        due = request.unchanged_counts_at
        if request.once or now != request.last_snapshot or (due and clock >= due):
            return _followed(now, request.phone_number, wireless=request.wireless)
        # Without the message, in which a carrier may quote account number and PIN.
        raise _pending(
            f"port order {order_id} is still '{now.status}'",
            clock,
            self._next_poll(request, clock, factor),
        )

    def _next_poll(self, request: AwaitChange, last: datetime, factor: float) -> datetime:
        """When the order is read again after it was read at `last`."""
        schedule = self.settings.port_poll_schedule
        if request.once:
            return last + min_poll_interval(schedule, factor)
        context = PollContext(
            now=last,
            age=max(last - request.carrier_clock_started_at, timedelta()),
            phone_number=request.phone_number,
            requested_date=request.requested_date,
            needs_operator=request.needs_operator,
            urgent=request.urgent,
            interval_factor=factor,
            seed=f"{request.order_id}/{last.timestamp()}",
        )
        due = request.unchanged_counts_at
        next_poll = last + next_poll_delay(schedule, context)
        return min(next_poll, due) if due else next_poll


def _snapshot(order_id: str, order: telegent.Order) -> OrderSnapshot:
    return OrderSnapshot(
        order_id=order_id,
        status=order.order_status or "",
        message=order.order_status_message or "",
    )


def _followed(order: OrderSnapshot, phone_number: str | None, *, wireless: bool) -> FollowedOrder:
    deadline = _response_deadline(phone_number, wireless=wireless)
    return FollowedOrder(order=order, response_deadline=deadline)


def _response_deadline(phone_number: str | None, *, wireless: bool) -> datetime:
    return response_deadline(phone_number, activity.info().started_time, wireless=wireless)


def _pending(reason: str, now: datetime, next_poll: datetime) -> ApplicationError:
    return pending(f"{reason}; next poll {next_poll:%Y-%m-%d %H:%M} UTC", next_poll - now)


def _stale(reason: str) -> ApplicationError:
    return ApplicationError(f"not sent: {reason}", type=Outcome.STALE, non_retryable=True)


def _port_kind(classification: str, is_wireline: bool) -> telegent.PortKind:
    """The kind of line that is ported. Only the port of a landline has a requested date."""
    if classification == "iot":
        return "iot"
    return "wireline" if is_wireline else "wireless"


def _kind_of(details: PortInDetails) -> telegent.PortKind:
    return _port_kind(details.classification, details.port_in_date is not None)


def _address(details: PortInDetails) -> telegent.PortBillingAddress:
    address = details.billing_address
    return telegent.PortBillingAddress(**(address.model_dump() if address else {}))
