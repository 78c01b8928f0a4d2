"""Reconciliation: what differs between Telegent and what our workflows know."""

from collections import Counter
from datetime import datetime
from enum import StrEnum

from telegent_orchestrator._models import WireModel

RECONCILE_WORKFLOW = "ReconcileWorkflow"
RECONCILE_ID = "reconcile"
"""Workflow id of a run that an operator starts; the schedule adds the time to its own."""
RECONCILE_SCHEDULE_ID = "telegent-orchestrator-reconcile"
MAX_FINDINGS = 1000
"""In a report. What more there is, is counted."""


class FindingKind(StrEnum):
    """What differs.

    Attributes:
        UNKNOWN_NUMBER: Telegent has a number that no workflow knows.
        UNSEEN_PORT_IN: A number has been ported in, and its port-in has not seen that.
        NUMBER_LEFT: A line's number is not in service any more, and no workflow has ended it.
        NUMBER_WITHOUT_SUBSCRIPTION: A number is in service, and no subscription charges it.
        SUBSCRIPTION_WITHOUT_NUMBER: A subscription is charged for a number that is not in service.
        SEVERAL_SUBSCRIPTIONS: A number is charged more than once.
        BINDING_DIFFERS: Subscriber, product type, routes, SIM or package are not as last requested.
        LIMITS_DIFFER: The same for the data limits.
        GUARDIAN_DIFFERS: The same for AI Guardian.
    """

    UNKNOWN_NUMBER = "unknown_number"
    UNSEEN_PORT_IN = "unseen_port_in"
    NUMBER_LEFT = "number_left"
    NUMBER_WITHOUT_SUBSCRIPTION = "number_without_subscription"
    SUBSCRIPTION_WITHOUT_NUMBER = "subscription_without_number"
    SEVERAL_SUBSCRIPTIONS = "several_subscriptions"
    BINDING_DIFFERS = "binding_differs"
    LIMITS_DIFFER = "limits_differ"
    GUARDIAN_DIFFERS = "guardian_differs"


class Finding(WireModel):
    """One difference, and what resolves it.

    Attributes:
        phone_number: Empty if only a subscription is known.
        line: The line of an onboarding, such as `family-2041:first`; empty if it is not known.
        detail: What differs, in words.
        remedy: The command that resolves it, in which each `…` is to be replaced; or what to do in
            Telegent's portal, if no command does it.
        workflow_id: The workflow that knows the number; empty if none does.
    """

    kind: FindingKind
    phone_number: str = ""
    line: str = ""
    subscription_id: str = ""
    detail: str
    remedy: str
    workflow_id: str = ""


class ReconcileReport(WireModel):
    """What a reconciliation has compared, and what it has found.

    Attributes:
        ended_at: None while it is running.
        numbers: Numbers of the inventory.
        subscriptions: Active subscriptions.
        lines: Lines and numbers that our workflows know.
        in_progress: Numbers that were left out, because a workflow was changing them.
        records_since: Numbers that are older are not reported as unknown: Temporal does not keep
            the workflows that may have created them. None: Temporal does not say how long it does.
        older_numbers: How many numbers that no workflow knows are older.
        requests: Requests to Telegent, without those for tokens.
        counts: Findings of each kind, also of those that are cut.
        findings: At most 1,000.
        not_compared: What could not be read, and why.
    """

    started_at: datetime | None = None
    ended_at: datetime | None = None
    numbers: int = 0
    subscriptions: int = 0
    lines: int = 0
    in_progress: int = 0
    records_since: datetime | None = None
    older_numbers: int = 0
    requests: int = 0
    counts: dict[FindingKind, int] = {}
    findings: list[Finding] = []
    not_compared: list[str] = []

    @property
    def total(self) -> int:
        """The number of findings, also of those that are cut."""
        return sum(self.counts.values())

    def add(self, found: list[Finding]) -> None:
        """Adds findings, and cuts them."""
        self.counts = dict(Counter(finding.kind for finding in found))
        self.findings = found[:MAX_FINDINGS]
