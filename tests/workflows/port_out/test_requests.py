"""Requests of port-outs, and their PINs."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from activities.port_out import PIN_LENGTH, PinGenerator
from telegent_orchestrator import names
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW, is_weak_pin
from tests.harness import Harness
from tests.harness.port_outs import NUMBER, PIN, wanted


async def test_malformed_request_fails_with_a_readable_error(harness: Harness) -> None:
    handle = await harness.temporal.start_workflow(
        PORT_OUT_WORKFLOW,
        {"phone_number": NUMBER, "pin": "secret", "by": "operator"},
        id=f"port-out-broken-{harness.settings.id_key}",
        task_queue=names.TASK_QUEUE,
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    words = str(caught.value.cause)
    assert "authentication_reference" in words
    assert "secret" not in words


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pin": "123456"}, "too easy to guess"),
        ({"pin": "550142"}, "too easy to guess"),
        ({"pin": "12a456"}, "pin"),
        ({"after_port_out": "close_subscription"}, "needs subscription_id"),
        ({"authentication_reference": "Jane Doe, born 1980"}, "authentication_reference"),
        ({"pin_issue_timeout": timedelta(0)}, "pin_issue_timeout"),
    ],
)
def test_invalid_request_is_rejected(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        wanted(**changes)
    assert str(changes.get("pin", "no pin")) not in str(caught.value)


@pytest.mark.parametrize("pin", ["000000", "123456", "654321", "890123", "123123", "121212"])
def test_guessable_pins_are_weak(pin: str) -> None:
    assert is_weak_pin(pin, NUMBER)


async def test_generated_pins_differ_and_are_not_weak() -> None:
    pins = [(await PinGenerator().generate_port_out_pin(NUMBER)).pin for _ in range(3_000)]

    assert len(set(pins)) > 2_900
    assert all(len(pin) == PIN_LENGTH and pin.isdigit() for pin in pins)
    assert not any(is_weak_pin(pin, NUMBER) for pin in pins)


def test_repr_contains_no_pin() -> None:
    assert PIN not in repr(wanted(pin=PIN))
