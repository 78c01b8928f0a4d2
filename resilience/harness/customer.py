"""A customer whose onboarding makes every vendor call at least once."""

from dataclasses import dataclass
from datetime import UTC, datetime

from simulator import CarrierRecord, CarrierSetup, CarrierTimings
from simulator.engine.carrier import WRONG_ACCOUNT_NUMBER
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection

FAST_TIMINGS = CarrierTimings(acknowledge_after=0.05, decide_after=0.1, complete_after=0.15)
"""A losing carrier that responds almost at once."""

PARENT, CHILD = "parent", "child"
PORTED, BOUGHT = "ported", "bought"
"""Keys of the two lines: the parent's number is ported in, the child's is new."""

_ADDRESS = {"street1": "100 Main Street", "city": "Lehi", "state": "UT", "zip": "84043"}
_WRONG, _RIGHT, _PIN = "100200300", "100200301", "482913"


@dataclass(frozen=True)
class Customer:
    """A request, and how the losing carrier treats it.

    Attributes:
        request: The onboarding.
        number: The number that is ported in.
        record: What the carrier has on record about `number`.
        rejection: The carrier's text for the request as it is.
        correction: What makes the carrier accept it.
    """

    request: OnboardingRequest
    number: str
    record: CarrierRecord
    rejection: str
    correction: PortInCorrection

    @property
    def rejections(self) -> dict[str, list[str]]:
        """The rejections that the carrier must send, by ported number."""
        return {self.number: [self.rejection]}

    def carrier(self, timings: CarrierTimings = FAST_TIMINGS) -> CarrierSetup:
        """The losing carrier, for a simulator of this customer alone."""
        return CarrierSetup(records={self.number: self.record}, timings=timings)


def create_customer(
    index: int, name: str = "resilience", *, shared_catalogue: str = ""
) -> Customer:
    """Customer number `index`.

    Args:
        index: 0 to 9,999,999 for each name.
        name: Start of the reference.
        shared_catalogue: Product and package of all customers with this value are the same;
            without it, they are the customer's own. All other data is never shared.
    """
    reference = f"{name}-{index}"
    number = f"+1435{2_000_000 + index:07d}"
    return Customer(
        request=OnboardingRequest.model_validate(
            _request(reference, number, shared_catalogue or reference)
        ),
        number=number,
        record=CarrierRecord(account_number=_RIGHT, pin=_PIN, zip=_ADDRESS["zip"]),
        rejection=WRONG_ACCOUNT_NUMBER,
        correction=PortInCorrection(account_number=_RIGHT, by="support desk"),
    )


def catalogue(reference: str) -> dict[str, object]:
    """One product and its package, named after `reference`."""
    return {
        "products": [
            {
                "key": "talk",
                "sku": f"TALK-{reference}",
                "description": "Talk",
                "type": "esim",
                "cost": "1.00",
            }
        ],
        "packages": [
            {
                "key": "plan",
                "name": f"Plan {reference}",
                "price": "2.00",
                "items": [{"product": "talk", "price": "2.00"}],
            }
        ],
    }


def _request(reference: str, number: str, catalogue_name: str) -> dict[str, object]:
    return {
        "reference": reference,
        "account": {"name": "Family", "billing_address": _ADDRESS},
        "subscribers": [_subscriber(PARENT, reference), _subscriber(CHILD, reference)],
        "routes": {
            "message": {"name": "Messages", "url": "https://mvno.example.com/messages"},
            "voice": {"name": "Calls", "type": "URL", "url": "https://mvno.example.com/calls"},
        },
        **catalogue(catalogue_name),
        "relations": [{"parent": PARENT, "child": CHILD}],
        "lines": [
            {
                "key": BOUGHT,
                "subscriber": CHILD,
                "package": "plan",
                "number": {"kind": "new", "area_code": "801"},
                "e911_address": _ADDRESS,
                "data_limits": {"notify_mb": 800, "limit_mb": 1000},
                "renewal": {"every": "week", "day": 1},
                "call_filter": {"mode": "WHITELIST", "allowed_numbers": [number]},
                "message_filter": {"mode": "ACTIVE", "block_links": True},
            },
            {
                "key": PORTED,
                "subscriber": PARENT,
                "package": "plan",
                "number": _port_in(number),
            },
        ],
    }


def _subscriber(key: str, reference: str) -> dict[str, object]:
    return {
        "key": key,
        "name": f"Example {key}",
        "email": f"{key}.{reference}@example.com",
        "password": "change-me-first",
        "guardian": True,
    }


def _port_in(number: str) -> dict[str, object]:
    return {
        "kind": "port_in",
        "phone_number": number,
        "losing_carrier": "Verizon",
        "account_number": _WRONG,
        "account_pin": _PIN,
        "billing_address": _ADDRESS,
        "authorization": {
            "reference": "loa-1",
            "attested_by": "operator",
            "attested_at": datetime(2026, 11, 20, 15, tzinfo=UTC),
        },
        "old_service_stays_active": True,
    }
