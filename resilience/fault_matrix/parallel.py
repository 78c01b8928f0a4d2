"""Run cases in parallel: a few processes, each with a Temporal server and several lanes."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.queues import Queue

from resilience.fault_matrix.cases import FaultCase
from resilience.fault_matrix.runner import CaseResult, Lane, SystemUnderTest, start_lanes

PROCESSES = 2
LANES = 7
"""In each process. A lane mostly waits: for retries, timeouts, and lists that lag."""


class ProcessExitedError(Exception):
    """A process ended before its cases did."""


def run_cases(
    system: Callable[[], SystemUnderTest], cases: Sequence[FaultCase]
) -> Iterator[CaseResult]:
    """Run all cases, the longest first, and yield each result when it is available.

    Args:
        system: A class that another process can import.
        cases: What to run.

    Raises:
        ProcessExitedError: A process ended too early.
    """
    context = multiprocessing.get_context("spawn")
    results: Queue[CaseResult] = context.Queue()
    longest_first = sorted(cases, key=lambda case: -case.expected_cost)
    count = min(PROCESSES, len(cases))
    processes = [
        context.Process(target=_run_process, args=(system, longest_first[at::count], results))
        for at in range(count)
    ]
    for process in processes:
        process.start()
    try:
        for _ in cases:
            yield _next_result(results, lambda: [p.exitcode for p in processes if p.exitcode])
    except BaseException:
        for process in processes:
            if process.pid and process.is_alive():
                # As Ctrl-C does, which also stops its Temporal server.
                os.kill(process.pid, signal.SIGINT)
        raise
    finally:
        for process in processes:
            process.join(timeout=30)


def _next_result(results: "Queue[CaseResult]", failed: Callable[[], list[int]]) -> CaseResult:
    while True:
        try:
            return results.get(timeout=1)
        except queue.Empty:
            if codes := failed():
                raise ProcessExitedError(f"a process ended with exit status {codes[0]}") from None


def _run_process(
    system: Callable[[], SystemUnderTest], cases: list[FaultCase], results: "Queue[CaseResult]"
) -> None:
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    # The Temporal server prints a greeting on standard output, which belongs to the table.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run_lanes(system(), cases, results))
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    time.sleep(0.1)


async def _run_lanes(
    system: SystemUnderTest, cases: list[FaultCase], results: "Queue[CaseResult]"
) -> None:
    remaining = iter(cases)

    async def run_remaining(lane: Lane) -> None:
        for case in remaining:
            results.put(await lane.run_case(case))

    async with start_lanes(system, min(LANES, len(cases))) as started, asyncio.TaskGroup() as group:
        for lane in started:
            group.create_task(run_remaining(lane))
