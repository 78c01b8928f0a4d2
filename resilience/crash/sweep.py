"""Many crashes, side by side: each has processes of its own, and most of its time is waiting."""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from localstack.processes import DemoError
from resilience.crash.cases import Crash, play
from resilience.oracle.invariants import Verdict


async def sweep(
    crashes: Iterable[Crash],
    *,
    directory: Path,
    seed: int,
    lanes: int,
    done: Callable[[Crash, Verdict], None],
) -> None:
    """Plays all of them, `lanes` at a time. What a breach leaves behind is kept in `directory`.

    Raises DemoError when a process does not start, twice.
    """
    free = asyncio.Semaphore(lanes)

    async def one(number: int, crash: Crash) -> None:
        async with free:
            place = directory / f"{number:03}"
            try:
                verdict = await play(crash, _empty(place), seed)
            except DemoError:
                # A busy machine may let a process start too slowly, which says nothing of it.
                verdict = await play(crash, _empty(place), seed)
            _put_away(place, crash, verdict)
            done(crash, verdict)

    async with asyncio.TaskGroup() as group:
        for number, crash in enumerate(crashes):
            group.create_task(one(number, crash))


def _empty(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def _put_away(place: Path, crash: Crash, verdict: Verdict) -> None:
    if verdict.state == "breach":
        (place / "breach.txt").write_text("\n".join([str(crash), *verdict.wrong]) + "\n")
    else:
        shutil.rmtree(place)
