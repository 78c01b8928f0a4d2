"""What activities need to know besides the client: how patient to be, and house settings."""

from dataclasses import dataclass, field
from datetime import timedelta

from activities.events.activities import EventSettings
from activities.port_in.policy import PortInPolicy
from activities.port_in.poll_schedule import PollSchedule


@dataclass(frozen=True)
class OrderWebhook:
    """Where the vendor is to report order updates, and what it must present there.

    With a `token` it presents that, otherwise user name and password.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class ActivitySettings:
    """Settings of the activities.

    `read_lag`: how long the vendor's lists may miss what was just created (undocumented, so
    assumed). `purchase_lag`: the same for a number that was bought, which shows in the inventory
    only when its order is complete. `order_poll`: time between looks at a number order that is not
    complete yet. `port_poll_share`: the part of all requests, 0 to 1, that looking at open port-ins
    may take. `port_out_poll`: time between looks whether a number has left.
    `max_schedule_to_start_delay`: how long after it was decided on a write may start without a
    look. `message_level_field`: the wire field for AI Guardian's message level, which no document
    names. `port_in_policy`: deadlines and caps of port-ins. `order_webhook`: our webhook, if there
    is one. `events`: who gets events.
    """

    id_key: str = ""
    read_lag: timedelta = timedelta(seconds=60)
    purchase_lag: timedelta = timedelta(minutes=15)
    order_poll: timedelta = timedelta(seconds=15)
    max_schedule_to_start_delay: timedelta = timedelta(minutes=5)
    port_poll_schedule: PollSchedule = field(default_factory=PollSchedule)
    port_poll_share: float = 0.4
    port_out_poll: timedelta = timedelta(hours=6)
    message_level_field: str | None = None
    port_in_policy: PortInPolicy = field(default_factory=PortInPolicy)
    order_webhook: OrderWebhook | None = None
    events: EventSettings = field(default_factory=EventSettings)
