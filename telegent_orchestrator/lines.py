"""Lines: a number for a subscriber, its subscription, data limits and AI Guardian."""

from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._models import E164, Iccid, Key, StrictModel, Text, WireModel, ZipCode
from telegent_orchestrator.port_in import MessageType, PortInDetails
from telegent_orchestrator.progress import CompensationReport, Escalation, Step, StepState

Numbers = Annotated[list[E164], Field(max_length=500)]


class ProductType(StrEnum):
    """What a number can do: the vendor's four product types, in the vendor's spelling."""

    SMS_ONLY = "Sms-Only"
    DATA_ONLY = "Data-Only"
    SMS_DATA = "Sms+Data"
    SMS_DATA_VOICE = "Sms+Data+Voice"

    @property
    def voice(self) -> bool:
        """Whether calls are part of it: then a voice route is needed."""
        return self is ProductType.SMS_DATA_VOICE

    @property
    def data(self) -> bool:
        """Whether data is part of it: only then can data limits be set."""
        return self is not ProductType.SMS_ONLY

    @property
    def messages(self) -> bool:
        """Whether messages are part of it."""
        return self is not ProductType.DATA_ONLY


class NewNumber(StrictModel):
    """Buy a number: the vendor chooses it, near the area code or else the ZIP code.

    With `iccid` it goes on that physical SIM; without, the vendor issues an eSIM.
    """

    kind: Literal["new"] = "new"
    area_code: Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None = None
    zip_code: ZipCode | None = None
    iccid: Iccid | None = None


class PortInNumber(PortInDetails):
    """Bring a number from another carrier; these are the losing carrier's records."""

    kind: Literal["port_in"] = "port_in"


class DataLimits(StrictModel):
    """Data limits of a line in MB: notify < throttle < limit, strictly (vendor's rule)."""

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
    """When used data starts again from zero: on `day` of each month (1-31) or week (1-7)."""

    every: Literal["month", "week"] = "month"
    day: Annotated[int, Field(ge=1, le=31)] = 1
    reset_now: bool = False

    @model_validator(mode="after")
    def _validate_day(self) -> "Renewal":
        if self.every == "week" and self.day > 7:
            raise ValueError("day must be 1 to 7 when every is 'week'")
        return self


class CallFilter(StrictModel):
    """AI Guardian's call filter of a number."""

    mode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"]
    allowed_numbers: Numbers = []
    blocked_numbers: Numbers = []
    block_unknown_numbers: bool = False
    block_international: bool = False
    notification_phones: Numbers = []


class MessageFilter(StrictModel):
    """AI Guardian's message filter of a number.

    `level` (age levels of the vendor's best-practices page, section 10.3) is refused unless the
    worker's setting `TELEGENT_MESSAGE_LEVEL_FIELD` names the wire field: none is documented.
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


class LineRequest(StrictModel):
    """One line: whose, on which number, under which package, with which limits and filters.

    `subscriber` and `package` are keys of the same onboarding request.
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


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Before the vendor sold anything."""


class PreviousRuns(WireModel):
    """When earlier runs of a workflow may have created things: from `started_at` until `ended_at`.

    `interrupted`: one did not end by itself, so that a call of it may have been under way then.
    """

    started_at: datetime = EPOCH
    ended_at: datetime
    interrupted: bool = False

    def including(self, other: "PreviousRuns | None") -> "PreviousRuns":
        """Returns the span of both."""
        if other is None:
            return self
        return PreviousRuns(
            started_at=min(self.started_at, other.started_at),
            ended_at=max(self.ended_at, other.ended_at),
            interrupted=self.interrupted or other.interrupted,
        )


class PreviousLine(WireModel):
    """The latest earlier run of a line: when it ran, and the number that it ended with."""

    runs: PreviousRuns
    phone_number: str | None = None


class LineInput(WireModel):
    """What a LineWorkflow starts from: the wanted line and the ids that it builds on.

    `previous_runs`: earlier runs may have created things, so look before each create.
    `recorded_number`: the number that an earlier run of this line ended with.
    `other_lines_numbers`: the subscriber's numbers that belong to other lines of the request.
    `sole_new_number`: the request has no other line with a new eSIM for this subscriber, and
    describes the subscriber as new. `subscriber_created`: this very run has created the subscriber,
    so that it had no number before.
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


class LineResult(WireModel):
    """What exists for a line at its end."""

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
    """How far a line is."""

    key: str
    steps: list[Step] = []
    escalations: list[Escalation] = []
    compensation: CompensationReport = CompensationReport()
    result: LineResult
