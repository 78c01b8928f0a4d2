"""The account's webhook, by which the vendor says that an order may have changed."""

from collections.abc import Awaitable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from activities.onboarding.webhooks import CreateWebhook, FindWebhook, WebhookActivities
from activities.support.outcomes import Outcome
from workflows.support.activity_calls import execute_read, prepare_write
from workflows.support.exactly_once import call_until_conclusive, classify_failure
from workflows.support.progress import ProgressTracker

ORDER_WEBHOOK_STEP = "Order events"


async def ensure_order_webhook(progress: ProgressTracker, account_id: str) -> str | None:
    """The webhook's id, found or created; None when that fails, and then the step says why.

    Not by way of a ResourceCreator: that asks a person when it cannot tell, and nobody should have
    to answer for what only makes things faster. Port-ins look at their orders without it too.
    """
    try:
        async with progress.step(ORDER_WEBHOOK_STEP):
            # Looked for first, because another onboarding of the account may have created it.
            return await _find_webhook(account_id) or await _create_webhook(progress, account_id)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        return None


async def _create_webhook(progress: ProgressTracker, account_id: str) -> str:
    create = prepare_write(
        WebhookActivities.create_webhook,
        "Have order updates sent to our webhook",
        CreateWebhook(account_id=account_id),
    )
    try:
        return await call_until_conclusive(progress, ORDER_WEBHOOK_STEP, create)
    except ActivityError as error:
        if is_cancelled_exception(error) or classify_failure(error) is not Outcome.UNKNOWN:
            raise
        found = await _find_webhook(account_id, created_before=workflow.now())
        if found is None:
            raise
        return found


def _find_webhook(account_id: str, created_before: datetime | None = None) -> Awaitable[str | None]:
    return execute_read(
        WebhookActivities.find_webhook,
        "Look for our webhook",
        FindWebhook(account_id=account_id, created_before=created_before),
    )
