"""The losing carriers of port-ins: their records of numbers, and how they respond."""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Vocabulary = Literal["kb", "bp", "oas"]
Phase = Literal["submitted", "acknowledged", "scheduled", "rejected", "complete", "cancelled"]

WRONG_ACCOUNT_NUMBER = "8A-ACCOUNT_NUM_REQ_OR_INCORRECT"
NUMBER_LOCKED = "6P-REMOVE NUMBER LOCK ON VERIZON ACCOUNT"
MISMATCH = "1P-Other"
# Only the code 6B is published; its text is the simulator's.
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
    """Seconds from a submit or correction until the carrier acknowledges, decides and completes."""

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
    """What the losing carrier holds for one number, and how it behaves.

    Attributes:
        account_number: Expected account number; None for any. The same holds for `pin`, `zip` and
            `name`.
        locked: Whether the number is locked, so that requests are rejected.
        eligible: Whether the number can be ported.
        carrier: Name of the carrier.
        delay: Seconds by which the carrier is later than its timings.
        script: Further behaviour: `accept`; `reject:<text>` rejects the first request with this
            text; `lock` sets `locked`; `silent` never responds; `complete_during_cancel` completes
            the port when it is cancelled; `cancelled_once` reports Cancelled once although the
            port continues; `flicker` reports another status and message at every read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_number: str | None = None
    pin: str | None = None
    zip: str | None = None
    name: str | None = None
    locked: bool = False
    eligible: bool = True
    carrier: str = "Example Carrier"
    delay: float = Field(default=0.0, ge=0)
    script: str = Field(
        default="accept",
        pattern=r"^(accept|lock|silent|complete_during_cancel|cancelled_once|flicker|reject:.+)$",
    )

    @model_validator(mode="before")
    @classmethod
    def _lock_script_locks(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("script") == "lock":
            return {"locked": True, **values}
        return values


class Carrier:
    """Responds to port-in requests. A number without a record accepts any data."""

    def __init__(self, timings: CarrierTimings, vocabulary: Vocabulary) -> None:
        self.timings = timings
        self.vocabulary: Vocabulary = vocabulary
        self.records: dict[str, CarrierRecord] = {}
        self._scripted_rejections_sent: set[str] = set()

    def set_record(self, number: str, record: CarrierRecord) -> None:
        """Set the record of an E.164 number. Its `reject:` script applies again."""
        self.records[number] = record
        self._scripted_rejections_sent.discard(number)

    def update_record(self, number: str, changes: dict[str, Any]) -> None:
        """Update fields of a record, or create it.

        Args:
            number: E.164 number.
            changes: New values by field name, e.g. `{"locked": False}`.

        Raises:
            pydantic.ValidationError: Unknown fields or invalid values.
        """
        known = self.records.get(number)
        held = known.model_dump() if known else {}
        if "script" in changes:
            held.pop("locked", None)
            self._scripted_rejections_sent.discard(number)
        self.records[number] = CarrierRecord.model_validate({**held, **changes})

    def unlock(self, number: str) -> None:
        """Remove the number lock, as the subscriber would at the losing carrier."""
        self.update_record(number, {"locked": False})

    def get_record(self, number: str) -> CarrierRecord:
        """Return the record of a number, or one that accepts any data."""
        return self.records.get(number) or CarrierRecord()

    def next_rejection(self, number: str, request: dict[str, Any]) -> str | None:
        """Decide on a port-in request. A `reject:` script applies once.

        Args:
            number: E.164 number.
            request: Data of the request, with the vendor's field names.

        Returns:
            The rejection text; None if the carrier accepts the request.
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
        """Return the vendor's status for a phase, in the chosen vocabulary."""
        return ORDER_STATUSES[self.vocabulary][phase]

    def shown_phase(self, number: str, phase: Phase, polls: int) -> tuple[Phase, str | None]:
        """Return the phase that a read shows, and a message that replaces the order's.

        Args:
            number: E.164 number.
            phase: Phase of the order.
            polls: How often the order was read, this time included.
        """
        script = self.get_record(number).script
        if phase in ("complete", "cancelled"):
            return phase, None
        if script == "cancelled_once" and polls == 2:
            return "cancelled", None
        if script == "flicker":
            return ("submitted" if polls % 2 else "acknowledged"), f"Attempt {polls}"
        return phase, None

    def due_at(
        self,
        number: str,
        received_at: datetime,
        event: Literal["acknowledge", "decide", "complete"],
    ) -> datetime:
        """Return when the carrier acts on a request that it received at `received_at`."""
        seconds: float = getattr(self.timings, f"{event}_after")
        return received_at + timedelta(seconds=seconds + self.get_record(number).delay)


def _mismatch(expected: str | None, given: str | None) -> bool:
    return expected is not None and expected != given
