"""Many crashes, side by side: each has processes of its own, and most of its time is waiting."""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from localstack.child_process import StackError
from resilience.crash.cases import CrashCase, run_crash
from resilience.oracle.invariants import InvariantReport


async def sweep(
    crashes: Iterable[CrashCase],
    *,
    directory: Path,
    seed: int,
    lanes: int,
    on_result: Callable[[CrashCase, InvariantReport], None],
) -> None:
    """Plays all of them, `lanes` at a time. What a violation leaves behind is kept in `directory`.

    Raises StackError when a process does not start, twice.
    """
    slots = asyncio.Semaphore(lanes)

    async def run_one(number: int, crash: CrashCase) -> None:
        async with slots:
            case_directory = directory / f"{number:03}"
            try:
                report = await run_crash(crash, _empty_directory(case_directory), seed)
            except StackError:
                # A busy machine may let a process start too slowly, which says nothing of it.
                report = await run_crash(crash, _empty_directory(case_directory), seed)
            _keep_if_violated(case_directory, crash, report)
            on_result(crash, report)

    async with asyncio.TaskGroup() as group:
        for number, crash in enumerate(crashes):
            group.create_task(run_one(number, crash))


def _empty_directory(case_directory: Path) -> Path:
    shutil.rmtree(case_directory, ignore_errors=True)
    case_directory.mkdir(parents=True)
    return case_directory


def _keep_if_violated(case_directory: Path, crash: CrashCase, report: InvariantReport) -> None:
    if report.state == "violation":
        (case_directory / "violation.txt").write_text(
            "\n".join([str(crash), *report.violations]) + "\n"
        )
    else:
        shutil.rmtree(case_directory)
