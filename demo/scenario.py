"""The demo: onboard a family, watch, correct the rejected port-in, and compare with the ledger."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from demo.summary import (
    fetch_vendor_summary,
    print_ending,
    print_result,
    print_vendor,
    write_report,
)
from devstack.child_process import StackError
from devstack.stack import new_run_directory
from devstack.supervised_stack import SupervisedStack, supervised_stack
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
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT

POLL_INTERVAL = timedelta(milliseconds=200)
CORRECTION_DELAY = 2.5
"""Seconds in which a rejection and its remedy can be read before the correction is sent."""
RECOVERY_NOTE = (
    "  The new worker continues what the old one was doing as soon as Temporal times that out:\n"
    f"  workflow tasks after 10 s, a call to Telegent after {VENDOR_CALL_TIMEOUT.seconds} s."
)


async def run_demo(
    console: Console,
    request: OnboardingRequest,
    correction: PortInCorrection,
    report: Path | None,
    started: float,
) -> bool:
    """Start the stack, onboard, print the result, and stop the stack.

    Args:
        console: Where the run is shown.
        request: The onboarding.
        correction: What is sent when the losing carrier rejects a port-in.
        report: File for the result as JSON.
        started: `time.monotonic()` at the start of the process.

    Returns:
        Whether every resource of the request exists exactly once.

    Raises:
        StackError: A process failed, or the onboarding did.
    """

    def notify(line: str) -> None:
        _print(console, line)
        _print(console, RECOVERY_NOTE)

    # A new database each time, so that the same reference can be onboarded again.
    async with supervised_stack(new_run_directory("demo"), notify=notify) as stack:
        for line in _introduction(stack, request):
            _print(console, line)
        return await stack.run(
            _onboard_and_verify(console, stack, request, correction, report, started)
        )


def _print(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _introduction(stack: SupervisedStack, request: OnboardingRequest) -> list[str]:
    """What is simulated, what to try, and the addresses."""
    reference = request.reference
    pages = {"onboarding": onboarding_id(reference)}
    for line in request.lines:
        pages[f"line {line.key}"] = line_id(reference, line.key)
        if isinstance(line.number, PortInNumber):
            port_in = port_in_id(line.number.phone_number, stack.id_key)
            pages[f"port-in {line.key}"] = port_in
    width = max(map(len, pages))
    return [
        "The simulator stands in for Telegent: what takes a carrier a day takes it a second, and",
        "the limit of 50 requests a minute is off, as under an enterprise agreement.",
        f"To see the onboarding survive a crash, kill the worker: kill -9 {stack.worker.pid}",
        f"Logs and database: {stack.directory}",
        "In the Temporal UI, until the demo ends:",
        *(f"  {name:{width}}  {stack.workflow_url(page)}" for name, page in pages.items()),
        "",
    ]


async def _onboard_and_verify(
    console: Console,
    stack: SupervisedStack,
    request: OnboardingRequest,
    correction: PortInCorrection,
    report: Path | None,
    started: float,
) -> bool:
    errors: list[str] = []
    try:
        with display(console, started, request.lines) as progress_display:
            result = await onboard(stack.orchestrator, request, correction, progress_display)
    except OnboardingIncompleteError as error:
        result, errors = error.result, error.result.errors
    except WorkflowFailureError as error:
        raise StackError(f"the onboarding failed: {error.cause}") from error
    vendor = await fetch_vendor_summary(stack.simulator_url)
    seconds = time.monotonic() - started
    console.print()
    print_result(console, result)
    matches = print_vendor(console, request, vendor)
    for message in errors:
        console.print(message, style="bold red", markup=False, highlight=False)
    if report:
        try:
            write_report(report, result, vendor, seconds, stack.restarts)
        except OSError as error:
            raise StackError(
                f"the report cannot be written to {report}: {error.strerror}"
            ) from None
    succeeded = matches and not errors
    print_ending(console, result, seconds, succeeded=succeeded)
    return succeeded


async def onboard(
    orchestrator: Orchestrator,
    request: OnboardingRequest,
    correction: PortInCorrection,
    progress_display: Display,
) -> OnboardingResult:
    """Onboard, and send each rejected port-in the correction once.

    Raises:
        OnboardingIncompleteError, WorkflowFailureError: As the client's `result` does.
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
    """Like the client's `watch`, but continues when no worker answers for a while."""
    while True:
        try:
            async for progress in handle.watch(POLL_INTERVAL):
                yield progress
        except RPCError:
            # The worker was killed, or has not picked up this workflow yet.
            await asyncio.sleep(POLL_INTERVAL.total_seconds())
        else:
            return


async def _correct(
    orchestrator: Orchestrator, phone_number: str, correction: PortInCorrection
) -> None:
    await asyncio.sleep(CORRECTION_DELAY)
    await orchestrator.port_in(phone_number).signal_correction(correction)
