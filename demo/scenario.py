"""What the demo does: onboard, watch, correct the port-in that is rejected, and take stock."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from demo.summary import fetch_vendor_summary, print_result, print_vendor, write_report
from localstack.network_ports import NetworkPorts
from localstack.processes import StackError
from localstack.stack import RUNS_DIRECTORY, Stack, running_stack
from telegent_orchestrator.cli.live import Display, display
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
    Orchestrator,
)
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import line_id, onboarding_id, port_in_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import PortInCorrection, PortState

POLL_INTERVAL = timedelta(milliseconds=200)
CORRECTION_DELAY = 2.5
"""Seconds in which a rejection and its remedy can be read before the correction is sent."""
MAX_KEPT_RUNS = 5
"""How many earlier runs keep their logs and database, of some megabytes each."""


async def run_demo(
    console: Console,
    request: OnboardingRequest,
    correction: PortInCorrection,
    report: Path | None,
    started: float,
) -> bool:
    """Start everything, onboard, take stock, stop everything; whether all went as it should.

    `started`: `time.monotonic()` at the start of the process. `report`: where to write the outcome
    as JSON. Raises StackError.
    """
    for old in sorted(RUNS_DIRECTORY.glob("demo-*"))[:-MAX_KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    # A database of its own each time, so that the same reference is new each time.
    directory = RUNS_DIRECTORY / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    async with running_stack(directory, NetworkPorts.allocate(), say) as running:
        for line in _introduction(running, request):
            say(line)
        return await running.run(
            _onboard_and_verify(console, running, request, correction, report, started)
        )


def _introduction(running: Stack, request: OnboardingRequest) -> list[str]:
    """Where to look, and what is played."""
    reference = request.reference
    pages = {"onboarding": onboarding_id(reference)}
    for line in request.lines:
        pages[f"line {line.key}"] = line_id(reference, line.key)
        if isinstance(line.number, PortInNumber):
            port_in = port_in_id(line.number.phone_number, running.id_key)
            pages[f"port-in {line.key}"] = port_in
    width = max(map(len, pages))
    return [
        "Telegent is played by the simulator: a carrier's day takes a second, and as for a",
        "customer with an enterprise agreement there is no limit of 50 requests a minute.",
        f"The worker is process {running.worker.pid}: kill -9 {running.worker.pid} while the "
        "carrier takes its time, and see it go on.",
        f"Logs and database: {running.directory}",
        "While this runs, in the Temporal UI:",
        *(f"  {name:{width}}  {running.workflow_url(page)}" for name, page in pages.items()),
        "",
    ]


async def _onboard_and_verify(
    console: Console,
    running: Stack,
    request: OnboardingRequest,
    correction: PortInCorrection,
    report: Path | None,
    started: float,
) -> bool:
    errors: list[str] = []
    try:
        with display(console, started, request.lines) as progress_display:
            result = await onboard(running.orchestrator, request, correction, progress_display)
    except OnboardingIncompleteError as error:
        result, errors = error.result, error.result.errors
    except WorkflowFailureError as error:
        raise StackError(f"the onboarding failed: {error.cause}") from error
    vendor = await fetch_vendor_summary(running.simulator_url)
    seconds = time.monotonic() - started
    console.print()
    print_result(console, result)
    matches = print_vendor(console, request, vendor, seconds)
    for message in errors:
        console.print(message, style="bold red", markup=False, highlight=False)
    if report:
        try:
            write_report(report, result, vendor, seconds, running.restarts)
        except OSError as error:
            raise StackError(
                f"the report cannot be written to {report}: {error.strerror}"
            ) from None
    return matches and not errors


async def onboard(
    orchestrator: Orchestrator,
    request: OnboardingRequest,
    correction: PortInCorrection,
    progress_display: Display,
) -> OnboardingResult:
    """Onboards and gives the result. Each port-in that needs it gets the correction once.

    Raises OnboardingIncompleteError and WorkflowFailureError, as the client's `result` does.
    """
    handle = await orchestrator.start_onboarding(request)
    corrections: dict[str, asyncio.Task[None]] = {}
    try:
        async for progress in _watch(handle):
            progress_display.show(progress)
            for key, port in progress.ports.items():
                if port.state is PortState.ACTION_REQUIRED and key not in corrections:
                    corrections[key] = asyncio.create_task(
                        _correct(orchestrator, port.phone_number, correction)
                    )
        await asyncio.gather(*corrections.values())
    finally:
        for task in corrections.values():
            task.cancel()
    return await handle.result()


async def _watch(handle: OnboardingHandle) -> AsyncIterator[OnboardingProgress]:
    """Like the client's `watch`, but goes on when nobody can answer for a while."""
    while True:
        try:
            async for progress in handle.watch(POLL_INTERVAL):
                yield progress
        except RPCError:
            # No worker answers: it has been killed, or has not taken up this workflow yet.
            await asyncio.sleep(POLL_INTERVAL.total_seconds())
        else:
            return


async def _correct(
    orchestrator: Orchestrator, phone_number: str, correction: PortInCorrection
) -> None:
    await asyncio.sleep(CORRECTION_DELAY)
    await orchestrator.port_in(phone_number).signal_correction(correction)
