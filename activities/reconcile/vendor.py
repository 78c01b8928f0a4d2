"""Reads what Telegent has, slowly: with a share of the requests that are allowed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, TypeVar

import telegent
from activities.known.lines import KnownLine
from activities.reconcile.comparison import VendorState
from activities.reconcile.differences import GuardianSettings
from activities.support.pace import Pace
from telegent import Telegent, TelegentError

MAX_ORDERS = 100
"""Orders that are read, of numbers that no workflow knows."""

P = ParamSpec("P")
T = TypeVar("T")


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
        async for part, rows in self._pace.read_parts(numbers, self._api.data_usage.settings):
            if isinstance(rows, TelegentError):
                self._note_limits(len(part), str(rows))
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
