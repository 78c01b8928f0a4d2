"""Text and headers of the vendor at the border: harmless and canonical, or an error of ours."""

import asyncio
import json
from functools import partial
from typing import Any

import httpx
import pytest

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response


def returned(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    return response


async def failure(response: httpx.Response) -> t.TelegentError:
    async with FakeVendor(lambda request: response).client() as api:
        with pytest.raises(t.TelegentError) as caught:
            await api.accounts.get("AID-1")
    return caught.value


# Headers


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5.5", 5.5),
        ("7", 7),
        ("86400", 600),
        ("9" * 400, 600),
        ("Fri, 31 Dec 9999 23:59:59 +9959", None),
        ("Fri, 31 Dec 9999 23:59:59 -9959", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 01 Jan 0001 00:00:00 +999999", None),
        ("Fri, 99 Foo 2026", None),
        ("-5", None),
        ("1e3", None),
        ("\u0665", None),
        ("inf", None),
        ("", None),
    ],
)
async def test_retry_after_is_bounded_or_ignored(
    status: int, value: str, seconds: float | None
) -> None:
    headers = [(b"Retry-After", value.encode())]
    error = await failure_without_pause(httpx.Response(status, headers=headers, json={}))
    assert error.retry_after == seconds


async def failure_without_pause(response: httpx.Response) -> t.TelegentError:
    """The error of a call that is made while no other is, so that no pause delays it."""
    return await asyncio.wait_for(failure(response), 10)


async def test_503_with_retry_after_pauses_the_process() -> None:
    pauses: list[float | None] = []

    class Recorder(t.RateLimiter):
        def pause(self, retry_after: float | None) -> None:
            pauses.append(retry_after)

    vendor = FakeVendor(lambda request: json_response({}, 503, **{"Retry-After": "30"}))
    async with vendor.client(Recorder(6_000_000)) as api:
        with pytest.raises(t.OutcomeUnknownError):
            await api.accounts.get("AID-1")
        vendor.respond = lambda request: json_response({}, 503)
        with pytest.raises(t.OutcomeUnknownError):
            await api.accounts.get("AID-1")
    assert pauses == [30]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "mailto:ops@x.example",
        "urn:isbn:1",
        "https://xn--/",
        "https://" + "a" * 70 + ".example/",
        "https://[::1",
        "//",
        "http://x.example:99999/",
        "https://\u0141\u00f3d\u017a.example/",
        "javascript:alert(1)",
        "",
        "\x00",
    ],
)
async def test_redirect_with_invalid_location_is_unknown_outcome(
    status: int, location: str
) -> None:
    headers = [(b"Location", location.encode())]
    error = await failure(httpx.Response(status, headers=headers))
    assert type(error) is t.OutcomeUnknownError
    assert error.status == status


@pytest.mark.parametrize(
    ("content_type", "name"),
    [("application/json", "Jos\ufffd"), ("application/json; charset=latin-1", "Jos\u00e9")],
)
async def test_json_in_another_charset_is_read(content_type: str, name: str) -> None:
    response = httpx.Response(
        200,
        headers={"Content-Type": content_type},
        content='{"AccountId": "AID-1", "AccountName": "Jos\u00e9"}'.encode("latin-1"),
    )
    async with FakeVendor(lambda request: response).client() as api:
        assert (await api.accounts.get("AID-1")).account_name == name


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "charset",
    ["base64", "rot13", "hex", "zlib", "undefined", "klingon", "idna", "utf-16", "utf-32", "\x00"],
)
async def test_body_with_invalid_charset_is_read_with_replacements(
    status: int, charset: str
) -> None:
    headers = [(b"Content-Type", f"text/plain; charset={charset}".encode())]
    error = await failure(httpx.Response(status, headers=headers, content=b"Number \xfftaken"))
    assert error.status == status
    if status == 400 and charset not in ("utf-16", "utf-32"):
        assert error.vendor_message is not None
        assert "taken" in error.vendor_message


@pytest.mark.parametrize("raised", [RuntimeError, LookupError, OverflowError, UnicodeError])
async def test_unexpected_exception_while_sending_is_unknown_outcome(
    raised: type[Exception],
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise raised("broken")

    async with FakeVendor(respond).client() as api:
        with pytest.raises(t.OutcomeUnknownError):
            await api.accounts.get("AID-1")


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.accounts.get("AID-\ud800"),
        lambda api: api.webhooks.delete("WID-\ud800", "AID-1"),
        lambda api: api.numbers.details(phone_number="+\udfff"),
    ],
)
async def test_value_that_cannot_be_encoded_is_rejected_and_not_quoted(call: Any) -> None:
    vendor = FakeVendor()
    async with vendor.client() as api:
        with pytest.raises(t.BadRequestError, match="cannot be encoded") as caught:
            await call(api)
    assert vendor.requests == []
    assert caught.value.__cause__ is None


# Text

DANGEROUS = "\x1b[31mred\x1b[0m\u202egnirts\u2066\x07\x00\u200b\ufeff\x9b\ud800\ufdd0"


async def test_text_of_responses_has_no_control_or_invisible_characters() -> None:
    body = {"AccountId": "AID-1", "AccountName": f"Acme {DANGEROUS}", "Note": [DANGEROUS]}
    vendor = FakeVendor(lambda request: httpx.Response(200, text=json.dumps(body)))
    async with vendor.client() as api:
        account = await api.accounts.get("AID-1")
    assert account.account_name == "Acme [31mred[0mgnirts"
    assert account.model_extra == {"Note": ["[31mred[0mgnirts"]}


async def test_messages_of_errors_have_no_control_or_invisible_characters() -> None:
    body = {"Message": f"a\n{DANGEROUS}", "Errors": {f"$.x{DANGEROUS}": [DANGEROUS]}}
    error = await failure(httpx.Response(400, text=json.dumps(body)))
    assert error.vendor_message == "a [31mred[0mgnirts"
    assert error.field_errors == {"$.x[31mred[0mgnirts": ["[31mred[0mgnirts"]}
    assert str(error).isprintable()


async def test_long_text_of_responses_is_truncated() -> None:
    body = {"AccountId": "AID-1", "AccountName": "x" * 1_000_000}
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        account = await api.accounts.get("AID-1")
    assert account.account_name is not None
    assert len(account.account_name) == 10_000


async def test_secret_is_redacted_in_any_spelling_that_the_vendor_quotes() -> None:
    secret = 'p  a"s\u0301s\u00a0w'
    request = t.SubscriberUpdate(subscriber_id="S", password=secret)
    for quoted in (secret, 'p  a\\"s\u0301s\u00a0w', t.canonical(secret)):
        response = httpx.Response(400, text=f"Password {quoted} is too weak")
        async with FakeVendor(partial(returned, response)).client() as api:
            with pytest.raises(t.BadRequestError) as caught:
                await api.subscribers.update(request)
        assert caught.value.vendor_message == "Password *** is too weak"


@pytest.mark.parametrize(
    "name",
    [
        "Cafe\u0301 Lehi",
        "Caf\u00e9  Lehi",
        " Caf\u00e9 Lehi ",
        "Caf\u00e9\u00a0Lehi",
        "Caf\u00e9\u3000Lehi",
        "Caf\u00e9\tLehi\n",
        "\u200bCaf\u00e9 Lehi\ufeff",
    ],
)
async def test_names_are_sent_and_compared_in_canonical_form(name: str) -> None:
    vendor = FakeVendor(lambda request: json_response({"AccountId": "A", "AccountName": name}))
    async with vendor.client() as api:
        account = await api.accounts.create(t.AccountCreate(account_name=name))
    assert vendor.last_body["AccountName"] == "Caf\u00e9 Lehi"
    assert account.account_name == "Caf\u00e9 Lehi"
    assert t.same_text(name, "Caf\u00e9 Lehi")


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u3000", "\u200b", "\n\t", "\ud800"])
def test_blank_name_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="account_name"):
        t.AccountCreate(account_name=name)


def test_joiners_in_names_are_kept() -> None:
    assert t.canonical("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") == (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )


# Ids


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("NID-8bdf-1", "TNID-8BDF-1", True),
        ("SID-1A", "TSUID-1a", True),
        ("SUB-1", "sub-1", True),
        ("8bdf-1", "NID-8bdf-1", True),
        ("NID-8bdf-1", "NID-8bdf-2", False),
        ("", "", False),
        (None, None, False),
        (None, "NID-1", False),
        ("NID-", "TNID-", False),
    ],
)
def test_ids_are_compared_without_prefix_and_case(
    one: str | None, other: str | None, same: bool
) -> None:
    assert t.same_id(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("8901240397190557414F", "8901240397190557414", True),
        ("8901240397190557414f", "8901240397190557414F", True),
        ("8901240397190557414", "8901240397190557415", False),
        (None, None, False),
    ],
)
def test_iccids_are_compared_without_filler(one: str | None, other: str | None, same: bool) -> None:
    assert t.same_iccid(one, other) is same
