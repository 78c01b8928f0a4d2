"""Reads of long lists that several activities want: the inventory and the subscribers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from temporalio import activity

from activities.support.outcomes import pending, rejected

Row = TypeVar("Row")

MAX_ROWS = 100_000
"""Longer lists are not read: at 45 requests a minute, these take 22 minutes."""
MAX_WAIT = timedelta(seconds=5)
"""How long an attempt waits for the list. While it waits, no other call can use its slot."""
MAX_RETRY_INTERVAL = timedelta(minutes=1)
KEPT = timedelta(minutes=10)
"""How long a finished reading is kept for attempts that waited for it."""


class SharedList(Generic[Row]):
    """A list of the vendor that is read page by page, once for all activities of this process.

    At a hundred rows per request, a list of thousands takes longer than one attempt of an activity,
    and most of the requests that Telegent allows. So the reading continues between attempts, and
    all activities that wanted the list before it began use it.

    Args:
        name: What is listed, as in "the list of subscribers".
        read: Starts to read the list.
    """

    def __init__(self, name: str, read: Callable[[], AsyncIterator[Row]]) -> None:
        self._name, self._read = name, read
        self._reading: _Reading[Row] | None = None

    async def rows(self) -> list[Row]:
        """The rows, as they were at some time after the calling activity wanted them.

        That is when this attempt was scheduled, or an earlier one whose time ended while the list
        was being read.

        Raises:
            ApplicationError: `Pending` while the list is being read, with the number of rows so
                far; `Rejected` when it has more than `MAX_ROWS`.
            TelegentError: The list could not be read.
        """
        wanted_since = _wanted_since()
        try:
            async with asyncio.timeout(MAX_WAIT.total_seconds()):
                return await self._read_since(wanted_since)
        except TimeoutError:
            activity.heartbeat(activity.info().attempt, wanted_since.isoformat())
            raise self._still_reading() from None

    async def _read_since(self, time: datetime) -> list[Row]:
        while True:
            if self._reading is None:
                self._reading = _Reading(self._name, self._read())
                self._reading.task.add_done_callback(self._keep_for_a_while)
            reading = self._reading
            if reading.began_at >= time:
                return await asyncio.shield(reading.task)
            await asyncio.wait([reading.task])
            self._drop(reading)

    def _keep_for_a_while(self, task: "asyncio.Task[list[Row]]") -> None:
        reading = self._reading
        assert reading is not None
        assert reading.task is task, "the next one begins when this one has ended"
        if task.cancelled() or task.exception():
            self._drop(reading)
        else:
            asyncio.get_running_loop().call_later(KEPT.total_seconds(), self._drop, reading)

    def _drop(self, reading: "_Reading[Row]") -> None:
        if self._reading is reading:
            self._reading = None

    def _still_reading(self) -> Exception:
        reading = self._reading
        rows = len(reading.rows) if reading else 0
        age = datetime.now(UTC) - reading.began_at if reading else MAX_WAIT
        return pending(
            f"reading the list of {self._name}: {rows} rows so far",
            min(max(age, MAX_WAIT), MAX_RETRY_INTERVAL),
        )


def _wanted_since() -> datetime:
    info = activity.info()
    if info.heartbeat_details:
        attempt, since = info.heartbeat_details
        if attempt == info.attempt - 1:
            return datetime.fromisoformat(since)
    return info.current_attempt_scheduled_time


class _Reading(Generic[Row]):
    """One reading of a list, from its first page to its last."""

    def __init__(self, name: str, rows: AsyncIterator[Row]) -> None:
        self.began_at = datetime.now(UTC)
        self.rows: list[Row] = []
        # In a context of its own: it does not end with the attempt that began it.
        self.task = asyncio.create_task(self._read_all(name, rows), context=Context())

    async def _read_all(self, name: str, rows: AsyncIterator[Row]) -> list[Row]:
        async for row in rows:
            if len(self.rows) == MAX_ROWS:
                raise rejected(
                    f"the list of {name} has more than {MAX_ROWS} rows, which is too long to read"
                )
            self.rows.append(row)
        return self.rows
