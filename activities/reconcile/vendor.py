"""Reads what Telegent has, slowly: with a share of the requests that are allowed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import ParamSpec, TypeVar

from temporalio import activity

import telegent
from activities.reconcile.comparison import VendorState
from activities.reconcile.differences import GuardianSettings
from activities.reconcile.known import KnownLine
from activities.support.outcomes import pending
from telegent import RateLimiter, RequestRejectedError, Telegent, TelegentError

NUMBERS_PER_REQUEST = 100
"""Whose limits one request reads. The vendor documents no maximum."""
MAX_SPLITS = 20
"""How often a rejected request for limits is split in two."""
MAX_ORDERS = 100
"""Orders that are read, of numbers that no workflow knows."""
RESTART_DELAY = timedelta(seconds=1)

P = ParamSpec("P")
T = TypeVar("T")


class Pace:
    """Spreads requests evenly, so that they take no more than a share of those that are allowed.

    Attributes:
        requests: How many it has let through.
    """

    def __init__(self, rate_limiter: RateLimiter, share: float) -> None:
        self._rate_limiter, self._share = rate_limiter, share
        self._next_at = time.monotonic()
        self.requests = 0

    async def turn(self) -> None:
        """Waits until the next request may be sent.

        Raises:
            ApplicationError: `Pending` when the worker stops: another one begins again.
        """
        wait = self._next_at - time.monotonic()
        if await _stops_within(max(wait, 0)):
            raise pending("this worker stops; another one begins again", RESTART_DELAY)
        interval = 60 / (self._rate_limiter.per_minute * self._share)
        self._next_at = max(self._next_at, time.monotonic()) + interval
        self.requests += 1


async def _stops_within(seconds: float) -> bool:
    """Whether the worker is told to stop in this time."""
    try:
        async with asyncio.timeout(seconds):
            await activity.wait_for_worker_shutdown()
    except TimeoutError:
        return False
    return True


class VendorReader:
    """Reads Telegent's lists, and what is needed to compare the lines that our workflows know.

    Attributes:
        not_compared: What could not be read, and why.
    """

    def __init__(self, api: Telegent, pace: Pace) -> None:
        self._api, self._pace = api, pace
        self.not_compared: list[str] = []

    async def read_lists(self) -> VendorState:
        """Reads all numbers and all active subscriptions.

        Raises:
            TelegentError: One of the lists could not be read.
        """
        rows = self._api.numbers.inventory("All", before_page=self._pace.turn)
        numbers = [row async for row in rows]
        await self._pace.turn()
        found = await self._api.subscriptions.list("Active")
        return VendorState(numbers, [each for each in found if each.active is not False])

    async def read_limits(self, lines: Sequence[KnownLine], state: VendorState) -> None:
        """Reads the limits of the lines that have some, a hundred with each request."""
        numbers = [line.phone_number for line in lines if line.data_limits]
        parts = [
            numbers[start : start + NUMBERS_PER_REQUEST]
            for start in range(0, len(numbers), NUMBERS_PER_REQUEST)
        ]
        splits = 0
        while parts:
            part = parts.pop(0)
            await self._pace.turn()
            try:
                rows = await self._api.data_usage.settings(part)
            except RequestRejectedError as error:
                # One of them may have no data; the others are compared.
                if len(part) > 1 and splits < MAX_SPLITS:
                    splits, half = splits + 1, len(part) // 2
                    parts = [part[:half], part[half:], *parts]
                else:
                    self._note_limits(len(part), str(error))
                continue
            except TelegentError as error:
                self._note_limits(len(part), str(error))
                continue
            shown = {row.number: row for row in rows if row.limit_value is not None}
            state.limits |= shown
            self._note_limits(len(set(part) - set(shown)), "Telegent shows none")

    def _note_limits(self, count: int, reason: str) -> None:
        if count:
            lines = "1 line" if count == 1 else f"{count} lines"
            self.not_compared.append(f"limits of {lines}: {reason}")

    async def read_guardian(self, lines: Sequence[KnownLine], state: VendorState) -> None:
        """Reads features and filters of the lines that have filters: two or three requests each."""
        features: dict[str, telegent.GuardianFeatureFlags | None] = {}
        guardian = self._api.guardian
        for line in lines:
            owner, number = line.subscriber_id, line.phone_number
            if owner is None or not (line.call_filter or line.message_filter):
                continue
            what = f"AI Guardian of {line.label or 'a line'}"
            if owner not in features:
                features[owner] = await self._try(what, guardian.features, owner)
            call_filters = message_filters = None
            if line.call_filter:
                call_filters = await self._try(what, guardian.call_filters.list, owner, number)
            if line.message_filter:
                message_filters = await self._try(
                    what, guardian.message_filters.list, owner, number
                )
            state.guardian[number] = GuardianSettings(
                features[owner], call_filters, message_filters
            )

    async def read_order_types(
        self, unknown: Sequence[telegent.Number], state: VendorState
    ) -> None:
        """Reads how numbers that no workflow knows have come here: bought, or ported in."""
        for row in unknown[:MAX_ORDERS]:
            order_id = row.order_id
            if order_id is None:
                continue
            order = await self._try(f"order {order_id}", self._api.numbers.order, order_id)
            if order:
                state.order_types[order_id] = order.order_type or ""

    async def _try(
        self, what: str, read: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Reads; what cannot be read is noted, so that the rest is compared."""
        await self._pace.turn()
        try:
            return await read(*args, **kwargs)
        except TelegentError as error:
            self.not_compared.append(f"{what}: {error}")
            return None
