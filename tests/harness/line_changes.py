"""Lines that are in service at the simulator, and how to change them."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from simulator.engine.ledger import LedgerRow
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeClient, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeRequest
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import Harness

NUMBER = "+18015550142"
STATUS = "POST /v1.0/numbers/status"
READ_NUMBER = "GET /v1.0/numbers"


@dataclass(frozen=True)
class OnboardedLines:
    """What the simulator has after an onboarding."""

    numbers: list[str]
    tables: Mapping[str, object]
    ledger: list[LedgerRow]


_onboarded: dict[tuple[str, str], OnboardedLines] = {}


async def live_lines(harness: Harness, request: OnboardingRequest) -> list[Number]:
    """The lines of an onboarding, at a simulator that has had nothing before.

    In each process the same request is onboarded once; later, the simulator takes over a copy of
    what it had then. That costs a fraction of an onboarding.
    """
    world = harness.telegent.state
    assert not world.ledger.rows, "the simulator has resources already"
    key = repr(request), repr(harness.telegent.options)
    if known := _onboarded.get(key):
        for name, table in deepcopy(known.tables).items():
            setattr(world, name, table)
        world.ledger.rows += known.ledger
        for _ in known.numbers:
            # The next number and SIM are others than those of the copy.
            world.new_number(None)
            world.new_esim()
    else:
        result = await (await harness.onboard(request)).result()
        numbers = [line.phone_number or "" for line in result.lines]
        tables = {name: value for name, value in vars(world).items() if isinstance(value, dict)}
        known = OnboardedLines(numbers, deepcopy(tables), list(world.ledger.rows))
        _onboarded[key] = known
    return [world.numbers[number] for number in known.numbers]


async def live_line(harness: Harness, request: OnboardingRequest) -> Number:
    """The only line of an onboarding; see `live_lines`."""
    [number] = await live_lines(harness, request)
    return number


def put_in_service(harness: Harness, number: str = NUMBER) -> Number:
    """Put a number into service, without an order and without a subscription."""
    world = harness.telegent.state
    world.numbers[number] = Number(
        number=number,
        id="NID-1",
        order_id="JNUOID-1",
        account_id=None,
        classification="MVNO",
        purchased=world.clock.now(),
        iccid="8901240000000000001",
    )
    return world.numbers[number]


def change(kind: str, phone_number: str = NUMBER, **values: Any) -> LineChangeRequest:
    return LineChangeRequest.model_validate(
        {
            "phone_number": phone_number,
            "change": {"kind": kind, **values},
            "by": "operator",
            "reason": "non-payment",
        }
    )


def line_changes(harness: Harness) -> LineChangeClient:
    return LineChangeClient(harness.temporal, id_key=harness.settings.id_key)


async def start(harness: Harness, kind: str, **values: Any) -> LineChangeHandle:
    return await line_changes(harness).start(change(kind, **values))


def orders(harness: Harness, kind: str) -> int:
    """How often the vendor has carried out a status change."""
    changed = harness.telegent.ledger.by_kind("number.status_changed")
    return sum(entry.data["change"] == kind for entry in changed)
