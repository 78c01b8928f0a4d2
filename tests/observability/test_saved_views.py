"""The filters of docs/how-to/operators.md find what they say, on a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities.events import EventSettings
from simulator import CarrierRecord, CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.names import ORDER_ATTRIBUTE
from telegent_orchestrator.port_in import NumberBinding, PortInDetails, PortInRequest, PortState
from tests.harness import FAST_TIMINGS, SETTINGS, Harness, running_harness
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.port_ins import TRUTH, until
from tools.docs.documents import ROOT, between_markers, table_rows

FILTERS = {
    name: query.strip("`")
    for name, query in table_rows(
        between_markers(ROOT / "docs" / "how-to" / "operators.md", "filters")
    )
}
REJECTED, BARE, LOST, SILENT, LIVE = (f"+1801555014{last}" for last in range(5))
ACCOUNT = "AID-11111111"
BIND = NumberBinding(
    account_id=ACCOUNT,
    subscriber_id="TSUID-11111111",
    product_type="Sms-Only",
    message_type="p2p",
    message_route_id="MRID-11111111",
)


class Played:
    """What runs and has ended in the namespace, by the names that the expectations use."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.began = datetime.now(UTC)
        self.ids: dict[str, str] = {}

    async def found(self, query: str) -> set[str]:
        """Ours among what a filter finds; deliveries of events have one name."""
        ours = f'({query}) AND StartTime >= "{self.began.isoformat()}"'
        names = {workflow_id: name for name, workflow_id in self.ids.items()}
        return {
            names.get(found.id, "event" if found.workflow_type == "EventDeliveryWorkflow" else "")
            async for found in self.client.list_workflows(ours)
        } - {""}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(temporal: Client) -> AsyncIterator[Played]:
    receiver = Receiver(responses=["400 Bad Request"] * 1_000)
    async with receiver.listening():
        settings = replace(SETTINGS, events=EventSettings((receiver.url,), SECRET))
        options = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))
        played = Played(temporal)
        async with running_harness(temporal, options, settings) as harness:
            await _play(harness, played)
            yield played


async def _play(harness: Harness, played: Played) -> None:
    await _escalate(harness, played)
    carrier = harness.telegent.carrier
    carrier.set_record(REJECTED, TRUTH)
    carrier.set_record(SILENT, CarrierRecord(script="silent"))
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    lost = await _port(harness, played, "lost", LOST)
    await until(lost, PortState.SUBMIT_UNKNOWN)
    rejected = await _port(harness, played, "rejected", REJECTED, bind=BIND)
    bare = await _port(harness, played, "bare", BARE, account_number=None)
    live = await _port(harness, played, "live", LIVE)
    silent = await _port(harness, played, "silent", SILENT)

    carrier.set_record("+18015550150", CarrierRecord(eligible=False))
    wanted = {"kind": "port_in", **port_in("+18015550150")}
    failing = await harness.onboard(single("failing", lines=[line("moved", "one", number=wanted)]))
    carrier.set_record("+18015550151", CarrierRecord(script="silent"))
    wanted = {"kind": "port_in", **port_in("+18015550151")}
    people = [new_subscriber("one", email="other@example.com")]
    leaving = await harness.onboard(
        single("leaving", subscribers=people, lines=[line("moved", "one", number=wanted)])
    )
    played.ids |= {"failing": failing.id, "leaving": leaving.id}
    played.ids |= {"line of failing": f"{failing.id}:line-moved"}
    with pytest.raises(OnboardingIncompleteError):
        await failing.result()
    await until(harness.orchestrator.port_in("+18015550151"), PortState.SUBMITTED)
    await leaving.cancel()

    await until(rejected, PortState.ACTION_REQUIRED)
    await until(bare, PortState.INFO_REQUIRED)
    await until(silent, PortState.SUBMITTED)
    await live.result()


async def _escalate(harness: Harness, played: Played) -> None:
    """Lose the response of a purchase, so that its line escalates."""
    lost = Fault(match="POST /v1.0/numbers/provision", kind="error_before", status=504, times=2)
    harness.telegent.faults.add(lost)
    escalated = await harness.onboard(
        single("escalated", subscribers=[new_subscriber("one", email="escalated@example.com")])
    )
    played.ids |= {"escalated": escalated.id, "escalated line": f"{escalated.id}:line-first"}
    async for now in escalated.watch(timedelta(seconds=0.1)):
        if now.lines and now.lines["first"].escalations:
            return


async def _port(
    harness: Harness,
    played: Played,
    name: str,
    number: str,
    bind: NumberBinding | None = None,
    **changes: object,
) -> PortInHandle:
    details = PortInDetails.model_validate(port_in(number, **changes))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details, bind=bind))
    played.ids[name] = handle.id
    return handle


WAITING = {"rejected", "bare", "lost"}
OPEN = WAITING | {"silent"}
EXPECTED = {
    "Port-ins that need an operator": WAITING | {"escalated line"},
    "… that have needed one since before a given date": WAITING | {"escalated line"},
    "… because data are missing": {"bare"},
    "… because the losing carrier rejected the port-in": {"rejected"},
    "… because the order id is not known": {"lost"},
    "Port-ins in the same state since before a given date": OPEN,
    "Port-ins with the losing carrier": {"silent"},
    "Port-ins open since before a given date": OPEN,
    "The port-in of an order": {"silent"},
    "All of one account": {"rejected"},
    "What waits at one step": {"rejected", "silent"},
    "One onboarding and its lines": {"failing", "line of failing"},
    "Onboardings that are incomplete": {"failing"},
    "Onboardings that were cancelled or ended by force": {"leaving"},
    "Events that were not delivered": {"event"},
}


def test_expectations_cover_all_documented_filters() -> None:
    assert EXPECTED.keys() == FILTERS.keys()


@pytest.mark.parametrize("name", FILTERS)
async def test_filter_finds_the_documented_workflows(played: Played, name: str) -> None:
    query = await _made_true(FILTERS[name], played)
    found: set[str] = set()
    # Temporal's list is a moment behind.
    for _ in range(200):
        found = await played.found(query)
        if found == EXPECTED[name]:
            break
        await asyncio.sleep(0.1)
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name in FILTERS if "since before" in name])
async def test_filter_with_an_early_date_finds_nothing(played: Played, name: str) -> None:
    assert await played.found(FILTERS[name].replace("2026-11", "2020-11")) == set()


async def _made_true(query: str, played: Played) -> str:
    """The example values of a filter, exchanged for ones of this run."""
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    described = await played.client.get_workflow_handle(played.ids["silent"]).describe()
    order = next(
        pair.value for pair in described.typed_search_attributes if pair.key.name == ORDER_ATTRIBUTE
    )
    for example, value in {
        "2026-11-20": tomorrow,
        "2026-11-18": tomorrow,
        "JNUOID-11111111": str(order),
        "onboarding-family-2041": played.ids["failing"],
    }.items():
        query = query.replace(example, value)
    return query
