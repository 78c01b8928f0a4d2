"""Thousands of mutated responses to every call: each is a result or an error of the client."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterable
from functools import partial

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import BaseModel

import telegent as t
from telegent._transport import MAX_RESPONSE_BYTES
from telegent.rate_limiter import MAX_PAUSE, Permit
from tests.fuzz.generators import LEAVES, deeply_nested, invalid_bytes, with_replaced_values
from tests.harness.fake_vendor import SECRET, FakeVendor
from tests.harness.vendor_calls import CALLS
from tests.harness.vendor_requests import ANYTHING, Call

ROW = ANYTHING | {"Status": "Rejected", "Message": "8A", "Price": 1.5, "Monthly": True}
RESPONSE = ROW | {"Data": [ROW], "PhoneNumbers": [ROW], "TotalResults": 1, "Successful": True}
MAX_MESSAGE_CHARS = 20_000
STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503]


class NoPause(t.RateLimiter):
    """A rate limiter that does not pause."""

    async def acquire(self) -> Permit:
        return Permit(settle=lambda: None, reject=self.pause, give_back=lambda: None)

    def pause(self, retry_after: float | None) -> None:
        assert retry_after is None or 0 <= retry_after <= MAX_PAUSE


def call_with(calls: Iterable[Call], *responses: Callable[[], httpx.Response]) -> None:
    """Check that each call returns, or raises an error of the client with a bounded message."""

    async def call_all() -> None:
        vendor = FakeVendor()
        async with vendor.client(NoPause(6_000_000)) as api:
            for response in responses:
                for call in calls:
                    vendor.respond = lambda request: response()  # noqa: B023 - called at once
                    await call_one(api, call)

    asyncio.run(call_all())


async def call_one(api: t.Telegent, call: Call) -> None:
    try:
        result = await call(api)
    except t.TelegentError as error:
        words = str(error)
    else:
        words = ""
        if isinstance(result, BaseModel):
            result.model_dump_json()
    assert len(words) < MAX_MESSAGE_CHARS
    assert SECRET not in words


def body(content: bytes, status: int = 200) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, content=content)


def test_response_with_any_value_replaced_is_result_or_error() -> None:
    mutated = list(map(body, with_replaced_values(ROW)))
    for at, call in enumerate(CALLS):
        # A share for each call; together all of them, several times.
        call_with([call], *mutated[at % 11 :: 11])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(STATUSES), invalid_bytes(RESPONSE), st.integers(0, len(CALLS) - 3))
def test_mutated_response_is_result_or_error(status: int, content: bytes, first: int) -> None:
    call_with(CALLS[first : first + 3], body(content, status))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        deeply_nested(),
        b"[" * 1_000_000,
        b"x" * (MAX_RESPONSE_BYTES + 1),
        json.dumps({"Message": "x" * 1_000_000}).encode(),
        json.dumps({"Errors": {f"field {n}": ["wrong"] * 10 for n in range(20_000)}}).encode(),
        json.dumps({"PhoneNumbers": [{}] * 20_000, "Subscribers": [7] * 20_000}).encode(),
        b'{"OrderId": "a", "OrderId": "b", "orderid": "c"}',
        b"9" * 5_000,
        b'{"TotalResults": ' + b"9" * 5_000 + b"}",
        b'{"OrderId": "' + b"x" * 1_000_000 + b'"}',
    ],
    ids=lambda content: f"{len(content)} bytes {content[:12]!r}",
)
def test_large_or_deep_response_is_result_or_error(content: bytes) -> None:
    call_with(CALLS[::20], body(content), body(content, 400))


def test_response_with_invalid_header_is_result_or_error() -> None:
    odd = ["", "x" * 10_000, "9" * 400, "-1", "NaN", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 99"]
    odd += ["text/html; charset=klingon", "application/json; charset=utf-16", "5.5", "x/y; charset"]
    odd += [f"text/plain; charset={codec}" for codec in ("base64", "rot13", "undefined", "zlib")]
    odd += [
        "mailto:ops@x.example",
        "urn:isbn:1",
        "https://xn--/",
        "Fri, 31 Dec 9999 23:59:59 +9959",
    ]
    responses = [
        partial(httpx.Response, status, headers={name: value}, content=b"not JSON")
        for status in (200, 302, 308, 400, 429, 503)
        for name in ("content-type", "retry-after", "location", "content-length")
        for value in odd
    ]
    call_with([CALLS[0]], *responses)


def test_invalid_token_response_is_result_or_error() -> None:
    good = {"token": "canary", "successful": True, "tokenExpiry": "12/31/2099 11:59:59 PM"}
    bodies = list(with_replaced_values(good))
    bodies += [json.dumps({name: SECRET, "token": None}).encode() for name in ("error", "Error")]
    for claims in [*map(json.dumps, LEAVES), *(json.dumps({"exp": leaf}) for leaf in LEAVES)]:
        middle = base64.urlsafe_b64encode(claims.encode()).decode()
        bodies.append(json.dumps(good | {"token": f"a.{middle}.c"}).encode())

    async def call_all() -> None:
        vendor = FakeVendor()
        for content in bodies:
            vendor.respond_token = lambda request: httpx.Response(200, content=content)  # noqa: B023
            async with vendor.client() as api:
                await call_one(api, CALLS[-1])

    asyncio.run(call_all())
