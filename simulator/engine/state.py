"""The state behind the API: all resources, and scheduled events."""

import heapq
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal, TypeVar
from uuid import uuid4

from simulator.engine.carrier import Carrier, Phase
from simulator.engine.clock import Clock
from simulator.engine.errors import invalid, missing, not_found
from simulator.engine.fields import Json
from simulator.engine.ledger import Ledger
from simulator.options import PurchaseOutcome, SimulatorOptions

T = TypeVar("T")


@dataclass
class Subscriber:
    """A subscriber. Its numbers are those assigned to it (see `Number`)."""

    id: str
    name: str
    email: str
    role: str
    account_id: str


@dataclass
class Number:
    """A phone number of the distributor. `data_used`: bytes, in this billing period."""

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
    status: str = "Active"
    cancelled_at: datetime | None = None
    swaps_remaining: int = 3
    data_limits: Json = field(default_factory=dict)
    data_used: int = 0
    renewal: Json = field(default_factory=dict)
    e911: Json = field(default_factory=dict)


@dataclass
class Order:
    """A number order.

    Attributes:
        phase: Phase of a port-in; None for other orders.
        request: Latest data of a port-in.
        submissions: How often a port-in was sent to the losing carrier.
        polls: How often its status was read.
    """

    id: str
    type: str
    date: datetime
    number: str | None
    status: str = "Complete"
    phase: Phase | None = None
    message: str | None = None
    request: Json = field(default_factory=dict)
    submissions: int = 0
    polls: int = 0


class SimulatorState:
    """All state of one simulated distributor, with lookups that several resources need."""

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
        self.purchase_outcomes: list[PurchaseOutcome] = []
        """How the next purchases end; then the options apply."""
        self._snapshots: list[tuple[datetime, dict[str, Json]]] = []
        self._created_at: dict[str, datetime] = {}
        self._next_line = count(2000000)
        self._next_sim = count(1)
        self._scheduled_events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._event_sequence = count()

    def new_id(self, prefix: str) -> str:
        """Return a new id with one of the vendor's prefixes."""
        new = f"{prefix}-{uuid4()}"
        self._created_at[new] = self.clock.now()
        return new

    def new_number(self, area_code: str | None) -> str:
        """Return the next free number; without an area code, in an area of our choice."""
        return f"+1{area_code or '385'}{next(self._next_line)}"

    def new_esim(self) -> tuple[str, str]:
        """Return the ICCID of a new eSIM, and the URL of the QR image with its activation code."""
        serial = next(self._next_sim)
        code = f"SIM00-{serial:05d}-FAKE0-ESIM0"
        text = f"LPA:1$smdp.simulator.example${code}"
        extras = "ecLevel=H&format=png&centerImageSizeRatio=.3"
        return f"8901240{serial:013d}", f"https://quickchart.io/qr?text={text}&{extras}"

    def commit(self, kind: str, data: Json, at: datetime | None = None) -> None:
        """Record an effect that has just been applied in the ledger."""
        at = at or self.clock.now()
        self.ledger.append(at, kind, data)
        self.show_later(at)

    def show_later(self, since: datetime) -> None:
        """Let lists show the current state, which exists since then, after the list lag."""
        if not self.options.list_lag:
            return
        shown = [at for at, _ in self._snapshots if at <= self._shown_until()]
        del self._snapshots[: max(0, len(shown) - 1)]
        self._snapshots.append((since, self._copy_tables()))

    def snapshot_initial(self) -> None:
        """Let lists show the current state from the beginning."""
        self._snapshots.append((datetime.min.replace(tzinfo=UTC), self._copy_tables()))

    def _copy_tables(self) -> dict[str, Json]:
        return {name: deepcopy(getattr(self, name)) for name in self._tables}

    def lagged_view(self) -> "SimulatorState":
        """Return the state that lists show: that of `list_lag` ago."""
        if not self.options.list_lag:
            return self
        past: dict[str, Json] = {name: {} for name in self._tables}
        for at, tables in self._snapshots:
            if at <= self._shown_until():
                past = tables
        view = copy(self)
        vars(view).update(past)
        return view

    def _shown_until(self) -> datetime:
        return self.clock.now() - timedelta(seconds=self.options.list_lag)

    def schedule(self, due: datetime, event: Callable[[datetime], None]) -> None:
        """Call `event(due)` once the clock reaches `due`; see `process_due_events`."""
        heapq.heappush(self._scheduled_events, (due, next(self._event_sequence), event))

    def process_due_events(self) -> None:
        """Process all events that are due by now. Called before state is read or changed."""
        now = self.clock.now()
        while self._scheduled_events and self._scheduled_events[0][0] <= now:
            due, _, event = heapq.heappop(self._scheduled_events)
            event(due)

    def find(self, table: Mapping[str, T], key: str | None, field_name: str) -> T:
        """Return the entry with this id. Raises ApiError 400 without an id, 404 if unknown."""
        if not key:
            raise missing(field_name)
        found = table.get(key)
        if found is None:
            raise not_found(field_name)
        self._check_reference(getattr(found, "id", key), field_name)
        return found

    def _check_reference(self, resource_id: str, field_name: str) -> None:
        """Reject a reference to a new resource within the reference lag. Raises ApiError."""
        lag = timedelta(seconds=self.options.reference_lag)
        created_at = self._created_at.get(resource_id)
        if lag and created_at and self.clock.now() < created_at + lag:
            if self.options.reference_status == 404:
                raise not_found(field_name)
            raise invalid(field_name, f"Invalid {field_name}")

    def resolve_account(self, account_id: str | None) -> str:
        """Return the account of an operation, which may omit it while there is only one."""
        if account_id:
            if account_id not in self.accounts:
                raise invalid("AccountId", "Invalid AccountId")
            self._check_reference(account_id, "AccountId")
            return account_id
        if len(self.accounts) != 1:
            raise missing("AccountId")
        return next(iter(self.accounts))

    def check_route(self, table: dict[str, Json], route_id: str, account_id: str | None) -> None:
        """Check that a route exists and belongs to the account. Raises ApiError 404."""
        route = table.get(route_id)
        if route is None or account_id not in (None, route["AccountId"]):
            raise not_found("route")
        self._check_reference(route_id, "RouteId")

    def active_number(self, number: str) -> Number:
        """Return a number that is in service. Raises ApiError 404 or 400."""
        found = self.find(self.numbers, number, "Number")
        if found.status != "Active":
            raise invalid("Number", f"{number} is not active")
        return found

    def numbers_of(self, subscriber_id: str) -> list[str]:
        """Return the E.164 numbers that are assigned to a subscriber."""
        return [n.number for n in self.numbers.values() if n.subscriber_id == subscriber_id]

    def assign(self, number: Number, subscriber_id: str) -> None:
        """Assign a number to a subscriber of the same account. Raises ApiError.

        A ported number has no account until then, and joins that of the subscriber.
        """
        subscriber = self.find(self.subscribers, subscriber_id, "AssignedSubscriberId")
        if number.account_id not in (None, subscriber.account_id):
            raise invalid("AssignedSubscriberId", "Phone number does not belong to account")
        number.account_id = subscriber.account_id
        number.subscriber_id = subscriber.id


def changed_fields(body: dict[str, Any], key: str) -> list[str]:
    """Return the names of the fields of an update, without its id; they contain no secrets."""
    return sorted(name for name in body if name != key)
