"""Single values of requests: what is accepted, in which form, and what is said about the rest."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from telegent_orchestrator._models import E164, Email, Iccid, Text, ZipCode
from telegent_orchestrator._validation import MAX_SUGGESTIONS
from telegent_orchestrator.line_changes import LineChangeRequest
from telegent_orchestrator.port_in import (
    Authorization,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import Resolution
from tests.harness.request_errors import LINE, errors, request

NUMBER = "+18015550142"


@pytest.mark.parametrize(
    "blank", [" ", "\u00a0", "\u3000", "\t", "\u200d", "\u3164", "\u2800", "\ufe0f"]
)
@pytest.mark.parametrize(
    ("model", "field"),
    [(PortInDetails, "losing_carrier"), (PortInDetails, "subscriber_name"), (Resolution, "by")],
)
def test_text_of_blanks_is_empty(model: Any, field: str, blank: str) -> None:
    assert any(text.startswith(f"{field}: must") for text in errors({field: blank}, model))


@pytest.mark.parametrize("blank", [" " * 8, "\u00a0" * 8, "\u3164" * 8])
def test_blank_secret_is_empty(blank: str) -> None:
    subscriber = {"key": "owner", "name": "A", "email": "a@example.com", "password": blank}
    route = {
        "name": "A",
        "url": "https://example.com",
        "credentials": {"type": "Basic", "username": "u", "secret": blank},
    }
    raw = request(subscribers=[subscriber]) | {"routes": {"message": route, "voice": None}}
    found = errors(raw)
    assert "subscribers.0.password: must not be empty" in found
    assert "routes.message.credentials.secret: must not be empty" in found


def test_blank_parts_of_objects_are_empty() -> None:
    found = errors(
        {
            "phone_number": NUMBER,
            "billing_address": {"street1": " ", "city": "\u00a0", "state": "UT", "zip": "84043"},
            "authorization": {"reference": "\u3000", "attested_by": " ", "attested_at": "x"},
        },
        PortInDetails,
    )
    assert [text.split(":")[0] for text in found] == [
        "billing_address.street1",
        "billing_address.city",
        "authorization.reference",
        "authorization.attested_by",
        "authorization.attested_at",
    ]


@pytest.mark.parametrize(
    ("value_type", "given", "stored"),
    [
        (Text, "  Jos\u0065\u0301  Fern\u00a0\u00a0Ruiz ", "Jos\u00e9 Fern Ruiz"),
        (E164, f" {NUMBER} ", NUMBER),
        (Email, " person@example.com\n", "person@example.com"),
        (ZipCode, " 84043 ", "84043"),
        (Iccid, "8901240397190195850F", "8901240397190195850"),
        (Iccid, "8901 2403-9719 0195 850f", "8901240397190195850"),
        (Iccid, "8901\u20112403\u20139719\u22120195850", "8901240397190195850"),
    ],
)
def test_values_are_stored_in_one_form(value_type: Any, given: str, stored: str) -> None:
    assert TypeAdapter(value_type).validate_python(given) == stored


@pytest.mark.parametrize("text", ["two\nlines", "a\u202eb", "a\u200bb", "\x1b[31mred", "a\u2066b"])
def test_text_with_control_characters_is_rejected(text: str) -> None:
    with pytest.raises(ValidationError, match="one line, without control characters"):
        TypeAdapter(Text).validate_python(text)


def test_one_sim_in_two_spellings_is_rejected_as_a_duplicate() -> None:
    other = {**LINE, "key": "second"}
    lines = [
        {**LINE, "number": {"kind": "new", "iccid": "8901240397190195850"}},
        {**other, "number": {"kind": "new", "iccid": "8901240397190195850F"}},
    ]
    assert errors(request(*lines)) == ["lines.1.number.iccid: is already used by another line"]


@pytest.mark.parametrize(
    "number",
    [
        "+18005550142",
        "+18885550142",
        "+19005550142",
        "+15005550142",
        "+15225550142",
        "+15335550142",
        "+12115550142",
    ],
)
def test_number_that_is_neither_mobile_nor_landline_is_rejected(number: str) -> None:
    [error] = errors({"phone_number": number}, PortInDetails)
    assert error.startswith(f"phone_number: cannot be ported in: {number[2:5]} is not an area code")


@pytest.mark.parametrize("number", ["+18019110142", "+18019760142", "+18019500142"])
def test_number_of_a_service_is_rejected(number: str) -> None:
    [error] = errors({"phone_number": number}, PortInDetails)
    assert error.startswith(f"phone_number: cannot be ported in: {number[5:8]} is not an exchange")


@pytest.mark.parametrize(
    "number", ["+1801555014", "+180155501422", "+442071234567", "+11015550142", "+18010550142"]
)
def test_number_with_another_structure_is_rejected_with_an_example(number: str) -> None:
    [error] = errors({"phone_number": number}, PortInDetails)
    assert "+18015550123" in error


@pytest.mark.parametrize("number", ["+14365550100", "+19245550100", "+16795550100"])
def test_number_with_a_recent_area_code_is_accepted(number: str) -> None:
    assert errors({"phone_number": number}, PortInDetails) == []


@pytest.mark.parametrize(
    ("printed", "sent"),
    [
        ("000000000-00000", "00000000000000"),
        ("123 456 789", "123456789"),
        ("123.456/789", "123456789"),
        ("123\u2013456", "123456"),
    ],
)
def test_account_number_is_accepted_as_printed(printed: str, sent: str) -> None:
    details = PortInDetails(phone_number=NUMBER, account_number=printed)
    assert details.account_number == sent


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("account_number", "---", "must be 1 to 20 letters and digits"),
        ("account_number", "1" * 21, "must be 1 to 20 letters and digits"),
        ("account_pin", "12a456", "must be 4 to 15 digits"),
        ("account_pin", "123", "must be 4 to 15 digits"),
        ("account_pin", "\u0661\u0662\u0663\u0664", "must be 4 to 15 digits"),
        ("iccid", "12", "must be the 18 to 20 digits printed on the SIM"),
        ("port_in_date", "11/30/2026", "must be a date such as 2026-11-23"),
        ("pin_obtained_at", "yesterday", "must be a date and time with a zone"),
        ("pin_obtained_at", "2026-11-23T16:00:00", "must be a date and time with a zone"),
    ],
)
def test_invalid_value_is_described_in_words(field: str, value: str, says: str) -> None:
    for model in (PortInDetails, PortInCorrection):
        raw = {"phone_number": NUMBER} if model is PortInDetails else {"by": "operator"}
        [error] = errors(raw | {field: value}, model)
        assert error.startswith(f"{field}: {says}")
        assert value not in error


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("account", {"name": "A", "billing_adress": {}}, "did you mean billing_address?"),
        ("acount", {}, "did you mean account?"),
        ("lines.0.number.zipcode", "84043", "did you mean zip_code?"),
        ("lines.0.number.kind", "esim", "'kind' must be one of 'new', 'port_in'"),
        ("lines.0.number.area_code", "12", "must be an area code such as 801"),
        ("lines.0.product_type", "Voice", "must be 'Sms-Only', 'Data-Only'"),
        ("lines.0.data_limits", {"limit_mb": "much"}, "must be a whole number"),
        ("lines.0.data_limits", {"limit_mb": -1}, "must be greater than 0"),
        ("packages", "basic", "must be a list"),
        ("reference", "order 7", "must be 1 to 64 letters, digits, dots"),
    ],
)
def test_onboarding_errors_are_sentences(path: str, value: object, says: str) -> None:
    raw = request()
    *parents, name = path.split(".")
    node: Any = raw
    for parent in parents:
        node = node[int(parent) if parent.isdigit() else parent]
    node[name] = value
    found = errors(raw)
    assert any(says in text for text in found), found
    assert not any("Input should" in text or "^" in text for text in found)


def test_field_with_the_name_of_a_kind_of_line_change_is_named() -> None:
    raw = request()
    raw["subscribers"][0]["guardian"] = "x"
    raw["lines"][0] |= {"subscriber": 5, "number": {"kind": "new", "area_code": "1"}}

    assert [text.partition(":")[0] for text in errors(raw)] == [
        "subscribers.0.guardian",
        "lines.0.subscriber",
        "lines.0.number.area_code",
    ]


@pytest.mark.parametrize("kind", ["number", "subscriber", "limits"])
def test_unknown_field_of_a_line_change_suggests_one_of_its_kind(kind: str) -> None:
    field, name = {
        "number": ("area_cod", "area_code"),
        "subscriber": ("nam", "name"),
        "limits": ("datalimits", "data_limits"),
    }[kind]
    change = {"kind": kind, field: "x"}
    raw = {"phone_number": NUMBER, "change": change, "by": "a", "reason": "b"}

    found = errors(raw, LineChangeRequest)

    assert f"change.{kind}.{field}: unknown field; did you mean {name}?" in found


def test_unknown_field_of_an_address_suggests_its_own_field() -> None:
    address = {"street1": "1 A", "city": "Lehi", "state": "UT", "zipcode": "84043"}
    found = errors({"phone_number": NUMBER, "billing_address": address}, PortInDetails)
    assert "billing_address.zipcode: unknown field; did you mean zip?" in found
    assert "billing_address.zip: is required" in found


def test_only_the_first_unknown_fields_are_compared_with_known_ones() -> None:
    found = errors({"by": "a"} | {f"acount_number{n}": "1" for n in range(8)}, PortInCorrection)
    assert len(found) == 8
    assert all("did you mean" in text for text in found[:MAX_SUGGESTIONS])
    for n in range(MAX_SUGGESTIONS, 8):
        assert found[n] == f"acount_number{n}: unknown field"


def correction(**fields: Any) -> PortInCorrection:
    return PortInCorrection.model_validate({"by": "operator"} | fields)


def test_correction_of_one_address_field_keeps_the_others() -> None:
    details = PortInDetails.model_validate(
        {
            "phone_number": NUMBER,
            "billing_address": {"street1": "1 A", "city": "Lehi", "state": "UT", "zip": "84003"},
            "authorization": {
                "reference": "loa-1",
                "attested_by": "shop",
                "attested_at": "2026-11-20T15:00:00Z",
            },
        }
    )
    sent = correction(billing_address={"zip": "84043"}, authorization={"reference": "loa-2"})
    assert sent.missing_parts(details) == []
    corrected = details.model_copy(update=sent.changes(details))
    assert details.billing_address is not None
    assert corrected.billing_address == details.billing_address.model_copy(update={"zip": "84043"})
    assert isinstance(corrected.authorization, Authorization)
    assert corrected.authorization.reference == "loa-2"
    assert corrected.authorization.attested_by == "shop"


def test_correction_of_one_address_field_without_an_address_names_the_others() -> None:
    details = PortInDetails(phone_number=NUMBER)
    sent = correction(billing_address={"zip": "84043"})
    assert sent.missing_parts(details) == [
        "billing_address.street1",
        "billing_address.city",
        "billing_address.state",
    ]


def test_ended_port_in_has_no_next_deadline() -> None:
    deadline = {"next_deadline": "2026-12-01T00:00:00Z", "next_deadline_name": "reminder"}
    for state in PortState:
        status = PortInStatus.model_validate({"phone_number": NUMBER, "state": state} | deadline)
        assert (status.next_deadline is None) is state.final
        assert bool(status.next_deadline_name) is not state.final


@pytest.mark.parametrize(("state", "valid"), [("UT", True), (" ut ", True), ("Utah", False)])
def test_state_of_an_e911_address_is_two_letters(state: str, valid: bool) -> None:
    address = {"street1": "1 A", "city": "Lehi", "state": state, "zip": "84043"}
    found = errors(request({**LINE, "product_type": "Sms+Data+Voice", "e911_address": address}))
    complaint = "lines.0.e911_address.state: must be the two letters of a US state"
    assert [text.startswith(complaint) for text in found] == ([] if valid else [True])


def test_request_for_a_port_in_reports_all_errors_without_values() -> None:
    found = errors(
        {"details": {"phone_number": "801-555-0199", "account_pin": "my secret", "zipcode": "1"}},
        PortInRequest,
    )
    assert [text.split(":")[0] for text in found] == [
        "details.phone_number",
        "details.account_pin",
        "details.zipcode",
    ]
    assert "my secret" not in " ".join(found)


def test_number_in_a_correction_says_what_to_do() -> None:
    found = errors({"by": "a", "phone_number": NUMBER, "zipcode": "84043"}, PortInCorrection)
    assert found[0].startswith("phone_number: cannot be corrected")
    assert "cancel it" in found[0]
    assert "did you mean" not in " ".join(found)
