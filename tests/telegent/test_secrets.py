"""Canaries: values that must turn up nowhere but in the request itself."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response
from tests.harness.vendor_requests import CALL_FILTER, PORT, ROUTE, VOICE, WEBHOOK, N, of

C = "canary-"

REQUESTS: list[t.RequestModel] = [
    of(
        t.SubscriberCreate,
        name="J",
        email="j@x.example",
        role="Manager",
        account_id="A",
        password=C,
    ),
    of(t.SubscriberUpdate, subscriber_id="S", password=C),
    of(
        t.MessageRouteCreate,
        ROUTE,
        route_name="r",
        message_url="https://x.example",
        message_url_method="POST",
        message_password_token=C,
        callback_message_password_token=C,
    ),
    of(t.VoiceRouteCreate, VOICE, voice_password_token=C),
    of(t.PortIn, PORT, port_in_number=N, current_account_number=C, current_account_password=C),
    of(
        t.PortInUpdate,
        order_id="J",
        kind="wireless",
        current_account_number=C,
        current_account_password=C,
    ),
    of(t.PortOut, port_out_number=N, port_out_pin=C),
    of(t.WebhookCreate, WEBHOOK, authentication_password=C, authentication_token=C),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_repr_of_request_omits_secrets(request_: t.RequestModel) -> None:
    assert C in str(request_.body())
    assert C in request_.secrets()
    assert C not in repr(request_)
    assert C not in str(request_)


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (t.MessageRoute, "MessagePasswordToken"),
        (t.MessageRoute, "CallbackMessagePasswordToken"),
        (t.VoiceRoute, "VoicePasswordToken"),
        (t.VoiceRoute, "CallbackVoicePasswordToken"),
        (t.Webhook, "AuthenticationPassword"),
        (t.Webhook, "AuthenticationToken"),
        (t.Number, "PortOutPin"),
        (t.Subscriber, "Password"),
        (t.PortInOrder, "CurrentAccountPassword"),
    ],
)
def test_repr_of_response_omits_echoed_secret(model: type[BaseModel], field: str) -> None:
    ids = dict.fromkeys(
        ("MessageRouteId", "CallRouteId", "WebhookId", "Number", "SubscriberId", "OrderId"), "x"
    )
    respond = model.model_validate(ids | {field: C})
    assert C not in repr(respond)
    assert C not in str(respond)


def test_validation_error_omits_value() -> None:
    with pytest.raises(ValidationError) as caught:
        of(t.CallFilterCreate, CALL_FILTER, phone=C)
    assert C not in str(caught.value)


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


@pytest.mark.parametrize(
    "respond",
    [
        lambda request: httpx.Response(400, text=f"bad body {request.content.decode()}"),
        lambda request: json_response({"Errors": {"$.Pin": [request.content.decode()]}}, 400),
        lambda request: json_response({"Message": request.headers["Authorization"]}, 401),
        lambda request: json_response({"Message": request.headers["Authorization"]}, 500),
        lambda request: json_response({"Echo": request.content.decode()}),
        lambda request: httpx.Response(200, content=request.content + b"}"),
        lambda request: json_response({"OrderId": ["canary-order"]}),
        lost,
    ],
)
async def test_error_omits_secret_that_the_vendor_quotes(
    respond: Callable[[httpx.Request], httpx.Response], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor = FakeVendor(respond)
    async with vendor.client() as api:
        with pytest.raises(t.TelegentError) as caught:
            await api.ports.submit(
                of(
                    t.PortIn,
                    PORT,
                    port_in_number=N,
                    current_account_number="canary-account",
                    current_account_password='canary-"pin',
                )
            )
        shown = [repr(api), repr(vars(api))]
    error = caught.value
    shown += [str(error), repr(error), repr(vars(error)), caplog.text]
    shown += traceback.format_exception(error)
    assert b"canary-account" in vendor.requests[0].content
    assert C not in "\n".join(shown)


@pytest.mark.parametrize("status", [401, 503])
async def test_failed_token_request_omits_secret(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor = FakeVendor()
    vendor.respond_token = lambda request: httpx.Response(status, content=b"bad " + request.content)
    async with vendor.client() as api:
        with pytest.raises(t.TelegentError) as caught:
            await api.accounts.list()
    assert C not in "".join(traceback.format_exception(caught.value)) + caplog.text


async def test_error_omits_query_values() -> None:
    vendor = FakeVendor(lambda request: json_response({}, 404))
    calls: list[Callable[[t.Telegent], Awaitable[Any]]] = [
        lambda api: api.numbers.details(phone_number=N),
        lambda api: api.numbers.order("JNUOID-canary"),
    ]
    async with vendor.client() as api:
        for call in calls:
            with pytest.raises(t.NotFoundError) as caught:
                await call(api)
            assert N not in str(caught.value)
            assert "canary" not in str(caught.value)
