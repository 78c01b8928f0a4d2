"""Lines: a number with its subscription, data limits, AI Guardian filters and E911 address."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._models import (
    E164,
    Iccid,
    Key,
    StateCode,
    StrictModel,
    Text,
    WireModel,
    ZipCode,
    matching,
)
from telegent_orchestrator.port_in import Classification, MessageType, PortInDetails
from telegent_orchestrator.progress import CompensationReport, Escalation, Step, StepState

AreaCode = Annotated[str, matching(r"^[2-9][0-9]{2}$", "must be an area code such as 801")]
Numbers = Annotated[list[E164], Field(max_length=500)]


class ProductType(StrEnum):
    """What a number can do: the vendor's four product types."""

    SMS_ONLY = "Sms-Only"
    DATA_ONLY = "Data-Only"
    SMS_DATA = "Sms+Data"
    SMS_DATA_VOICE = "Sms+Data+Voice"

    @property
    def voice(self) -> bool:
        """Whether it includes voice, which needs a voice route."""
        return self is ProductType.SMS_DATA_VOICE

    @property
    def data(self) -> bool:
        """Whether it includes data, which data limits need."""
        return self is not ProductType.SMS_ONLY

    @property
    def messages(self) -> bool:
        """Whether it includes messages."""
        return self is not ProductType.DATA_ONLY


class NewNumber(StrictModel):
    """A number to buy. The vendor chooses it, near the area code or else the ZIP code.

    Attributes:
        iccid: The physical SIM; without it the vendor issues an eSIM. Required for IoT.
        classification: `iot` for devices: no voice, no A2P messages.
    """

    kind: Literal["new"] = "new"
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None
    iccid: Iccid | None = None
    classification: Classification = "mvno"


class PortInNumber(PortInDetails):
    """A number to port in, with the losing carrier's records of it."""

    kind: Literal["port_in"] = "port_in"


class DataLimits(StrictModel):
    """Data limits of a line in MB; the vendor requires notify < throttle < limit."""

    limit_mb: Annotated[int, Field(gt=0)]
    notify_mb: Annotated[int, Field(gt=0)] | None = None
    throttle_mb: Annotated[int, Field(gt=0)] | None = None
    throttle_speed: (
        Literal[
            "64-kbps",
            "128-kbps",
            "256-kbps",
            "512-kbps",
            "1-mbps",
            "5-mbps",
            "20-mbps",
            "50-mbps",
            "100-mbps",
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _require_rising_limits(self) -> "DataLimits":
        given = [v for v in (self.notify_mb, self.throttle_mb, self.limit_mb) if v is not None]
        if any(low >= high for low, high in pairwise(given)):
            raise ValueError("must rise strictly: notify_mb < throttle_mb < limit_mb")
        return self


class Renewal(StrictModel):
    """When data usage is reset: on `day` of each month (1-31) or week (1-7)."""

    every: Literal["month", "week"] = "month"
    day: Annotated[int, Field(ge=1, le=31)] = 1
    reset_now: bool = False

    @model_validator(mode="after")
    def _validate_day(self) -> "Renewal":
        if self.every == "week" and self.day > 7:
            raise ValueError("day must be 1 to 7 when every is 'week'")
        return self


class CallFilter(StrictModel):
    """AI Guardian's call filter of a number; needs a line with voice."""

    mode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"]
    allowed_numbers: Numbers = []
    blocked_numbers: Numbers = []
    block_unknown_numbers: bool = False
    block_international: bool = False
    notification_phones: Numbers = []


class MessageFilter(StrictModel):
    """AI Guardian's message filter of a number; needs a line with messages.

    Attributes:
        level: Age level (best practices, section 10.3). Rejected unless the worker's setting
            `TELEGENT_MESSAGE_LEVEL_FIELD` names its field: the vendor documents none.
    """

    mode: Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] = "ACTIVE"
    level: Literal["CHILD", "ADOLESCENT", "TEENAGER"] | None = None
    allowed_contacts: Numbers = []
    blocked_contacts: Numbers = []
    custom_keywords: Annotated[list[Text], Field(max_length=500)] = []
    block_unknown_numbers: bool = False
    block_links: bool = False
    block_media: bool = False
    notification_phones: Numbers = []


class E911Address(StrictModel):
    """Where emergency services go when the line calls 911: the subscriber's US address."""

    street1: Text
    street2: Text | None = None
    city: Text
    state: StateCode
    zip: ZipCode


class LineRequest(StrictModel):
    """One line of an onboarding.

    Attributes:
        key: Your name of the line within the request.
        subscriber: The key of a subscriber of the same request.
        package: The key of a package of the same request.
        data_limits: Without them the vendor may stop the line's data at 20 MB.
        e911_address: For a line with voice. Without it emergency services cannot locate the line.
    """

    key: Key
    subscriber: Key
    package: Key
    number: Annotated[NewNumber | PortInNumber, Field(discriminator="kind")]
    product_type: ProductType = ProductType.SMS_DATA_VOICE
    message_type: MessageType = "p2p"
    data_limits: DataLimits | None = None
    renewal: Renewal | None = None
    call_filter: CallFilter | None = None
    message_filter: MessageFilter | None = None
    e911_address: E911Address | None = None


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Before the vendor sold its first number."""


class Lags(WireModel):
    """How long the vendor may not show what exists.

    Attributes:
        read: In lists, what was just created.
        purchase: In the inventory, a number that was just bought.
    """

    read: timedelta = timedelta(0)
    purchase: timedelta = timedelta(0)


class PreviousRuns(WireModel):
    """When previous runs of a workflow may have created resources.

    Attributes:
        started_at: The start of the first run.
        ended_at: The end of the last run.
        interrupted: Whether a run was terminated or timed out, so that one of its calls may have
            been in flight.
    """

    started_at: datetime = EPOCH
    ended_at: datetime
    interrupted: bool = False

    def including(self, other: "PreviousRuns | None") -> "PreviousRuns":
        """The span of both."""
        if other is None:
            return self
        return PreviousRuns(
            started_at=min(self.started_at, other.started_at),
            ended_at=max(self.ended_at, other.ended_at),
            interrupted=self.interrupted or other.interrupted,
        )


class PreviousLine(WireModel):
    """The previous run of a line: when it ran, and the number with which it ended."""

    runs: PreviousRuns
    phone_number: str | None = None


class LineInput(WireModel):
    """The argument of a LineWorkflow: the line and the ids of the resources that it uses.

    Attributes:
        previous_runs: Set if previous runs may have created resources: look up before each create.
        recorded_number: The number with which a previous run of this line ended.
        other_lines_numbers: The subscriber's numbers that belong to other lines of the request.
        sole_new_number: The request describes the subscriber as new and has no other line with a
            new eSIM for it.
        subscriber_created: This run has created the subscriber, who had no number before.
        shares_settings: The onboarding waits for the number, to set what lines share.
        event_receivers: Ids of the receivers of events; None: the worker's settings name them.
        lags: How long the vendor may not show what exists.
    """

    reference: str
    line: LineRequest
    account_id: str
    subscriber_id: str
    package_id: str
    message_route_id: str | None = None
    voice_route_id: str | None = None
    previous_runs: PreviousRuns | None = None
    recorded_number: str | None = None
    other_lines_numbers: list[str] = []
    sole_new_number: bool = False
    subscriber_created: bool = False
    shares_settings: bool = False
    event_receivers: list[str] | None = None
    lags: Lags = Lags()


class LineResult(WireModel):
    """The resources of a line."""

    key: str
    state: StepState = StepState.DONE
    detail: str = ""
    phone_number: str | None = None
    number_id: str | None = None
    order_id: str | None = None
    iccid: str | None = None
    activation_code: str | None = Field(None, description="eSIM activation string, LPA:1$…")
    subscription_id: str | None = None
    call_filter_id: str | None = None
    message_filter_id: str | None = None
    port_in_workflow_id: str | None = None


class LineStatus(WireModel):
    """The steps of a line."""

    key: str
    steps: list[Step] = []
    escalations: list[Escalation] = []
    compensation: CompensationReport = CompensationReport()
    result: LineResult
