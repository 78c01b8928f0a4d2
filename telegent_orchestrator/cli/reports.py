"""Commands that read Telegent by a workflow, wait for its report, or show the latest."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.output import Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client._polling import retry_until_available
from telegent_orchestrator.client._reports import ReportHandle

POLL_INTERVAL = timedelta(seconds=1)

Report = TypeVar("Report", bound=WireModel)


class ReportClient(Protocol[Report]):
    """The client of one kind of report."""

    async def start(self) -> ReportHandle[Report]:
        """Start one, or join the open one."""
        ...

    async def latest(self) -> ReportHandle[Report] | None:
        """The one that has completed last."""
        ...


@dataclass(frozen=True)
class ReportWords:
    """What a command says.

    Attributes:
        command: Its name.
        none_yet: There is no report.
        waiting: What takes long.
        interrupted: What continues after Ctrl-C.
        failed: What has not been done; the reason follows.
    """

    command: str
    none_yet: str
    waiting: str
    interrupted: str
    failed: str


async def latest_report(
    client: ReportClient[Report], session: Session, words: ReportWords
) -> Report:
    """The latest report.

    Raises:
        CommandError: There is none.
    """
    handle = await client.latest()
    if handle is None:
        raise CommandError(
            words.none_yet,
            ExitStatus.USAGE,
            next_steps=[
                NextStep(reason="start one with:", commands=[session.command(words.command)])
            ],
        )
    return await handle.result()


async def new_report(
    client: ReportClient[Report], session: Session, output: Output, words: ReportWords
) -> Report:
    """Start the workflow, and wait for its report.

    Raises:
        CommandError: It failed, or Ctrl-C ended the wait.
    """
    handle = await client.start()
    await _wait(handle, session, output, words)
    try:
        return await handle.result()
    except WorkflowFailureError as error:
        cause: BaseException | None = error.cause
        while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
            cause = cause.cause
        raise CommandError(f"{words.failed}: {cause}", ExitStatus.FAILED) from None


async def _wait(
    handle: ReportHandle[Report], session: Session, output: Output, words: ReportWords
) -> None:
    """Waits, and says why that takes long. Needs no worker, so that a restart does not end it."""
    output.notice(f"{words.waiting}; Ctrl-C does not stop it")
    said = ""
    try:
        while (await retry_until_available(handle.execution, POLL_INTERVAL)).ended_at is None:
            failing = await retry_until_available(handle.failing_calls, POLL_INTERVAL)
            reason = "; ".join(call.description for call in failing)
            if reason and reason != said:
                output.notice(reason)
            said = reason
            await asyncio.sleep(POLL_INTERVAL.total_seconds())
    except asyncio.CancelledError:
        raise CommandError(
            f"stopped waiting; {words.interrupted}",
            ExitStatus.INTERRUPTED,
            next_steps=[
                NextStep(
                    reason="see its report later with:",
                    commands=[session.command(words.command, "--latest")],
                )
            ],
        ) from None
