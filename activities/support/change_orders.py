"""Orders of status changes: whether one has failed, and why its change is not shown yet."""

from datetime import datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.settings import ActivitySettings
from activities.support.outcomes import ambiguous, pending, rejected
from telegent import Telegent

COMPLETED_STATUSES = ("complete", "completed")
FAILED_STATUSES = ("failed", "error", "rejected", "cancelled", "canceled")


async def require_complete(
    api: Telegent, settings: ActivitySettings, order_id: str, shown: str
) -> str:
    """Returns how the order and what it changes are shown, if the order is complete.

    Raises:
        ApplicationError: `Rejected` when the order has failed; `Pending` until it is complete.
    """
    order = await api.numbers.order(order_id)
    status = (order.order_status or "").casefold()
    if status in FAILED_STATUSES:
        raise rejected(
            f"order {order_id} is '{order.order_status}'. "
            f"Telegent says: {order.order_status_message or 'nothing'}"
        )
    shown = f"order {order_id} is '{order.order_status}', and {shown}"
    if status not in COMPLETED_STATUSES:
        raise pending(shown, settings.order_poll)
    return shown


def not_shown(settings: ActivitySettings, shown: str) -> ApplicationError:
    """The failure of an attempt after which an accepted change is not shown.

    The read lag begins when an attempt of this activity first calls this: an order may have been
    pending for longer than that.
    """
    info = activity.info()
    now = info.current_attempt_scheduled_time
    first = datetime.fromisoformat(info.heartbeat_details[0]) if info.heartbeat_details else now
    activity.heartbeat(first.isoformat())
    if now - first >= settings.read_lag:
        return ambiguous(f"Telegent has accepted the change: {shown}")
    return pending(shown, min(settings.order_poll, settings.read_lag / 4))
