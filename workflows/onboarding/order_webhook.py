"""The account's webhook, by which the vendor reports that an order may have changed."""

from temporalio.exceptions import FailureError, is_cancelled_exception

from activities.onboarding.webhooks import CreateWebhook, WebhookActivities
from workflows.support.exactly_once import ResourceCreator

ORDER_WEBHOOK_STEP = "Order events"


async def ensure_order_webhook(creator: ResourceCreator, account_id: str) -> str | None:
    """Ensures the webhook; when that fails, the step says why, and nothing else fails.

    Port-ins poll their orders without it too: it only makes them faster.

    Returns:
        The webhook's id; None when it failed.
    """
    try:
        async with creator.progress.step(ORDER_WEBHOOK_STEP):
            return await creator.ensure(
                WebhookActivities.create_webhook, CreateWebhook(account_id=account_id)
            )
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        return None
