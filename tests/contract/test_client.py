"""Every request of the client, held against the vendor's documents."""

import json
from typing import Any

import pytest

from telegent._transport import TOKENS_PATH
from tests.harness.vendor_calls import CALLS
from tests.harness.vendor_requests import Call, sent
from tools.vendor_contract import Contract, coverage

CONTRACT = Contract()
COVERAGE = coverage()


async def requests_of(call: Call) -> list[tuple[str, dict[str, Any]]]:
    vendor = await sent(call)
    tokens = [(f"POST {TOKENS_PATH}", body) for body in vendor.token_requests]
    calls = [
        (
            f"{request.method} {request.url.path}",
            json.loads(request.content) if request.content else dict(request.url.params),
        )
        for request in vendor.requests
    ]
    return tokens + calls


@pytest.mark.parametrize("call", CALLS)
async def test_request_of_client_is_documented(call: Call) -> None:
    problems = [
        problem
        for key, values in await requests_of(call)
        for problem in CONTRACT.check_request(key, values, by="the client")
    ]
    assert problems == []


async def test_client_sends_all_documented_fields() -> None:
    contract = Contract()
    for call in CALLS:
        for key, values in await requests_of(call):
            contract.check_request(key, values, by="the client")
    documented = {
        field
        for key in contract.operations
        if key not in COVERAGE.not_offered
        for field in contract.request_fields(key)
    }
    assert documented - contract.seen == set(COVERAGE.unsent)


@pytest.mark.parametrize(
    ("key", "values", "problem"),
    [
        ("POST /v1.0/account/rename", {}, "in no document"),
        ("POST /v1.0/account/create", {}, "AccountName is required"),
        ("POST /v1.0/account/create", {"AccountName": "A", "Colour": "x"}, "not documented"),
        ("POST /v1.0/account/create", {"AccountName": 1}, "is string! in the documents"),
        ("POST /v1.0/account/create", {"AccountName": None}, "is string! in the documents"),
        ("POST /v1.0/account/create", {"AccountName": "A", "BillingAddress": {"X": 1}}, "has X"),
        ("POST /v1.0/webhook/delete", {"WebhookId": ["W"]}, "is string! in the documents"),
        ("POST /v1.0/webhook/create", {"Method": "x" * 11}, "is string<=10"),
        ("GET /v1.0/numbers/inventory", {"Filter": "Parked"}, "is 'All'|'Active'|'Inactive'"),
        ("POST /v1.0/numbers/status", {"EffectiveDate": "2026-06-01"}, "is us_date!"),
    ],
)
def test_disagreement_names_both_sides(key: str, values: dict[str, Any], problem: str) -> None:
    problems = CONTRACT.check_request(key, values, by="the client")
    assert any(problem in text and "the client" in text for text in problems), problems
