"""The comparison of Telegent with our workflows. All of it happens here: its thousands of numbers
must not go through a workflow's history."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

from temporalio import activity
from temporalio.client import Client

from activities.known.records import read_known
from activities.reconcile.comparison import Comparison
from activities.reconcile.vendor import VendorReader
from activities.settings import ActivitySettings
from activities.support.number_states import NumberState, number_state
from activities.support.pace import Pace
from telegent import Telegent
from telegent_orchestrator.reconcile import ReconcileReport

MAX_NOT_COMPARED = 100


@dataclass(frozen=True)
class ReconcileActivities:
    """Compares Telegent with our workflows; changes nothing."""

    api: Telegent
    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def find_differences(self) -> ReconcileReport:
        """Returns what differs.

        Telegent's lists are read first. What a workflow changes from then on is left out: the next
        reconciliation compares it.

        Raises:
            ApplicationError: `Pending` when this worker stops.
            TelegentError: The inventory or the subscriptions could not be read.
        """
        started_at = datetime.now(UTC)
        pace = Pace(self.api.rate_limiter, self.settings.reconcile_share)
        reader = VendorReader(self.api, pace)
        async with pace.heartbeats():
            vendor = await reader.read_lists()
            lag = max(self.settings.read_lag, self.settings.purchase_lag)
            known = await read_known(self.temporal, started_at - lag)
            comparison = Comparison(vendor, known)
            await reader.read_order_types(comparison.unknown, vendor)
            # Telegent may reject those of a number that is not active.
            active = [
                line
                for line, row in comparison.comparable
                if number_state(row.status) is NumberState.ACTIVE
            ]
            await reader.read_limits(active, vendor)
            await reader.read_guardian(active, vendor)
        not_compared = reader.not_compared
        if known.unreadable:
            not_compared.append(f"{known.unreadable} payloads of workflows cannot be read")
        report = ReconcileReport(
            started_at=started_at,
            ended_at=datetime.now(UTC),
            numbers=len(vendor.numbers),
            subscriptions=len(vendor.subscriptions),
            lines=len(known.lines),
            in_progress=comparison.in_progress,
            records_since=datetime.combine(known.since, time(), UTC) if known.since else None,
            older_numbers=comparison.older,
            requests=pace.requests,
            not_compared=not_compared[:MAX_NOT_COMPARED],
        )
        report.add(comparison.findings())
        return report
