"""Lists that several activities read together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.support import shared_list
from activities.support.outcomes import Outcome
from activities.support.shared_list import SharedList
from telegent import RequestNotSentError

heartbeats: list[tuple[Any, ...]] = []


@dataclass
class Vendor:
    """A list of two rows; `gate` holds its second row back."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    readings: int = 0
    fails: bool = False

    async def read(self) -> AsyncIterator[int]:
        self.readings += 1
        yield 1
        if self.fails:
            raise RequestNotSentError("unreachable", endpoint="GET /list")
        await self.gate.wait()
        yield 2


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def rows(vendor: Vendor) -> SharedList[int]:
    return SharedList("numbers", vendor.read)


async def read(
    rows: SharedList[int], scheduled: datetime | None = None, *, attempt: int = 1, **info: Any
) -> list[int]:
    """Reads the list in an attempt that was scheduled now, or at another time."""
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heartbeats.append(details)
    environment.info = replace(
        environment.info,
        current_attempt_scheduled_time=scheduled or datetime.now(UTC),
        attempt=attempt,
        **info,
    )
    return await environment.run(rows.rows)


async def begin(vendor: Vendor, rows: SharedList[int]) -> "asyncio.Task[list[int]]":
    """A read that waits at the gate."""
    before = vendor.readings
    task = asyncio.create_task(read(rows))
    while vendor.readings == before:
        await asyncio.sleep(0)
    return task


async def test_activities_scheduled_before_a_reading_share_it(
    vendor: Vendor, rows: SharedList[int]
) -> None:
    scheduled = datetime.now(UTC)
    first = await begin(vendor, rows)
    second = asyncio.create_task(read(rows, scheduled))
    vendor.gate.set()

    assert await first == await second == [1, 2]
    assert await read(rows, scheduled) == [1, 2]
    assert vendor.readings == 1


async def test_activity_scheduled_during_a_reading_gets_the_next_one(
    vendor: Vendor, rows: SharedList[int]
) -> None:
    first = await begin(vendor, rows)
    later = [asyncio.create_task(read(rows)) for _ in range(10)]
    await asyncio.sleep(0)
    vendor.gate.set()

    assert await asyncio.gather(first, *later) == [[1, 2]] * 11
    assert vendor.readings == 2


async def test_reading_continues_between_attempts(
    vendor: Vendor, rows: SharedList[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_list, "MAX_WAIT", timedelta(milliseconds=1))
    with pytest.raises(ApplicationError, match="list of numbers: 1 rows so far") as error:
        await read(rows)
    assert error.value.type == Outcome.PENDING
    vendor.gate.set()
    monkeypatch.undo()

    assert await read(rows, attempt=2, heartbeat_details=heartbeats[-1]) == [1, 2]
    assert vendor.readings == 1


async def test_attempt_after_one_that_read_the_list_reads_it_again(
    vendor: Vendor, rows: SharedList[int]
) -> None:
    vendor.gate.set()
    long_ago = (1, (datetime.now(UTC) - timedelta(hours=1)).isoformat())

    await read(rows, attempt=2, heartbeat_details=long_ago)
    await read(rows, attempt=3, heartbeat_details=long_ago)

    assert vendor.readings == 2


async def test_cancelled_activity_does_not_end_the_reading_of_others(
    vendor: Vendor, rows: SharedList[int]
) -> None:
    scheduled = datetime.now(UTC)
    first = await begin(vendor, rows)
    second = asyncio.create_task(read(rows, scheduled))
    await asyncio.sleep(0)
    first.cancel()
    vendor.gate.set()

    assert await second == [1, 2]


async def test_next_attempt_after_a_failed_reading_reads_again(
    vendor: Vendor, rows: SharedList[int]
) -> None:
    vendor.fails = True
    scheduled = datetime.now(UTC)
    with pytest.raises(RequestNotSentError):
        await read(rows, scheduled)
    vendor.fails = False
    vendor.gate.set()

    assert await read(rows, scheduled) == [1, 2]


async def test_list_over_the_limit_is_rejected(
    vendor: Vendor, rows: SharedList[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_list, "MAX_ROWS", 1)
    vendor.gate.set()
    with pytest.raises(ApplicationError, match="more than 1 rows, which is too long") as error:
        await read(rows)
    assert error.value.type == Outcome.REJECTED
