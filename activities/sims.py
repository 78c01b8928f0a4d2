"""Claims of physical SIMs: a SIM carries one number, so one line or port-in uses it at a time."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import ActivitySettings
from activities.support.outcomes import pending
from activities.support.write_activity import elapsed
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.names import TASK_QUEUE

SIM_CLAIM_WORKFLOW = "SimClaimWorkflow"
HOLDER_MEMO = "Holder"
MAX_POLL_INTERVAL = timedelta(hours=1)
"""The longest interval between polls of a holder: a claim of one that has ended does not count."""


class SimClaim(WireModel):
    """The outcome of a claim.

    Attributes:
        holder: The id of the open workflow that uses the SIM; None: the caller holds it now.
        used_until: When another workflow has stopped using it, if one has.
    """

    holder: str | None = None
    used_until: datetime | None = None


@dataclass(frozen=True)
class _Ended:
    """`at`: when; None: so long ago that Temporal has forgotten it."""

    at: datetime | None


@dataclass(frozen=True)
class SimActivities:
    """Claims of SIMs, as workflows of Temporal."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def claim_sim(self, iccid: str) -> SimClaim:
        """Claims a SIM for the calling workflow, until that ends.

        Repeated, by a run that was reset or started again too, it has the same outcome.
        """
        holder = activity.info().workflow_id
        assert holder is not None
        claim_id = self._claim_id(iccid)
        claim = await self._describe(claim_id)
        used_until = claim.close_time if claim else None
        if claim and claim.close_time is None:
            current = await claim.memo_value(HOLDER_MEMO, default="", type_hint=str)
            if current == holder:
                return SimClaim()
            ended = await self._ended(current)
            if ended is None:
                return SimClaim(holder=current)
            used_until = ended.at
            await self.temporal.get_workflow_handle(claim_id, run_id=claim.run_id).terminate(
                f"{current} has ended"
            )
        try:
            await self.temporal.start_workflow(
                SIM_CLAIM_WORKFLOW,
                holder,
                id=claim_id,
                task_queue=TASK_QUEUE,
                memo={HOLDER_MEMO: holder},
                static_summary=f"The SIM of {holder}",
            )
        except WorkflowAlreadyStartedError:
            raise pending(f"{claim_id} was claimed a moment ago", timedelta(seconds=0.2)) from None
        return SimClaim(used_until=used_until)

    @activity.defn
    async def await_sim_holder(self, workflow_id: str) -> None:
        """Returns when a workflow that holds a SIM has ended."""
        if await self._ended(workflow_id) is None:
            interval = max(self.settings.order_poll, min(elapsed() / 4, MAX_POLL_INTERVAL))
            raise pending(f"{workflow_id} is still open", interval)

    def _claim_id(self, iccid: str) -> str:
        """The workflow id of a SIM's claim: ids are not encrypted, so it shows no ICCID."""
        digest = hmac.new(self.settings.id_key.encode(), f"sim {iccid}".encode(), hashlib.sha256)
        return f"sim-{digest.hexdigest()[:24]}"

    async def _ended(self, workflow_id: str) -> _Ended | None:
        """That a workflow has ended; None while it is open."""
        try:
            run = await self._describe(workflow_id)
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return None
        if run is None:
            return _Ended(at=None)
        return _Ended(at=run.close_time) if run.close_time else None

    async def _describe(self, workflow_id: str) -> WorkflowExecutionDescription | None:
        try:
            return await self.temporal.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
