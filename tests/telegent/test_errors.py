"""None"""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from telegent import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    Effect,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimiter,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
    Telegent,
    TelegentError,
    send_deadline,
)
from tests.harness.fake_vendor import FakeVendor, json_response


async def write_failure(vendor: FakeVendor) -> TelegentError:
    """The error of a POST whose body names the order JNUOID-sent."""
    async with vendor.client() as api:
        with pytest.raises(TelegentError) as caught:
            await api.ports.cancel("JNUOID-sent")
    return caught.value


async def failure(vendor: FakeVendor) -> TelegentError:
    async with vendor.client() as api:
        with pytest.raises(TelegentError) as caught:
            await api.accounts.get("AID-1")
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, OutcomeUnknownError),
        (303, OutcomeUnknownError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, BadRequestError),
        (408, OutcomeUnknownError),
        (409, ConflictError),
        (415, BadRequestError),
        (422, BadRequestError),
        (429, RateLimitError),
        (500, OutcomeUnknownError),
        (502, OutcomeUnknownError),
        (503, OutcomeUnknownError),
        (504, OutcomeUnknownError),
    ],
)
async def test_status_maps_to_error_and_effect(status: int, kind: type[TelegentError]) -> None:
    headers = {"Location": "https://elsewhere.example/"} if status < 400 else {}
    vendor = FakeVendor(lambda request: json_response({"StatusCode": status}, status, **headers))
    error = await failure(vendor)
    assert type(error) is kind
    assert error.status == status
    assert error.endpoint == "GET /v1.0/account"
    wanted = Effect.UNKNOWN if kind is OutcomeUnknownError else Effect.NONE
    assert error.effect is wanted


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError, RequestNotSentError),
        (httpx.ConnectTimeout, RequestNotSentError),
        (httpx.PoolTimeout, RequestNotSentError),
        (httpx.LocalProtocolError, RequestNotSentError),
        (httpx.UnsupportedProtocol, RequestNotSentError),
        (httpx.ReadTimeout, OutcomeUnknownError),
        (httpx.WriteTimeout, OutcomeUnknownError),
        (httpx.ReadError, OutcomeUnknownError),
        (httpx.WriteError, OutcomeUnknownError),
        (httpx.CloseError, OutcomeUnknownError),
        (httpx.RemoteProtocolError, OutcomeUnknownError),
        (httpx.DecodingError, OutcomeUnknownError),
    ],
)
async def test_transport_error_maps_to_effect(
    raised: type[httpx.RequestError], kind: type[TelegentError]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise raised("broken", request=request)

    error = await failure(FakeVendor(answer))
    assert type(error) is kind
    assert error.status is None


@pytest.mark.parametrize(
    "content",
    [
        b'{"AccountName": "x"}',
        b'{"AccountId": null}',
        b"[" * 200_000,
        b"",
        b"null",
        b'"ok"',
        b"42",
        b"<html>",
        b'{"AccountId"',
        b"\xff",
        b"[]",
        b"{}",
    ],
)
async def test_success_with_unusable_body_is_unknown_outcome(content: bytes) -> None:
    error = await failure(FakeVendor(lambda request: httpx.Response(200, content=content)))
    assert type(error) is OutcomeUnknownError
    assert error.effect is Effect.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        {"Successful": False, "Message": "Number taken"},
        {"successful": "false", "error": "Number taken"},
        {"OrderStatus": "Failed", "ErrorMessage": "Number taken"},
        {"OrderId": "JNUOID-sent", "ErrorMessage": "Number taken"},
        {"StatusCode": 400, "Message": "Number taken"},
        {"Successful": False, "Message": "Number taken", "Data": None},
    ],
)
async def test_failure_inside_success_is_rejected(body: dict[str, object]) -> None:
    error = await write_failure(FakeVendor(lambda request: json_response(body)))
    assert type(error) is RequestRejectedError
    assert error.effect is Effect.NONE
    assert error.vendor_message == "Number taken"


@pytest.mark.parametrize(
    ("status", "body", "order_id"),
    [
        (200, {"OrderId": "JNUOID-1", "OrderStatus": "Failed", "ErrorMessage": "x"}, "JNUOID-1"),
        (200, {"OrderId": "JNUOID-1", "Successful": False}, "JNUOID-1"),
        (200, {"PhoneNumberAssigned": "+18015550100", "ErrorMessage": "QR failed"}, None),
        (200, {"PhoneNumberId": "NID-1", "ErrorMessage": "QR failed"}, None),
        (400, {"StatusCode": 400, "Message": "x", "OrderId": "JNUOID-1"}, "JNUOID-1"),
        (500, {"StatusCode": 500, "Message": "x", "OrderId": "JNUOID-1"}, "JNUOID-1"),
        (200, {"OrderId": ["J"], "PhoneNumberId": "NID-1", "ErrorMessage": "x"}, None),
        (200, {"Successful": False, "Data": {"OrderId": "JNUOID-1"}}, "JNUOID-1"),
        (200, {"SubscriptionId": "SUB-1", "ErrorMessage": "x"}, None),
        (400, {"PhoneNumberAssigned": "+18015550100", "Message": "x"}, None),
        (409, {"SubscriptionId": "SUB-1", "Message": "x"}, None),
    ],
)
async def test_failure_that_names_a_new_resource_is_unknown_outcome(
    status: int, body: dict[str, object], order_id: str | None
) -> None:
    error = await write_failure(FakeVendor(lambda request: json_response(body, status)))
    assert type(error) is OutcomeUnknownError
    assert error.order_id == order_id


async def test_read_of_a_failed_order_returns_it() -> None:
    body = {"OrderId": "J", "OrderStatus": "Failed", "ErrorMessage": "no stock"}
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        order = await api.numbers.order("J")
    assert (order.order_status, order.order_status_message) == ("Failed", "no stock")


@pytest.mark.parametrize(
    ("response", "words", "field_errors"),
    [
        (
            json_response({"StatusCode": 400, "Message": "Invalid AccountId"}, 400),
            "Invalid AccountId",
            {},
        ),
        (json_response({"StatusCode": 400, "Message": None}, 400), None, {}),
        (
            json_response(
                {
                    "Type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
                    "Title": "One or more validation errors occurred.",
                    "Status": 400,
                    "Errors": {"$.MessageUrl": ["is required", "is no address"]},
                    "TraceId": "00-1",
                },
                400,
            ),
            "One or more validation errors occurred.",
            {"$.MessageUrl": ["is required", "is no address"]},
        ),
        (json_response({"Title": "Bad", "Detail": "In use"}, 400), "In use", {}),
        (httpx.Response(400, text="plain  words\n"), "plain words", {}),
        (httpx.Response(400, text=" <html><body>proxy</body></html>"), None, {}),
        (httpx.Response(400, text="x" * 5000), "x" * 300, {}),
        (httpx.Response(400), None, {}),
        (json_response([1, 2], 400), None, {}),
    ],
)
async def test_message_of_error_body_is_kept(
    response: httpx.Response, words: str | None, field_errors: dict[str, list[str]]
) -> None:
    error = await failure(FakeVendor(lambda request: response))
    assert error.vendor_message == words
    assert error.field_errors == field_errors
    for text in (words or "", *field_errors):
        assert text in str(error)


async def test_create_with_unknown_outcome_is_sent_once() -> None:
    vendor = FakeVendor(lambda request: json_response({}, 504))
    await failure(vendor)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("api.telegent.com", "must be an address"),
        ("ftp://api.telegent.com", "must be an address"),
        ("https://", "must be an address"),
        ("https://api.telegent.com/v1.0", "scheme and host only"),
        ("https://api.telegent.com?x=1", "scheme and host only"),
        ("https://key:secret@api.telegent.com", "scheme and host only"),
        ("http://api.telegent.com", "must use https"),
    ],
)
def test_invalid_base_url_is_rejected(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        Telegent("DID-1", "s", base_url=url)
    assert "secret@" not in str(caught.value)


def test_empty_credentials_are_rejected() -> None:
    with pytest.raises(ValueError, match="account_secret"):
        Telegent("DID-1", "", rate_limiter=RateLimiter())


async def test_call_after_send_deadline_is_not_sent() -> None:
    vendor = FakeVendor(lambda request: json_response([]))
    async with vendor.client() as api:
        with (
            send_deadline(datetime.now(UTC)),
            pytest.raises(RequestNotSentError, match="not sent: no token"),
        ):
            await api.accounts.list()
        assert await api.accounts.list() == []
    assert len(vendor.requests) == 1


async def test_machine_suspended_before_sending_does_not_send() -> None:
    vendor = FakeVendor(lambda request: json_response([]))
    token = vendor.respond_token
    soon = datetime.now(UTC) + timedelta(seconds=2)

    def stand_still(request: httpx.Request) -> httpx.Response:
        time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.1)
        return token(request)

    vendor.respond_token = stand_still
    async with vendor.client() as api:
        with send_deadline(soon), pytest.raises(RequestNotSentError, match="deadline passed"):
            await api.accounts.list()
    assert len(vendor.token_requests) == 1
    assert vendor.requests == []
