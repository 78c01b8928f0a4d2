"""Reconciliations: start, wait for the report, read the latest."""

from temporalio.client import Client

from telegent_orchestrator.client._reports import ReportHandle, latest_completed, start_report
from telegent_orchestrator.client._startable import RECONCILIATION
from telegent_orchestrator.reconcile import RECONCILE_ID, ReconcileReport


class ReconcileHandle(ReportHandle[ReconcileReport]):
    """One reconciliation.

    Attributes:
        id: The workflow id.
        joined: Whether the start found it open.
    """


class ReconcileClient:
    """Starts and finds reconciliations; the Temporal client is as for `Orchestrator`."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def start(self) -> ReconcileHandle:
        """Start a reconciliation, or join the open one that was started like this.

        It changes nothing. One that the schedule has started may run at the same time.
        """
        started = await start_report(self._temporal, RECONCILIATION)
        return ReconcileHandle(self._temporal, ReconcileReport, RECONCILE_ID, joined=not started)

    async def latest(self) -> ReconcileHandle | None:
        """The one that has completed last, started by the schedule or by an operator; None if
        there is none."""
        run = await latest_completed(self._temporal, RECONCILIATION)
        return ReconcileHandle(self._temporal, ReconcileReport, *run) if run else None
