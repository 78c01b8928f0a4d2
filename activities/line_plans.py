"""The plan of a line: its package, its product type, and its data limits as they are shown."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.line_changes import LineRecord
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown
from activities.support.outcomes import rejected
from activities.support.write_activity import at_most_one, write_activity
from telegent import Telegent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.lines import DataLimits, ProductType


class SubscriptionChangeInput(WireModel):
    """A subscription, and the package, the SIM or the number that it is to have.

    Attributes:
        set_active: Also send that it is active: an update without that may have deactivated it.
    """

    subscription_id: str
    package_id: str | None = None
    iccid: str | None = None
    number_id: str | None = None
    set_active: bool = False

    def shown_by(self, subscription: telegent.Subscription) -> bool:
        """Whether the subscription has the package, the SIM and the number."""
        return (
            (self.package_id is None or telegent.same_id(subscription.package_id, self.package_id))
            and (self.iccid is None or telegent.same_iccid(subscription.iccid, self.iccid))
            and (self.number_id is None or telegent.same_id(subscription.tnid, self.number_id))
        )

    def active_in(self, subscription: telegent.Subscription) -> bool:
        """Whether the subscription is active, if it was set active."""
        return subscription.active is not False or not self.set_active


class ProductTypeInput(WireModel):
    """A number, and what it is to be able to do."""

    phone_number: str
    product_type: ProductType
    message_route_id: str | None = None
    voice_route_id: str | None = None


@dataclass(frozen=True)
class LinePlanActivities:
    """Vendor calls about the plan of a line."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_line_subscription(self, line: LineRecord, subscription_id: str | None) -> str:
        """Returns the id of the line's active subscription.

        Raises:
            ApplicationError: `Rejected` when there is none, or when the one that is named is
                another number's; `Ambiguous` when there are several and none is named.
        """
        owned = [
            row.subscription_id
            for row in await self.api.subscriptions.list("Active")
            if line.owns(row.tnid, row.iccid)
        ]
        if subscription_id:
            if not any(telegent.same_id(subscription_id, each) for each in owned):
                raise rejected(f"{subscription_id} is not an active subscription of this number")
            return subscription_id
        found = at_most_one(owned, "subscriptions")
        if found is None:
            raise rejected("the number has no active subscription, so its plan cannot be changed")
        return found

    @write_activity(line_write_specs.CHANGE_SUBSCRIPTION)
    async def change_subscription(self, request: SubscriptionChangeInput) -> None:
        """Give the subscription another package, SIM or number, unless it has that already."""
        subscription = await self.api.subscriptions.get(request.subscription_id)
        if request.shown_by(subscription) and request.active_in(subscription):
            return
        await self.api.subscriptions.update(
            telegent.SubscriptionUpdate(
                subscription_id=request.subscription_id,
                package_id=request.package_id,
                iccid=request.iccid,
                tnid=request.number_id,
                active=True if request.set_active else None,
            )
        )

    @activity.defn
    async def await_subscription(self, request: SubscriptionChangeInput) -> bool:
        """Returns whether the subscription is active, as soon as it shows the change.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Ambiguous` when it
                does not show it, or is inactive in spite of `set_active`.
        """
        subscription = await self.api.subscriptions.get(request.subscription_id)
        active = subscription.active is not False
        if request.shown_by(subscription) and request.active_in(subscription):
            return active
        shown = (
            f"{request.subscription_id} has package {subscription.package_id}, SIM "
            f"{subscription.iccid} and number {subscription.tnid}"
            f"{'' if active else ', and is inactive'}"
        )
        raise not_shown(self.settings, shown)

    @write_activity(line_write_specs.SET_PRODUCT_TYPE)
    async def set_product_type(self, request: ProductTypeInput) -> None:
        """Set what the number can do: messages, data, voice."""
        product_type = request.product_type
        await self.api.numbers.update(
            telegent.NumberUpdate(
                number=request.phone_number,
                product_type=product_type.value,
                message_enabled=product_type.messages,
                voice_enabled=product_type.voice,
                message_route_id=request.message_route_id,
                voice_route_id=request.voice_route_id,
            )
        )

    @activity.defn
    async def read_limit_differences(self, phone_number: str, limits: DataLimits) -> list[str]:
        """Returns how the limits that Telegent shows differ from those that were set.

        The speed is not compared: it is shown in a spelling of the carrier.
        """
        expected = {
            "limit": limits.limit_mb,
            "notify": limits.notify_mb,
            "throttle": limits.throttle_mb,
        }
        for row in await self.api.data_usage.settings([phone_number]):
            shown = {
                "limit": row.limit_value,
                "notify": row.notify_value,
                "throttle": row.throttle_value,
            }
            return [
                f"{name} is {shown[name]} {row.value_unit or 'MB'}, not {value} MB"
                for name, value in expected.items()
                if value is not None and shown[name] != value
            ]
        return ["Telegent shows no limits of this number"]
