"""What is known about a resource that is being created, and what may be done next.

The API has no idempotency key, so a create is not repeated before the outcome of the last one is
known. The resource is looked up. If it is found, it is adopted; if its absence is shown, it is
created again; if neither can be shown, an operator decides.

Nothing in here depends on Temporal: a `CreateAttempt` is told what happened, and says what comes
next.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_EVIDENCE = 20
"""Failures that an escalation quotes: the first one, and the latest."""


class AttemptAction(Enum):
    """What an attempt needs next."""

    LOOK_UP = "look it up"
    CREATE = "create it"
    CONFIRM = "wait until its order is complete"
    ESCALATE = "let an operator decide"
    DONE = "use the resource"
    FAIL = "raise the failure"


class Origin(Enum):
    """Where a resource came from."""

    CREATED = "created"
    FOUND = "found"
    CHOSEN = "chosen by an operator"


@dataclass
class CreateAttempt(Generic[T]):
    """One resource, from the first lookup or create to its id.

    Attributes:
        unique: The vendor rejects a second one, so a rejection may mean that it exists.
        max_lost_responses: After so many lost responses an operator decides.
        escalates: False: the attempt fails where an operator would have to decide.
        lookup_first: Look it up before the first create.
        created_before: It may have been created before this time, by a previous run, a create whose
            response was lost, or another onboarding; None: none of these can have created it.
        may_be_ours: It may exist because of us, so a cancel must roll it back or name it.
        lost_responses: Creates whose outcome is unknown, since an operator last decided.
        absent: The last lookup has shown that it does not exist.
        rejection: Why the vendor rejected it, while that may be because it exists.
        evidence: The failures so far, for an operator.
        resource: The resource, once it is known.
        failure: Why there is none, once that is known.
    """

    unique: bool = False
    max_lost_responses: int = 2
    escalates: bool = True
    lookup_first: bool = False
    created_before: datetime | None = None
    next_action: AttemptAction = AttemptAction.CREATE
    may_be_ours: bool = False
    lost_responses: int = 0
    absent: bool = False
    rejection: BaseException | None = None
    evidence: list[str] = field(default_factory=list)
    resource: T | None = None
    origin: Origin | None = None
    failure: BaseException | None = None
    _may_have_created: bool = False  # in this run or a previous one

    def __post_init__(self) -> None:
        self._may_have_created = self.may_be_ours = self.created_before is not None
        if self.lookup_first or self._may_have_created:
            self.next_action = AttemptAction.LOOK_UP

    def on_unseen_creates(self, until: datetime) -> None:
        """It may have been created before `until`, which this history does not show."""
        self.created_before = until
        self._may_have_created = self.may_be_ours = True
        if self.next_action is AttemptAction.CREATE:
            self.next_action = AttemptAction.LOOK_UP

    def on_found(self, resource: T) -> None:
        """The lookup has found it."""
        # Found without a create of ours that may have succeeded, it existed before.
        self.may_be_ours = self._may_have_created
        self._use(resource, Origin.FOUND)

    def on_absent(self) -> None:
        """The lookup shows that it does not exist."""
        self.may_be_ours, self.absent = False, True
        if self.lost_responses >= self.max_lost_responses:
            self._escalate()
        else:
            # Also after a rejection, once: what the create refers to may not have been visible yet.
            self.next_action = AttemptAction.CREATE

    def on_lookup_failed(
        self, failure: BaseException, message: str, *, several_match: bool
    ) -> None:
        """The lookup shows neither: several resources match, or the vendor rejects the lookup."""
        self._add_evidence(message)
        if self.rejection and not several_match:
            self._fail(failure)
        else:
            self._escalate(failure)

    def before_send(self) -> None:
        """The create is about to be sent."""
        self.may_be_ours, self.absent = True, False

    def on_created(self, resource: T, *, confirmed: bool = True) -> None:
        """The response names it. Without `confirmed`, it is only ordered."""
        self._use(resource, Origin.CREATED)
        if not confirmed:
            self.next_action = AttemptAction.CONFIRM

    def on_lost(self, failure: BaseException, message: str, at: datetime) -> None:
        """The outcome of a create is unknown."""
        self._add_evidence(message)
        self.lost_responses += 1
        self._may_have_created = self.may_be_ours = True
        self.failure, self.rejection = failure, None
        self.created_before, self.next_action = at, AttemptAction.LOOK_UP

    def on_rejected(
        self, failure: BaseException, message: str, at: datetime, *, may_mean_it_exists: bool = True
    ) -> None:
        """The vendor has rejected a create.

        Args:
            failure: The rejection.
            message: Its message.
            at: When.
            may_mean_it_exists: The rejection may mean that it exists.
        """
        self._add_evidence(message)
        self.may_be_ours = self._may_have_created
        if may_mean_it_exists and self.rejection is None and (self.unique or self.lost_responses):
            self.rejection = failure
            self.created_before, self.next_action = at, AttemptAction.LOOK_UP
        else:
            self._fail(failure)

    def on_confirmed(self, resource: T) -> None:
        """Its order is complete."""
        self.resource, self.next_action = resource, AttemptAction.DONE

    def on_not_confirmed(self, failure: BaseException, message: str, *, definite: bool) -> None:
        """Its order has failed (`definite`), or is complete and does not name it."""
        self._add_evidence(message)
        if definite:
            self.resource, self.may_be_ours = None, False
            self._fail(failure)
        else:
            self._escalate(failure)

    def on_retry(self) -> None:
        """An operator says that it does not exist; where lookups come first, one confirms that."""
        self.resource, self.origin, self.rejection = None, None, None
        self.lost_responses = 0
        self.next_action = AttemptAction.LOOK_UP if self.lookup_first else AttemptAction.CREATE

    def on_chosen(self, resource: T) -> None:
        """An operator has chosen a resource."""
        self.may_be_ours = True
        self._use(resource, Origin.CHOSEN)

    def on_wrong_choice(self, message: str) -> None:
        """The resource that an operator has chosen cannot be this one."""
        self._add_evidence(message)

    def on_abandoned(self, failure: BaseException) -> None:
        """An operator has abandoned it."""
        self._fail(failure)

    def _use(self, resource: T, origin: Origin) -> None:
        self.resource, self.origin, self.next_action = resource, origin, AttemptAction.DONE

    def _escalate(self, failure: BaseException | None = None) -> None:
        self.failure = failure or self.failure
        self.next_action = AttemptAction.ESCALATE if self.escalates else AttemptAction.FAIL

    def _fail(self, failure: BaseException) -> None:
        self.failure, self.next_action = failure, AttemptAction.FAIL

    def _add_evidence(self, message: str) -> None:
        self.evidence.append(message)
        if len(self.evidence) > MAX_EVIDENCE:
            del self.evidence[1]
