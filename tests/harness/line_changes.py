"""Lines that are in service at the simulator, and how to change them."""

from typing import Any

from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeClient, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeRequest
from tests.harness import Harness

NUMBER = "+18015550142"
STATUS = "POST /v1.0/numbers/status"
READ_NUMBER = "GET /v1.0/numbers"


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
