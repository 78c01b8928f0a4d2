import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from telegent import (
    AuthenticationError,
    Effect,
    InvalidCredentialsError,
    PermissionDeniedError,
    RateLimiter,
    RateLimitError,
    RequestNotSentError,
    Timeouts,
)
from telegent._requester import TokenCache
from telegent._transport import Transport
from tests.harness.fake_vendor import SECRET, FakeVendor, json_response

ACCOUNT = {"AccountId": "AID-1"}
ORDER = {"OrderId": "JNUOID-1"}


def account_or_order(request: httpx.Request) -> httpx.Response:
    return json_response(ORDER if request.url.path.endswith("/order") else ACCOUNT)


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%m/%d/%Y %I:%M:%S %p")


async def test_concurrent_calls_share_one_token_request_per_endpoint() -> None:
    vendor = FakeVendor(account_or_order)
    async with vendor.client() as api:
        await asyncio.gather(
            *(api.accounts.get(f"AID-{n}") for n in range(10)),
            *(api.numbers.order(f"JNUOID-{n}") for n in range(10)),
        )
        assert api.request_counts.token_calls == 2
        assert api.request_counts.api_calls == 20
    assert {asked["ApiEndpoint"] for asked in vendor.token_requests} == {
        "https://api.telegent.com/v1.0/account",
        "https://api.telegent.com/v1.0/numbers/order",
    }
    assert vendor.token_requests[0] | {"ApiEndpoint": ""} == {
        "AccountKey": "DID-1",
        "AccountSecret": SECRET,
        "ApiEndpoint": "",
    }
    assert set(vendor.bearers) == {"Bearer canary-token-1", "Bearer canary-token-2"}


async def test_failed_token_request_fails_all_waiting_calls() -> None:
    vendor = FakeVendor()
    vendor.respond_token = lambda request: json_response({"StatusCode": 401, "Message": "no"}, 401)
    async with vendor.client() as api:
        found = await asyncio.gather(
            *(api.accounts.get("AID-1") for _ in range(5)), return_exceptions=True
        )
    assert [type(error) for error in found] == [InvalidCredentialsError] * 5
    assert len(vendor.token_requests) == 1


async def test_cancelled_call_leaves_token_request_to_others() -> None:
    vendor = FakeVendor(account_or_order)
    async with vendor.client() as api:
        first = asyncio.create_task(api.accounts.get("AID-1"))
        second = asyncio.create_task(api.accounts.get("AID-1"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).account_id == "AID-1"
        with pytest.raises(asyncio.CancelledError):
            await first
    assert len(vendor.token_requests) == 1


@pytest.mark.parametrize(("lives_for", "fetched"), [(3600, 1), (20, 1), (-3600, 2)])
async def test_token_is_cached_until_it_expires(lives_for: float, fetched: int) -> None:
    vendor = FakeVendor(account_or_order)
    vendor.token_expiry = in_seconds(lives_for)
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
        await api.accounts.get("AID-1")
    assert len(vendor.token_requests) == fetched


@pytest.fixture
async def pool() -> AsyncIterator[tuple[FakeVendor, Transport]]:
    vendor = FakeVendor()
    transport = Transport(
        "https://api.telegent.com", RateLimiter(), Timeouts(), httpx.MockTransport(vendor)
    )
    yield vendor, transport
    await transport.close()


async def test_token_is_renewed_shortly_before_it_expires(
    pool: tuple[FakeVendor, Transport],
) -> None:
    vendor, transport = pool
    now = datetime(2025, 5, 2, 18, 0, 0, tzinfo=UTC).timestamp()
    vendor.token_expiry = "05/02/2025 06:36:13 PM"
    tokens = TokenCache(transport, "DID-1", SECRET, clock=lambda: now)
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    now += 36 * 60 + 13 - 31
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    assert len(vendor.token_requests) == 1
    now += 2
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    assert len(vendor.token_requests) == 2


async def test_late_rejection_keeps_replacement_token(
    pool: tuple[FakeVendor, Transport],
) -> None:
    vendor, transport = pool
    tokens = TokenCache(transport, "DID-1", SECRET)
    old = await tokens.get("https://api.telegent.com/x", transport.deadline())
    tokens.discard("https://api.telegent.com/x", old)
    new = await tokens.get("https://api.telegent.com/x", transport.deadline())
    tokens.discard("https://api.telegent.com/x", old)
    assert await tokens.get("https://api.telegent.com/x", transport.deadline()) == new != old
    assert len(vendor.token_requests) == 2


async def test_jwt_expiry_wins_over_stated_expiry() -> None:
    vendor = FakeVendor(account_or_order)

    def jwt(request: httpx.Request) -> httpx.Response:
        claims = json.dumps({"exp": int(time.time()) - 60}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"
        return json_response(
            {"token": token, "successful": True, "tokenExpiry": vendor.token_expiry}
        )

    vendor.respond_token = jwt
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
        await api.accounts.get("AID-1")
    assert len(vendor.token_requests) == 2


@pytest.mark.parametrize("status", [401, 403])
async def test_rejected_token_is_replaced_and_call_repeated_once(status: int) -> None:
    def response(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] == "Bearer canary-token-1":
            return json_response({"StatusCode": status, "Message": "Check the scope."}, status)
        return json_response(ACCOUNT)

    vendor = FakeVendor(response)
    async with vendor.client() as api:
        assert (await api.accounts.get("AID-1")).account_id == "AID-1"
        await api.accounts.get("AID-1")
    assert vendor.bearers == ["Bearer canary-token-1", *["Bearer canary-token-2"] * 2]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)]
)
async def test_second_rejection_of_token_is_raised(status: int, kind: type[Exception]) -> None:
    vendor = FakeVendor(
        lambda request: json_response({"StatusCode": status, "Message": "no"}, status)
    )
    async with vendor.client() as api:
        with pytest.raises(kind):
            await api.accounts.get("AID-1")
    assert len(vendor.requests) == 2
    assert len(vendor.token_requests) == 2


async def test_concurrent_rejections_fetch_one_fresh_token() -> None:
    def response(request: httpx.Request) -> httpx.Response:
        old = request.headers["Authorization"] == "Bearer canary-token-1"
        return json_response({"Message": "expired"}, 401) if old else json_response(ACCOUNT)

    vendor = FakeVendor(response)
    async with vendor.client() as api:
        await asyncio.gather(*(api.accounts.get("AID-1") for _ in range(8)))
    assert len(vendor.token_requests) == 2


@pytest.mark.parametrize(
    "response",
    [
        json_response({"StatusCode": 401, "Message": "Bad secret"}, 401),
        json_response({"Title": "Bad secret", "Status": 400, "Errors": {"Auth": ["wrong"]}}, 400),
        json_response({"successful": False, "error": "Bad secret"}),
        json_response({"Successful": "false", "Message": "Bad secret"}),
        json_response({"token": None, "error": "Bad secret"}),
    ],
)
async def test_invalid_credentials_error_says_what_to_check(response: httpx.Response) -> None:
    vendor = FakeVendor()
    vendor.respond_token = lambda request: response
    async with vendor.client() as api:
        with pytest.raises(InvalidCredentialsError, match="check the account key") as caught:
            await api.accounts.get("AID-1")
    assert caught.value.effect is Effect.NONE
    assert caught.value.vendor_message == "Bad secret"
    assert not vendor.requests


@pytest.mark.parametrize(
    "response",
    [
        json_response({"Message": "down"}, 503),
        json_response({"Message": "nothing here"}, 404),
        json_response({"successful": True}),
        json_response({"token": "two words"}),
        json_response([]),
        httpx.Response(200, text="<html>"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
    ],
)
async def test_call_without_token_is_not_sent(response: httpx.Response) -> None:
    vendor = FakeVendor()
    vendor.respond_token = lambda request: response
    async with vendor.client() as api:
        with pytest.raises(RequestNotSentError) as caught:
            await api.accounts.get("AID-1")
    assert caught.value.effect is Effect.NONE
    assert not vendor.requests


async def test_lost_token_response_is_request_not_sent() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    vendor = FakeVendor()
    vendor.respond_token = lost
    async with vendor.client() as api:
        with pytest.raises(RequestNotSentError):
            await api.accounts.get("AID-1")


async def test_rate_limited_token_request_raises_rate_limit_error() -> None:
    vendor = FakeVendor()
    vendor.respond_token = lambda request: json_response({}, 429, **{"Retry-After": "7"})
    async with vendor.client() as api:
        with pytest.raises(RateLimitError) as caught:
            await api.accounts.get("AID-1")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "body",
    [
        {"Token": "t", "Successful": True},
        {"Successful": True, "Data": {"AccessToken": "t"}},
        {"token": "t", "successful": True, "error": "", "apiEndpoint": "https://other.example"},
    ],
)
async def test_every_known_spelling_of_token_is_read(body: dict[str, object]) -> None:
    vendor = FakeVendor(account_or_order)
    vendor.respond_token = lambda request: json_response(body)
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
    assert vendor.bearers == ["Bearer t"]
