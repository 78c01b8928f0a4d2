"""How port-ins are followed: when the worker looks at them, and when it calls for people."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from activities.port_in.policy import PortRules
from activities.port_in.poll_schedule import Pace
from worker.settings.base import CommonSettings, Seconds, Span, listed


class PortSettings(CommonSettings):
    """The part of the worker's settings that is about numbers on their way in or out."""

    port_first_seconds: Seconds = Field(
        default=300, description="seconds to the first look at a port-in; later ones are rarer"
    )
    port_dense_seconds: Seconds = Field(
        default=1800, description="longest wait in seconds between looks at a young port-in"
    )
    port_dense_until_seconds: Seconds = Field(
        default=10_800, description="age in seconds at which a port-in stops being young"
    )
    port_hourly_seconds: Seconds = Field(
        default=3600,
        description="seconds between looks at a port-in of its first day. These and all later "
        "ones fall into the hours in which carriers work",
    )
    port_hourly_until_seconds: Seconds = Field(
        default=86_400, description="age in seconds at which a port-in's first day is over"
    )
    port_sparse_seconds: Seconds = Field(
        default=10_800, description="seconds between looks at an older port-in"
    )
    port_sparse_until_seconds: Seconds = Field(
        default=432_000, description="age in seconds at which a port-in is old"
    )
    port_rare_seconds: Seconds = Field(
        default=21_600,
        description="seconds between looks at an old port-in, and at one that waits for a person",
    )
    port_fixed_seconds: Seconds | None = Field(
        default=None,
        description="seconds between looks at any port-in, around the clock, in place of all the "
        "above: for a simulator",
    )
    port_reminder_days: Annotated[tuple[Span, ...], NoDecode, BeforeValidator(listed)] = Field(
        default=(1, 3, 7),
        description="days after which a person who must act on a port-in is reminded",
    )
    port_information_days: Span = Field(
        default=30, description="days that a port-in waits for missing data"
    )
    port_correction_days: Span = Field(
        default=14, description="days that a rejected port-in waits for a correction"
    )
    port_longest_days: Span = Field(
        default=14, description="age in days at which an open port-in is cancelled"
    )
    port_cancel_hours: Span = Field(
        default=24,
        description="hours after which an unconfirmed cancel needs a person",
    )
    port_rejections: Annotated[int, Field(ge=1, le=20)] = Field(
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

    def port_pace(self) -> Pace:
        """When open port-ins are looked at."""
        fixed = timedelta(seconds=self.port_fixed_seconds) if self.port_fixed_seconds else None
        return Pace(
            first=timedelta(seconds=self.port_first_seconds),
            dense=timedelta(seconds=self.port_dense_seconds),
            dense_until=timedelta(seconds=self.port_dense_until_seconds),
            hourly=timedelta(seconds=self.port_hourly_seconds),
            hourly_until=timedelta(seconds=self.port_hourly_until_seconds),
            sparse=timedelta(seconds=self.port_sparse_seconds),
            sparse_until=timedelta(seconds=self.port_sparse_until_seconds),
            rare=timedelta(seconds=self.port_rare_seconds),
            fixed=fixed,
        )

    def port_rules(self) -> PortRules:
        """Deadlines of port-ins, and what may be tried without asking."""
        return PortRules(
            reminders=[timedelta(days=days) for days in self.port_reminder_days],
            information_by=timedelta(days=self.port_information_days),
            correction_by=timedelta(days=self.port_correction_days),
            longest=timedelta(days=self.port_longest_days),
            cancel_by=timedelta(hours=self.port_cancel_hours),
            rejections=self.port_rejections,
            resubmit_unknown=self.port_resubmit_unknown,
        )
