"""One line or port-in at a time for a physical SIM, which carries one number."""

from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.sims import SIM_CLAIM_WORKFLOW, SimActivities, SimClaim
from telegent_orchestrator.progress import ResolutionAction
from workflows.support.activity_calls import (
    AWAIT_WORKFLOW_OPTIONS,
    VENDOR_CALL_TIMEOUT,
    execute_wait,
    prepare_call,
)
from workflows.support.progress import RunningStep


@workflow.defn(name=SIM_CLAIM_WORKFLOW)
class SimClaimWorkflow:
    """Is open while a line or a port-in uses a SIM; its id is derived from the ICCID.

    When it ends, Telegent shows what the holder has put on the SIM.
    """

    @workflow.run
    async def run(self, holder: str) -> None:
        """Waits until the workflow with this id ends."""
        wait = prepare_call(
            AWAIT_WORKFLOW_OPTIONS, SimActivities.await_sim_holder, "Await its holder", holder
        )
        await wait()


async def claim_sim(iccid: str) -> SimClaim:
    """Claims a SIM for the running workflow, until it ends."""
    return await execute_wait(SimActivities.claim_sim, "Claim the SIM", iccid)


async def claim_sim_for_line(iccid: str) -> datetime | None:
    """Claims the line's SIM; an operator decides while another line or port-in holds it.

    Returns:
        The latest time at which another line or port-in may have put a number on the SIM; None if
        none has used it.
    """
    step, earlier = RunningStep.current(), list[str]()
    while True:
        claim = await claim_sim(iccid)
        if claim.holder is None:
            return claim.used_until + VENDOR_CALL_TIMEOUT if claim.used_until else None
        evidence = f"workflow {claim.holder} is open and uses SIM {iccid}"
        resolution = await step.escalate(
            "Another line or port-in uses this SIM. Retry once it has ended, or abandon the line "
            "and start it with another SIM.",
            [evidence, *earlier],
        )
        if resolution.action is ResolutionAction.ABANDON:
            raise ApplicationError(
                f"SIM {iccid} is used by {claim.holder}; abandoned by {resolution.by}: "
                f"{resolution.reason}",
                type="Abandoned",
            )
        if resolution.action is ResolutionAction.ADOPT:
            earlier = [f"{resolution.id} is not adopted, because the SIM is not this line's"]
