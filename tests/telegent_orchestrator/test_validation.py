"""Requests: every error at once, in sentences, without the values."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest
from telegent_orchestrator.progress import Resolution
from tests.harness import example_request

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def family() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(example_request().model_dump_json(exclude_none=True))
    return raw


def errors(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        OnboardingRequest.model_validate(raw)
    return format_errors(caught.value, OnboardingRequest)


def test_example_has_no_errors() -> None:
    assert OnboardingRequest.model_validate(family()) == example_request()


def test_every_error_is_reported_at_once() -> None:
    raw = family()
    raw["reference"] = "with space"
    raw["subscribers"][0]["email"] = "not-an-address"
    raw["subscribers"][1]["key"] = raw["subscribers"][0]["key"]
    raw["subscribers"][2]["guardian"] = False
    raw["lines"][0]["package"] = "none-such"
    raw["lines"][0]["data_limits"] = {"limit_mb": 5, "notify_mb": 9}
    raw["lines"][1]["typo"] = 1
    raw["lines"][2]["number"]["account_number"] = "has_underscores"
    del raw["routes"]["voice"]

    found = errors(raw)

    for where in (
        "reference: ",
        "subscribers.0.email: ",
        "subscribers.1.key: is used twice",
        "relations.0.child: subscriber 'child' needs",
        "lines.1.call_filter: subscriber 'child' needs",
        "lines.0.package: 'none-such' is not a key",
        "lines.0.data_limits: ",
        "lines.1.typo: ",
        "lines.2.number.account_number: ",
        "lines.0.product_type: a line with voice needs routes.voice",
    ):
        assert any(fault.startswith(where) for fault in found), (where, found)


def test_errors_never_repeat_values() -> None:
    raw = family()
    canary = "canary 7391"
    raw["subscribers"][0]["password"] = canary[:5]
    raw["lines"][2]["number"] |= {"account_number": canary, "account_pin": canary}
    raw["routes"]["message"]["credentials"] = {"type": "Basic", "secret": [canary]}
    with pytest.raises(ValidationError) as caught:
        OnboardingRequest.model_validate(raw)

    raw["lines"][2]["number"] |= {canary: "account_pin", "7391": 1}
    with pytest.raises(ValidationError) as with_keys:
        OnboardingRequest.model_validate(raw)
    errors_shown = format_errors(with_keys.value, OnboardingRequest)
    assert "7391" not in " ".join(errors_shown)
    assert any(text.startswith("lines.2.number.(a field): unknown field") for text in errors_shown)
    assert canary not in str(caught.value)
    assert canary not in repr(caught.value)
    assert canary not in " ".join(format_errors(caught.value))


def test_secrets_are_not_in_reprs() -> None:
    text = repr(example_request())

    for secret in ("change-me", "100200300", "482913"):
        assert secret not in text


@given(json_values)
def test_arbitrary_json_is_rejected_without_a_crash(raw: Any) -> None:
    for kind in (OnboardingRequest, PortInRequest, PortInCorrection):
        with pytest.raises(ValidationError) as caught:
            kind.model_validate(raw)
        assert format_errors(caught.value)


@given(st.sampled_from(["subscribers", "lines", "packages", "products", "relations", "routes"]))
def test_section_of_another_type_is_an_error_without_a_crash(part: str) -> None:
    for wrong in (None, 7, "text", [None], [[1]], {"a": 1}, [{"key": 3}]):
        assert errors(family() | {part: wrong})


def test_adopting_needs_an_id() -> None:
    with pytest.raises(ValidationError, match="adopt needs the id"):
        Resolution.model_validate({"step": "Account", "action": "adopt", "by": "a", "reason": "b"})
