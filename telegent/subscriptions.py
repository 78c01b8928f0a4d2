"""Subscriptions (SUB-...): a package on a number, one per number. They start recurring charges."""

from typing import Annotated, Literal

from pydantic import Field

from telegent._models import ActiveFilter, Iccid, Id, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource

SubscriptionType = Literal["mvno", "iot", "Mvno", "Iot"]
"""Lower case in the OAS, capitalized in the best practices."""

_PATH = "/v1.0/subscriptions"


class SubscriptionCreate(RequestModel):
    """A new subscription. A repeat may start a second one and its charges.

    Attributes:
        tnid: Id of the number (``NID-...``), not the number.
        type: Must match the number.
    """

    subscriber_id: Text
    package_id: Text
    type: SubscriptionType
    tnid: Annotated[Text | None, Field(alias="TNID")] = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class SubscriptionUpdate(RequestModel):
    """New values of a subscription; a plan change is a new `package_id`.

    Check `active` in the response: whether the vendor's server treats a body without ``Active`` as
    a deactivation is not documented.

    Attributes:
        active: Only in the server's model, not in the OAS.
    """

    subscription_id: Text
    subscriber_id: Text | None = None
    package_id: Text | None = None
    type: SubscriptionType | None = None
    tnid: Annotated[Text | None, Field(alias="TNID")] = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None
    active: bool | None = None


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
    """Create, read, update and delete subscriptions."""

    async def create(self, request: SubscriptionCreate) -> Subscription:
        """Create a subscription."""
        return await self._requester.post(_PATH, Subscription, request)

    async def get(self, subscription_id: str) -> Subscription:
        """Read one subscription."""
        return await self._requester.get(_PATH, Subscription, {"SubscriptionId": subscription_id})

    async def update(self, request: SubscriptionUpdate) -> Subscription:
        """Update a subscription."""
        return await self._requester.post(f"{_PATH}/update", Subscription, request)

    async def delete(self, subscription_id: str) -> None:
        """Delete a subscription permanently; it cannot be suspended.

        One of the vendor's documents says that number and subscriber remain, another that the
        number loses its SIM.
        """
        await self._requester.delete(f"{_PATH}/delete", {"SubscriptionId": subscription_id})

    async def list(self, filter: ActiveFilter = "Active") -> ListOf[Subscription]:
        """List the account's subscriptions."""
        return await self._requester.get_list(
            "/v1.0/account/subscriptions", Subscription, {"Filter": filter}
        )
