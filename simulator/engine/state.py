"""The state behind the API: everything that exists, and the events that are still to come."""

import heapq
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal, TypeVar
from uuid import uuid4

from simulator.engine.carrier import Carrier, Phase
from simulator.engine.clock import Clock
from simulator.engine.errors import invalid, missing, not_found
from simulator.engine.fields import Json
from simulator.engine.ledger import Ledger
from simulator.options import SimulatorOptions

T = TypeVar("T")


@dataclass
class Subscriber:
    """A person. The numbers of a subscriber are the numbers assigned to it (see `Number`)."""

    id: str
    name: str
    email: str
    role: str
    account_id: str


@dataclass
class Number:
    """A phone number held here. `status` is what the vendor would show: Active or Inactive."""

    number: str
    id: str
    order_id: str
    account_id: str | None
    classification: Literal["MVNO", "IoT"]
    purchased: datetime
    message_type: str | None = None
    message_enabled: bool = False
    voice_enabled: bool = False
    data_enabled: bool = False
    product_type: str | None = None
    message_route_id: str | None = None
    voice_route_id: str | None = None
    subscriber_id: str | None = None
    iccid: str | None = None
    qr_code: str | None = None
    cnam: str | None = None
    zip_code: str | None = None
    port_out_pin: str | None = None
    status: Literal["Active", "Inactive"] = "Active"
    cancelled_at: datetime | None = None
    swaps_remaining: int = 2
    data_limits: Json = field(default_factory=dict)
    renewal: Json = field(default_factory=dict)


@dataclass
class Order:
    """A number order. For a port-in, `phase` moves and `request` holds the latest data sent."""

    id: str
    type: str
    date: datetime
    number: str | None
    status: str = "Complete"
    phase: Phase | None = None
    message: str | None = None
    request: Json = field(default_factory=dict)
    submissions: int = 0


class SimulatorState:
    """All state of one simulated distributor, with the few look-ups that every resource needs."""

    def __init__(
        self, options: SimulatorOptions, clock: Clock, carrier: Carrier, ledger: Ledger
    ) -> None:
        self.options = options
        self.clock = clock
        self.carrier = carrier
        self.ledger = ledger
        self.accounts: dict[str, Json] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.message_routes: dict[str, Json] = {}
        self.voice_routes: dict[str, Json] = {}
        self.products: dict[str, Json] = {}
        self.packages: dict[str, Json] = {}
        self.package_items: dict[str, Json] = {}
        self.subscriptions: dict[str, Json] = {}
        self.numbers: dict[str, Number] = {}
        self.orders: dict[str, Order] = {}
        self.guardian: dict[str, Json] = {}
        self.relations: dict[tuple[str, str], str] = {}
        self.filters: dict[str, Json] = {}
        self.webhooks: dict[str, Json] = {}
        self.aggregator_id = "AGID-simulator"
        self._tables = [name for name, value in vars(self).items() if isinstance(value, dict)]
        self._snapshots: list[tuple[datetime, dict[str, Json]]] = []
        self._next_line = count(2000000)
        self._next_sim = count(1)
        self._scheduled_events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._event_sequence = count()

    def new_id(self, prefix: str) -> str:
        """A fresh id with one of the vendor's prefixes."""
        return f"{prefix}-{uuid4()}"

    def new_number(self, area_code: str | None) -> str:
        """The next free number; "" or None lets the platform choose the area."""
        return f"+1{area_code or '385'}{next(self._next_line)}"

    def new_esim(self) -> tuple[str, str]:
        """A fresh eSIM: its ICCID, and the URL of the QR picture with the activation string."""
        serial = next(self._next_sim)
        code = f"SIM00-{serial:05d}-FAKE0-ESIM0"
        text = f"LPA:1$smdp.simulator.example${code}"
        extras = "ecLevel=H&format=png&centerImageSizeRatio=.3"
        return f"8901240{serial:013d}", f"https://quickchart.io/qr?text={text}&{extras}"

    def commit(self, kind: str, data: Json, at: datetime | None = None) -> None:
        """Writes an effect that has just been applied into the ledger."""
        self.ledger.append(at or self.clock.now(), kind, data)
        if self.options.list_lag:
            tables = {name: deepcopy(getattr(self, name)) for name in self._tables}
            self._snapshots.append((self.clock.now(), tables))

    def lagged_view(self) -> "SimulatorState":
        """The state to read lists from: that of `list_lag` ago."""
        if not self.options.list_lag:
            return self
        visible_at = self.clock.now() - timedelta(seconds=self.options.list_lag)
        past: dict[str, Json] = {name: {} for name in self._tables}
        for at, tables in self._snapshots:
            if at <= visible_at:
                past = tables
        view = copy(self)
        vars(view).update(past)
        return view

    def schedule(self, due: datetime, event: Callable[[datetime], None]) -> None:
        """Lets `event(due)` happen once the clock reaches `due`; see `process_due_events`."""
        heapq.heappush(self._scheduled_events, (due, next(self._event_sequence), event))

    def process_due_events(self) -> None:
        """Lets everything happen that is due by now. Called before state is read or changed."""
        now = self.clock.now()
        while self._scheduled_events and self._scheduled_events[0][0] <= now:
            due, _, event = heapq.heappop(self._scheduled_events)
            event(due)

    def find(self, table: Mapping[str, T], key: str | None, field_name: str) -> T:
        """The entry with this id. Raises ApiError 400 without an id, 404 for an unknown one."""
        if not key:
            raise missing(field_name)
        found = table.get(key)
        if found is None:
            raise not_found(field_name)
        return found

    def resolve_account(self, account_id: str | None) -> str:
        """The account an operation is for; it may be left out only while there is just one."""
        if account_id:
            if account_id not in self.accounts:
                raise invalid("AccountId", "Invalid AccountId")
            return account_id
        if len(self.accounts) != 1:
            raise missing("AccountId")
        return next(iter(self.accounts))

    def check_route(self, table: dict[str, Json], route_id: str, account_id: str | None) -> None:
        """Checks that a route exists and is not another account's. Raises ApiError 404."""
        route = table.get(route_id)
        if route is None or account_id not in (None, route["AccountId"]):
            raise not_found("route")

    def active_number(self, number: str) -> Number:
        """A number of ours that is in service. Raises ApiError 404 or 400."""
        found = self.find(self.numbers, number, "Number")
        if found.status != "Active":
            raise invalid("Number", f"{number} is not active")
        return found

    def numbers_of(self, subscriber_id: str) -> list[str]:
        """The E.164 numbers assigned to a subscriber."""
        return [n.number for n in self.numbers.values() if n.subscriber_id == subscriber_id]

    def assign(self, number: Number, subscriber_id: str) -> None:
        """Binds a number to a subscriber of the same account.

        A ported number has no account until then and joins the subscriber's. Raises ApiError.
        """
        subscriber = self.find(self.subscribers, subscriber_id, "AssignedSubscriberId")
        if number.account_id not in (None, subscriber.account_id):
            raise invalid("AssignedSubscriberId", "Phone number does not belong to account")
        number.account_id = subscriber.account_id
        number.subscriber_id = subscriber.id


def changed_fields(body: dict[str, Any], key: str) -> list[str]:
    """The names of the fields an update sent, without its own id: safe to write down."""
    return sorted(name for name in body if name != key)
