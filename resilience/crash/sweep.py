"""Run many crashes in parallel: each has its own processes and mostly waits."""

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

from devstack.child_process import StackError
from resilience.oracle.invariants import InvariantReport

C = TypeVar("C")
"""What describes a crash; its text names it."""


async def sweep(
    run_crash: Callable[[C, Path, random.Random], Awaitable[InvariantReport]],
    crashes: Iterable[C],
    *,
    directory: Path,
    seed: int,
    lanes: int,
    on_result: Callable[[C, InvariantReport], None],
) -> None:
    """Run all crashes, `lanes` at a time. The logs of violations are kept in `directory`.

    Args:
        run_crash: Runs one, in an empty directory and with its random delays.
        crashes: What to run.
        directory: For the directories of all.
        seed: Fixes the random delays.
        lanes: How many run at a time.
        on_result: Called with each result.

    Raises:
        StackError: A process did not start in two attempts.
    """
    slots = asyncio.Semaphore(lanes)

    async def run_one(number: int, crash: C) -> None:
        async with slots:
            case_directory = directory / f"{number:03}"

            async def attempt() -> InvariantReport:
                rng = random.Random(f"{seed} {crash}")  # noqa: S311 - the same seed, the same crash
                return await run_crash(crash, _empty_directory(case_directory), rng)

            try:
                report = await attempt()
            except StackError:
                # On a busy machine a process may start too slowly, which is not a finding.
                report = await attempt()
            _keep_if_violated(case_directory, crash, report)
            on_result(crash, report)

    async with asyncio.TaskGroup() as group:
        for number, crash in enumerate(crashes):
            group.create_task(run_one(number, crash))


def _empty_directory(case_directory: Path) -> Path:
    shutil.rmtree(case_directory, ignore_errors=True)
    case_directory.mkdir(parents=True)
    return case_directory


def _keep_if_violated(case_directory: Path, crash: object, report: InvariantReport) -> None:
    if report.state == "violation":
        (case_directory / "violation.txt").write_text(
            "\n".join([str(crash), *report.violations]) + "\n"
        )
    else:
        shutil.rmtree(case_directory)
