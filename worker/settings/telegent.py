"""How the worker reaches Telegent: account, budget of requests, time limits."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from telegent import CALL_TIMEOUT_FACTOR, Timeouts
from worker.settings.base import CommonSettings, NonBlankSecret, Seconds
from workflows.support.activity_options import VENDOR_CALL_TIMEOUT

TIMEOUT_STAGES = ("connect", "read", "write", "pool")


class TelegentSettings(CommonSettings):
    """The part of the worker's settings that is about calls to Telegent."""

    account_key: NonBlankSecret = Field(description="key of your Telegent account")
    account_secret: NonBlankSecret = Field(description="secret of your Telegent account")
    base_url: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+/?$")] = Field(
        default="https://api.telegent.com",
        description="where the Telegent API answers: scheme and host, without a path",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = Field(
        default=45,
        description="requests a minute to Telegent: the rate of the API task queue over all "
        "workers, and of each process with token requests counted",
    )
    burst: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="requests a process may send at once after a quiet time"
    )
    connect_timeout_seconds: Seconds = Field(
        default=Timeouts.connect, description="seconds to reach Telegent"
    )
    read_timeout_seconds: Seconds = Field(
        default=Timeouts.read, description="seconds to wait for Telegent's answer"
    )
    write_timeout_seconds: Seconds = Field(
        default=Timeouts.write, description="seconds to send a request"
    )
    pool_timeout_seconds: Seconds = Field(
        default=Timeouts.pool, description="seconds to wait for a free connection"
    )
    call_timeout_seconds: Annotated[float, Field(gt=0, lt=VENDOR_CALL_TIMEOUT.total_seconds())] = (
        Field(
            default=Timeouts.call,
            description="seconds for a whole call: token, request, both again when the token is "
            "rejected, and waiting for the request budget",
        )
    )
    read_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=60, description="seconds that Telegent's lists may miss what was just created"
    )
    purchase_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=900,
        description="seconds that the inventory may miss a number that was just bought: longer "
        "than an order takes to complete",
    )
    order_poll_seconds: Seconds = Field(
        default=15, description="seconds between looks at a number order that is not complete"
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

    def timeouts(self) -> Timeouts:
        """Limits for one exchange with Telegent."""
        return Timeouts(
            connect=self.connect_timeout_seconds,
            read=self.read_timeout_seconds,
            write=self.write_timeout_seconds,
            pool=self.pool_timeout_seconds,
            call=self.call_timeout_seconds,
        )
