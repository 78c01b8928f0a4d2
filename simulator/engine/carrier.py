"""The losing carrier behind port-ins: what it knows about a number, and how it answers."""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Vocabulary = Literal["kb", "bp", "oas"]
Phase = Literal["submitted", "acknowledged", "scheduled", "rejected", "complete", "cancelled"]

WRONG_ACCOUNT_NUMBER = "8A-ACCOUNT_NUM_REQ_OR_INCORRECT"
NUMBER_LOCKED = "6P-REMOVE NUMBER LOCK ON VERIZON ACCOUNT"
MISMATCH = "1P-Other"
# Only the code 6B is published; the text behind it is this simulator's.
WRONG_PIN = "6B-TRANSFER PIN REQUIRED OR INCORRECT"

# The vendor publishes three status vocabularies for the same order and no mapping between them.
ORDER_STATUSES: dict[Vocabulary, dict[Phase, str]] = {
    "kb": {
        "submitted": "Pending",
        "acknowledged": "InProgress",
        "scheduled": "InProgress",
        "rejected": "ResolutionRequired",
        "complete": "Complete",
        "cancelled": "Cancelled",
    },
    "bp": {
        "submitted": "Submitted",
        "acknowledged": "Pending Carrier Approval",
        "scheduled": "Scheduled",
        "rejected": "Rejected",
        "complete": "Completed",
        "cancelled": "Cancelled",
    },
    "oas": {
        "submitted": "Pending",
        "acknowledged": "Submitted",
        "scheduled": "Submitted",
        "rejected": "Error",
        "complete": "Complete",
        "cancelled": "Cancelled",
    },
}


class CarrierTimings(BaseModel):
    """Seconds after a submit or update until the carrier acknowledges, decides and completes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge_after: float = Field(default=1.0, ge=0)
    decide_after: float = Field(default=2.0, ge=0)
    complete_after: float = Field(default=3.0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "CarrierTimings":
        if not self.acknowledge_after <= self.decide_after <= self.complete_after:
            raise ValueError("expected acknowledge_after <= decide_after <= complete_after")
        return self


class CarrierRecord(BaseModel):
    """What the losing carrier holds for one number. A field left None is not compared.

    `script` says how the carrier behaves beyond comparing:
    `accept`; `reject:<code>` (turn down the first request with this text, then only compare);
    `lock` (the number is locked until `locked` is set to false); `silent` (never answers);
    `complete_during_cancel` (the port goes through at the moment somebody cancels it).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_number: str | None = None
    pin: str | None = None
    zip: str | None = None
    name: str | None = None
    locked: bool = False
    eligible: bool = True
    carrier: str = "Example Carrier"
    script: str = Field(
        default="accept", pattern=r"^(accept|lock|silent|complete_during_cancel|reject:.+)$"
    )

    @model_validator(mode="before")
    @classmethod
    def _lock_script_locks(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("script") == "lock":
            return {"locked": True, **values}
        return values


class Carrier:
    """Answers port-in requests from its records. A number without a record accepts anything."""

    def __init__(self, timings: CarrierTimings, vocabulary: Vocabulary) -> None:
        self.timings = timings
        self.vocabulary: Vocabulary = vocabulary
        self.records: dict[str, CarrierRecord] = {}
        self._scripted_rejections_sent: set[str] = set()

    def set_record(self, number: str, record: CarrierRecord) -> None:
        """Puts or replaces the record of an E.164 number; its `reject:` script starts anew."""
        self.records[number] = record
        self._scripted_rejections_sent.discard(number)

    def update_record(self, number: str, changes: dict[str, Any]) -> None:
        """Changes some fields of a record (creating it), e.g. `{"locked": False}` to unlock.

        Raises pydantic's ValidationError for unknown fields or values.
        """
        known = self.records.get(number)
        held = known.model_dump() if known else {}
        if "script" in changes:
            held.pop("locked", None)
            self._scripted_rejections_sent.discard(number)
        self.records[number] = CarrierRecord.model_validate({**held, **changes})

    def unlock(self, number: str) -> None:
        """Removes the number lock, as the subscriber would at the losing carrier."""
        self.update_record(number, {"locked": False})

    def get_record(self, number: str) -> CarrierRecord:
        """The record of a number, or one that accepts anything."""
        return self.records.get(number) or CarrierRecord()

    def next_rejection(self, number: str, request: dict[str, Any]) -> str | None:
        """The carrier's rejection text for a port-in request, or None when it agrees.

        `request` holds the vendor's own field names. A `reject:` script is used up by this call.
        """
        record = self.get_record(number)
        code = record.script.removeprefix("reject:")
        if code != record.script and number not in self._scripted_rejections_sent:
            self._scripted_rejections_sent.add(number)
            return code
        if record.locked:
            return NUMBER_LOCKED
        if _mismatch(record.account_number, request.get("CurrentAccountNumber")):
            return WRONG_ACCOUNT_NUMBER
        if _mismatch(record.pin, request.get("CurrentAccountPassword")):
            return WRONG_PIN
        address = request.get("CurrentBillingAddress") or {}
        if _mismatch(record.zip, address.get("Zip")):
            return MISMATCH
        if _mismatch(record.name, request.get("SubscriberName")):
            return MISMATCH
        return None

    def order_status(self, phase: Phase) -> str:
        """The vendor's word for a phase in the chosen vocabulary."""
        return ORDER_STATUSES[self.vocabulary][phase]

    def due_at(
        self, received_at: datetime, event: Literal["acknowledge", "decide", "complete"]
    ) -> datetime:
        """When the carrier acts on a request that reached it at `received_at`."""
        seconds: float = getattr(self.timings, f"{event}_after")
        return received_at + timedelta(seconds=seconds)


def _mismatch(expected: str | None, given: str | None) -> bool:
    return expected is not None and expected != given
