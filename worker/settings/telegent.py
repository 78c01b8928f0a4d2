"""Settings of calls to Telegent: account, rate limit, timeouts."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from activities.settings import DEFAULT_TIME_ZONE
from telegent import CALL_TIMEOUT_FACTOR, PortDialect, Timeouts
from telegent.rate_limiter import DEFAULT_PER_MINUTE
from worker.settings.base import CommonSettings, NonBlankSecret, Seconds
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT

TIMEOUT_STAGES = ("connect", "read", "write", "pool")

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


class TelegentSettings(CommonSettings):
    """The worker's settings of calls to Telegent."""

    account_key: NonBlankSecret = Field(description="key of your Telegent account")
    account_secret: NonBlankSecret = Field(description="secret of your Telegent account")
    base_url: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+/?$")] = Field(
        default="https://api.telegent.com",
        description="base URL of the Telegent API: scheme and host, without a path",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=60_000)] = Field(
        default=DEFAULT_PER_MINUTE,
        description="requests a minute that Telegent allows, token requests included: all workers "
        "share them. `tgo allowance` changes the limit while they run",
    )
    request_window_seconds: Seconds = Field(
        default=60,
        description="length in seconds of the window over which Telegent counts requests: any "
        "window of this length may contain the corresponding share of the requests a minute",
    )
    connect_timeout_seconds: Seconds = Field(
        default=Timeouts.connect, description="timeout in seconds for connecting to Telegent"
    )
    read_timeout_seconds: Seconds = Field(
        default=Timeouts.read, description="timeout in seconds for Telegent's response"
    )
    write_timeout_seconds: Seconds = Field(
        default=Timeouts.write, description="timeout in seconds for sending a request"
    )
    pool_timeout_seconds: Seconds = Field(
        default=Timeouts.pool, description="timeout in seconds for a free connection"
    )
    call_timeout_seconds: Annotated[float, Field(gt=0, lt=VENDOR_CALL_TIMEOUT.total_seconds())] = (
        Field(
            default=Timeouts.call,
            description="timeout in seconds for a whole call: token, request, both again if the "
            "token is rejected, and waiting for the rate limiter",
        )
    )
    read_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=60,
        description="read lag: seconds for which Telegent's lists may miss what was just created",
    )
    purchase_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=900,
        description="seconds for which the inventory may miss a number that was just bought; "
        "longer than an order takes to complete",
    )
    target_classification_wireless: NonBlank = Field(
        default=PortDialect.wireless,
        description="`TargetClassification` of an eligibility check of a mobile number: `Mobile` "
        "or `mvno`, depending on the vendor's document",
    )
    target_classification_wireline: NonBlank = Field(
        default=PortDialect.wireline,
        description="`TargetClassification` of an eligibility check of a landline: `Landline` or "
        "`mvno`",
    )
    target_classification_iot: NonBlank = Field(
        default=PortDialect.iot,
        description="`TargetClassification` of an eligibility check of an IoT line",
    )
    port_in_update_classification: Literal["submit", "eligibility"] = Field(
        default=PortDialect.update_vocabulary,
        description="`TargetPortinClassification` of a correction: the value of the `submit` "
        "(`mvno`, `iot`) or of the `eligibility` check",
    )
    port_in_date_format: Literal["iso", "us"] = Field(
        default=PortDialect.date_format,
        description="format of `PortInDate`: `iso` (2026-06-01) or `us` (06/01/2026)",
    )
    capitalized_subscription_types: bool = Field(
        default=False,
        description="whether the `Type` of a subscription is `Mvno` or `Iot`, instead of `mvno` or "
        "`iot`",
    )
    time_zone: ZoneInfo = Field(
        default=DEFAULT_TIME_ZONE,
        description="your time zone, such as `America/Los_Angeles`: a number is "
        "cancelled with the current date in this zone, and a plan that changes at the renewal "
        "changes at noon in this zone",
    )
    order_poll_seconds: Seconds = Field(
        default=15,
        description="interval in seconds between polls of a number order that is not complete",
    )

    @field_validator("call_timeout_seconds")
    @classmethod
    def _validate_call_timeout(cls, call: float, info: ValidationInfo) -> float:
        stages = [info.data.get(f"{stage}_timeout_seconds") for stage in TIMEOUT_STAGES]
        minimum = CALL_TIMEOUT_FACTOR * sum(stage for stage in stages if stage is not None)
        if call < minimum:
            raise ValueError(
                f"at least {CALL_TIMEOUT_FACTOR:g} times the timeouts for "
                f"{', '.join(TIMEOUT_STAGES)} together, {minimum:g}"
            )
        return call

    def port_dialect(self) -> PortDialect:
        """How port-in calls are worded."""
        return PortDialect(
            wireless=self.target_classification_wireless,
            wireline=self.target_classification_wireline,
            iot=self.target_classification_iot,
            update_vocabulary=self.port_in_update_classification,
            date_format=self.port_in_date_format,
        )

    def timeouts(self) -> Timeouts:
        """Timeouts of one call."""
        return Timeouts(
            connect=self.connect_timeout_seconds,
            read=self.read_timeout_seconds,
            write=self.write_timeout_seconds,
            pool=self.pool_timeout_seconds,
            call=self.call_timeout_seconds,
        )
