"""What is missing, wrong or doubtful in a port-in's details."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from telegent_orchestrator.port_in import PortInDetails
from telegent_orchestrator.port_in_validation import (
    ValidationReport,
    find_carrier,
    known_carriers,
    pin_expires_at,
    validate,
)

NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "phone_number": "+18015550142",
    "losing_carrier": "Verizon",
    "account_number": "100200300",
    "account_pin": "048291",
    "pin_obtained_at": NOW - timedelta(hours=1),
    "billing_address": {"street1": "1 A", "city": "Lehi", "state": "UT", "zip": "84043"},
    "authorization": {"reference": "LOA-7", "attested_by": "operator", "attested_at": NOW},
    "old_service_stays_active": True,
}


def details(values: dict[str, Any]) -> PortInDetails:
    return PortInDetails.model_validate(values)


def found(**changes: Any) -> ValidationReport:
    return validate(details(GOOD | changes), NOW)


def errors(**changes: Any) -> list[str]:
    report = found(**changes)
    assert not report.missing
    assert not report.warnings
    return [error.field for error in report.errors]


def missing(report: ValidationReport) -> list[str]:
    return [error.field for error in report.missing]


def address(**parts: str) -> dict[str, str]:
    return {"street1": "1 A", "city": "Lehi", "state": "UT", "zip": "84043"} | parts


def warnings(**changes: Any) -> list[str]:
    findings = found(**changes)
    assert not findings.missing
    assert not findings.errors
    return findings.warnings


def test_complete_details_have_no_findings() -> None:
    assert found() == ValidationReport()


def test_number_alone_lists_every_missing_field_and_what_it_should_hold() -> None:
    report = validate(PortInDetails(phone_number="+18015550142"), NOW)
    assert missing(report) == [
        "losing_carrier",
        "account_number",
        "account_pin",
        "billing_address",
        "authorization",
        "old_service_stays_active",
    ]
    assert not report.errors
    assert all(": is missing: " in message for message in report.messages)


def test_landline_needs_no_pin() -> None:
    assert missing(found(account_pin=None, pin_obtained_at=None)) == ["account_pin"]
    wireline = found(account_pin=None, pin_obtained_at=None, port_in_date=date(2026, 11, 30))
    assert wireline == ValidationReport()


def test_landline_needs_pin_if_telegent_requires_one() -> None:
    values = details(
        GOOD | {"account_pin": None, "pin_obtained_at": None, "port_in_date": date(2026, 11, 30)}
    )
    assert missing(validate(values, NOW, wireline_pin_required=True)) == ["account_pin"]


@pytest.mark.parametrize(
    ("carrier", "says"),
    [("Verizon", "#PORT"), ("Some Rural Carrier", "If it assigns none, ask Telegent's support")],
)
def test_missing_pin_says_how_to_get_one(carrier: str, says: str) -> None:
    [error] = found(losing_carrier=carrier, account_pin=None, pin_obtained_at=None).missing
    assert says in error.message


def test_iot_number_needs_a_sim() -> None:
    assert missing(found(classification="iot")) == ["iccid"]
    assert found(classification="iot", iccid="8901240397190195850") == ValidationReport()


def test_old_service_that_does_not_stay_active_is_an_error_that_says_why() -> None:
    report = found(old_service_stays_active=False)
    assert not report.missing
    [error] = report.errors
    assert error.message.startswith("must be true: the old service must stay active")


@pytest.mark.parametrize(
    "number",
    [
        "+14365550100",  # in service since 2024
        "+19245550100",
        "+16795550100",
        "+14035550142",  # Canada by our data; the vendor decides
        "+17775550142",  # not assigned
    ],
)
def test_area_code_unknown_to_our_data_is_a_warning(number: str) -> None:
    [warning] = warnings(phone_number=number)
    assert warning.startswith("phone_number: its area code")


def test_territories_are_ported_like_states() -> None:
    assert found(phone_number="+17875550142") == ValidationReport()


@pytest.mark.parametrize(
    ("carrier", "pin", "warned"),
    [
        ("Verizon Wireless", "123456", False),
        ("Verizon Wireless", "1234", True),
        ("AT&T Mobility", "1234567", True),
        ("T-MOBILE USA", "0000", True),
        ("AT&T Prepaid", "1234", False),
        ("Some Rural Carrier", "1234", False),
    ],
)
def test_pin_in_an_unusual_format_for_the_carrier_is_a_warning(
    carrier: str, pin: str, warned: bool
) -> None:
    said = warnings(losing_carrier=carrier, account_pin=pin)
    assert [text.split(":")[0] for text in said] == ["account_pin"] * warned


def test_account_number_in_an_unusual_format_for_the_carrier_is_a_warning() -> None:
    said = warnings(losing_carrier="Metro by T-Mobile", account_number="12345678")
    assert said == ["account_number: account numbers of Metro usually have 9 digits"]
    assert warnings(losing_carrier="Metro by T-Mobile", account_number="123456789") == []


@pytest.mark.parametrize(
    ("carrier", "hours", "fault", "warning"),
    [
        ("Verizon", 6 * 24, "", ""),
        ("Verizon", 6 * 24 + 1, "", "expires in less than a day"),
        ("Verizon", 7 * 24, "has expired, after 7 days", ""),
        # 4 days on consumer accounts, 14 on business ones, and the request does not say which.
        ("AT&T", 3 * 24, "", ""),
        ("AT&T", 3 * 24 + 1, "", "expires in less than a day"),
        ("AT&T", 4 * 24, "", "may have expired, after 4 days"),
        ("AT&T", 14 * 24, "has expired, after 14 days", ""),
        # No good source for its 7 days.
        ("T-Mobile", 30 * 24, "", "may have expired, after 7 days"),
        ("AT&T Prepaid", 300 * 24, "", ""),
        ("Some Rural Carrier", 300 * 24, "", ""),
    ],
)
def test_expired_pin_is_an_error(carrier: str, hours: int, fault: str, warning: str) -> None:
    findings = found(losing_carrier=carrier, pin_obtained_at=NOW - timedelta(hours=hours))
    for expected, texts in (
        (fault, [f"{fault.field}: {fault.message}" for fault in findings.errors]),
        (warning, findings.warnings),
    ):
        assert len(texts) == bool(expected)
        for text in texts:
            assert text.startswith(f"account_pin: {expected}; get a new ")


def test_expired_pin_error_says_how_to_get_a_new_one() -> None:
    (fault,) = found(pin_obtained_at=NOW - timedelta(days=8)).errors
    assert "Number Transfer PIN" in fault.message
    assert "#PORT" in fault.message


def test_pin_of_unknown_age_is_a_warning_when_pins_expire() -> None:
    (said,) = warnings(pin_obtained_at=None)
    assert said.startswith(
        "pin_obtained_at: the Number Transfer PIN of Verizon expires after 7 days"
    )
    assert warnings(pin_obtained_at=None, losing_carrier="Some Rural Carrier") == []


def test_pin_from_the_future_is_an_error() -> None:
    assert errors(pin_obtained_at=NOW + timedelta(minutes=6)) == ["pin_obtained_at"]
    # Clocks differ.
    assert errors(pin_obtained_at=NOW + timedelta(minutes=4)) == []


def test_pin_expiry_is_computed_from_its_issue() -> None:
    assert pin_expires_at("Verizon Wireless", NOW) == NOW + timedelta(days=7)
    assert pin_expires_at("at&t", NOW) == NOW + timedelta(days=4)
    assert pin_expires_at("Some Rural Carrier", NOW) is None
    assert pin_expires_at("Verizon", None) is None
    assert pin_expires_at(None, NOW) is None


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("VERIZON WIRELESS", "Verizon"),
        ("AT and T", "AT&T"),
        ("ATT Prepaid", "AT&T Prepaid"),
        ("T-Mobile USA, Inc.", "T-Mobile"),
        ("MetroPCS", "Metro"),
        # Others' brands, and kinds of account with rules of their own.
        ("Visible by Verizon", None),
        ("Verizon Prepaid", None),
        ("Attica Telephone", None),
        ("", None),
        (None, None),
    ],
)
def test_carriers_are_known_by_many_names(name: str | None, known: str | None) -> None:
    carrier = find_carrier(name)
    assert (carrier.name if carrier else None) == known


@pytest.mark.parametrize(
    ("state", "zip_code", "fault"),
    [
        ("UT", "84043-1234", None),
        ("ut", "84043", None),
        (" Utah ", "84043", None),
        ("District of Columbia", "20001", None),
        ("PR", "00901", None),
        ("AE", "09007", None),
        ("NY", "84043", "billing_address.zip"),
        ("New York", "84043", "billing_address.zip"),
        ("Yutah", "84043", "billing_address.state"),
    ],
)
def test_zip_code_of_another_state_is_an_error(
    state: str, zip_code: str, fault: str | None
) -> None:
    changed = address(state=state, zip=zip_code)
    assert errors(billing_address=changed) == ([fault] if fault else [])


def test_unknown_zip_code_is_a_warning() -> None:
    (said,) = warnings(billing_address=address(zip="99999"))
    assert said.startswith("billing_address.zip: ")


@pytest.mark.parametrize(
    ("wanted", "fault", "warned"),
    [
        (date(2026, 11, 17), True, False),
        (date(2026, 11, 18), False, True),
        (date(2026, 11, 24), False, True),  # 4 business days
        (date(2026, 11, 25), False, False),
        (date(2026, 11, 21), False, True),  # Saturday
        (date(2026, 11, 26), False, True),  # Thanksgiving
        (date(2026, 11, 27), False, False),
        (date(2026, 12, 3), False, False),
        (date(2026, 12, 4), False, True),  # 11 business days
        (date(2035, 1, 2), False, True),
    ],
)
def test_date_must_be_a_business_day_five_to_ten_of_them_ahead(
    wanted: date, fault: bool, warned: bool
) -> None:
    findings = found(port_in_date=wanted)
    assert [found.field for found in findings.errors] == ["port_in_date"] * fault
    assert len(findings.warnings) == warned


def test_date_is_compared_in_the_time_zone_of_the_number() -> None:
    # In Utah it is still the 17th.
    facts = details(
        GOOD
        | {"port_in_date": date(2026, 11, 17), "pin_obtained_at": None}
        | {"authorization": {**GOOD["authorization"], "attested_at": NOW - timedelta(days=2)}}
    )
    assert validate(facts, datetime(2026, 11, 18, 3, tzinfo=UTC)).errors == []
    assert validate(facts, datetime(2026, 11, 18, 8, tzinfo=UTC)).errors != []


def test_authorization_cannot_be_attested_in_the_future() -> None:
    tomorrow = GOOD["authorization"] | {"attested_at": NOW + timedelta(days=1)}
    assert errors(authorization=tomorrow) == ["authorization.attested_at"]


def test_all_errors_are_reported_together_and_contain_no_value() -> None:
    report = found(
        losing_carrier="Verizon CANARYCARRIER",
        account_number="CANARYACCOUNT",
        pin_obtained_at=NOW - timedelta(days=9),
        billing_address=address(state="CANARYSTATE"),
        port_in_date=date(2026, 11, 1),
        authorization=GOOD["authorization"] | {"attested_at": NOW + timedelta(days=1)},
        old_service_stays_active=None,
    )
    assert [error.field for error in report.errors] == [
        "account_pin",
        "billing_address.state",
        "port_in_date",
        "authorization.attested_at",
    ]
    assert missing(report) == ["old_service_stays_active"]
    assert report.invalid_fields == [
        "old_service_stays_active",
        "account_pin",
        "billing_address",
        "port_in_date",
        "authorization",
    ]
    text = report.model_dump_json()
    assert "CANARY" not in text
    assert "801555" not in text
    assert "048291" not in text


@given(
    number=st.from_regex(r"\+1[2-46-8][02-9]{2}[2-9][0-9]{6}", fullmatch=True),
    pin=st.text("0123456789", min_size=4, max_size=13),
    zip_code=st.text("0123456789", min_size=5, max_size=5),
    state=st.text(min_size=1, max_size=10).filter(lambda text: text.isalnum()),
    carrier=st.sampled_from(["Verizon", "AT&T", "T-Mobile", "Metro", "other"]),
    days=st.integers(-5, 40),
)
def test_checks_accept_any_values_and_never_repeat_them(
    number: str, pin: str, zip_code: str, state: str, carrier: str, days: int
) -> None:
    try:
        report = found(
            phone_number=number,
            account_pin=f"77{pin}",
            billing_address=address(state=f"Q{state}Q", zip=zip_code),
            losing_carrier=carrier,
            pin_obtained_at=NOW - timedelta(days=days),
        )
    except ValidationError:
        return
    text = report.model_dump_json()
    for value in (f"77{pin}", zip_code, f"Q{state}Q", number):
        assert value not in text


def test_carrier_data_have_date_and_source() -> None:
    carriers = known_carriers()
    assert carriers.checked_on >= date(2026, 11, 23)
    for carrier in carriers.carriers:
        assert carrier.source
        stated = {name for name, value in carrier if value}
        assert set(carrier.uncertain) <= stated
        assert find_carrier(carrier.name) is carrier
