"""What is missing, wrong or doubtful in a port-in's details."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from activities.port_in.validation import (
    ValidationReport,
    find_carrier,
    known_carriers,
    pin_expires_at,
    validate,
)
from telegent_orchestrator.port_in import Authorization, LosingCarrierAddress, PortInDetails

NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "phone_number": "+18015550142",
    "losing_carrier": "Verizon",
    "account_number": "100200300",
    "account_pin": "048291",
    "pin_obtained_at": NOW - timedelta(hours=1),
    "billing_address": {"state": "UT", "zip": "84043"},
    "authorization": {"reference": "LOA-7", "attested_by": "desk", "attested_at": NOW},
    "old_service_stays_active": True,
}


def details(values: dict[str, Any]) -> PortInDetails:
    """Details as they are, without the shape checks of whoever decodes a request."""
    built = dict(values)
    for name, model in (
        ("billing_address", LosingCarrierAddress),
        ("authorization", Authorization),
    ):
        if isinstance(built.get(name), dict):
            built[name] = model.model_construct(**built[name])
    return PortInDetails.model_construct(**built)


def found(**changes: Any) -> ValidationReport:
    return validate(details(GOOD | changes), NOW)


def faults(**changes: Any) -> list[str]:
    findings = found(**changes)
    assert not findings.missing
    assert not findings.warnings
    return [fault.field for fault in findings.errors]


def warnings(**changes: Any) -> list[str]:
    findings = found(**changes)
    assert not findings.missing
    assert not findings.errors
    return findings.warnings


def test_good_details_have_nothing_to_find() -> None:
    assert found() == ValidationReport()


def test_a_number_alone_lacks_all_the_rest() -> None:
    findings = validate(PortInDetails(phone_number="+18015550142"), NOW)
    assert findings == ValidationReport(
        missing=[
            "losing_carrier",
            "account_number",
            "account_pin",
            "billing_address",
            "authorization",
            "old_service_stays_active",
        ]
    )


def test_landlines_need_no_pin() -> None:
    assert found(account_pin=None, pin_obtained_at=None).missing == ["account_pin"]
    wireline = found(account_pin=None, pin_obtained_at=None, port_in_date=date(2026, 11, 30))
    assert wireline == ValidationReport()


@pytest.mark.parametrize("number", ["+14415550142x", "8015550142", "", "+1", "nonsense"])
def test_what_is_no_number_at_all(number: str) -> None:
    assert "phone_number" in faults(phone_number=number)


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("+18015550142", True),
        ("+17875550142", True),  # Puerto Rico
        ("+1801555014", False),
        ("+180155501422", False),
        ("+11015550142", False),
        ("+18010550142", False),
        ("+14035550142", False),  # Canada
        ("+442071234567", False),
    ],
)
def test_numbers_must_be_of_the_united_states(number: str, good: bool) -> None:
    assert faults(phone_number=number) == ([] if good else ["phone_number"])


def test_a_number_that_cannot_exist_is_told_from_a_foreign_one() -> None:
    (impossible,) = found(phone_number="+18010550142").errors
    (foreign,) = found(phone_number="+14035550142").errors
    assert "no such number" in impossible.message
    assert "United States" in foreign.message


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("1", True),
        ("A1234567890123456789", True),
        ("100-200-300", True),
        ("A12345678901234567890", False),
        ("---", False),
        ("12 34", False),
        ("", False),
    ],
)
def test_account_numbers_have_letters_and_digits(number: str, good: bool) -> None:
    assert faults(account_number=number) == ([] if good else ["account_number"])


@pytest.mark.parametrize("pin", ["", "123", "1" * 16, "12a456", "12 456", "١٢٣٤٥٦"])
def test_pins_are_4_to_15_digits(pin: str) -> None:
    assert faults(account_pin=pin) == ["account_pin"]


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
def test_the_carriers_own_pin_shape_is_a_warning(carrier: str, pin: str, warned: bool) -> None:
    said = warnings(losing_carrier=carrier, account_pin=pin)
    assert [text.split(":")[0] for text in said] == ["account_pin"] * warned


def test_the_carriers_own_account_shape_is_a_warning() -> None:
    said = warnings(losing_carrier="Metro by T-Mobile", account_number="12345678")
    assert said == ["account_number: Metro's usually have 9 digits"]
    assert warnings(losing_carrier="Metro by T-Mobile", account_number="123456789") == []


@pytest.mark.parametrize(
    ("carrier", "hours", "fault", "warning"),
    [
        ("Verizon", 6 * 24, "", ""),
        ("Verizon", 6 * 24 + 1, "", "expires in less than a day"),
        ("Verizon", 7 * 24, "has expired, after 7 days", ""),
        # 4 days on consumer accounts, 14 on business ones, and nobody says which this is.
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
def test_pins_expire(carrier: str, hours: int, fault: str, warning: str) -> None:
    findings = found(losing_carrier=carrier, pin_obtained_at=NOW - timedelta(hours=hours))
    for expected, texts in (
        (fault, [f"{fault.field}: {fault.message}" for fault in findings.errors]),
        (warning, findings.warnings),
    ):
        assert len(texts) == bool(expected)
        for text in texts:
            assert text.startswith(f"account_pin: {expected}; get a new ")


def test_an_expired_pin_comes_with_the_way_to_a_new_one() -> None:
    (fault,) = found(pin_obtained_at=NOW - timedelta(days=8)).errors
    assert "Number Transfer PIN" in fault.message
    assert "#PORT" in fault.message


def test_a_pin_of_unknown_age_is_a_warning_where_pins_expire() -> None:
    (said,) = warnings(pin_obtained_at=None)
    assert said.startswith("pin_obtained_at: Verizon's Number Transfer PIN expires after 7 days")
    assert warnings(pin_obtained_at=None, losing_carrier="Some Rural Carrier") == []


def test_a_pin_cannot_come_from_the_future() -> None:
    assert faults(pin_obtained_at=NOW + timedelta(minutes=1)) == ["pin_obtained_at"]


def test_when_a_pin_expires() -> None:
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
        ("UT", "8404", "billing_address.zip"),
        ("UT", "84043-12", "billing_address.zip"),
        ("UT", "840432", "billing_address.zip"),
        ("Yutah", "84043", "billing_address.state"),
        ("", "84043", "billing_address.state"),
    ],
)
def test_the_zip_code_lies_in_the_state(state: str, zip_code: str, fault: str | None) -> None:
    assert faults(billing_address={"state": state, "zip": zip_code}) == ([fault] if fault else [])


def test_a_zip_code_that_no_list_has_is_a_warning() -> None:
    (said,) = warnings(billing_address={"state": "UT", "zip": "99999"})
    assert said.startswith("billing_address.zip: ")


@pytest.mark.parametrize(
    ("wanted", "fault", "warned"),
    [
        (date(2026, 11, 17), True, False),
        (date(2026, 11, 18), False, False),
        (date(2026, 11, 21), False, True),  # Saturday
        (date(2026, 11, 26), False, True),  # Thanksgiving
        (date(2026, 11, 27), False, False),
    ],
)
def test_the_date_is_a_business_day_to_come(wanted: date, fault: bool, warned: bool) -> None:
    findings = found(port_in_date=wanted)
    assert [found.field for found in findings.errors] == ["port_in_date"] * fault
    assert len(findings.warnings) == warned


def test_the_date_is_that_of_the_numbers_region() -> None:
    # In Utah it is still the 17th.
    facts = details(GOOD | {"port_in_date": date(2026, 11, 17), "pin_obtained_at": None})
    assert validate(facts, datetime(2026, 11, 18, 3, tzinfo=UTC)).errors == []
    assert validate(facts, datetime(2026, 11, 18, 8, tzinfo=UTC)).errors != []


def test_the_authorization_can_be_found_again() -> None:
    blank = GOOD["authorization"] | {"reference": " "}
    assert faults(authorization=blank) == ["authorization.reference"]


SECRETS = {
    "phone_number": "+1801555014",
    "account_number": "CANARYACCOUNT-12345678901234567890",
    "account_pin": "31",
    "billing_address": {"state": "CANARYSTATE", "zip": "840"},
}


def test_all_faults_come_at_once_and_show_no_value() -> None:
    findings = found(
        **SECRETS,
        losing_carrier="Verizon CANARYCARRIER",
        pin_obtained_at=NOW - timedelta(days=9),
        port_in_date=date(2026, 11, 1),
        authorization=GOOD["authorization"] | {"reference": ""},
        old_service_stays_active=False,
    )
    assert [fault.field for fault in findings.errors] == [
        "phone_number",
        "account_number",
        "account_pin",
        "account_pin",
        "billing_address.state",
        "billing_address.zip",
        "port_in_date",
        "authorization.reference",
    ]
    assert findings.missing == ["old_service_stays_active"]
    text = findings.model_dump_json()
    assert "CANARY" not in text
    assert "801555" not in text
    assert "840" not in text


@given(
    number=st.text(max_size=20),
    account=st.text(min_size=3, max_size=25),
    pin=st.text("0123456789", min_size=4, max_size=20),
    zip_code=st.text("0123456789", min_size=5, max_size=5),
    carrier=st.sampled_from(["Verizon", "AT&T", "T-Mobile", "Metro", "other"]),
    days=st.integers(-5, 40),
)
def test_nothing_that_is_typed_breaks_the_checks_or_shows(
    number: str, account: str, pin: str, zip_code: str, carrier: str, days: int
) -> None:
    findings = found(
        phone_number=number,
        account_number=f"Q{account}Q",
        account_pin=f"77{pin}",
        billing_address={"state": "UT", "zip": zip_code},
        losing_carrier=carrier,
        pin_obtained_at=NOW - timedelta(days=days),
    )
    text = findings.model_dump_json()
    assert f"77{pin}" not in text
    assert f"Q{account}Q" not in text
    assert zip_code not in text


def test_the_file_of_carriers_says_when_and_where_from() -> None:
    carriers = known_carriers()
    assert carriers.checked_on >= date(2026, 11, 23)
    for carrier in carriers.carriers:
        assert carrier.source
        stated = {name for name, value in carrier if value}
        assert set(carrier.uncertain) <= stated
        assert find_carrier(carrier.name) is carrier
