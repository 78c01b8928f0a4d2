"""Changes the subscriber of a line: name, role, password, account."""

from temporalio.exceptions import ActivityError, ApplicationError

from activities.line_subscribers import (
    LineSubscriberActivities,
    SubscriberChangeInput,
    TransferInput,
)
from activities.number_use import NumberUseActivities
from telegent_orchestrator.line_changes import ChangeSubscriber, TransferSubscriber
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.support.activity_calls import (
    execute_internal,
    execute_poll,
    execute_read,
    execute_settled_write,
)
from workflows.support.cancellation import raise_if_cancelled

SUBSCRIBER, OTHER_LINES, TRANSFER = "Subscriber", "Other lines", "Transfer"
CHECK_ROUTES = (
    "message and voice routes belong to an account: check that the lines have routes of the new one"
)


def subscriber_steps(change: ChangeSubscriber | TransferSubscriber) -> list[str]:
    """The steps of a change of the subscriber."""
    if isinstance(change, TransferSubscriber):
        return [OTHER_LINES, TRANSFER]
    return [SUBSCRIBER]


async def change_subscriber(
    line: ChangedLine, change: ChangeSubscriber | TransferSubscriber
) -> None:
    """Changes the subscriber, or moves it to another account."""
    if isinstance(change, TransferSubscriber):
        await _transfer(line, change)
    else:
        await _update(line, change)


async def _update(line: ChangedLine, change: ChangeSubscriber) -> None:
    """Sets name, role and password; a password is never read back."""
    wanted = SubscriberChangeInput(
        subscriber_id=line.subscriber_id,
        name=change.name,
        role=change.role,
        password=change.password,
    )
    shown = wanted.model_copy(update={"password": None})
    async with line.progress.step(SUBSCRIBER):
        done = await execute_read(
            LineSubscriberActivities.check_subscriber, "Read the subscriber", shown
        )
        raise_if_cancelled()
        while not done or change.password:
            line.result.changed = True
            await execute_settled_write(
                LineSubscriberActivities.update_subscriber, "Update the subscriber", wanted
            )
            try:
                await execute_poll(
                    LineSubscriberActivities.await_subscriber, "Read back the subscriber", shown
                )
            except ActivityError as error:
                if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                    continue
            return


async def _transfer(line: ChangedLine, change: TransferSubscriber) -> None:
    """Moves the subscriber with all lines to another account."""
    async with line.progress.step(OTHER_LINES):
        before = await execute_read(
            LineSubscriberActivities.read_subscriber, "Read the subscriber", line.subscriber_id
        )
        others = [each for each in before.phone_numbers if each != line.known.phone_number]
        if in_use := await execute_internal(
            NumberUseActivities.find_open_workflows_of_numbers,
            "Check what is open for the subscriber's other numbers",
            others,
        ):
            raise ApplicationError("; ".join(in_use), type="NumberInUse")
        raise_if_cancelled()
    async with line.progress.step(TRANSFER):
        line.result.account_id = before.account_id
        if before.account_id is None:
            raise ApplicationError(
                "Telegent does not show the account of the subscriber", type="NoAccount"
            )
        transfer = TransferInput(
            subscriber_id=before.subscriber_id,
            from_account_id=before.account_id,
            to_account_id=change.to_account_id,
        )
        await _transfer_until_shown(line, transfer, before.phone_numbers)


async def _transfer_until_shown(
    line: ChangedLine, transfer: TransferInput, numbers: list[str]
) -> None:
    if transfer.from_account_id == transfer.to_account_id:
        return
    while True:
        line.result.changed = True
        await execute_settled_write(
            LineSubscriberActivities.transfer_subscriber,
            f"Transfer to account {transfer.to_account_id}",
            transfer,
        )
        try:
            after = await execute_poll(
                LineSubscriberActivities.await_transfer, "Read back the subscriber", transfer
            )
        except ActivityError as error:
            if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                continue
            return
        line.result.account_id = after.account_id
        line.result.warnings.append(CHECK_ROUTES)
        if lost := sorted({*numbers} - {*after.phone_numbers}):
            line.result.warnings.append(f"not the subscriber's any more: {', '.join(lost)}")
        return
