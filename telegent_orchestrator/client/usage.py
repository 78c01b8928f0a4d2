"""Data usage: read it, wait for the report, read the latest."""

from temporalio.client import Client

from telegent_orchestrator.client._reports import ReportHandle, latest_completed, start_report
from telegent_orchestrator.client._startable import DATA_USAGE
from telegent_orchestrator.usage import USAGE_ID, UsageReport


class UsageHandle(ReportHandle[UsageReport]):
    """One reading of usage.

    Attributes:
        id: The workflow id.
        joined: Whether the start found it open.
    """


class UsageClient:
    """Starts and finds readings of usage; the Temporal client is as for `Orchestrator`."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def start(self) -> UsageHandle:
        """Start a reading, or join the open one that was started like this.

        It sends no events: only those of the schedule do, of which each continues from the last.
        """
        started = await start_report(self._temporal, DATA_USAGE)
        return UsageHandle(self._temporal, UsageReport, USAGE_ID, joined=not started)

    async def latest(self) -> UsageHandle | None:
        """The one that has completed last, started by the schedule or by an operator; None if
        there is none."""
        run = await latest_completed(self._temporal, DATA_USAGE)
        return UsageHandle(self._temporal, UsageReport, *run) if run else None
