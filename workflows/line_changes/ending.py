"""Ends a line or one of its subscriptions, and brings an ended line back.

The number is cancelled after everything else except the SIM: until then it can be ported out.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.line_changes import LineChangeActivities, LineResources, StatusChangeInput
from activities.onboarding.guardian import GuardianActivities
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.support.number_states import NumberState
from telegent_orchestrator.line_changes import CloseSubscription, End, LineState, WinBack
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.line_changes.number_status import set_status
from workflows.support.activity_calls import (
    execute_poll,
    execute_read,
    execute_settled_write,
)
from workflows.support.cancellation import raise_if_cancelled
from workflows.support.compensation import CompensationLog
from workflows.support.exactly_once import ResourceCreator

SUBSCRIPTION, FILTERS, RELATIONS, NUMBER, SIM = (
    "Subscription",
    "Filters",
    "Relations",
    "Number",
    "SIM",
)


def ending_steps(change: End) -> list[str]:
    """The steps of an end."""
    relations, sim = [RELATIONS] * change.remove_relations, [SIM] * change.free_sim
    return [SUBSCRIPTION, FILTERS, *relations, NUMBER, *sim]


def win_back_steps(change: WinBack) -> list[str]:
    """The steps of a win back."""
    return [NUMBER, *[SUBSCRIPTION] * bool(change.package_id)]


def closing_steps() -> list[str]:
    """The steps of closing a subscription."""
    return [SUBSCRIPTION]


async def end_line(line: ChangedLine, change: End) -> None:
    """Removes what belongs to the line, then cancels or parks its number."""
    resources = await execute_read(
        LineChangeActivities.find_line_resources, "Find what belongs to the line", line.known
    )
    await _close_subscriptions(line, resources)
    await _delete_filters(line, resources)
    if change.remove_relations:
        await _unlink(line, resources)
    raise_if_cancelled()
    if change.number == "cancel":
        write, wanted = LineChangeActivities.cancel_line, NumberState.GONE
    else:
        write, wanted = LineChangeActivities.suspend_line, NumberState.SUSPENDED
    iccid = line.known.iccid
    await set_status(line, NUMBER, write, StatusChangeInput(before=line.known, wanted=wanted))
    line.result.line_state = LineState.ENDED
    if change.free_sim:
        await _free_sim(line, iccid)


async def _close_subscriptions(line: ChangedLine, resources: LineResources) -> None:
    async with line.progress.step(SUBSCRIPTION):
        for subscription_id in resources.subscription_ids:
            raise_if_cancelled()
            line.result.changed = True
            await execute_settled_write(
                SubscriptionActivities.close_subscription,
                f"Close subscription {subscription_id}",
                subscription_id,
            )
            line.removed(f"subscription {subscription_id}")


async def close_subscription(line: ChangedLine, change: CloseSubscription) -> None:
    """Closes a subscription, unless it is the only one of a number in service."""
    subscription_id = line.result.subscription_id = change.subscription_id
    async with line.progress.step(SUBSCRIPTION):
        active = await execute_read(
            LineChangeActivities.check_surplus_subscription,
            "Check that it is not the subscription of a line in service",
            line.known,
            subscription_id,
        )
        raise_if_cancelled()
        while active:
            line.result.changed = True
            await execute_settled_write(
                SubscriptionActivities.close_subscription,
                f"Close subscription {subscription_id}",
                subscription_id,
            )
            try:
                await execute_poll(
                    LineChangeActivities.await_subscription_closed,
                    "Wait until lists no longer show it",
                    subscription_id,
                )
            except ActivityError as error:
                if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                    continue
            line.removed(f"subscription {subscription_id}")
            return


async def _delete_filters(line: ChangedLine, resources: LineResources) -> None:
    async with line.progress.step(FILTERS):
        for filter_id in resources.call_filter_ids:
            raise_if_cancelled()
            line.result.changed = True
            await execute_settled_write(
                GuardianActivities.delete_call_filter, "Delete the call filter", filter_id
            )
            line.removed(f"call filter {filter_id}")
        for filter_id in resources.message_filter_ids:
            raise_if_cancelled()
            line.result.changed = True
            await execute_settled_write(
                GuardianActivities.delete_message_filter, "Delete the message filter", filter_id
            )
            line.removed(f"message filter {filter_id}")


async def _unlink(line: ChangedLine, resources: LineResources) -> None:
    async with line.progress.step(RELATIONS):
        for parent_id, child_id in resources.relations:
            raise_if_cancelled()
            line.result.changed = True
            await execute_settled_write(
                GuardianActivities.unlink_guardian, "End the relation", parent_id, child_id
            )
            line.removed(f"relation of {parent_id} and {child_id}")


async def _free_sim(line: ChangedLine, iccid: str | None) -> None:
    if iccid is None:
        line.progress.skip(SIM, "the number has no SIM")
        return
    async with line.progress.step(SIM):
        await execute_settled_write(LineChangeActivities.free_sim, "Release the SIM", iccid)
        line.removed(f"SIM {iccid}")


async def win_back(line: ChangedLine, change: WinBack) -> None:
    """Reactivates the number, then starts a subscription."""
    cancelled = change.number == "cancelled"
    await set_status(
        line,
        NUMBER,
        LineChangeActivities.reactivate_line if cancelled else LineChangeActivities.restore_line,
        StatusChangeInput(
            before=line.known, wanted=NumberState.ACTIVE, account_id=change.account_id
        ),
    )
    line.result.line_state = LineState.ACTIVE
    if change.package_id:
        async with line.progress.step(SUBSCRIPTION):
            await _start_subscription(line, change.package_id)


async def _start_subscription(line: ChangedLine, package_id: str) -> None:
    number = await execute_read(
        LineChangeActivities.read_line, "Read the number", line.known.phone_number
    )
    if number.subscriber_id is None or number.number_id is None:
        raise ApplicationError(
            "the number has no subscriber any more: start a subscription in an onboarding",
            type="NoSubscriber",
        )
    creator = ResourceCreator(line.progress, CompensationLog(line.progress))
    line.result.subscription_id = await creator.ensure(
        SubscriptionActivities.start_subscription,
        StartSubscription(
            subscriber_id=number.subscriber_id,
            package_id=package_id,
            number_id=number.number_id,
            iccid=number.iccid,
            classification=number.classification,
            closed_before=workflow.info().workflow_start_time,
        ),
        lookup_first=True,
    )
