"""What a row of the table of writes says: see write_specs.py."""

from dataclasses import dataclass
from enum import StrEnum

WRITE_SPEC_ATTR = "__telegent_write_spec__"


class WriteKind(StrEnum):
    """What a repeat of a write does, and so how often it may be sent."""

    IDEMPOTENT = "idempotent"
    """A repeat ends in the same state."""

    CREATE = "create"
    """A repeat creates a second resource; what exists can be looked up."""

    PURCHASE = "purchase"
    """A repeat creates a second resource, which costs money."""

    PORT_REQUEST = "port request"
    """A request about one order, which shows the outcome."""


class Lag(StrEnum):
    """The setting that says how long the vendor may not show what exists."""

    READ = "read lag"
    PURCHASE = "purchase lag"


@dataclass(frozen=True)
class WriteSpec:
    """One write.

    Attributes:
        activity: The name that Temporal knows.
        kind: What a repeat does.
        natural_key: The vendor's natural key, or the mark that we put into a name.
        lookup: Where it is looked up; None if it cannot be.
        match_rule: Which resource counts as the one that this write created.
        absence_proof: What shows that it does not exist.
        lag: How long after a lost response a lookup that finds nothing is not yet proof of absence.
        lookup_first: It is looked up before the first attempt, and adopted, also when another
            caller created it.
        unique: The vendor rejects a second one, so a rejection may mean that it exists.
        max_lost_responses: After so many lost responses, absence shown after each, an operator
            decides: a vendor that loses two in a row may well hide what it did.
        escalates: An operator decides when neither success nor absence can be shown; False: the
            step fails then.
        escalates_when: When else an operator decides.
        compensation: The activity that rolls it back.
        compensate_until: The point of the onboarding after which a cancel retains it.
        retained_because: Why a cancel retains it, and names it to the operator.
    """

    activity: str
    kind: WriteKind
    natural_key: str
    lookup: str | None = None
    match_rule: str = ""
    absence_proof: str = ""
    lag: Lag | None = None
    lookup_first: bool = False
    unique: bool = False
    max_lost_responses: int = 2
    escalates: bool = True
    escalates_when: str = "never"
    compensation: str | None = None
    compensate_until: str = ""
    retained_because: str = ""
