"""Data limits and renewals that several lines share: one call sets them for all numbers."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from temporalio import workflow

from activities.onboarding.data_usage import DataUsageActivities
from telegent_orchestrator.lines import DataLimits, LineRequest, Renewal
from workflows.support.activity_calls import BATCHING_WINDOW, execute_idempotent_write
from workflows.support.cancellation import run_all
from workflows.support.progress import ProgressTracker

Setting = TypeVar("Setting", DataLimits, Renewal)
SHARED_DATA_LIMITS_STEP = "Shared data limits"


@dataclass
class SharedDataLimits:
    """Settings that several lines share, and which of these lines have a number.

    Telegent takes several numbers in one call. A line that shares no setting sets its own.
    """

    progress: ProgressTracker
    lines: Sequence[LineRequest]
    _numbers: dict[str, str] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def on_number_assigned(self, key: str, phone_number: str) -> None:
        """Records the number of a line."""
        self._numbers[key] = phone_number

    def on_line_closed(self, key: str) -> None:
        """Records that a line has ended: if it has no number, it will get none."""
        self._ended.add(key)

    def includes(self, line: LineRequest) -> bool:
        """Whether a line shares a setting with others."""
        return line.key in self._sharing

    def strip_shared(self, line: LineRequest) -> LineRequest:
        """Returns the line without the settings that it shares with others."""
        update: dict[str, DataLimits | Renewal | None] = {}
        if any(line.key in keys for _, keys in self._limits):
            update["data_limits"] = None
        if any(line.key in keys for _, keys in self._renewals):
            update["renewal"] = None
        return line.model_copy(update=update)

    @property
    def needed(self) -> bool:
        """Whether any lines share a setting."""
        return bool(self._limits or self._renewals)

    async def apply_all(self) -> None:
        """Sets everything shared, as numbers are assigned; raises when Telegent rejects it."""
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
        """Makes one call for the numbers assigned within one window; late ones get another call."""
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
        """Waits until one of these lines has a number or ends, and one window for the rest."""
        self._show_waiting()
        await workflow.wait_condition(lambda: bool(pending & self._ready))
        try:
            await workflow.wait_condition(
                lambda: pending <= self._ready,
                timeout=BATCHING_WINDOW,
                timeout_summary="More numbers may share this call",
            )
        except TimeoutError:
            # The others take longer, such as a port-in: they get another call.
            return

    def _show_waiting(self) -> None:
        if waiting := sorted(self._sharing - self._ready):
            self.progress.set_detail(
                SHARED_DATA_LIMITS_STEP, f"waits for the numbers of lines {', '.join(waiting)}"
            )

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
    def _sharing(self) -> set[str]:
        return {key for _, keys in (*self._limits, *self._renewals) for key in keys}

    @cached_property
    def _limits(self) -> list[tuple[DataLimits, set[str]]]:
        return _shared([(line.key, line.data_limits) for line in self.lines if line.data_limits])

    @cached_property
    def _renewals(self) -> list[tuple[Renewal, set[str]]]:
        return _shared([(line.key, line.renewal) for line in self.lines if line.renewal])


def _shared(settings: list[tuple[str, Setting]]) -> list[tuple[Setting, set[str]]]:
    """Returns each setting that more than one line has, with the keys of those lines."""
    keys: dict[str, set[str]] = defaultdict(set)
    by_value = {setting.model_dump_json(): setting for _, setting in settings}
    for key, setting in settings:
        keys[setting.model_dump_json()].add(key)
    return [(by_value[value], lines) for value, lines in keys.items() if len(lines) > 1]
