"""Hands out the requests that the vendor permits, to all workers of the namespace."""

from pydantic import JsonValue
from temporalio import workflow

from activities.request_allowance import AllowanceLedger, Lease, LeaseRequest
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.request_allowance import (
    ALLOWANCE_WORKFLOW,
    LEASE_UPDATE,
    SET_LIMIT_UPDATE,
    AllowanceStatus,
    LimitCommand,
)
from workflows.support.messages import parse_message


@workflow.defn(name=ALLOWANCE_WORKFLOW)
class AllowanceWorkflow:
    """Is open while workers run. Its state outlives each of them, so that one that replaces another
    knows what that has sent."""

    @workflow.init
    def __init__(self, ledger: AllowanceLedger) -> None:
        self._ledger = ledger

    @workflow.run
    async def run(self, ledger: AllowanceLedger) -> None:
        """Continues as new when its history is long."""
        await workflow.wait_condition(workflow.info().is_continue_as_new_suggested)
        workflow.continue_as_new(self._ledger)

    @workflow.update(name=LEASE_UPDATE, description="sent by workers, not by operators")
    async def lease(self, *sent: JsonValue) -> Lease:
        """Takes a LeaseRequest: permits requests."""
        return self._ledger.lease(parse_message(LeaseRequest, sent), workflow.now().timestamp())

    @lease.validator
    def _validate_lease(self, *sent: JsonValue) -> None:
        parse_message(LeaseRequest, sent)

    @workflow.update(name=SET_LIMIT_UPDATE, description="set the request limit of all workers")
    async def set_limit(self, *sent: JsonValue) -> AllowanceStatus:
        """Takes a LimitCommand: sets the limit at once."""
        self._ledger.command(parse_message(LimitCommand, sent))
        return self.status(workflow.now().timestamp())

    @set_limit.validator
    def _validate_set_limit(self, *sent: JsonValue) -> None:
        parse_message(LimitCommand, sent)

    @workflow.query(name=STATUS_QUERY)
    def status(self, now: float) -> AllowanceStatus:
        """Returns what may be sent at `now`, a Unix time, and what was sent in the window before.

        A workflow's own clock shows the time of its last task.
        """
        return self._ledger.status(now)
