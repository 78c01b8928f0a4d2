"""What activities need to know besides the client: how patient to be, and house settings."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class PortPace:
    """How often an open port-in is looked at, by its age since submit.

    Dense while a wireless port is likely to move (industry practice: 2.5 hours), then hourly,
    then a few times a day: at 50 requests a minute polling is what eats the budget.
    """

    dense: timedelta = timedelta(minutes=10)
    dense_until: timedelta = timedelta(hours=3)
    hourly: timedelta = timedelta(hours=1)
    hourly_until: timedelta = timedelta(days=1)
    sparse: timedelta = timedelta(hours=6)

    def interval(self, age: timedelta) -> timedelta:
        """Time from one look to the next for a port-in of this age."""
        if age < self.dense_until:
            return self.dense
        return self.hourly if age < self.hourly_until else self.sparse


@dataclass(frozen=True)
class ActivitySettings:
    """Settings of the activities.

    `read_lag`: how long the vendor's lists may miss what was just created (undocumented, so
    assumed). `purchase_lag`: the same for a number that was bought, which shows in the inventory
    only when its order is complete. `order_poll`: time between looks at a number order that is not
    complete yet. `message_level_field`: the wire field for AI Guardian's message level, which no
    document names.
    """

    id_key: str = ""
    read_lag: timedelta = timedelta(seconds=60)
    purchase_lag: timedelta = timedelta(minutes=15)
    order_poll: timedelta = timedelta(seconds=15)
    port_pace: PortPace = field(default_factory=PortPace)
    message_level_field: str | None = None
