import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from telegent import (
    BadCredentials,
    Forbidden,
    Happened,
    NotSent,
    RateLimited,
    RequestBudget,
    Timeouts,
    Unauthorized,
)
from telegent._tokens import Tokens
from telegent._transport import Transport
from tests.telegent.vendor import SECRET, Vendor, as_json

ACCOUNT = {"AccountId": "AID-1"}
ORDER = {"OrderId": "JNUOID-1"}


def account_or_order(request: httpx.Request) -> httpx.Response:
    return as_json(ORDER if request.url.path.endswith("/order") else ACCOUNT)


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%m/%d/%Y %I:%M:%S %p")


async def test_one_token_for_each_endpoint_however_many_calls_wait() -> None:
    vendor = Vendor(account_or_order)
    async with vendor.client() as api:
        await asyncio.gather(
            *(api.accounts.get(f"AID-{n}") for n in range(10)),
            *(api.numbers.order(f"JNUOID-{n}") for n in range(10)),
        )
        assert api.spent.token_calls == 2
        assert api.spent.api_calls == 20
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


async def test_a_failed_token_request_fails_all_who_wait_and_is_asked_once() -> None:
    vendor = Vendor()
    vendor.answer_token = lambda request: as_json({"StatusCode": 401, "Message": "no"}, 401)
    async with vendor.client() as api:
        found = await asyncio.gather(
            *(api.accounts.get("AID-1") for _ in range(5)), return_exceptions=True
        )
    assert [type(error) for error in found] == [BadCredentials] * 5
    assert len(vendor.token_requests) == 1


async def test_a_cancelled_caller_leaves_the_token_to_the_others() -> None:
    vendor = Vendor(account_or_order)
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
async def test_a_token_is_kept_until_it_expires(lives_for: float, fetched: int) -> None:
    vendor = Vendor(account_or_order)
    vendor.token_expiry = in_seconds(lives_for)
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
        await api.accounts.get("AID-1")
    assert len(vendor.token_requests) == fetched


@pytest.fixture
async def pool() -> AsyncIterator[tuple[Vendor, Transport]]:
    vendor = Vendor()
    transport = Transport(
        "https://api.telegent.com", RequestBudget(), Timeouts(), httpx.MockTransport(vendor)
    )
    yield vendor, transport
    await transport.close()


async def test_a_token_is_renewed_shortly_before_it_expires(pool: tuple[Vendor, Transport]) -> None:
    vendor, transport = pool
    now = datetime(2025, 5, 2, 18, 0, 0, tzinfo=UTC).timestamp()
    vendor.token_expiry = "05/02/2025 06:36:13 PM"
    tokens = Tokens(transport, "DID-1", SECRET, clock=lambda: now)
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    now += 36 * 60 + 13 - 31
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    assert len(vendor.token_requests) == 1
    now += 2
    await tokens.get("https://api.telegent.com/x", transport.deadline())
    assert len(vendor.token_requests) == 2


async def test_a_late_rejection_leaves_the_token_that_replaced_the_rejected_one(
    pool: tuple[Vendor, Transport],
) -> None:
    vendor, transport = pool
    tokens = Tokens(transport, "DID-1", SECRET)
    old = await tokens.get("https://api.telegent.com/x", transport.deadline())
    tokens.discard("https://api.telegent.com/x", old)
    new = await tokens.get("https://api.telegent.com/x", transport.deadline())
    tokens.discard("https://api.telegent.com/x", old)
    assert await tokens.get("https://api.telegent.com/x", transport.deadline()) == new != old
    assert len(vendor.token_requests) == 2


async def test_the_jwt_claim_counts_for_more_than_the_stated_expiry() -> None:
    vendor = Vendor(account_or_order)

    def jwt(request: httpx.Request) -> httpx.Response:
        claims = json.dumps({"exp": int(time.time()) - 60}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"
        return as_json({"token": token, "successful": True, "tokenExpiry": vendor.token_expiry})

    vendor.answer_token = jwt
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
        await api.accounts.get("AID-1")
    assert len(vendor.token_requests) == 2


@pytest.mark.parametrize("status", [401, 403])
async def test_a_rejected_token_is_replaced_and_the_call_repeated_once(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] == "Bearer canary-token-1":
            return as_json({"StatusCode": status, "Message": "Check the scope."}, status)
        return as_json(ACCOUNT)

    vendor = Vendor(answer)
    async with vendor.client() as api:
        assert (await api.accounts.get("AID-1")).account_id == "AID-1"
        await api.accounts.get("AID-1")
    assert vendor.bearers == ["Bearer canary-token-1", *["Bearer canary-token-2"] * 2]


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (403, Forbidden)])
async def test_a_second_rejection_is_final(status: int, kind: type[Exception]) -> None:
    vendor = Vendor(lambda request: as_json({"StatusCode": status, "Message": "no"}, status))
    async with vendor.client() as api:
        with pytest.raises(kind):
            await api.accounts.get("AID-1")
    assert len(vendor.requests) == 2
    assert len(vendor.token_requests) == 2


async def test_calls_rejected_together_fetch_one_fresh_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        old = request.headers["Authorization"] == "Bearer canary-token-1"
        return as_json({"Message": "expired"}, 401) if old else as_json(ACCOUNT)

    vendor = Vendor(answer)
    async with vendor.client() as api:
        await asyncio.gather(*(api.accounts.get("AID-1") for _ in range(8)))
    assert len(vendor.token_requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"StatusCode": 401, "Message": "Bad secret"}, 401),
        as_json({"Title": "Bad secret", "Status": 400, "Errors": {"Auth": ["wrong"]}}, 400),
        as_json({"successful": False, "error": "Bad secret"}),
        as_json({"Successful": "false", "Message": "Bad secret"}),
        as_json({"token": None, "error": "Bad secret"}),
    ],
)
async def test_wrong_credentials_say_what_to_check(answer: httpx.Response) -> None:
    vendor = Vendor()
    vendor.answer_token = lambda request: answer
    async with vendor.client() as api:
        with pytest.raises(BadCredentials, match="check the account key") as caught:
            await api.accounts.get("AID-1")
    assert caught.value.happened is Happened.NO
    assert caught.value.vendor_message == "Bad secret"
    assert not vendor.requests


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"Message": "down"}, 503),
        as_json({"Message": "nothing here"}, 404),
        as_json({"successful": True}),
        as_json({"token": "two words"}),
        as_json([]),
        httpx.Response(200, text="<html>"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
    ],
)
async def test_a_call_without_a_token_was_not_sent(answer: httpx.Response) -> None:
    vendor = Vendor()
    vendor.answer_token = lambda request: answer
    async with vendor.client() as api:
        with pytest.raises(NotSent) as caught:
            await api.accounts.get("AID-1")
    assert caught.value.happened is Happened.NO
    assert not vendor.requests


async def test_a_lost_token_answer_means_that_the_call_was_not_sent() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    vendor = Vendor()
    vendor.answer_token = lost
    async with vendor.client() as api:
        with pytest.raises(NotSent):
            await api.accounts.get("AID-1")


async def test_a_rate_limited_token_request_shows_as_rate_limited() -> None:
    vendor = Vendor()
    vendor.answer_token = lambda request: as_json({}, 429, **{"Retry-After": "7"})
    async with vendor.client() as api:
        with pytest.raises(RateLimited) as caught:
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
async def test_every_known_spelling_of_the_token_is_read(body: dict[str, object]) -> None:
    vendor = Vendor(account_or_order)
    vendor.answer_token = lambda request: as_json(body)
    async with vendor.client() as api:
        await api.accounts.get("AID-1")
    assert vendor.bearers == ["Bearer t"]
