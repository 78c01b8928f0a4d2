"""How port-ins are followed: when the worker looks at them, and when it calls for people."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from activities.port_in.policy import PortInPolicy
from activities.port_in.poll_schedule import PollSchedule
from worker.settings.base import CommonSettings, PositiveDuration, Seconds, split_csv


class PortingSettings(CommonSettings):
    """The part of the worker's settings that is about numbers on their way in or out."""

    port_poll_initial_seconds: Seconds = Field(
        default=300, description="seconds to the first look at a port-in; later ones are rarer"
    )
    port_poll_dense_seconds: Seconds = Field(
        default=1800, description="longest wait in seconds between looks at a young port-in"
    )
    port_poll_dense_until_seconds: Seconds = Field(
        default=10_800, description="age in seconds at which a port-in stops being young"
    )
    port_poll_hourly_seconds: Seconds = Field(
        default=3600,
        description="seconds between looks at a port-in of its first day. These and all later "
        "ones fall into the hours in which carriers work",
    )
    port_poll_hourly_until_seconds: Seconds = Field(
        default=86_400, description="age in seconds at which a port-in's first day is over"
    )
    port_poll_sparse_seconds: Seconds = Field(
        default=10_800, description="seconds between looks at an older port-in"
    )
    port_poll_sparse_until_seconds: Seconds = Field(
        default=432_000, description="age in seconds at which a port-in is old"
    )
    port_poll_idle_seconds: Seconds = Field(
        default=21_600,
        description="seconds between looks at an old port-in, and at one that waits for a person",
    )
    port_poll_fixed_seconds: Seconds | None = Field(
        default=None,
        description="seconds between looks at any port-in, around the clock, in place of all the "
        "above: for a simulator",
    )
    port_reminder_days: Annotated[
        tuple[PositiveDuration, ...], NoDecode, BeforeValidator(split_csv)
    ] = Field(
        default=(1, 3, 7),
        description="days after which a person who must act on a port-in is reminded",
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
        description="hours after which an unconfirmed cancel needs operator",
    )
    port_max_rejections: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="rejections after which an operator must decide"
    )
    port_resubmit_unknown: bool = Field(
        default=False,
        description="whether Telegent is known to refuse a second active port of a number, so that "
        "a submit without an answer is sent once more before a person is asked",
    )
    port_poll_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.4,
        description="part of the requests a minute that looks at open port-ins may take; when "
        "there are more, all of them are looked at less often",
    )
    port_out_poll_seconds: Seconds = Field(
        default=21_600,
        description="seconds between looks whether a number that may leave has left",
    )

    def poll_schedule(self) -> PollSchedule:
        """When open port-ins are looked at."""
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
            hourly_until=timedelta(seconds=self.port_poll_hourly_until_seconds),
            sparse=timedelta(seconds=self.port_poll_sparse_seconds),
            sparse_until=timedelta(seconds=self.port_poll_sparse_until_seconds),
            idle=timedelta(seconds=self.port_poll_idle_seconds),
            fixed=fixed,
        )

    def port_in_policy(self) -> PortInPolicy:
        """Deadlines of port-ins, and what may be tried without asking."""
        return PortInPolicy(
            reminders=[timedelta(days=days) for days in self.port_reminder_days],
            missing_info_timeout=timedelta(days=self.port_missing_info_days),
            correction_timeout=timedelta(days=self.port_correction_days),
            max_duration=timedelta(days=self.port_max_days),
            cancel_confirmation_timeout=timedelta(hours=self.port_cancel_confirmation_hours),
            max_rejections=self.port_max_rejections,
            resubmit_unknown=self.port_resubmit_unknown,
        )
