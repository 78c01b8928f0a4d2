"""Shapes of responses, and words of requests, that the vendor's documents disagree about."""

from datetime import date
from functools import partial
from typing import Any

import httpx
import pytest

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response

NO_ROWS: list[list[str] | None] = [[], None]


def returned(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    return response


ROW = {"ParentSubscriberId": "P", "ChildSubscriberId": "C", "Relation": "Guardian"}


@pytest.mark.parametrize(
    "body",
    [
        {"ParentSubscriberId": "P", "Children": [ROW]},
        {"ChildSubscriberId": "C", "Guardians": [ROW]},
        {"Results": [ROW]},
        [ROW],
        ROW,
    ],
)
async def test_relations_are_read_in_every_shape(body: Any) -> None:
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        for read in (api.guardian.children, api.guardian.parents):
            assert [row.child_subscriber_id for row in await read("S")] == ["C"]


@pytest.mark.parametrize("name", ["Children", "Guardians"])
async def test_no_relations_are_an_empty_list(name: str) -> None:
    for rows in NO_ROWS:
        body = {"ParentSubscriberId": "P", "ChildSubscriberId": "C", name: rows}
        async with FakeVendor(partial(returned, json_response(body))).client() as api:
            read = api.guardian.children if name == "Children" else api.guardian.parents
            assert await read("S") == []


@pytest.mark.parametrize(
    "body", [["+18015550100"], {"FilterId": "F", "AllowedNumbers": ["+18015550100"]}]
)
async def test_list_of_a_filter_is_read_as_array_and_as_object(body: Any) -> None:
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        assert await api.guardian.call_filters.allowed("S", "F") == ["+18015550100"]


@pytest.mark.parametrize("body", [{}, {"AllowedNumbers": None}, [1], [None], {"Results": ["x"]}])
async def test_list_of_a_filter_that_cannot_be_read_is_no_empty_list(body: Any) -> None:
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        with pytest.raises(t.OutcomeUnknownError):
            await api.guardian.call_filters.allowed("S", "F")


SETS = [
    lambda api: api.data_usage.set_limits(
        t.DataUsageLimits(value_unit="MB", limit_value=20, phone_numbers=["+18015550100"])
    ),
    lambda api: api.data_usage.set_renewal(
        t.DataRenewal(
            phone_numbers=["+18015550100"], auto_renew=True, period_type="M", renewal_day=1
        )
    ),
    lambda api: api.numbers.update(t.NumberUpdate(number="+18015550100")),
    lambda api: api.ports.cancel("J"),
    lambda api: api.ports.update(t.PortInUpdate(order_id="J", kind="wireless")),
    lambda api: api.ports.port_out(t.PortOut(port_out_number="+18015550100", port_out_pin="1")),
    lambda api: api.subscriptions.delete("SUB-1"),
    lambda api: api.guardian.delete_relation("P", "C"),
]


@pytest.mark.parametrize("call", SETS)
@pytest.mark.parametrize("response", [(204, b""), (200, b""), (200, b" \n"), (200, b"null")])
async def test_set_with_empty_success_is_done(call: Any, response: tuple[int, bytes]) -> None:
    status, content = response
    vendor = FakeVendor(lambda request: httpx.Response(status, content=content))
    async with vendor.client() as api:
        await call(api)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "call",
    [
        *SETS[:2],
        lambda api: api.numbers.set_e911_address(
            t.E911AddressUpdate(
                phone_number="+18015550100", street1="1 A", city="Lehi", state="UT", zip="84043"
            )
        ),
    ],
)
async def test_set_whose_status_is_a_failure_is_rejected(call: Any) -> None:
    body = {"Status": "Error", "StatusMessage": "no such address"}
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        with pytest.raises(t.RequestRejectedError, match="no such address"):
            await call(api)


@pytest.mark.parametrize("call", SETS[:2])
async def test_set_that_fails_for_one_number_is_rejected(call: Any) -> None:
    rows = [
        {"Number": "+18015550100", "Status": "Success"},
        {"Number": "+18015550101", "Status": "Failed", "StatusMessage": "has no data"},
    ]
    body = {"Status": "Complete", "StatusMessage": "", "PhoneNumbers": rows}
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        with pytest.raises(t.RequestRejectedError, match="has no data"):
            await call(api)


async def test_create_with_empty_success_is_unknown_outcome() -> None:
    vendor = FakeVendor(lambda request: httpx.Response(204))
    async with vendor.client() as api:
        with pytest.raises(t.OutcomeUnknownError):
            await api.accounts.create(t.AccountCreate(account_name="A"))


# Ports


@pytest.mark.parametrize(
    ("dialect", "kind", "checked", "submitted", "updated", "day"),
    [
        (t.PortDialect(), "wireless", "Mobile", "mvno", "mvno", "2026-06-01"),
        (t.PortDialect(), "wireline", "Landline", "mvno", "mvno", "2026-06-01"),
        (t.PortDialect(), "iot", "iot", "iot", "iot", "2026-06-01"),
        (
            t.PortDialect("mvno", "mvno", "iot", "eligibility", "us"),
            "wireline",
            "mvno",
            "mvno",
            "mvno",
            "06/01/2026",
        ),
        (
            t.PortDialect(update_vocabulary="eligibility"),
            "wireless",
            "Mobile",
            "mvno",
            "Mobile",
            "2026-06-01",
        ),
    ],
)
async def test_port_in_is_worded_as_the_dialect_says(
    dialect: t.PortDialect,
    kind: t.PortKind,
    checked: str,
    submitted: str,
    updated: str,
    day: str,
) -> None:
    vendor = FakeVendor(lambda request: json_response({"Eligible": True, "OrderId": "J"}))
    async with vendor.client(port_dialect=dialect) as api:
        await api.ports.eligibility(t.PortEligibilityQuery(phone_number="+18015550100", kind=kind))
        assert vendor.last_body["TargetClassification"] == checked
        await api.ports.submit(
            t.PortIn(
                port_in_number="+18015550100",
                kind=kind,
                current_carrier_name="C",
                current_account_number="1",
                current_billing_address=t.PortBillingAddress(
                    street1="1", city="L", state="UT", zip="84043"
                ),
                iccid="8901240397190195850",
                port_in_date=date(2026, 6, 1),
            )
        )
        assert vendor.last_body["TargetPortinClassification"] == submitted
        assert vendor.last_body["PortInDate"] == day
        assert vendor.last_body["CurrentAccountPassword"] is None
        await api.ports.update(
            t.PortInUpdate(order_id="J", kind=kind, port_in_date=date(2026, 6, 1))
        )
        assert vendor.last_body["TargetPortinClassification"] == updated
        assert vendor.last_body["PortInDate"] == day
        assert "CurrentAccountPassword" not in vendor.last_body


def test_dialect_without_a_word_is_rejected() -> None:
    with pytest.raises(ValueError, match="blank"):
        t.PortDialect(wireless=" ")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"message_type": "a2p"}, "p2p only"),
        ({"voice_enabled": True, "voice_route_id": "CRID-1"}, "no voice"),
        ({"product_type": "Sms+Data+Voice"}, "no voice"),
        ({"iccid": None}, "need iccid"),
    ],
)
def test_iot_number_with_what_iot_lacks_is_rejected(
    changes: dict[str, Any], complaint: str
) -> None:
    good: dict[str, Any] = {
        "number_type": "iot",
        "message_type": "p2p",
        "message_enabled": True,
        "voice_enabled": False,
        "product_type": "Sms+Data",
        "message_route_id": "MRID-1",
        "iccid": "8901240397190195850",
    }
    t.NumberProvision(**good)
    with pytest.raises(ValueError, match=complaint):
        t.NumberProvision(**good | changes)
