"""Thousands of mutated requests and messages: rejected with a short message, or valid."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel, ValidationError

from telegent_orchestrator._validation import MAX_ERRORS, MAX_TEXT_LENGTH, format_errors
from telegent_orchestrator.bulk import BulkCancel, BulkRequest
from telegent_orchestrator.line_change_sets import LineChangeSetRequest
from telegent_orchestrator.line_changes import LineChangeRequest
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import (
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInNote,
    PortInRequest,
)
from telegent_orchestrator.port_in_validation import pin_expires_at, validate
from telegent_orchestrator.port_out import (
    ConfirmDeparture,
    PortOutCancel,
    PortOutRequest,
    RevealPin,
)
from telegent_orchestrator.progress import Resolution
from telegent_orchestrator.renewal_changes import RenewalChangeRequest
from tests.fuzz.generators import deeply_nested, invalid_bytes, with_replaced_values
from tests.harness.payloads import port_in

FAMILY = json.loads((Path(__file__).parents[2] / "examples" / "family.json").read_text())
CANARY = "canary-7391"
BIND = {
    "account_id": "AID-1",
    "subscriber_id": "TSUID-1",
    "product_type": "Sms+Data+Voice",
    "message_type": "p2p",
}
PORT_IN = port_in(
    account_number=CANARY,
    account_pin="482913",
    port_in_date="2026-12-01",
    subscriber_name="A B",
    pin_obtained_at="2026-11-20T15:00:00Z",
    iccid="8901240397190195850",
)
BY = {"by": "operator", "reason": "checked in the portal"}
GOOD: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (OnboardingRequest, FAMILY),
    (PortInRequest, {"details": PORT_IN, "bind": BIND, "check_existing": True}),
    (
        PortOutRequest,
        {
            "phone_number": "+18015550142",
            "authentication_reference": "auth-1",
            "pin": "48291377",
            "pin_issue_timeout": "PT1H",
            "subscription_id": "SUB-1",
            "after_port_out": "keep",
            "by": "operator",
        },
    ),
    (
        PortInCorrection,
        {k: v for k, v in PORT_IN.items() if k != "phone_number"} | {"by": "operator"},
    ),
    (PortInCancel, BY),
    (PortInNote, {"by": "operator", "note": "ticket 4711"}),
    (OperatorDecision, BY | {"action": "attach_order", "order_id": "JNUOID-1"}),
    (
        OperatorDecision,
        BY | {"action": "replace_data", "correction": {"account_pin": "1234", "by": "operator"}},
    ),
    (PortOutCancel, BY),
    (RevealPin, BY),
    (ConfirmDeparture, BY),
    (LineChangeRequest, BY | {"phone_number": "+18015550142", "change": {"kind": "suspend"}}),
    (
        RenewalChangeRequest,
        BY
        | {
            "phone_number": "+18015550142",
            "change": {"kind": "plan", "package_id": "PID-1"},
            "renewal_day": 15,
        },
    ),
    (
        LineChangeSetRequest,
        BY
        | {
            "reference": "june",
            "lines": [{"phone_number": "+18015550142", "change": {"kind": "restore"}}],
        },
    ),
    (
        BulkRequest,
        {"reference": "b-1", "rows": 2, "batches": 1, "fingerprint": "f1", "by": "operator"},
    ),
    (BulkCancel, BY | {"cancel_running": True}),
    (Resolution, BY | {"step": "Number", "action": "adopt", "id": "+18015550142"}),
]


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for part in value.values() for found in strings(part)]
    if isinstance(value, list):
        return [found for part in value for found in strings(part)]
    return [value] if isinstance(value, str) else []


def read(kind: type[BaseModel], text: bytes) -> None:
    """What is wrong is named in few words; what is not wrong can go all the way."""
    try:
        request = kind.model_validate_json(text)
    except ValidationError as error:
        faults = format_errors(error)
        assert 0 < len(faults) <= MAX_ERRORS + 1
        assert all(len(fault) <= MAX_TEXT_LENGTH and fault.isprintable() for fault in faults)
        return
    # As Temporal stores it, and as the next process reads it.
    assert kind.model_validate_json(request.model_dump_json()) == request
    for found in strings(request.model_dump(mode="json")):
        assert len(found) <= 2000
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in found), found
    if isinstance(request, PortInRequest):
        check_body(request.details)


def check_body(details: PortInDetails) -> None:
    assert details.phone_number.isascii()
    validate(details, datetime.now(UTC))
    pin_expires_at(details.losing_carrier, details.pin_obtained_at)


@pytest.mark.parametrize(("kind", "good"), GOOD, ids=[kind.__name__ for kind, _ in GOOD])
def test_corrupt_request_is_rejected(kind: type[BaseModel], good: dict[str, Any]) -> None:
    kind.model_validate_json(json.dumps(good))
    for text in with_replaced_values(good):
        read(kind, text)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(invalid_bytes(good))
    def mutate(text: bytes) -> None:
        read(kind, text)

    mutate()


@pytest.mark.parametrize("kind", [kind for kind, _ in GOOD])
def test_too_deep_or_wide_request_is_rejected_briefly(
    kind: type[BaseModel],
) -> None:
    read(kind, deeply_nested())
    read(kind, json.dumps({f"field {n}": n for n in range(10_000)}).encode())
    read(kind, json.dumps({"x" * 1_000_000: 1}).encode())
