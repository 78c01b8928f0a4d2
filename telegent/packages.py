"""Packages (PID-...): what subscriptions sell. Their items (PIID-...) are products."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from telegent._models import ActiveFilter, Id, Money, NullAsEmpty, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource
from telegent.subscriptions import Subscription

_PATH = "/v1.0/packages"

# The price of a package is a number, the price of an item a text.
ItemPrice = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]


class PackageItemNew(RequestModel):
    """An item that is created with its package; `price` is text, e.g. ``"0.00"``."""

    product_id: Text
    price: ItemPrice | None = None
    monthly: bool | None = None
    type: Text | None = None


class PackageCreate(RequestModel):
    """A new package. Names need not be unique: a repeat may create a second package."""

    package_name: Text
    type: Text
    price: Money
    monthly: bool
    description: Text | None = None
    subscriber_id: Annotated[
        Text | None, Field(description="only for a package that is one subscriber's own")
    ] = None
    package_items: list[PackageItemNew] | None = None


class PackageUpdate(RequestModel):
    """New values of a package.

    The vendor's page says both that active subscriptions change at once and that they do not.
    """

    package_id: Text
    package_name: Text | None = None
    type: Text | None = None
    price: Money | None = None
    monthly: bool | None = None
    description: Text | None = None
    subscriber_id: Text | None = None


class PackageItemAdd(PackageItemNew):
    """A product for a package. The vendor does not reject one that the package contains."""

    package_id: Text


class PackageItemUpdate(RequestModel):
    """New values of an item; its product cannot change."""

    package_id: Text
    package_item_id: Text
    price: ItemPrice | None = None
    monthly: bool | None = None
    type: Text | None = None


class Package(ResponseModel):
    """A package; its items come from `Packages.items`."""

    package_id: Id
    package_name: str | None = None
    distributor_id: str | None = None
    aggregator_id: str | None = None
    subscriber_id: str | None = None
    type: str | None = None
    price: Decimal | None = None
    monthly: bool | None = None
    active: bool | None = None


class PackageItem(ResponseModel):
    """An item of a package."""

    package_item_id: Id
    package_id: str | None = None
    product_id: str | None = None
    aggregator_id: str | None = None
    distributor_id: str | None = None
    type: str | None = None
    price: Decimal | None = None
    monthly: bool | None = None
    active: bool | None = None


class _PackageWithSubscriptions(ResponseModel):
    subscriptions: Annotated[list[Subscription], NullAsEmpty]


class Packages(Resource):
    """Create, read, update and delete packages and their items."""

    async def create(self, request: PackageCreate) -> Package:
        """Create a package."""
        return await self._requester.post(_PATH, Package, request)

    async def get(self, package_id: str) -> Package:
        """Read one package."""
        return await self._requester.get(_PATH, Package, {"PackageId": package_id})

    async def update(self, request: PackageUpdate) -> Package:
        """Update a package."""
        return await self._requester.post(f"{_PATH}/update", Package, request)

    async def delete(self, package_id: str) -> None:
        """Delete a package permanently; rejected while it has active subscriptions."""
        await self._requester.delete(f"{_PATH}/delete", {"PackageId": package_id})

    async def list(self, filter: ActiveFilter = "All") -> ListOf[Package]:
        """List the account's packages."""
        return await self._requester.get_list("/v1.0/account/packages", Package, {"Filter": filter})

    async def items(self, package_id: str) -> ListOf[PackageItem]:
        """List the items of a package."""
        return await self._requester.get_list(
            f"{_PATH}/items", PackageItem, {"PackageId": package_id}
        )

    async def add_item(self, request: PackageItemAdd) -> PackageItem:
        """Add a product to a package."""
        return await self._requester.post(f"{_PATH}/items/add", PackageItem, request)

    async def update_item(self, request: PackageItemUpdate) -> PackageItem:
        """Update an item."""
        return await self._requester.post(f"{_PATH}/items/update", PackageItem, request)

    async def delete_item(self, package_id: str, package_item_id: str) -> None:
        """Delete an item from its package."""
        body = {"PackageId": package_id, "PackageItemId": package_item_id}
        await self._requester.delete(f"{_PATH}/items/delete", body)

    async def subscriptions(self, package_id: str) -> ListOf[Subscription]:
        """List the subscriptions to a package."""
        found = await self._requester.get(
            f"{_PATH}/subscriptions", _PackageWithSubscriptions, {"PackageId": package_id}
        )
        return found.subscriptions
