"""Data limits and their renewal: idempotent writes."""

from dataclasses import dataclass

import telegent
from activities.support import write_specs
from activities.support.write_activity import write_activity
from telegent import Telegent
from telegent_orchestrator.lines import DataLimits, Renewal


@dataclass(frozen=True)
class DataUsageActivities:
    """Calls about data usage."""

    api: Telegent

    @write_activity(write_specs.SET_DATA_LIMITS)
    async def set_data_limits(self, numbers: list[str], limits: DataLimits) -> None:
        """Set limits in MB, the same for all these numbers."""
        await self.api.data_usage.set_limits(
            telegent.DataUsageLimits(
                value_unit="MB",
                limit_value=limits.limit_mb,
                notify_value=limits.notify_mb,
                throttle_value=limits.throttle_mb,
                throttle_speed=limits.throttle_speed,
                phone_numbers=numbers,
            )
        )

    @write_activity(write_specs.SET_RENEWAL)
    async def set_renewal(self, numbers: list[str], renewal: Renewal) -> None:
        """Set when used data is reset, the same for all these numbers."""
        await self.api.data_usage.set_renewal(
            telegent.DataRenewal(
                phone_numbers=numbers,
                auto_renew=True,
                period_type="M" if renewal.every == "month" else "W",
                renewal_day=renewal.day,
                reset_usage=renewal.reset_now,
                period_value=1,
            )
        )
