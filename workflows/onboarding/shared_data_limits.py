"""Data limits and renewals that several lines share: set with one call for all their numbers."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from temporalio import workflow

from activities.onboarding.data_usage import DataUsageActivities
from telegent_orchestrator.lines import DataLimits, LineRequest, Renewal
from workflows.support.activity_calls import execute_idempotent_write
from workflows.support.activity_options import BATCHING_WINDOW
from workflows.support.cancellation import run_all
from workflows.support.progress import ProgressTracker

Setting = TypeVar("Setting", DataLimits, Renewal)
SHARED_DATA_LIMITS_STEP = "Shared data limits"


@dataclass
class SharedDataLimits:
    """What lines have in common, and which of them have a number by now.

    A line whose limits are nobody else's sets them itself; for the others the vendor takes
    several numbers in one call.
    """

    progress: ProgressTracker
    lines: Sequence[LineRequest]
    _numbers: dict[str, str] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def on_number_assigned(self, key: str, phone_number: str) -> None:
        """The line with this key has its number."""
        self._numbers[key] = phone_number

    def on_line_closed(self, key: str) -> None:
        """The line with this key will get no number any more, if it has none."""
        self._ended.add(key)

    def strip_shared(self, line: LineRequest) -> LineRequest:
        """The line as it does its own part: without what is set together with others."""
        update: dict[str, DataLimits | Renewal | None] = {}
        if any(line.key in keys for _, keys in self._limits):
            update["data_limits"] = None
        if any(line.key in keys for _, keys in self._renewals):
            update["renewal"] = None
        return line.model_copy(update=update)

    @property
    def needed(self) -> bool:
        """Whether any lines share anything."""
        return bool(self._limits or self._renewals)

    async def apply_all(self) -> None:
        """Sets everything shared, as the numbers come. Raises when the vendor refuses."""
        if not self.needed:
            return
        async with self.progress.step(SHARED_DATA_LIMITS_STEP):
            await run_all(
                *(self._apply_shared(keys, self._limit(limits)) for limits, keys in self._limits),
                *(
                    self._apply_shared(keys, self._renew(renewal))
                    for renewal, keys in self._renewals
                ),
            )

    async def _apply_shared(
        self, keys: set[str], set_for: Callable[[list[str]], Awaitable[None]]
    ) -> None:
        """One call for the numbers that come close together; late ones get a later call."""
        pending = set(keys)
        while pending:
            await self._collect_batch(pending)
            numbers = [self._numbers[key] for key in sorted(pending & self._numbers.keys())]
            pending -= self._ready
            if numbers:
                await set_for(numbers)

    @property
    def _ready(self) -> set[str]:
        return self._numbers.keys() | self._ended

    async def _collect_batch(self, pending: set[str]) -> None:
        """Waits for the first of these lines to be settled, and a while for the others."""
        await workflow.wait_condition(lambda: bool(pending & self._ready))
        try:
            await workflow.wait_condition(
                lambda: pending <= self._ready,
                timeout=BATCHING_WINDOW,
                timeout_summary="Numbers that come now share one call",
            )
        except TimeoutError:
            # The others take longer, such as a port-in: they get a call of their own.
            return

    def _limit(self, limits: DataLimits) -> Callable[[list[str]], Awaitable[None]]:
        summary = f"Limit data to {limits.limit_mb} MB"
        return lambda numbers: execute_idempotent_write(
            DataUsageActivities.set_data_limits, summary, numbers, limits
        )

    def _renew(self, renewal: Renewal) -> Callable[[list[str]], Awaitable[None]]:
        summary = f"Renew data every {renewal.every}"
        return lambda numbers: execute_idempotent_write(
            DataUsageActivities.set_renewal, summary, numbers, renewal
        )

    @cached_property
    def _limits(self) -> list[tuple[DataLimits, set[str]]]:
        return _shared([(line.key, line.data_limits) for line in self.lines if line.data_limits])

    @cached_property
    def _renewals(self) -> list[tuple[Renewal, set[str]]]:
        return _shared([(line.key, line.renewal) for line in self.lines if line.renewal])


def _shared(settings: list[tuple[str, Setting]]) -> list[tuple[Setting, set[str]]]:
    """Each setting that more than one line has, with the keys of those lines."""
    keys: dict[str, set[str]] = defaultdict(set)
    by_value = {setting.model_dump_json(): setting for _, setting in settings}
    for key, setting in settings:
        keys[setting.model_dump_json()].add(key)
    return [(by_value[value], lines) for value, lines in keys.items() if len(lines) > 1]
