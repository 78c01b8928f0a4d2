"""Lists of Telegent's in every documented shape."""

from collections.abc import Callable
from typing import Any

import pytest

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response

ACCOUNT = {"AccountId": "AID-1", "AccountName": "Acme MVNO"}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (ACCOUNT, ["AID-1"]),
        ([ACCOUNT, ACCOUNT | {"AccountId": "AID-2"}], ["AID-1", "AID-2"]),
        ({"AccountID": "AID-0", "TotalRoutes": 1, "Results": [ACCOUNT]}, ["AID-1"]),
        ({"results": None}, []),
        ([], []),
        ({"Successful": True, "Data": [ACCOUNT]}, ["AID-1"]),
        ({"Successful": True, "Data": {"Results": [ACCOUNT]}}, ["AID-1"]),
    ],
)
async def test_list_is_read_in_every_documented_shape(body: object, ids: list[str]) -> None:
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        assert [account.account_id for account in await api.accounts.list()] == ids


@pytest.mark.parametrize(
    "body",
    [{}, {"Accounts": []}, {"Results": "none"}, [ACCOUNT, {}], [None], {"Results": {"a": 1}}],
)
async def test_list_with_invalid_row_is_unknown_outcome(body: object) -> None:
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        with pytest.raises(t.OutcomeUnknownError):
            await api.accounts.list()


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.subscribers.page(),
        lambda api: api.numbers.inventory_page(),
        lambda api: api.packages.subscriptions("PID-1"),
        lambda api: api.data_usage.info(["+18015550100"]),
    ],
)
async def test_envelope_without_rows_is_no_empty_list(
    call: Callable[[t.Telegent], Any],
) -> None:
    async with FakeVendor(lambda request: json_response({"TotalResults": 3})).client() as api:
        with pytest.raises(t.OutcomeUnknownError):
            await call(api)
