"""Settings of the activities: lags, intervals, deadlines and our own addresses."""

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from activities.events import EventSettings
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.poll_schedule import POLL_SHARE, PollSchedule

DEFAULT_TIME_ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class OrderWebhook:
    """Where Telegent is to send order updates, and how it authenticates there.

    With a `token` by that, otherwise by user name and password.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class ActivitySettings:
    """Settings of the activities.

    Attributes:
        id_key: Key of the HMAC of phone numbers and ICCIDs in workflow ids.
        read_lag: How long Telegent's lists may miss what was just created. Undocumented, so an
            assumption.
        purchase_lag: The same for a bought number, which the inventory shows only when its order
            is complete.
        order_poll: Time between polls of a number order, and of a workflow that another one awaits.
        max_schedule_to_start_delay: How long after it was scheduled a write may start without a
            lookup.
        port_poll_schedule: When the orders of port-ins are polled.
        port_poll_share: The part of all requests, 0 to 1, that polls of port-ins may take.
        reconcile_share: The part of all requests, 0 to 1, that a reconciliation may take.
        usage_share: The same for a reading of usage.
        usage_thresholds: The shares of the data limit, in percent, at which events are sent.
        port_out_poll: Time between polls of a number that is to leave.
        time_zone: The zone whose date is the effective date of a cancelled number.
        wireline_pin_required: Whether the port of a landline needs a PIN.
        capitalized_subscription_types: Whether types of subscriptions are `Mvno` and `Iot`, instead
            of `mvno` and `iot`.
        message_level_field: The wire field of AI Guardian's message level. Telegent's documents do
            not define it.
        port_in_policy: Deadlines and limits of port-ins.
        order_webhook: Our webhook for order updates, if there is one.
        events: Who receives events.
    """

    id_key: str = ""
    read_lag: timedelta = timedelta(seconds=60)
    purchase_lag: timedelta = timedelta(minutes=15)
    order_poll: timedelta = timedelta(seconds=15)
    max_schedule_to_start_delay: timedelta = timedelta(minutes=5)
    port_poll_schedule: PollSchedule = field(default_factory=PollSchedule)
    port_poll_share: float = POLL_SHARE
    reconcile_share: float = 0.2
    usage_share: float = 0.1
    usage_thresholds: tuple[int, ...] = (80, 100)
    port_out_poll: timedelta = timedelta(hours=6)
    time_zone: ZoneInfo = DEFAULT_TIME_ZONE
    wireline_pin_required: bool = False
    capitalized_subscription_types: bool = False
    message_level_field: str | None = None
    port_in_policy: PortInPolicy = field(default_factory=PortInPolicy)
    order_webhook: OrderWebhook | None = None
    events: EventSettings = field(default_factory=EventSettings)
