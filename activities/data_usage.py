"""Data limits and their renewal: absolute sets, which may be repeated."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from telegent import Telegent
from telegent_orchestrator.lines import DataLimits, Renewal


@dataclass(frozen=True)
class DataUsageActivities:
    """Calls about data usage."""

    api: Telegent

    @activity.defn
    async def set_data_limits(self, number: str, limits: DataLimits) -> None:
        """Set limits in MB of a number."""
        await self.api.data_usage.set_limits(
            telegent.DataUsageLimits(
                value_unit="MB",
                limit_value=limits.limit_mb,
                notify_value=limits.notify_mb,
                throttle_value=limits.throttle_mb,
                throttle_speed=limits.throttle_speed,
                phone_numbers=[number],
            )
        )

    @activity.defn
    async def set_renewal(self, number: str, renewal: Renewal) -> None:
        """Set when the number's used data starts again from zero."""
        await self.api.data_usage.set_renewal(
            telegent.DataRenewal(
                phone_numbers=[number],
                auto_renew=True,
                period_type="M" if renewal.every == "month" else "W",
                renewal_day=renewal.day,
                reset_usage=renewal.reset_now,
                period_value=1,
            )
        )
