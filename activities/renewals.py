"""When a line renews."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from temporalio import activity

from activities.settings import ActivitySettings
from activities.support.outcomes import require_own_id
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.line_changes import line_change_id
from telegent_orchestrator.renewal_changes import renewal_change_id

RENEWED_BY_HOUR = 12
"""Telegent documents the day of a renewal, but neither hour nor time zone. At noon of an operator
in the US, the day has begun in UTC and in every zone of the continental US."""


class RenewalPlan(WireModel):
    """When the plan of a line changes. `line_change_id`: the workflow that changes it then."""

    due_at: datetime
    line_change_id: str


@dataclass(frozen=True)
class RenewalActivities:
    """What a change at the renewal must know from our own side."""

    settings: ActivitySettings

    @activity.defn
    async def plan_renewal(
        self, phone_number: str, renewal_day: int, after: datetime
    ) -> RenewalPlan:
        """Returns when the line renews next.

        Raises:
            ApplicationError: `Rejected` when the id of the workflow is not that of its number.
        """
        require_own_id(renewal_change_id(phone_number, self.settings.id_key))
        return RenewalPlan(
            due_at=next_renewal(renewal_day, after, self.settings.time_zone),
            line_change_id=line_change_id(phone_number, self.settings.id_key),
        )


def next_renewal(day: int, after: datetime, zone: ZoneInfo) -> datetime:
    """The next time after which a line that renews on that day of the month has renewed (UTC)."""
    local = after.astimezone(zone)
    year, month = local.year, local.month
    while True:
        last = calendar.monthrange(year, month)[1]
        due = datetime(year, month, min(day, last), RENEWED_BY_HOUR, tzinfo=zone)
        if due > local:
            return due.astimezone(UTC)
        year, month = year + month // 12, month % 12 + 1
