"""What each product type of a line needs and may have."""

from typing import Any

import pytest

from telegent_orchestrator.onboarding import OnboardingRequest, request_warnings
from telegent_orchestrator.port_in import PortInRequest
from tests.harness.request_errors import LINE, errors, request

IOT = {**LINE, "product_type": "Data-Only"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({}, []),
        ({"product_type": "Sms+Data"}, []),
        ({"number": {"kind": "new", "classification": "iot"}}, ["lines.0.number.iccid"]),
        ({"product_type": "Sms+Data+Voice"}, ["lines.0.product_type"]),
        ({"message_type": "a2p"}, ["lines.0.message_type"]),
        ({"call_filter": {"mode": "CHILD"}}, ["lines.0.call_filter", "lines.0.call_filter"]),
    ],
)
def test_iot_line_needs_a_sim_and_has_neither_voice_nor_a2p(
    line: dict[str, Any], expected: list[str]
) -> None:
    number = {"kind": "new", "classification": "iot", "iccid": "8901240397190195850"}
    found = errors(request({**IOT, "number": number, **line}))
    assert [text.split(":")[0] for text in found] == expected


@pytest.mark.parametrize(
    ("product_type", "field", "value"),
    [
        ("Sms+Data", "call_filter", {"mode": "WHITELIST"}),
        ("Data-Only", "message_filter", {}),
        ("Sms-Only", "data_limits", {"limit_mb": 100}),
        ("Sms-Only", "renewal", {"day": 3}),
        (
            "Sms+Data",
            "e911_address",
            {"street1": "1 A", "city": "Lehi", "state": "UT", "zip": "84043"},
        ),
    ],
)
def test_section_that_the_product_type_lacks_is_rejected(
    product_type: str, field: str, value: dict[str, Any]
) -> None:
    guarded = [{"key": "owner", "subscriber_id": "TSUID-1", "guardian": True}]
    line = {**LINE, "product_type": product_type, field: value or {"mode": "ACTIVE"}}
    [error] = errors(request(line, subscribers=guarded))
    assert error.startswith(f"lines.0.{field}: needs a line with ")


def test_voice_without_an_e911_address_is_a_warning() -> None:
    def warnings(**changes: Any) -> list[str]:
        line = {**LINE, "product_type": "Sms+Data+Voice", "data_limits": {"limit_mb": 100}}
        return request_warnings(OnboardingRequest.model_validate(request({**line, **changes})))

    address = {"street1": "1 A", "city": "Lehi", "state": "UT", "zip": "84043"}
    assert any("e911_address" in text for text in warnings())
    assert warnings(e911_address=address) == []


def test_data_without_limits_is_a_warning() -> None:
    def warnings(**changes: Any) -> list[str]:
        return request_warnings(OnboardingRequest.model_validate(request({**LINE, **changes})))

    assert any("20 MB" in text for text in warnings())
    assert not any("20 MB" in text for text in warnings(data_limits={"limit_mb": 100}))
    assert warnings(product_type="Sms-Only") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"product_type": "Sms+Data+Voice"}, ["an IoT number has no voice"]),
        ({"message_type": "a2p"}, ["an IoT number has no A2P messages"]),
    ],
)
def test_iot_number_that_is_ported_alone_has_neither_voice_nor_a2p(
    changes: dict[str, str], expected: list[str]
) -> None:
    bind = {"account_id": "A", "subscriber_id": "S", "product_type": "Data-Only"}
    details = {"phone_number": "+18015550142", "classification": "iot"}
    found = errors(
        {"details": details, "bind": {**bind, "message_type": "p2p", **changes}}, PortInRequest
    )
    assert [text.split(": ")[1] for text in found] == expected
