"""Gives a line another number. A swap is not repeatable: it is looked up like a purchase."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.line_changes import LineChangeActivities, LineRecord
from activities.line_filters import (
    FilterChange,
    FilterKind,
    FilterRecord,
    FilterTarget,
    FilterUpdate,
    LineFilterActivities,
)
from activities.line_numbers import LineNumberActivities, NewNumberRecord, SwapNumber
from activities.line_plans import SubscriptionChangeInput
from telegent_orchestrator.line_changes import ChangeNumber
from telegent_orchestrator.names import ORDER_KEY
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import (
    ChangedLine,
    finish_after_cancel,
    resolve_unconfirmed,
)
from workflows.line_changes.plan import change_subscription
from workflows.support.activity_calls import (
    execute_poll,
    execute_read,
    execute_settled_write,
)
from workflows.support.compensation import CompensationLog
from workflows.support.exactly_once import ResourceCreator

NUMBER, BINDING, SUBSCRIPTION, FILTERS = "Number", "Binding", "Subscription", "Filters"
MODES_OF_UPDATES = ("WHITELIST", "BLACKLIST")
CHECK_THE_REST = (
    "Telegent does not document whether data limits, renewal and E911 address follow to another "
    "number: check them, above all the E911 address"
)


def number_steps() -> list[str]:
    """The steps of a change of the number."""
    return [NUMBER, BINDING, SUBSCRIPTION, FILTERS]


async def change_number(line: ChangedLine, change: ChangeNumber) -> None:
    """Swaps the number; subscriber, subscription and filters follow."""
    old = line.known
    resources = await execute_read(
        LineChangeActivities.find_line_resources, "Find what belongs to the line", old
    )
    async with line.progress.step(NUMBER):
        new = await _swap(line, change, old)
        number = new.phone_number or ""
        line.result.new_phone_number = number
        line.result.warnings.append(CHECK_THE_REST)
    await _assign(line, old, new)
    await _move_subscriptions(line, old, new, resources.subscription_ids)
    if old.subscriber_id is None:
        line.progress.skip(FILTERS, "the number has no subscriber")
        return
    async with line.progress.step(FILTERS):
        kinds: tuple[FilterKind, ...] = ("call", "message")
        for kind in kinds:
            before = FilterTarget(
                kind=kind, subscriber_id=old.subscriber_id, phone_number=old.phone_number
            )
            await _move_filter(line, before, number)


async def _swap(line: ChangedLine, change: ChangeNumber, old: LineRecord) -> NewNumberRecord:
    number = old.phone_number
    swaps = await execute_read(
        LineNumberActivities.read_swaps_left, "Read how many swaps are left", number
    )
    wanted = SwapNumber(
        method=change.method,
        area_code=change.area_code,
        zip_code=change.zip_code,
        phone_number=number,
        number_id=old.number_id,
        iccid=old.iccid,
        swaps_before=swaps,
    )
    creator = ResourceCreator(line.progress, CompensationLog(line.progress))
    line.result.changed = True
    try:
        new = await creator.ensure(LineNumberActivities.swap_number, wanted)
    except (asyncio.CancelledError, ActivityError):
        if workflow.cancellation_reason() is None:
            raise
        # A cancel that comes after the swap is too late: what belongs to the line has to follow.
        found = await finish_after_cancel(creator, LineNumberActivities.swap_number, wanted)
        if found is None:
            raise
        new = found
    result = line.result
    result.swaps_remaining, result.order_id = new.swaps_remaining, new.order_id
    line.progress.search_attributes[ORDER_KEY] = new.order_id or ""
    return new


async def _assign(line: ChangedLine, old: LineRecord, new: NewNumberRecord) -> None:
    if old.subscriber_id is None or new.subscriber_id == old.subscriber_id:
        line.progress.skip(BINDING, "the subscriber is the same")
        return
    async with line.progress.step(BINDING):
        await execute_settled_write(
            LineNumberActivities.assign_number,
            "Assign the number to the subscriber",
            new.phone_number or "",
            old.subscriber_id,
        )


async def _move_subscriptions(
    line: ChangedLine, old: LineRecord, new: NewNumberRecord, subscription_ids: list[str]
) -> None:
    if new.number_id is None or new.number_id == old.number_id:
        line.progress.skip(SUBSCRIPTION, "the id of the number is the same")
        return
    async with line.progress.step(SUBSCRIPTION):
        for subscription_id in subscription_ids:
            line.result.subscription_id = subscription_id
            await change_subscription(
                line,
                SubscriptionChangeInput(subscription_id=subscription_id, number_id=new.number_id),
            )


async def _move_filter(line: ChangedLine, before: FilterTarget, number: str) -> None:
    """Points the filter of the old number to the new one, unless that has one already."""
    after = before.model_copy(update={"phone_number": number})
    read = LineFilterActivities.read_filter
    found = await execute_read(read, f"Read the new number's {after.kind} filter", after)
    if found is None:
        old = await execute_read(read, f"Read the old number's {before.kind} filter", before)
        if old is None:
            return
        if before.kind == "call" and old.mode not in MODES_OF_UPDATES:
            line.result.warnings.append(
                f"call filter {old.filter_id} is still that of the old number: Telegent's update "
                f"does not take its mode {old.mode}. Create one for the new number"
            )
            return
        await _update_until_shown(before, after, old)
        found = old
    if before.kind == "call":
        line.result.call_filter_id = found.filter_id
    else:
        line.result.message_filter_id = found.filter_id


async def _update_until_shown(
    before: FilterTarget, after: FilterTarget, found: FilterRecord
) -> None:
    update = FilterUpdate(
        target=before, filter_id=found.filter_id, new_phone_number=after.phone_number
    )
    while True:
        await execute_settled_write(
            LineFilterActivities.update_filter, f"Move the {before.kind} filter", update
        )
        try:
            await execute_poll(
                LineFilterActivities.await_filter,
                "Read back the filter",
                FilterChange(target=after, mode=found.mode),
            )
        except ActivityError as error:
            if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                continue
        return
