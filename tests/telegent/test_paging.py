"""Paged lists: every row once, or an error that says what is missing."""

import random
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest

import telegent as t
from telegent import _pages
from tests.harness.fake_vendor import FakeVendor, json_response

SUBSCRIBER = {"SubscriberId": "TSUID-1", "Email": "jane@x.example", "Role": "Subscriber"}


def rows(pages: list[list[str]], total: int | None) -> FakeVendor:
    """An inventory whose pages hold these numbers; pages beyond the last repeat it."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = min(int(request.url.params["PageNumber"]), len(pages))
        numbers = [{"Number": number} for number in pages[page - 1]]
        return json_response({"TotalResults": total, "PhoneNumbers": numbers})

    return FakeVendor(answer)


async def numbers(found: AsyncIterator[t.Number]) -> list[str]:
    return [row.number async for row in found]


@pytest.mark.parametrize(
    ("pages", "total", "requests"),
    [
        ([["a", "b"], ["c"]], 3, 2),
        ([["a", "b", "c"]], 3, 1),
        ([["a", "b"], ["c"], []], None, 3),
        ([["a", "b"], ["c"]], None, 3),
        ([["a", "b"], ["b", "c"]], 3, 2),
        # A row that is listed twice: read a second time, which shows nothing new.
        ([["a", "b"], ["b", "c"], []], 4, 6),
        ([["a", "b", "b", "c"], []], 4, 4),
        ([["a", "b"], ["b"], ["c"], []], 4, 8),
    ],
)
async def test_paged_list_yields_every_row_once(
    pages: list[list[str]], total: int | None, requests: int
) -> None:
    vendor = rows(pages, total)
    async with vendor.client() as api:
        assert await numbers(api.numbers.inventory()) == ["a", "b", "c"]
    assert len(vendor.requests) == requests


async def test_row_that_the_second_reading_shows_is_yielded() -> None:
    readings = iter([["a", "a"], [], ["a", "b"]])

    def respond(request: httpx.Request) -> httpx.Response:
        numbers = [{"Number": number} for number in next(readings)]
        return json_response({"TotalResults": 2, "PhoneNumbers": numbers})

    async with FakeVendor(respond).client() as api:
        assert await numbers(api.numbers.inventory()) == ["a", "b"]


async def test_list_that_is_shuffled_for_each_page_is_read_until_complete() -> None:
    everything, rng = [str(number) for number in range(127)], random.Random(1)

    def respond(request: httpx.Request) -> httpx.Response:
        rng.shuffle(everything)
        size = 100 if request.url.params["PageNumber"] == "1" else 27
        numbers = [{"Number": number} for number in everything[:size]]
        return json_response({"TotalResults": 127, "PhoneNumbers": numbers})

    async with FakeVendor(respond).client() as api:
        assert sorted(await numbers(api.numbers.inventory())) == sorted(everything)


async def test_list_with_a_new_row_in_each_reading_is_unknown_outcome() -> None:
    pages = (page for reading in count() for page in ([str(reading)] * 99, []))

    def respond(request: httpx.Request) -> httpx.Response:
        numbers = [{"Number": number} for number in next(pages)]
        return json_response({"TotalResults": 99, "PhoneNumbers": numbers})

    async with FakeVendor(respond).client() as api:
        with pytest.raises(t.OutcomeUnknownError, match="10 of 99"):
            await numbers(api.numbers.inventory())


@pytest.mark.parametrize(
    "pages", [[["a", "b"], []], [["a", "b"]], [["a", "b"], ["a", "b"], ["a", "b"]]]
)
async def test_pages_that_end_early_are_unknown_outcome(pages: list[list[str]]) -> None:
    async with rows(pages, 3).client() as api:
        with pytest.raises(t.OutcomeUnknownError, match="2 of 3"):
            await numbers(api.numbers.inventory())


async def test_subscribers_are_paged() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["PageNumber"])
        row = SUBSCRIBER | {"SubscriberId": f"TSUID-{page}"}
        return json_response({"PageNumber": page, "TotalSubscribers": 2, "Subscribers": [row]})

    async with FakeVendor(answer).client() as api:
        found = [row.subscriber_id async for row in api.subscribers.all()]
    assert found == ["TSUID-1", "TSUID-2"]


async def test_page_that_fails_for_a_moment_does_not_cost_the_pages_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_pages, "PAGE_RETRY_DELAYS", (0, 0, 0))
    failures = iter([True, True, True])
    pages: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        page = request.url.params["PageNumber"]
        pages.append(page)
        if page == "2" and next(failures, False):
            return httpx.Response(503)
        return json_response({"TotalResults": 2, "PhoneNumbers": [{"Number": page}]})

    async with FakeVendor(respond).client() as api:
        assert await numbers(api.numbers.inventory()) == ["1", "2"]
    assert pages == ["1", "2", "2", "2", "2"]


async def test_page_that_keeps_failing_ends_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pages, "PAGE_RETRY_DELAYS", (0, 0, 0))

    def respond(request: httpx.Request) -> httpx.Response:
        page = request.url.params["PageNumber"]
        if page == "2":
            return httpx.Response(503)
        return json_response({"TotalResults": 2, "PhoneNumbers": [{"Number": page}]})

    async with FakeVendor(respond).client() as api:
        with pytest.raises(t.TelegentError):
            await numbers(api.numbers.inventory())
