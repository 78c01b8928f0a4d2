"""Swaps the SIM of a line. A swap is not repeatable: it is looked up like a purchase."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.line_changes import LineChangeActivities
from activities.line_plans import SubscriptionChangeInput
from activities.line_sims import LineSimActivities, SimRecord, SwapSim as SwapInput
from activities.onboarding.numbers import NumberActivities
from telegent_orchestrator._validation import canonical_iccid
from telegent_orchestrator.line_changes import SwapSim
from telegent_orchestrator.names import ORDER_KEY
from workflows.line_changes.changed_line import ChangedLine, finish_after_cancel
from workflows.line_changes.plan import change_subscription
from workflows.sims.claim_workflow import claim_sim
from workflows.support.activity_calls import execute_read, execute_settled_write
from workflows.support.compensation import CompensationLog
from workflows.support.exactly_once import ResourceCreator

SIM, SUBSCRIPTION, OLD_SIM = "SIM", "Subscription", "Old SIM"


def swap_steps() -> list[str]:
    """The steps of a swap."""
    return [SIM, SUBSCRIPTION, OLD_SIM]


async def swap_sim(line: ChangedLine, change: SwapSim) -> None:
    """Swaps the SIM; the subscription follows, and the old SIM is released."""
    number = line.known.phone_number
    resources = await execute_read(
        LineChangeActivities.find_line_resources, "Find the subscription of the line", line.known
    )
    async with line.progress.step(SIM):
        before = await execute_read(LineSimActivities.read_sim, "Read the SIM", number)
        if change.iccid and change.iccid == canonical_iccid(before.iccid or ""):
            raise ApplicationError("the line is on this SIM already", type="SimInUse")
        if change.iccid:
            await _require_free(number, change.iccid)
        new = await _swap(line, change, before)
    async with line.progress.step(SUBSCRIPTION):
        for subscription_id in resources.subscription_ids:
            line.result.subscription_id = subscription_id
            await change_subscription(
                line, SubscriptionChangeInput(subscription_id=subscription_id, iccid=new.iccid)
            )
    if before.iccid is None or before.iccid == new.iccid:
        line.progress.skip(OLD_SIM, "there is none")
        return
    async with line.progress.step(OLD_SIM):
        await execute_settled_write(
            LineChangeActivities.free_sim, "Release the old SIM", before.iccid
        )
        line.removed(f"SIM {before.iccid}")


async def _require_free(number: str, iccid: str) -> None:
    """Claims a physical SIM, and fails when it is another number's."""
    claim = await claim_sim(iccid)
    if claim.holder:
        raise ApplicationError(
            f"workflow {claim.holder} is open and uses SIM {iccid}", type="SimInUse"
        )
    carried = await execute_read(
        NumberActivities.read_number_on_sim, "Check what the SIM carries", iccid
    )
    if carried not in (None, number):
        raise ApplicationError(f"SIM {iccid} already carries {carried}", type="SimInUse")


async def _swap(line: ChangedLine, change: SwapSim, before: SimRecord) -> SimRecord:
    creator = ResourceCreator(line.progress, CompensationLog(line.progress))
    wanted = SwapInput(
        phone_number=line.known.phone_number,
        iccid=change.iccid,
        iccid_before=before.iccid,
        swaps_before=before.swaps_remaining,
    )
    line.result.changed = True
    try:
        new = await creator.ensure(LineSimActivities.swap_sim, wanted)
    except (asyncio.CancelledError, ActivityError):
        if workflow.cancellation_reason() is None:
            raise
        # A cancel that comes after the swap is too late: the subscription has to follow.
        found = await finish_after_cancel(creator, LineSimActivities.swap_sim, wanted)
        if found is None:
            raise
        new = found
    result = line.result
    result.iccid, result.activation_code = new.iccid, new.activation_code
    result.swaps_remaining, result.order_id = new.swaps_remaining, new.order_id
    line.progress.search_attributes[ORDER_KEY] = new.order_id or ""
    return new
