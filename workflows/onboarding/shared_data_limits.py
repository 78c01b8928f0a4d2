"""Data limits and renewals that several lines share: set with one call for all their numbers."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from temporalio import workflow

from activities.onboarding.data_usage import DataUsageActivities
from telegent_orchestrator.lines import DataLimits, LineRequest, Renewal
from workflows.support.activity_calls import put
from workflows.support.activity_options import GATHERING
from workflows.support.cancellation import side_by_side
from workflows.support.progress import Board

Wish = TypeVar("Wish", DataLimits, Renewal)
SHARED = "Shared data limits"


@dataclass
class SharedUsage:
    """What lines have in common, and which of them have a number by now.

    A line whose limits are nobody else's sets them itself; for the others the vendor takes
    several numbers in one call.
    """

    board: Board
    lines: Sequence[LineRequest]
    _numbers: dict[str, str] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def has_number(self, key: str, phone_number: str) -> None:
        """The line with this key has its number."""
        self._numbers[key] = phone_number

    def has_ended(self, key: str) -> None:
        """The line with this key will get no number any more, if it has none."""
        self._ended.add(key)

    def without_shared(self, line: LineRequest) -> LineRequest:
        """The line as it does its own part: without what is set together with others."""
        own: dict[str, DataLimits | Renewal | None] = {}
        if any(line.key in keys for _, keys in self._limits):
            own["data_limits"] = None
        if any(line.key in keys for _, keys in self._renewals):
            own["renewal"] = None
        return line.model_copy(update=own)

    @property
    def needed(self) -> bool:
        """Whether any lines share anything."""
        return bool(self._limits or self._renewals)

    async def set_all(self) -> None:
        """Sets everything shared, as the numbers come. Raises when the vendor refuses."""
        if not self.needed:
            return
        async with self.board.step(SHARED):
            await side_by_side(
                *(self._together(keys, self._limit(limits)) for limits, keys in self._limits),
                *(self._together(keys, self._renew(when)) for when, keys in self._renewals),
            )

    async def _together(
        self, keys: set[str], set_for: Callable[[list[str]], Awaitable[None]]
    ) -> None:
        """One call for the numbers that come close together; late ones get a later call."""
        left = set(keys)
        while left:
            await self._wait_for_some(left)
            numbers = [self._numbers[key] for key in sorted(left & self._numbers.keys())]
            left -= self._settled
            if numbers:
                await set_for(numbers)

    @property
    def _settled(self) -> set[str]:
        return self._numbers.keys() | self._ended

    async def _wait_for_some(self, left: set[str]) -> None:
        """Waits for the first of these lines to be settled, and a while for the others."""
        await workflow.wait_condition(lambda: bool(left & self._settled))
        try:
            await workflow.wait_condition(
                lambda: left <= self._settled,
                timeout=GATHERING,
                timeout_summary="Numbers that come now share one call",
            )
        except TimeoutError:
            # The others take longer, such as a port-in: they get a call of their own.
            return

    def _limit(self, limits: DataLimits) -> Callable[[list[str]], Awaitable[None]]:
        summary = f"Limit data to {limits.limit_mb} MB"
        return lambda numbers: put(DataUsageActivities.set_data_limits, summary, numbers, limits)

    def _renew(self, renewal: Renewal) -> Callable[[list[str]], Awaitable[None]]:
        summary = f"Renew data every {renewal.every}"
        return lambda numbers: put(DataUsageActivities.set_renewal, summary, numbers, renewal)

    @cached_property
    def _limits(self) -> list[tuple[DataLimits, set[str]]]:
        return _shared([(line.key, line.data_limits) for line in self.lines if line.data_limits])

    @cached_property
    def _renewals(self) -> list[tuple[Renewal, set[str]]]:
        return _shared([(line.key, line.renewal) for line in self.lines if line.renewal])


def _shared(wishes: list[tuple[str, Wish]]) -> list[tuple[Wish, set[str]]]:
    """Each wish that more than one line has, with the keys of those lines."""
    keys: dict[str, set[str]] = defaultdict(set)
    by_value = {wish.model_dump_json(): wish for _, wish in wishes}
    for key, wish in wishes:
        keys[wish.model_dump_json()].add(key)
    return [(by_value[value], lines) for value, lines in keys.items() if len(lines) > 1]
