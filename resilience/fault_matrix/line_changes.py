"""The line changes as system under test: one line goes through every change of its life."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from resilience.fault_matrix.orchestrator_sut import (
    CASE_TIMEOUT,
    POLL_INTERVAL,
    OrchestratorUnderTest,
)
from resilience.fault_matrix.runner import CaseContext
from resilience.oracle.invariants import STUCK, InvariantReport
from simulator import Simulator
from simulator.engine.state import Number, SimulatorState, Subscriber
from simulator.examples import (
    ACCOUNT_ID,
    MESSAGE_ROUTE_ID,
    PACKAGE_ID,
    SUBSCRIBER_ID,
    VOICE_ROUTE_ID,
    add_examples,
)
from simulator.resources.filters import CallSettings, MessageSettings
from telegent_orchestrator.client import LineChangeClient, LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeRequest, LineChangeStatus
from telegent_orchestrator.progress import Resolution, ResolutionAction

LINE_CHANGE_CALLS = {
    "POST /v1.0/OAuth2/tokens": 33,
    "GET /v1.0/numbers": 29,
    "POST /v1.0/numbers/status": 5,
    "POST /v1.0/numbers/data-usage": 1,
    "POST /v1.0/numbers/data-usage/settings": 1,
    "POST /v1.0/numbers/data-usage/update-renewal-info": 1,
    "GET /v1.0/account/subscriptions": 6,
    "GET /v1.0/subscriptions": 4,
    "POST /v1.0/subscriptions/update": 2,
    "POST /v1.0/numbers/update": 1,
    "GET /v1.0/subscribers/call-filter": 13,
    "GET /v1.0/subscribers/message-filter": 13,
    "GET /v1.0/subscribers/guardians/relation/child": 3,
    "GET /v1.0/subscribers/guardians/relation/parent": 4,
    "POST /v1.0/sims/clear-status": 1,
    "GET /v1.0/subscribers/guardian-features": 6,
    "POST /v1.0/subscribers/guardian-features": 2,
    "POST /v1.0/subscribers/guardians/relation": 1,
    "GET /v1.0/subscribers/call-filter/keywords": 2,
    "POST /v1.0/subscribers/call-filter/update": 2,
    "GET /v1.0/subscribers/message-filter/keywords": 2,
    "POST /v1.0/subscribers/message-filter/update": 2,
    "POST /v1.0/subscribers/call-filter/allowed-numbers/add": 1,
    "POST /v1.0/subscribers/call-filter/blocked-numbers/remove": 1,
    "POST /v1.0/subscribers/message-filter/allowed-contacts/remove": 1,
    "POST /v1.0/subscribers/message-filter/blocked-contacts/add": 1,
    "GET /v1.0/subscribers/get": 5,
    "POST /v1.0/subscribers/update": 1,
    "POST /v1.0/subscribers/transfer": 1,
    "POST /v1.0/subscriptions/delete": 2,
    "POST /v1.0/subscribers/call-filter/delete": 1,
    "POST /v1.0/subscribers/message-filter/delete": 1,
    "POST /v1.0/subscribers/guardians/relation/delete": 1,
    "POST /v1.0/numbers/reactivate": 1,
    "GET /v1.0/packages/subscriptions": 1,
    "POST /v1.0/subscriptions": 1,
}
"""Each distinct call of the story without faults as "METHOD path", and how often it is made."""

GUARDIAN_ID, OTHER_ACCOUNT_ID, OTHER_PACKAGE_ID = "TSUID-guardian", "AID-22222222", "PID-22222222"
CALL_FILTER_ID, MESSAGE_FILTER_ID = "CFID-11111111", "MFID-11111111"
SUBSCRIPTION_ID, SECOND_SUBSCRIPTION_ID = "SUB-11111111", "SUB-22222222"
FIRST_NUMBER, ALLOWED, BLOCKED = "+18015550142", "+18015550101", "+18015550102"
AUTHENTICATED = {"authentication_reference": "call-4711"}
ONCE = {
    "swap-sim": "number.status_changed",
    "swap": "number.status_changed",
    "subscription.created": "subscription.created",
    "subscriber.transferred": "subscriber.transferred",
    "guardian.related": "guardian.related",
    "number.reactivated": "number.reactivated",
}
"""The ledger's kind of what must not happen twice, by its name: that of the change of a number, or
the kind itself."""


@dataclass
class World:
    """The line at the simulator."""

    state: SimulatorState
    number: Number

    @property
    def subscription(self) -> dict[str, Any]:
        """The only subscription; empty if there is none."""
        return next(iter(self.state.subscriptions.values()), {})

    @property
    def subscriber(self) -> Subscriber:
        """The subscriber of the line."""
        return self.state.subscribers[SUBSCRIBER_ID]

    def filter(self, filter_id: str) -> dict[str, Any]:
        """A filter; empty if it is deleted."""
        return dict(self.state.filters.get(filter_id, {}))

    def guardian(self) -> tuple[bool, bool]:
        """Whether calls and messages are guarded."""
        flags = self.state.guardian[SUBSCRIBER_ID]
        return (
            flags["EnableIntelligentGuardianCalls"],
            flags["EnableIntelligentGuardianMessages"],
        )


def _add_second_subscription(world: World) -> None:
    second = world.subscription | {"SubscriptionId": SECOND_SUBSCRIPTION_ID}
    world.state.subscriptions[SECOND_SUBSCRIPTION_ID] = second
    world.state.show_later(world.state.clock.now())


@dataclass(frozen=True)
class Change:
    """One change of the story, and what must be true after it.

    Attributes:
        once: What it must have done exactly once, as in `ONCE`.
        prepare: What is done at the vendor before.
    """

    kind: str
    values: dict[str, Any]
    holds: Callable[[World], bool]
    once: tuple[str, ...] = ()
    prepare: Callable[[World], None] = lambda _: None

    def request(self, world: World) -> LineChangeRequest:
        """The request that starts it."""
        return LineChangeRequest.model_validate(
            {
                "phone_number": world.number.number,
                "change": {"kind": self.kind, **self.values},
                "by": "support desk",
                "reason": "resilience test",
            }
        )


STORY = [
    Change("suspend", {}, lambda w: w.number.status != "Active"),
    Change("restore", {}, lambda w: w.number.status == "Active"),
    Change(
        "close_subscription",
        {"subscription_id": SECOND_SUBSCRIPTION_ID},
        lambda w: list(w.state.subscriptions) == [SUBSCRIPTION_ID],
        prepare=_add_second_subscription,
    ),
    Change(
        "limits",
        {"data_limits": {"limit_mb": 5000}, "renewal": {"every": "week", "day": 2}},
        lambda w: (w.number.data_limits["LimitValue"], w.number.renewal["RenewalDay"]) == (5000, 2),
    ),
    Change(
        "plan",
        {"package_id": OTHER_PACKAGE_ID, "product_type": "Sms+Data+Voice"},
        lambda w: (
            w.subscription.get("PackageId") == OTHER_PACKAGE_ID and w.subscription["Active"] is True
        ),
    ),
    Change(
        "swap_sim",
        AUTHENTICATED,
        lambda w: (
            w.number.iccid not in (None, "8901240000000000001")
            and w.subscription["ICCID"] == w.number.iccid
        ),
        once=("swap-sim",),
    ),
    Change("guardian", {"messages": False}, lambda w: w.guardian() == (True, False)),
    Change(
        "guardian",
        {"relation": {"guardian_id": GUARDIAN_ID, "relation": "Parent"}},
        lambda w: (GUARDIAN_ID, SUBSCRIBER_ID) in w.state.relations,
        once=("guardian.related",),
    ),
    Change("guardian", {"messages": True}, lambda w: w.guardian() == (True, True)),
    Change(
        "filters",
        {"call_filter": {"mode": "WHITELIST"}, "message_filter": {"mode": "MONITOR_ONLY"}},
        lambda w: (
            w.filter(CALL_FILTER_ID)["FilterMode"] == "WHITELIST"
            and w.filter(MESSAGE_FILTER_ID)["FilterMode"] == "MONITOR_ONLY"
        ),
    ),
    Change(
        "filters",
        {
            "call_filter": {"allow": [ALLOWED], "unblock": [BLOCKED]},
            "message_filter": {"block": [BLOCKED], "disallow": [ALLOWED]},
        },
        lambda w: (
            w.filter(CALL_FILTER_ID)["AllowedNumbers"] == [ALLOWED]
            and w.filter(CALL_FILTER_ID)["BlockedNumbers"] == []
            and w.filter(MESSAGE_FILTER_ID)["BlockedContacts"] == [BLOCKED]
            and w.filter(MESSAGE_FILTER_ID)["AllowedContacts"] == []
        ),
    ),
    Change(
        "subscriber",
        {"name": "Pat Example", "role": "Manager"},
        lambda w: (w.subscriber.name, w.subscriber.role) == ("Pat Example", "Manager"),
    ),
    Change(
        "transfer",
        {"to_account_id": OTHER_ACCOUNT_ID},
        lambda w: w.subscriber.account_id == OTHER_ACCOUNT_ID,
        once=("subscriber.transferred",),
    ),
    Change(
        "number",
        AUTHENTICATED,
        lambda w: (
            w.number.number != FIRST_NUMBER
            and w.filter(CALL_FILTER_ID)["Phone"] == w.number.number
            and w.filter(MESSAGE_FILTER_ID)["Phone"] == w.number.number
        ),
        once=("swap",),
    ),
    Change(
        "end",
        {"remove_relations": True},
        lambda w: (
            not (w.state.subscriptions or w.state.filters or w.state.relations)
            and w.number.status != "Active"
        ),
    ),
    Change(
        "win_back",
        {"package_id": PACKAGE_ID},
        lambda w: w.number.status == "Active" and w.subscription.get("PackageId") == PACKAGE_ID,
        once=("number.reactivated", "subscription.created"),
    ),
]
"""Each change of a line, in an order in which all are possible."""


def put_line_in_service(simulator: Simulator) -> World:
    """Put a line with everything that can change into service, without an onboarding."""
    state = simulator.state
    add_examples(state)
    state.accounts[OTHER_ACCOUNT_ID] = state.accounts[ACCOUNT_ID] | {"AccountId": OTHER_ACCOUNT_ID}
    state.packages[OTHER_PACKAGE_ID] = state.packages[PACKAGE_ID] | {"PackageId": OTHER_PACKAGE_ID}
    state.subscribers[GUARDIAN_ID] = Subscriber(
        GUARDIAN_ID, "Guardian", "guardian@mvno.example", "Subscriber", ACCOUNT_ID
    )
    for subscriber_id in (SUBSCRIBER_ID, GUARDIAN_ID):
        state.guardian[subscriber_id] = {
            "SubscriberId": subscriber_id,
            "EnableIntelligentGuardianCalls": True,
            "EnableIntelligentGuardianMessages": True,
        }
    number = Number(
        number=FIRST_NUMBER,
        id="NID-11111111",
        order_id="JNUOID-11111111",
        account_id=ACCOUNT_ID,
        classification="MVNO",
        purchased=state.clock.now(),
        message_type="p2p",
        message_enabled=True,
        voice_enabled=True,
        data_enabled=True,
        product_type="Sms+Data",
        message_route_id=MESSAGE_ROUTE_ID,
        voice_route_id=VOICE_ROUTE_ID,
        subscriber_id=SUBSCRIBER_ID,
        iccid="8901240000000000001",
    )
    state.numbers[FIRST_NUMBER] = number
    state.subscriptions[SUBSCRIPTION_ID] = {
        "SubscriptionId": SUBSCRIPTION_ID,
        "SubscriberId": SUBSCRIBER_ID,
        "PackageId": PACKAGE_ID,
        "Type": "mvno",
        "TNID": number.id,
        "ICCID": number.iccid,
        "Active": True,
    }
    _add_filters(state)
    state.snapshot_initial()
    return World(state, number)


def _add_filters(state: SimulatorState) -> None:
    both = {
        "SubscriberId": SUBSCRIBER_ID,
        "Phone": FIRST_NUMBER,
        "KeywordFilter": '{"CustomKeywords": ["prize"]}',
    }
    state.filters[CALL_FILTER_ID] = {
        **CallSettings().model_dump(),
        **both,
        "FilterId": CALL_FILTER_ID,
        "FilterMode": "BLACKLIST",
        "BlockedNumbers": [BLOCKED],
    }
    state.filters[MESSAGE_FILTER_ID] = {
        **MessageSettings().model_dump(),
        **both,
        "FilterId": MESSAGE_FILTER_ID,
        "FilterMode": "ACTIVE",
        "AllowedContacts": [ALLOWED],
    }


@dataclass(frozen=True)
class LineChangesUnderTest(OrchestratorUnderTest):
    """Changes one line with the product's workflows, in every way that there is."""

    async def onboard(self, context: CaseContext) -> InvariantReport:
        """Go through the story, with one fault until it is over, and compare what exists."""
        world = put_line_in_service(context.simulator)
        violations: list[str] = []
        expected: Counter[str] = Counter()
        try:
            async with asyncio.timeout(CASE_TIMEOUT):
                for change in STORY:
                    hits = _fault_hits(context.simulator)
                    violations += await self._run(context, world, change)
                    expected.update(change.once)
                    if context.cases == 1 and hits and hits == _fault_hits(context.simulator):
                        break
        except TimeoutError:
            violations.append(STUCK)
        violations += wrong_counts(context.simulator, expected)
        return InvariantReport(violations, [])

    async def _run(self, context: CaseContext, world: World, change: Change) -> list[str]:
        """What is wrong after one change."""
        change.prepare(world)
        handle = await LineChangeClient(context.client).start(change.request(world))
        try:
            await self._result(context, world, handle)
        except LineChangeFailedError as error:
            return [f"{change.kind} failed: {error}"]
        # What was sent and timed out must not come between this change and the next one.
        await asyncio.sleep(context.effect_delay)
        if not change.holds(world):
            return [f"{change.kind} {change.values} is reported as done, and is not"]
        return []

    async def _result(self, context: CaseContext, world: World, handle: LineChangeHandle) -> None:
        ending = asyncio.create_task(handle.result())
        try:
            while not (await asyncio.wait([ending], timeout=POLL_INTERVAL))[0]:
                status = await handle.status()
                for each in status.escalations:
                    context.escalations += each.evidence
                    await asyncio.sleep(context.effect_delay)
                    await handle.resolve(resolution(context.simulator, world, status, each.step))
            await ending
        finally:
            ending.cancel()


def resolution(
    simulator: Simulator, world: World, status: LineChangeStatus, step: str
) -> Resolution:
    """What an operator decides who has checked the portal: adopt what exists, else retry."""
    existing: str | None = None
    match status.change.kind, step:
        case "swap_sim", "SIM" if happened(simulator, "swap-sim"):
            existing = world.number.iccid
        case "number", "Number" if happened(simulator, "swap"):
            existing = world.number.number
        case "win_back", "Subscription":
            existing = world.subscription.get("SubscriptionId")
        case "guardian", "Relation" if happened(simulator, "guardian.related"):
            existing = SUBSCRIBER_ID
    action = ResolutionAction.ADOPT if existing else ResolutionAction.RETRY
    return Resolution(step=step, action=action, id=existing, by="support desk", reason="portal")


def wrong_counts(simulator: Simulator, expected: Mapping[str, int]) -> list[str]:
    """A sentence for each kind of `ONCE` that happened more or less often than expected."""
    done = {what: happened(simulator, what) for what in ONCE}
    wrong = [what for what in ONCE if done[what] != expected.get(what, 0)]
    return [f"{what}: {done[what]} times, not {expected.get(what, 0)}" for what in wrong]


def happened(simulator: Simulator, what: str) -> int:
    """How often, by the ledger."""
    rows = simulator.ledger.by_kind(ONCE[what])
    return sum(what in (row.kind, row.data.get("change")) for row in rows)


def _fault_hits(simulator: Simulator) -> int:
    return sum(bool(entry.fault) for entry in simulator.requests)
