"""Options that choose how the simulator follows the vendor's contradicting documents."""

from typing import Any

import pytest

from simulator import DIALECTS, CarrierRecord, CarrierSetup, SimulatorOptions
from tests.simulator.client import Json, SimulatorClient, Start
from tests.simulator.steps import PORT_IN, create_account, create_prerequisites

NUMBER: str = PORT_IN["PortInNumber"]


async def in_dialect(start: Start, **options: Any) -> SimulatorClient:
    return await start(SimulatorOptions(manual_clock=True, **options))


async def advance(caller: SimulatorClient, seconds: float) -> None:
    await caller.control("POST", "clock/advance", {"seconds": seconds})


async def purchase(caller: SimulatorClient) -> Json:
    base = await create_prerequisites(caller)
    bought: Json = await caller.post("/numbers/provision", **base.provision())
    return bought


async def read_order(caller: SimulatorClient, order_id: str) -> tuple[str, list[str]]:
    order = await caller.get("/numbers/order", OrderId=order_id)
    return order["OrderStatus"], [row["Number"] for row in order["PhoneNumbersOrdered"]]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_dialect_serves_a_purchase(start: Start, dialect: str) -> None:
    caller = await start(SimulatorOptions.in_dialect(dialect))
    bought = await purchase(caller)
    assert bought["PhoneNumberAssigned"].startswith("+1")


@pytest.mark.parametrize(("status", "text"), [(404, "Not found"), (400, "Invalid AccountId")])
async def test_new_resource_is_unknown_within_reference_lag(
    start: Start, status: int, text: str
) -> None:
    caller = await in_dialect(start, reference_lag=5, reference_status=status)
    account_id = await create_account(caller)
    assert text in await caller.get_rejected("/account", status, AccountId=account_id)
    route = {
        "RouteName": "sms",
        "MessageUrl": "https://mvno.example/in",
        "MessageUrlMethod": "POST",
        "AccountId": account_id,
    }
    assert text in await caller.post_rejected("/message/routes", status, **route)
    await advance(caller, 5)
    await caller.post("/message/routes", **route)


@pytest.mark.parametrize(
    ("outcome", "status", "orders_number", "purchases"),
    [
        ("complete", "Complete", True, 1),
        ("failed", "Failed", False, 0),
        ("cancelled", "Cancelled", False, 0),
        ("no_number", "Complete", False, 1),
    ],
)
async def test_order_of_purchase_ends_as_scripted(
    start: Start, outcome: str, status: str, orders_number: bool, purchases: int
) -> None:
    caller = await in_dialect(start, async_provisioning=2)
    await caller.control("POST", "purchases", {"outcomes": [outcome]})
    bought = await purchase(caller)
    assert (bought["OrderStatus"], bought["PhoneNumberAssigned"]) == ("Pending", None)
    assert await read_order(caller, bought["OrderId"]) == ("Pending", [])
    await advance(caller, 2)
    shown, numbers = await read_order(caller, bought["OrderId"])
    assert (shown, bool(numbers)) == (status, orders_number)
    assert caller.sim.ledger.count("number.provisioned") == purchases
    assert len(caller.sim.state.numbers) == purchases


async def test_order_can_have_another_number_than_the_response(start: Start) -> None:
    caller = await in_dialect(start, purchase_outcome="other_number")
    bought = await purchase(caller)
    status, numbers = await read_order(caller, bought["OrderId"])
    assert status == "Complete"
    assert numbers != [bought["PhoneNumberAssigned"]]
    assert [
        row.data["number"] for row in caller.sim.ledger.by_kind("number.provisioned")
    ] == numbers


async def test_response_can_name_number_of_pending_order(start: Start) -> None:
    caller = await in_dialect(
        start, async_provisioning=2, early_number=True, purchase_statuses="pm"
    )
    bought = await purchase(caller)
    assert bought["OrderStatus"] == "Submitted"
    await caller.get_rejected("/numbers", 404, PhoneNumber=bought["PhoneNumberAssigned"])
    await advance(caller, 2)
    assert await read_order(caller, bought["OrderId"]) == (
        "Completed",
        [bought["PhoneNumberAssigned"]],
    )


async def test_mixed_spelling_shows_other_ids_and_accepts_both(start: Start) -> None:
    caller = await in_dialect(start, id_spelling="mixed")
    base = await create_prerequisites(caller)
    bought = await caller.post("/numbers/provision", **base.provision())
    details = await caller.get("/numbers", PhoneNumber=bought["PhoneNumberAssigned"])
    key = bought["PhoneNumberId"].removeprefix("NID-")
    assert details["TNID"] == f"TNID-{key.upper()}"
    assert details["AssignedSubscriberId"].startswith("SID-")
    found = await caller.get("/subscribers/get", SubscriberId=details["AssignedSubscriberId"])
    assert found["Email"] == "jane@example.com"


async def test_repeated_rows_count_in_the_total(start: Start) -> None:
    caller = await in_dialect(start, repeat_rows=True)
    await purchase(caller)
    inventory = await caller.get("/numbers/inventory")
    assert inventory["TotalResults"] == len(inventory["PhoneNumbers"]) == 2
    subscribers = await caller.get("/distributor/subscribers")
    assert subscribers["TotalSubscribers"] == len(subscribers["Subscribers"]) == 2


@pytest.mark.parametrize("status", [200, 204])
async def test_sets_can_respond_empty(start: Start, status: int) -> None:
    caller = await in_dialect(start, empty_success=status)
    bought = await purchase(caller)
    body = {"Number": bought["PhoneNumberAssigned"], "ProductType": "Data-Only"}
    response = await caller.request("POST", "/numbers/update", body)
    assert (response.status_code, response.content) == (status, b"")
    assert caller.sim.ledger.count("number.updated") == 1


async def test_lists_of_relations_and_filters_have_the_chosen_envelope(start: Start) -> None:
    caller = await in_dialect(start, relations_envelope="array", filter_list_envelope="object")
    base = await create_prerequisites(caller)
    path = "/subscribers/guardians/relation/parent"
    assert await caller.get(path, ParentSubscriberId=base.subscriber) == []


@pytest.mark.parametrize(
    ("accepted", "status", "works"),
    [
        ("any", "anything", True),
        ("oas", "Mobile", True),
        ("oas", "mvno", False),
        ("bp", "mvno", True),
        ("bp", "Landline", False),
    ],
)
async def test_target_classification_is_checked_as_chosen(
    start: Start, accepted: str, status: str, works: bool
) -> None:
    caller = await in_dialect(start, target_classification=accepted)
    body = {"PhoneNumber": NUMBER, "TargetClassification": status}
    response = await caller.request("POST", "/numbers/portin/eligibility", body)
    assert (response.status_code == 200) is works


@pytest.mark.parametrize(
    ("options", "changes", "works"),
    [
        ({}, {"CurrentAccountPassword": None}, True),
        ({"port_in_pin": "required"}, {"CurrentAccountPassword": None}, False),
        ({"port_in_date_format": "iso"}, {"PortInDate": "2026-06-01"}, True),
        ({"port_in_date_format": "iso"}, {"PortInDate": "06/01/2026"}, False),
        ({"port_in_date_format": "us"}, {"PortInDate": "06/01/2026"}, True),
        ({"port_in_date_format": "us"}, {"PortInDate": "2026-06-01"}, False),
        ({}, {"TargetPortinClassification": "iot"}, False),
    ],
)
async def test_port_in_is_checked_as_chosen(
    start: Start, options: Json, changes: Json, works: bool
) -> None:
    caller = await in_dialect(start, **options)
    response = await caller.request("POST", "/numbers/portin", {**PORT_IN, **changes})
    assert (response.status_code == 200) is works


@pytest.mark.parametrize(
    ("script", "statuses"),
    [
        ("cancelled_once", ["Pending", "Cancelled", "Pending", "Pending"]),
        ("flicker", ["Pending", "InProgress", "Pending", "InProgress"]),
    ],
)
async def test_scripted_statuses_are_shown(start: Start, script: str, statuses: list[str]) -> None:
    carrier = CarrierSetup(records={NUMBER: CarrierRecord(script=script)})
    caller = await in_dialect(start, carrier=carrier)
    order_id = (await caller.post("/numbers/portin", **PORT_IN))["OrderId"]
    shown = [(await read_order(caller, order_id))[0] for _ in statuses]
    assert shown == statuses
    await advance(caller, 3)
    assert (await read_order(caller, order_id))[0] == "Complete"


async def test_delayed_carrier_completes_late(start: Start) -> None:
    carrier = CarrierSetup(records={NUMBER: CarrierRecord(delay=60)})
    caller = await in_dialect(start, carrier=carrier)
    order_id = (await caller.post("/numbers/portin", **PORT_IN))["OrderId"]
    await advance(caller, 62)
    assert (await read_order(caller, order_id))[0] == "InProgress"
    await advance(caller, 1)
    assert (await read_order(caller, order_id))[0] == "Complete"


async def test_number_of_a_late_order_is_listed_after_the_list_lag(start: Start) -> None:
    caller = await in_dialect(start, async_provisioning=2, list_lag=5)
    await purchase(caller)
    listed = []
    for seconds in (6, 2):
        await advance(caller, seconds)
        listed.append((await caller.get("/numbers/inventory"))["TotalResults"])
    assert listed == [0, 1]


async def test_failure_can_be_reported_with_an_effect(start: Start) -> None:
    caller = await in_dialect(start)
    await caller.control(
        "POST", "faults", {"match": "POST /v1.0/numbers/portin", "kind": "report_failure"}
    )
    response = await caller.post("/numbers/portin", **PORT_IN)
    assert response["ErrorMessage"]
    assert await read_order(caller, response["OrderId"]) == ("Pending", [NUMBER])


async def test_examples_exist_from_the_beginning(start: Start) -> None:
    caller = await in_dialect(start, examples=True, list_lag=5)
    assert (await caller.get("/account", AccountId="AID-11111111"))["TotalSubscribers"] == 1
    (account,) = await caller.get("/distributor/accounts")
    assert account["AccountId"] == "AID-11111111"
    routes = await caller.get("/account/message/routes", AccountId="AID-11111111")
    assert [row["MessageRouteId"] for row in routes["Results"]] == ["MRID-11111111"]
    await caller.get("/voice/routes", CallRouteID="CRID-11111111")
    await caller.get("/packages", PackageId="PID-11111111")
    await caller.get("/products", ProductId="PRID-11111111")
    await caller.get("/subscribers/get", SubscriberId="TSUID-11111111")
    assert caller.sim.ledger.rows == []


async def test_e911_address_is_set_and_read(start: Start) -> None:
    caller = await in_dialect(start)
    number = (await purchase(caller))["PhoneNumberAssigned"]
    address = {"Street1": "1 Main St", "City": "Lehi", "State": "UT", "Zip": "84043"}
    empty = await caller.get("/numbers/e911address", PhoneNumber=number)
    assert set(empty["E911Address"].values()) == {None}
    assert "Zip field is required" in await caller.post_rejected(
        "/numbers/e911address/update", PhoneNumber=number, Street1="1", City="Lehi", State="UT"
    )
    for _ in range(2):
        await caller.post("/numbers/e911address/update", PhoneNumber=number, **address)
    found = await caller.get("/numbers/e911address", PhoneNumber=number)
    assert found["E911Address"] == {**address, "Street2": None}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "ICCID is required"),
        ({"ICCID": "8901240397190195850", "MessageType": "a2p"}, "mismatch"),
        ({"ICCID": "8901240397190195850", "VoiceEnabled": True}, "no voice"),
    ],
)
async def test_iot_number_with_what_iot_lacks_is_rejected(
    start: Start, changes: Json, text: str
) -> None:
    caller = await in_dialect(start)
    base = await create_prerequisites(caller)
    iot = {"NumberType": "iot", "VoiceEnabled": False, "ProductType": "Data-Only"}
    assert text in await caller.post_rejected(
        "/numbers/provision", **base.provision(**{**iot, **changes})
    )
