"""Numbers as workflows see them, and how they are recognized in the vendor's inventory."""

from datetime import UTC, datetime, timedelta

import telegent
from activities.support.write_activity import Wanted
from telegent import parse_activation_code
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.lines import ProductType
from telegent_orchestrator.port_in import Classification, MessageType


class BuyNumber(Wanted):
    """A number to buy, assigned to its subscriber in the same request.

    The assignment is what makes a purchase findable whose response was lost.

    Attributes:
        sim_used_until: Until when another line or port-in may have put a number on the SIM.
        recorded_number: The number that an earlier run of the line ended with.
        known_numbers: The subscriber's numbers that are not this line's: those it had before, and
            those of other lines.
        unambiguous: Another number of the subscriber can only be this line's, if no other
            onboarding buys for the account.
        own_line_id_prefix: How the ids of this onboarding's line workflows begin.
        bought_after: Before then nothing was bought for this line.
    """

    account_id: str
    subscriber_id: str
    classification: Classification = "mvno"
    product_type: ProductType
    message_type: MessageType
    message_route_id: str | None = None
    voice_route_id: str | None = None
    area_code: str | None = None
    zip_code: str | None = None
    iccid: str | None = None
    sim_used_until: datetime | None = None
    recorded_number: str | None = None
    known_numbers: list[str] = []
    unambiguous: bool = True
    own_line_id_prefix: str
    bought_after: datetime

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the number"

    @property
    def used_before(self) -> datetime | None:
        """Until when another line or port-in may have put a number on the SIM."""
        return self.sim_used_until


class NumberRecord(WireModel):
    """A number as far as it is known: an order that is not complete may have no number yet.

    Attributes:
        subscriber_id: The subscriber that it is assigned to.
        in_service: Its order is complete.
        released: It is in our inventory, and out of service.
    """

    order_id: str | None = None
    phone_number: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    activation_code: str | None = None
    subscriber_id: str | None = None
    in_service: bool = False
    released: bool = False

    def may_belong_to(self, subscriber_id: str | None) -> bool:
        """Whether it is in service, and another subscriber's only if that is not known."""
        return not self.released and self.subscriber_id in (None, subscriber_id)

    def __str__(self) -> str:
        return self.phone_number or f"of order {self.order_id}"


COMPLETED_STATUSES = ("complete", "completed")
RELEASED_STATUSES = ("inactive", "cancelled", "canceled", "deactivated")
"""The status of a cancelled number is not documented. A parked one may look the same: it was not
bought a moment ago either."""
FAILED_STATUSES = ("failed", "error", "rejected", "cancelled", "canceled")
PURCHASE_DATE_TOLERANCE = timedelta(days=2)
"""The vendor's dates of purchase have neither hour nor time zone."""


def is_released(number: telegent.Number) -> bool:
    """Whether a number of the inventory is out of service."""
    return (number.status or "").casefold() in RELEASED_STATUSES


def is_candidate(number: telegent.Number, wanted: BuyNumber) -> bool:
    """Whether a number of the subscriber may be the one that was bought."""
    if number.number in wanted.known_numbers or is_released(number):
        return False
    bought = _purchased_on(number)
    return bought is None or bought > wanted.bought_after - PURCHASE_DATE_TOLERANCE


def _purchased_on(number: telegent.Number) -> datetime | None:
    """The day, which is all that the vendor shows; None when it cannot be read."""
    try:
        day = datetime.strptime(number.original_date_purchased or "", "%m/%d/%Y")
    except ValueError:
        return None
    return day.replace(tzinfo=UTC)


def to_record(number: telegent.Number) -> NumberRecord:
    """A number of the inventory, as workflows see it."""
    return NumberRecord(
        order_id=number.order_id,
        phone_number=number.number,
        number_id=number.number_id,
        iccid=number.iccid,
        activation_code=parse_activation_code(number.qr_code),
        subscriber_id=number.assigned_subscriber_id,
        released=is_released(number),
    )
