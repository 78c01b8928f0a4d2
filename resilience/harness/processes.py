"""Many cases side by side: in a few processes, each with a Temporal server and lanes of its own."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import queue
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.queues import Queue

from resilience.fault_matrix.cases import Spoiled
from resilience.fault_matrix.runner import Lane, Onboarder, Played, lanes

PROCESSES = 2
LANES = 7
"""In each process. A lane mostly waits: for repeats, for time-outs, for lists that may lag."""


class ProcessEndedError(Exception):
    """A process of the trial has ended before its cases."""


def play_all(onboarder: Callable[[], Onboarder], cases: Sequence[Spoiled]) -> Iterator[Played]:
    """Plays all cases, the longest first, and yields each as it ends.

    `onboarder` is a class that a new process can import. Raises ProcessEndedError.
    """
    context = multiprocessing.get_context("spawn")
    results: Queue[Played] = context.Queue()
    longest_first = sorted(cases, key=lambda case: -case.patience)
    count = min(PROCESSES, len(cases))
    processes = [
        context.Process(target=_process, args=(onboarder, longest_first[at::count], results))
        for at in range(count)
    ]
    for process in processes:
        process.start()
    try:
        for _ in cases:
            yield _next(results, lambda: [p.exitcode for p in processes if p.exitcode])
    except BaseException:
        for process in processes:
            if process.pid and process.is_alive():
                # As Ctrl-C would: it then ends its Temporal server, too.
                os.kill(process.pid, signal.SIGINT)
        raise
    finally:
        for process in processes:
            process.join(timeout=30)


def _next(results: "Queue[Played]", failed: Callable[[], list[int]]) -> Played:
    while True:
        try:
            return results.get(timeout=1)
        except queue.Empty:
            if codes := failed():
                raise ProcessEndedError(f"a process ended with exit code {codes[0]}") from None


def _process(
    onboarder: Callable[[], Onboarder], cases: list[Spoiled], results: "Queue[Played]"
) -> None:
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    # The Temporal server greets on standard output, which belongs to the table.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory(prefix="trial-") as place:
        # Each workflow run loads the workflows anew: compiled, that takes a quarter less time.
        sys.dont_write_bytecode, sys.pycache_prefix = False, place
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_play(onboarder(), cases, results))
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    time.sleep(0.1)


async def _play(onboarder: Onboarder, cases: list[Spoiled], results: "Queue[Played]") -> None:
    left = iter(cases)

    async def play_on(lane: Lane) -> None:
        for case in left:
            results.put(await lane.play(case))

    async with lanes(onboarder, min(LANES, len(cases))) as made, asyncio.TaskGroup() as group:
        for lane in made:
            group.create_task(play_on(lane))
