"""Settings of port-ins: when orders are polled, and when an operator is needed."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.poll_schedule import POLL_SHARE, PollSchedule
from worker.settings.base import CommonSettings, PositiveDuration, Seconds, split_csv


class PortingSettings(CommonSettings):
    """The worker's settings of port-ins and port-outs."""

    port_poll_initial_seconds: Seconds = Field(
        default=300,
        description="delay in seconds before the first status poll of a port-in; later polls are "
        "less frequent",
    )
    port_poll_dense_seconds: Seconds = Field(
        default=900,
        description="longest interval in seconds between polls of a port-in younger than "
        "TELEGENT_PORT_POLL_DENSE_UNTIL_SECONDS",
    )
    port_poll_dense_until_seconds: Seconds = Field(
        default=9000, description="age in seconds up to which a port-in is polled densely"
    )
    port_poll_hourly_seconds: Seconds = Field(
        default=3600,
        description="shortest interval in seconds between polls of older port-ins and landlines; "
        "it applies to a landline on its requested date, and while a correction or cancel is in "
        "progress. These and all later polls fall into the business hours of carriers",
    )
    port_poll_idle_seconds: Seconds = Field(
        default=21_600,
        description="longest interval in seconds between polls of older port-ins, and of those "
        "that wait for an operator",
    )
    port_poll_fixed_seconds: Seconds | None = Field(
        default=None,
        description="interval in seconds between all polls, at any time of day, instead of the "
        "settings above: for a simulator",
    )
    port_reminder_days: Annotated[
        tuple[PositiveDuration, ...], NoDecode, BeforeValidator(split_csv)
    ] = Field(
        default=(1, 3, 7),
        description="days after which operators are reminded of a port-in that waits for them",
    )
    port_missing_info_days: PositiveDuration = Field(
        default=30, description="days that a port-in waits for missing data"
    )
    port_correction_days: PositiveDuration = Field(
        default=14, description="days that a rejected port-in waits for a correction"
    )
    port_max_days: PositiveDuration = Field(
        default=14, description="age in days at which an open port-in is cancelled"
    )
    port_cancel_confirmation_hours: PositiveDuration = Field(
        default=24,
        description="hours after which an unconfirmed cancel asks for attention",
    )
    port_max_rejections: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="rejections after which an operator must decide"
    )
    port_wireline_pin_required: bool = Field(
        default=False,
        description="whether Telegent rejects the port of a landline without a PIN, so that it is "
        "requested before the submit",
    )
    port_resubmit_unknown: bool = Field(
        default=False,
        description="whether Telegent is known to reject a second active port of a number, so "
        "that a submit whose response was lost is sent once more before it is escalated",
    )
    port_poll_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=POLL_SHARE,
        description="share of the requests a minute for polls of open port-ins; when there are "
        "more port-ins, each is polled less often",
    )
    port_out_poll_seconds: Seconds = Field(
        default=21_600,
        description="interval in seconds between checks whether a number with a port-out PIN has "
        "been ported out",
    )

    def poll_schedule(self) -> PollSchedule:
        """When the orders of open port-ins are polled."""
        fixed = (
            timedelta(seconds=self.port_poll_fixed_seconds)
            if self.port_poll_fixed_seconds
            else None
        )
        return PollSchedule(
            initial=timedelta(seconds=self.port_poll_initial_seconds),
            dense=timedelta(seconds=self.port_poll_dense_seconds),
            dense_until=timedelta(seconds=self.port_poll_dense_until_seconds),
            hourly=timedelta(seconds=self.port_poll_hourly_seconds),
            idle=timedelta(seconds=self.port_poll_idle_seconds),
            fixed=fixed,
        )

    def port_in_policy(self) -> PortInPolicy:
        """Deadlines of port-ins, and what may be retried without an operator."""
        return PortInPolicy(
            reminders=[timedelta(days=days) for days in self.port_reminder_days],
            missing_info_timeout=timedelta(days=self.port_missing_info_days),
            correction_timeout=timedelta(days=self.port_correction_days),
            max_duration=timedelta(days=self.port_max_days),
            cancel_confirmation_timeout=timedelta(hours=self.port_cancel_confirmation_hours),
            max_rejections=self.port_max_rejections,
            resubmit_unknown=self.port_resubmit_unknown,
        )
