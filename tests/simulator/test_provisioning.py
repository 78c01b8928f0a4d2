from urllib.parse import parse_qs, urlsplit

from simulator import ManualClock, SimulatorOptions
from tests.simulator.client import SimulatorClient, Start
from tests.simulator.steps import create_prerequisites


async def test_two_purchases_are_two_numbers(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    body = base.provision(ICCID="8901240397190195850")
    first = await caller.post("/numbers/provision", **body)
    second = await caller.post("/numbers/provision", **body)
    assert first["PhoneNumberAssigned"] != second["PhoneNumberAssigned"]
    assert caller.sim.ledger.count("number.provisioned") == 2


async def test_esim_has_activation_code_and_physical_sim_its_iccid(
    caller: SimulatorClient,
) -> None:
    base = await create_prerequisites(caller)
    esim = await caller.post("/numbers/provision", **base.provision())
    text = parse_qs(urlsplit(esim["QRCode"]).query)["text"][0]
    kind, host, matching_id = text.split("$")
    assert (kind, bool(host), bool(matching_id)) == ("LPA:1", True, True)
    assert len(esim["ICCID"]) == 20

    sim = await caller.post("/numbers/provision", **base.provision(ICCID="8901240397190195850"))
    assert sim["ICCID"] == "8901240397190195850"
    assert "QRCode" not in sim


async def test_inventory_is_paged_and_mixes_booleans_with_strings(
    caller: SimulatorClient,
) -> None:
    base = await create_prerequisites(caller)
    for _ in range(3):
        await caller.post("/numbers/provision", **base.provision())
    page = await caller.get("/numbers/inventory", PageNumber="1", TotalNumbersRequested=2)
    assert page["TotalResults"] == 3
    assert [n["VoiceEnabled"] for n in page["PhoneNumbers"]] == [True, "true"]
    second_page = await caller.get("/numbers/inventory", PageNumber="2", TotalNumbersRequested=2)
    assert len(second_page["PhoneNumbers"]) == 1


async def test_asynchronous_order_completes_later(start: Start) -> None:
    caller = await start(SimulatorOptions(manual_clock=True, async_provisioning=10))
    base = await create_prerequisites(caller)
    response = await caller.post("/numbers/provision", **base.provision())
    assert response["OrderStatus"] == "Pending"
    for later in ("PhoneNumberAssigned", "PhoneNumberId", "ICCID", "QRCode"):
        assert response[later] is None
    assert caller.sim.ledger.count("number.provisioned") == 1

    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(9)
    order = await caller.get("/numbers/order", OrderId=response["OrderId"])
    assert (order["OrderStatus"], order["PhoneNumbersOrdered"]) == ("Pending", [])
    assert (await caller.get("/numbers/inventory"))["TotalResults"] == 0

    clock.advance(1)
    order = await caller.get("/numbers/order", OrderId=response["OrderId"])
    assert order["OrderStatus"] == "Complete"
    row = (await caller.get("/numbers/inventory"))["PhoneNumbers"][0]
    assert order["PhoneNumbersOrdered"] == [{"Number": row["Number"]}]
    assert row["OrderId"] == response["OrderId"]
    assert "LPA:1$" in row["QrActivationLink"]
    assert row["AssignedSubscriberId"] == base.subscriber


async def test_unknown_order_is_404(caller: SimulatorClient) -> None:
    await caller.get_rejected("/numbers/order", 404, OrderId="JNUOID-no")
    await caller.get_rejected("/numbers/order", 400)
