"""Changes the plan of a line: package, product type, data limits, renewal."""

from temporalio.exceptions import ActivityError

from activities.line_plans import LinePlanActivities, ProductTypeInput, SubscriptionChangeInput
from activities.onboarding.data_usage import DataUsageActivities
from telegent_orchestrator.line_changes import ChangeLimits, ChangePlan
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.support.activity_calls import (
    execute_poll,
    execute_read,
    execute_settled_write,
)

PLAN, PRODUCT_TYPE, DATA_LIMITS, RENEWAL = "Plan", "Product type", "Data limits", "Renewal"


def limits_steps(change: ChangeLimits | ChangePlan) -> list[str]:
    """The steps of a change of data limits and renewal."""
    return [DATA_LIMITS] * bool(change.data_limits) + [RENEWAL] * bool(change.renewal)


def plan_steps(change: ChangePlan) -> list[str]:
    """The steps of a change of the plan."""
    return [PLAN, *[PRODUCT_TYPE] * bool(change.product_type), *limits_steps(change)]


async def change_plan(line: ChangedLine, change: ChangePlan) -> None:
    """Gives the line's subscription another package; product type and limits follow."""
    async with line.progress.step(PLAN):
        subscription_id = await execute_read(
            LinePlanActivities.find_line_subscription,
            "Find the subscription of the line",
            line.known,
            change.subscription_id,
        )
        line.result.subscription_id = subscription_id
        request = SubscriptionChangeInput(
            subscription_id=subscription_id, package_id=change.package_id
        )
        await change_subscription(line, request)
    if change.product_type:
        async with line.progress.step(PRODUCT_TYPE):
            await execute_settled_write(
                LinePlanActivities.set_product_type,
                f"Set the product type {change.product_type.value}",
                ProductTypeInput(
                    phone_number=line.known.phone_number,
                    product_type=change.product_type,
                    message_route_id=change.message_route_id,
                    voice_route_id=change.voice_route_id,
                ),
            )
    await change_limits(line, change)


async def change_subscription(line: ChangedLine, request: SubscriptionChangeInput) -> None:
    """Changes a subscription and reads it back.

    An update without `Active` may have deactivated it.
    """
    while True:
        line.result.changed = True
        await execute_settled_write(
            LinePlanActivities.change_subscription, "Change the subscription", request
        )
        try:
            active = await execute_poll(
                LinePlanActivities.await_subscription, "Read back the subscription", request
            )
        except ActivityError as error:
            if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                continue
            return
        if active:
            return
        request = request.model_copy(update={"set_active": True})


async def change_limits(line: ChangedLine, change: ChangeLimits | ChangePlan) -> None:
    """Sets data limits and renewal, and shows what Telegent does not show yet."""
    number = line.known.phone_number
    if limits := change.data_limits:
        async with line.progress.step(DATA_LIMITS):
            line.result.changed = True
            await execute_settled_write(
                DataUsageActivities.set_data_limits,
                f"Limit data to {limits.limit_mb} MB",
                [number],
                limits,
            )
            differences = await execute_read(
                LinePlanActivities.read_limit_differences, "Read back the limits", number, limits
            )
            if differences:
                line.result.warnings.append(
                    "limits take effect at the next cycle or use; until then Telegent shows: "
                    + "; ".join(differences)
                )
    if renewal := change.renewal:
        async with line.progress.step(RENEWAL):
            line.result.changed = True
            await execute_settled_write(
                DataUsageActivities.set_renewal,
                f"Renew data every {renewal.every}",
                [number],
                renewal,
            )
