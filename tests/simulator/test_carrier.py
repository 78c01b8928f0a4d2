"""The losing carrier: every script in every vocabulary, and what may be done to an order."""

from typing import Any

import pytest

from simulator import (
    CarrierRecord,
    CarrierSetup,
    CarrierTimings,
    ManualClock,
    SimulatorOptions,
)
from simulator.engine.carrier import ORDER_STATUSES, Vocabulary
from tests.simulator.client import SimulatorClient, Start
from tests.simulator.steps import PORT_IN

NUMBER = PORT_IN["PortInNumber"]
TRUTH = CarrierRecord(account_number="123456", pin="4321", zip="84043", name="Jane Doe")
VOCABULARIES: list[Vocabulary] = ["kb", "bp", "oas"]


@pytest.fixture(params=VOCABULARIES)
async def carrier(request: pytest.FixtureRequest, start: Start) -> SimulatorClient:
    setup = CarrierSetup(
        timings=CarrierTimings(acknowledge_after=10, decide_after=20, complete_after=30),
        vocabulary=request.param,
        records={NUMBER: TRUTH},
    )
    return await start(SimulatorOptions(manual_clock=True, carrier=setup))


def wait(caller: SimulatorClient, seconds: float) -> None:
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)


async def submit(caller: SimulatorClient, **changes: Any) -> str:
    response = await caller.post("/numbers/portin", **{**PORT_IN, **changes})
    assert response["Status"] == "Pending"
    order_id: str = response["OrderId"]
    return order_id


async def expect(
    caller: SimulatorClient, order_id: str, phase: Any, reason: str | None = None
) -> None:
    shown = await caller.get("/numbers/order", OrderId=order_id)
    assert shown["OrderStatus"] == ORDER_STATUSES[caller.sim.carrier.vocabulary][phase]
    assert shown.get("OrderStatusMessage") == reason
    assert shown["OrderType"] == "portin"


async def test_accepted_port_in_passes_all_phases(carrier: SimulatorClient) -> None:
    order = await submit(carrier)
    await expect(carrier, order, "submitted")
    wait(carrier, 10)
    await expect(carrier, order, "acknowledged")
    wait(carrier, 10)
    await expect(carrier, order, "scheduled")
    wait(carrier, 9)
    await carrier.get_rejected("/numbers", 404, PhoneNumber=NUMBER)
    wait(carrier, 1)
    await expect(carrier, order, "complete")
    assert (await carrier.get("/numbers", PhoneNumber=NUMBER))["OrderId"] == order
    for path in ("update", "cancel"):
        text = await carrier.post_rejected(f"/numbers/portin/{path}", OrderId=order)
        assert text == "GENS-0041 No Port-In request found"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"CurrentAccountNumber": "1"}, "8A-ACCOUNT_NUM_REQ_OR_INCORRECT"),
        ({"CurrentAccountPassword": "1"}, "6B-TRANSFER PIN REQUIRED OR INCORRECT"),
        (
            {"CurrentBillingAddress": {**PORT_IN["CurrentBillingAddress"], "Zip": "1"}},
            "1P-Other",
        ),
        ({"SubscriberName": "Someone Else"}, "1P-Other"),
    ],
)
async def test_wrong_data_is_rejected_until_corrected(
    carrier: SimulatorClient, wrong: dict[str, Any], code: str
) -> None:
    order = await submit(carrier, **wrong)
    wait(carrier, 100)
    await expect(carrier, order, "rejected", code)
    # An update that does not correct it is a new round with the same end.
    await carrier.post("/numbers/portin/update", OrderId=order, CurrentCarrierName="Other")
    await expect(carrier, order, "submitted")
    wait(carrier, 20)
    await expect(carrier, order, "rejected", code)
    (field,) = wrong
    response = await carrier.post(
        "/numbers/portin/update", OrderId=order, **{field: PORT_IN[field]}
    )
    assert response["Status"] == "Updated"
    wait(carrier, 30)
    await expect(carrier, order, "complete")
    ledger = carrier.sim.ledger
    assert [r.data["reason"] for r in ledger.by_kind("portin.rejected")] == [code, code]
    assert ledger.by_kind("portin.updated")[1].data["fields"] == [field]
    for secret in ("123456", "4321"):
        # Quoted: four digits alone may also be part of a random id.
        assert f"'{secret}'" not in str([row.data for row in ledger.rows])


async def test_scripted_rejection_happens_once(carrier: SimulatorClient) -> None:
    carrier.sim.carrier.set_record(
        NUMBER, TRUTH.model_copy(update={"script": "reject:9Z-ACCOUNT ON HOLD"})
    )
    order = await submit(carrier)
    wait(carrier, 20)
    await expect(carrier, order, "rejected", "9Z-ACCOUNT ON HOLD")
    response = await carrier.post("/numbers/portin/cancel", OrderId=order)
    assert response == {"OrderId": order, "Status": "Cancelled"}
    again = await submit(carrier)
    wait(carrier, 30)
    await expect(carrier, again, "complete")
    await expect(carrier, order, "cancelled")


async def test_locked_number_is_rejected_until_unlocked(carrier: SimulatorClient) -> None:
    await carrier.control("POST", "carrier", {"number": NUMBER, "script": "lock"})
    order = await submit(carrier)
    lock = "6P-REMOVE NUMBER LOCK ON VERIZON ACCOUNT"
    for _ in range(2):
        wait(carrier, 20)
        await expect(carrier, order, "rejected", lock)
        await carrier.post("/numbers/portin/update", OrderId=order)
    shown = await carrier.control("POST", "carrier", {"number": NUMBER, "locked": False})
    assert shown == {"number": NUMBER, "script": "lock", "locked": False}
    wait(carrier, 30)
    await expect(carrier, order, "complete")


async def test_port_in_at_silent_carrier_can_be_cancelled(
    carrier: SimulatorClient,
) -> None:
    carrier.sim.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    order = await submit(carrier)
    wait(carrier, 86400 * 30)
    await expect(carrier, order, "submitted")
    await carrier.post("/numbers/portin/cancel", OrderId=order)
    await expect(carrier, order, "cancelled")


async def test_port_in_can_complete_during_cancel(carrier: SimulatorClient) -> None:
    carrier.sim.carrier.set_record(NUMBER, CarrierRecord(script="complete_during_cancel"))
    order = await submit(carrier)
    text = await carrier.post_rejected("/numbers/portin/cancel", OrderId=order)
    assert "GENS-0041" in text
    await expect(carrier, order, "complete")
    ledger = carrier.sim.ledger
    assert (ledger.count("portin.completed"), ledger.count("portin.cancelled")) == (1, 0)
    wait(carrier, 100)
    assert carrier.sim.ledger.count("portin.completed") == 1


async def test_cancelled_port_in_stays_cancelled(carrier: SimulatorClient) -> None:
    order = await submit(carrier)
    wait(carrier, 25)
    await carrier.post("/numbers/portin/cancel", OrderId=order)
    wait(carrier, 100)
    await expect(carrier, order, "cancelled")
    await carrier.get_rejected("/numbers", 404, PhoneNumber=NUMBER)
    text = await carrier.post_rejected("/numbers/portin/update", OrderId=order, SubscriberName="J")
    assert "GENS-0041" in text
    await carrier.post_rejected("/numbers/portin/cancel", 404, OrderId="JNUOID-no")


async def test_correction_restarts_timings_of_carrier(carrier: SimulatorClient) -> None:
    order = await submit(carrier)
    wait(carrier, 19)
    await carrier.post("/numbers/portin/update", OrderId=order, ICCID="8901240397190195850")
    wait(carrier, 11)
    await expect(carrier, order, "acknowledged")
    wait(carrier, 19)
    details = await carrier.get("/numbers", PhoneNumber=NUMBER)
    assert details["Iccid"] == "8901240397190195850"
    assert carrier.sim.ledger.count("portin.completed") == 1


async def test_ineligible_number_is_reported(carrier: SimulatorClient) -> None:
    carrier.sim.carrier.set_record(NUMBER, CarrierRecord(eligible=False, carrier="Verizon"))
    response = await carrier.post(
        "/numbers/portin/eligibility", PhoneNumber=NUMBER, TargetClassification="Mobile"
    )
    assert (response["Eligible"], response["CurrentCarrier"]) == (False, "Verizon")


def test_timings_out_of_order_are_rejected() -> None:
    with pytest.raises(ValueError, match="acknowledge_after <= decide_after"):
        CarrierTimings(acknowledge_after=5, decide_after=1)
