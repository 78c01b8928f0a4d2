"""Reads how much data the numbers have used. All of it happens here: thousands of numbers must not
go through a workflow's history."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client

import telegent
from activities.known.records import read_known
from activities.settings import ActivitySettings
from activities.support.number_states import NumberState, number_state
from activities.support.pace import Pace
from activities.usage.thresholds import Thresholds, UsageEvent
from telegent import RequestRejectedError, Telegent, TelegentError
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.usage import MAX_LINES, LineUsage, ReachedThresholds, UsageReport

MAX_NOT_READ = 100


class UsageReading(WireModel):
    """What a reading has shown, and the events that it causes."""

    report: UsageReport
    events: list[UsageEvent] = []


@dataclass(frozen=True)
class UsageActivities:
    """Reads usage; changes nothing."""

    api: Telegent
    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def read_usage(self, before: dict[str, ReachedThresholds] | None) -> UsageReading:
        """Returns the usage of all numbers that are in service and have data.

        Args:
            before: What is remembered of the readings before; None: no event is to be sent.

        Raises:
            ApplicationError: `Pending` when this worker stops.
            TelegentError: The inventory could not be read.
        """
        started_at = datetime.now(UTC)
        pace = Pace(self.api.rate_limiter, self.settings.usage_share)
        async with pace.heartbeats():
            inventory = self.api.numbers.inventory("All", before_page=pace.turn)
            numbers = {row.number: row async for row in inventory}
            rows, not_read = await self._read(pace, list(numbers.values()))
            known = await read_known(self.temporal, started_at)
        labels = {number: line.label for number, line in known.lines.items()}
        usages = [
            usage
            for row in rows
            if row.number in numbers
            and (usage := _usage(row, numbers[row.number], labels.get(row.number, "")))
        ]
        usages.sort(key=lambda usage: usage.percent or 0, reverse=True)
        wanted = self.settings.usage_thresholds
        thresholds = Thresholds(wanted, before or {})
        if before is not None:
            thresholds.compare(usages, set(numbers))
        report = UsageReport(
            started_at=started_at,
            ended_at=datetime.now(UTC),
            numbers=len(numbers),
            read=len(usages),
            requests=pace.requests,
            counts={each: sum(usage.has_reached(each) for usage in usages) for each in wanted},
            lines=usages[:MAX_LINES],
            events=len(thresholds.events),
            delayed=thresholds.delayed,
            not_read=not_read[:MAX_NOT_READ],
            reached=thresholds.after,
        )
        return UsageReading(report=report, events=thresholds.events)

    async def _read(
        self, pace: Pace, numbers: Sequence[telegent.Number]
    ) -> tuple[list[telegent.DataUsageNumber], list[str]]:
        """Reads what can be read; returns also how many numbers cannot, and why.

        Raises:
            TelegentError: Telegent has not responded at all.
        """
        asked = [
            row
            for row in numbers
            # Telegent may reject the others, and with them the whole request.
            if number_state(row.status) is NumberState.ACTIVE and _may_have_data(row)
        ]
        # The likeliest to be rejected are in the last requests.
        asked.sort(key=lambda row: row.product_type is None)
        found: list[telegent.DataUsageNumber] = []
        reasons: Counter[str] = Counter()
        parts = pace.read_parts([row.number for row in asked], self.api.data_usage.info)
        unanswered: TelegentError | None = None
        async for part, rows in parts:
            if isinstance(rows, TelegentError):
                reasons[str(rows)] += len(part)
                if not isinstance(rows, RequestRejectedError):
                    unanswered = rows
                continue
            found += rows
            shown = {row.number for row in rows}
            reasons["Telegent shows none"] += len(set(part) - shown)
            for row in rows:
                if row.used_bytes is None:
                    reasons[row.status_message or f"used is shown as {row.used or 'nothing'}"] += 1
        if unanswered and not found:
            raise unanswered
        return found, [
            f"{'1 number' if count == 1 else f'{count} numbers'}: {reason}"
            for reason, count in reasons.items()
            if count
        ]


def _may_have_data(number: telegent.Number) -> bool:
    return number.product_type is None or "data" in number.product_type.casefold()


def _usage(row: telegent.DataUsageNumber, number: telegent.Number, label: str) -> LineUsage | None:
    """The usage in a row; None if it shows none.

    The limit is what is used and what remains, together: that needs no request for the limits.
    """
    used, remaining = row.used_bytes, row.remaining_bytes
    if used is None:
        return None
    limit = None if remaining is None or used + remaining <= 0 else used + remaining
    return LineUsage(
        phone_number=row.number,
        line=label,
        number_id=number.number_id,
        used_bytes=used,
        limit_bytes=limit,
        percent=round(used * 100 / limit, 1) if limit else None,
        behavior=row.current_behavior or "",
    )
