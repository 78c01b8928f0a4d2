"""The account's webhook, by which the vendor says that an order may have changed."""

from collections.abc import Awaitable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from activities.onboarding.webhooks import CreateWebhook, FindWebhook, WebhookActivities
from activities.support.outcomes import Outcome
from workflows.support.activity_calls import read, writing
from workflows.support.exactly_once import attempt, outcome_of
from workflows.support.progress import Board

ORDER_EVENTS = "Order events"


async def ensure_order_events(board: Board, account_id: str) -> str | None:
    """The webhook's id, found or created; None when that fails, and then the step says why.

    Not by way of a Maker: that asks a person when it cannot tell, and nobody should have to
    answer for what only makes things faster. Port-ins look at their orders without it too.
    """
    try:
        async with board.step(ORDER_EVENTS):
            # Looked for first, because another onboarding of the account may have created it.
            return await _look(account_id) or await _create(board, account_id)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        return None


async def _create(board: Board, account_id: str) -> str:
    create = writing(
        WebhookActivities.create_webhook,
        "Have order updates sent to our webhook",
        CreateWebhook(account_id=account_id),
    )
    try:
        return await attempt(board, ORDER_EVENTS, create)
    except ActivityError as error:
        if is_cancelled_exception(error) or outcome_of(error) is not Outcome.UNKNOWN:
            raise
        found = await _look(account_id, until=workflow.now())
        if found is None:
            raise
        return found


def _look(account_id: str, until: datetime | None = None) -> Awaitable[str | None]:
    return read(
        WebhookActivities.find_webhook,
        "Look for our webhook",
        FindWebhook(account_id=account_id, until=until),
    )
