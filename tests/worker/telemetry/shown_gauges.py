"""What periodic gauges show, and a clock that is ahead for them."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from unittest.mock import Mock

import pytest
from temporalio.client import Client
from temporalio.common import MetricMeter

from tests.harness.waiting import wait_until
from worker.telemetry import overdue
from worker.telemetry.reconcile_gauges import ReconcileGauges
from worker.telemetry.usage_gauges import UsageGauges


class ShownGauges:
    """What gauges show, by name or by the kind of a finding."""

    def __init__(
        self,
        temporal: Client,
        gauges: Callable[[Client, MetricMeter], ReconcileGauges | UsageGauges],
        runs_query: str,
    ) -> None:
        self.shown: dict[str, float] = {}
        meter = Mock(MetricMeter)
        meter.create_gauge.side_effect = self._create
        self._temporal, self._runs_query = temporal, runs_query
        self._gauges = gauges(temporal, meter)

    def _create(self, name: str, _description: str) -> Mock:
        def show(value: float, labels: dict[str, str] | None = None) -> None:
            self.shown[(labels or {}).get("kind", name)] = value

        return Mock(set=show)

    async def update(self, runs: int) -> dict[str, float]:
        """What they show when Temporal lists so many runs."""
        await wait_until(
            lambda: self._temporal.count_workflows(self._runs_query),
            lambda found: found.count == runs,
        )
        await self._gauges.update()
        return self.shown


def pass_time(monkeypatch: pytest.MonkeyPatch, passed: timedelta) -> None:
    """Let the gauges be updated so much later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls.fromtimestamp((datetime.now(tz) + passed).timestamp(), tz)

    monkeypatch.setattr(overdue, "datetime", Later)
