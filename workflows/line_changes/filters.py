"""Changes AI Guardian for a line: its filters, and features and relation of its subscriber."""

from temporalio.exceptions import ActivityError, ApplicationError

from activities.line_filters import (
    FilterChange,
    FilterKind,
    FilterList,
    FilterListEdit,
    FilterRecord,
    FilterTarget,
    FilterUpdate,
    GuardianSwitches,
    LineFilterActivities,
)
from activities.onboarding.guardian import (
    CreateCallFilter,
    CreateMessageFilter,
    GuardianActivities,
    GuardianLink,
)
from telegent_orchestrator.filter_changes import CallFilterChange, MessageFilterChange
from telegent_orchestrator.line_changes import ChangeFilters, ChangeGuardian, GuardianRelationChange
from telegent_orchestrator.lines import CallFilter, MessageFilter
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.support.activity_calls import (
    execute_poll,
    execute_read,
    execute_settled_write,
)
from workflows.support.cancellation import raise_if_cancelled
from workflows.support.compensation import CompensationLog
from workflows.support.exactly_once import ResourceCreator

CALL_FILTER, MESSAGE_FILTER, FEATURES, RELATION = (
    "Call filter",
    "Message filter",
    "Features",
    "Relation",
)


def filters_steps(change: ChangeFilters) -> list[str]:
    """The steps of a change of filters."""
    return [CALL_FILTER] * bool(change.call_filter) + [MESSAGE_FILTER] * bool(change.message_filter)


def guardian_steps(change: ChangeGuardian) -> list[str]:
    """The steps of a change of features and relation."""
    return [FEATURES] * change.changes_features + [RELATION] * bool(change.relation)


async def change_filters(line: ChangedLine, change: ChangeFilters) -> None:
    """Changes, creates or deletes the filters of the number."""
    result = line.result
    if edits := change.call_filter:
        async with line.progress.step(CALL_FILTER):
            result.call_filter_id = await _change_filter(line, _target(line, "call"), edits)
    if message_edits := change.message_filter:
        async with line.progress.step(MESSAGE_FILTER):
            target = _target(line, "message")
            result.message_filter_id = await _change_filter(line, target, message_edits)


def _target(line: ChangedLine, kind: FilterKind) -> FilterTarget:
    return FilterTarget(
        kind=kind, subscriber_id=line.subscriber_id, phone_number=line.known.phone_number
    )


async def _change_filter(
    line: ChangedLine, target: FilterTarget, edits: CallFilterChange | MessageFilterChange
) -> str | None:
    """Returns the id of the filter; None if the number has none any more."""
    found = await execute_read(
        LineFilterActivities.read_filter, f"Read the {target.kind} filter", target
    )
    raise_if_cancelled()
    if edits.off:
        await _delete(line, target, found)
        return None
    if found is None:
        return await _create(line, target, edits)
    change = FilterChange(target=target, edits=_list_edits(target, found, edits), mode=edits.mode)
    level = edits.level if isinstance(edits, MessageFilterChange) else None
    await _send_until_shown(line, change, found, level)
    return found.filter_id


def _list_edits(
    target: FilterTarget, found: FilterRecord, edits: CallFilterChange | MessageFilterChange
) -> list[FilterListEdit]:
    """The edits that the filter does not show yet."""
    parts: list[tuple[FilterList, bool, list[str]]] = [
        ("allowed", True, edits.allow),
        ("allowed", False, edits.disallow),
        ("blocked", True, edits.block),
        ("blocked", False, edits.unblock),
    ]
    wanted = [
        FilterListEdit(
            target=target, filter_id=found.filter_id, which=which, adding=adding, entries=entries
        )
        for which, adding, entries in parts
    ]
    return [edit for edit in wanted if not edit.shown_by(found)]


async def _send_until_shown(
    line: ChangedLine, change: FilterChange, found: FilterRecord, level: str | None
) -> None:
    """Sends the mode first: an update replaces the lists by those that were read before."""
    if not change.differences(found) and level is None:
        return
    while True:
        line.result.changed = True
        if level or change.mode not in (None, found.mode):
            update = FilterUpdate(
                target=change.target, filter_id=found.filter_id, mode=change.mode, level=level
            )
            await execute_settled_write(
                LineFilterActivities.update_filter, f"Set the mode {change.mode}", update
            )
        for edit in change.edits:
            await execute_settled_write(
                LineFilterActivities.edit_filter_list, str(edit).capitalize(), edit
            )
        try:
            await execute_poll(LineFilterActivities.await_filter, "Read back the filter", change)
        except ActivityError as error:
            if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                continue
        return


async def _delete(line: ChangedLine, target: FilterTarget, found: FilterRecord | None) -> None:
    if found is None:
        return
    if target.kind == "call":
        delete = GuardianActivities.delete_call_filter
    else:
        delete = GuardianActivities.delete_message_filter
    line.result.changed = True
    await execute_settled_write(delete, f"Delete the {target.kind} filter", found.filter_id)
    line.removed(f"{target.kind} filter {found.filter_id}")


async def _create(
    line: ChangedLine, target: FilterTarget, edits: CallFilterChange | MessageFilterChange
) -> str:
    if edits.mode is None:
        raise ApplicationError(
            f"the number has no {target.kind} filter: give a mode to create one", type="NoFilter"
        )
    creator = ResourceCreator(line.progress, CompensationLog(line.progress))
    whose = {"subscriber_id": target.subscriber_id, "phone_number": target.phone_number}
    line.result.changed = True
    if isinstance(edits, CallFilterChange):
        call_filter = CallFilter(
            mode=edits.mode, allowed_numbers=edits.allow, blocked_numbers=edits.block
        )
        return await creator.ensure(
            GuardianActivities.create_call_filter, CreateCallFilter(filter=call_filter, **whose)
        )
    message_filter = MessageFilter(
        mode=edits.mode,
        level=edits.level,
        allowed_contacts=edits.allow,
        blocked_contacts=edits.block,
    )
    return await creator.ensure(
        GuardianActivities.create_message_filter,
        CreateMessageFilter(filter=message_filter, **whose),
    )


async def change_guardian(line: ChangedLine, change: ChangeGuardian) -> None:
    """Turns features on or off, and starts or ends a relation."""
    subscriber_id = line.subscriber_id
    if change.changes_features:
        async with line.progress.step(FEATURES):
            await _set_features(
                line,
                GuardianSwitches(
                    subscriber_id=subscriber_id, calls=change.calls, messages=change.messages
                ),
            )
    if relation := change.relation:
        async with line.progress.step(RELATION):
            await _change_relation(line, subscriber_id, relation)


async def _set_features(line: ChangedLine, switches: GuardianSwitches) -> None:
    if await execute_read(
        LineFilterActivities.check_guardian_features, "Read the features", switches
    ):
        return
    raise_if_cancelled()
    while True:
        line.result.changed = True
        await execute_settled_write(
            LineFilterActivities.set_guardian_features, "Set the features", switches
        )
        try:
            await execute_poll(
                LineFilterActivities.await_guardian_features, "Read back the features", switches
            )
        except ActivityError as error:
            if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                continue
        return


async def _change_relation(
    line: ChangedLine, subscriber_id: str, change: GuardianRelationChange
) -> None:
    if change.end:
        line.result.changed = True
        await execute_settled_write(
            GuardianActivities.unlink_guardian,
            "End the relation",
            change.guardian_id,
            subscriber_id,
        )
        line.removed(f"relation of {change.guardian_id} and {subscriber_id}")
        return
    creator = ResourceCreator(line.progress, CompensationLog(line.progress))
    link = GuardianLink(
        parent=change.guardian_id,
        child=subscriber_id,
        parent_id=change.guardian_id,
        child_id=subscriber_id,
        relation=change.relation,
    )
    line.result.changed = True
    await creator.ensure(GuardianActivities.link_guardian, link, lookup_first=True)
