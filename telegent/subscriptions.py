"""Subscriptions (SUB-...): a package on a number. One per number; recurring charges start here."""

from typing import Annotated, Literal

from pydantic import Field

from telegent._models import ActiveFilter, Iccid, Id, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource

SubscriptionType = Literal["mvno", "iot"]

_PATH = "/v1.0/subscriptions"


class SubscriptionCreate(RequestModel):
    """A new subscription. A repeat may start a second one and its charges.

    `tnid` is the number's id (`NID-...`), not the number; `type` must fit the number.
    """

    subscriber_id: Text
    package_id: Text
    type: SubscriptionType
    tnid: Annotated[Text | None, Field(alias="TNID")] = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class SubscriptionUpdate(RequestModel):
    """New values for a subscription; a plan change is a new `package_id`.

    Read `active` in the answer: whether the vendor's server takes a body without ``Active`` as a
    deactivation is not documented.
    """

    subscription_id: Text
    subscriber_id: Text | None = None
    package_id: Text | None = None
    type: SubscriptionType | None = None
    tnid: Annotated[Text | None, Field(alias="TNID")] = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class Subscription(ResponseModel):
    """A subscription."""

    subscription_id: Id
    subscriber_id: str | None = None
    tnid: str | None = None
    iccid: str | None = None
    package_id: str | None = None
    type: str | None = None
    active: bool | None = None


class Subscriptions(Resource):
    """Create, read, change and delete subscriptions."""

    async def create(self, request: SubscriptionCreate) -> Subscription:
        """Start a subscription."""
        return await self._requester.post(_PATH, Subscription, request)

    async def get(self, subscription_id: str) -> Subscription:
        """Read one subscription."""
        return await self._requester.get(_PATH, Subscription, {"SubscriptionId": subscription_id})

    async def update(self, request: SubscriptionUpdate) -> Subscription:
        """Change a subscription."""
        return await self._requester.post(f"{_PATH}/update", Subscription, request)

    async def delete(self, subscription_id: str) -> None:
        """Cancel a subscription for good; there is no pause.

        One of the vendor's documents says that number and subscriber stay, another that the tie
        between number and SIM is lost.
        """
        await self._requester.delete(f"{_PATH}/delete", {"SubscriptionId": subscription_id})

    async def list(self, filter: ActiveFilter = "Active") -> ListOf[Subscription]:
        """The account's subscriptions.

        The vendor documents only ``Active`` and ``Inactive`` here, ``All`` for the distributor.
        """
        return await self._requester.get_list(
            "/v1.0/account/subscriptions", Subscription, {"Filter": filter}
        )
