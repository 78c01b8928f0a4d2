"""Products (PRID-...): the items of packages."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from telegent._models import ActiveFilter, Id, Money, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource

BillingFrequency = Literal["MRC", "NRC"]

_PATH = "/v1.0/products"


class ProductCreate(RequestModel):
    """A new product. SKUs need not be unique: a repeat may create a second product."""

    sku: Annotated[Text, Field(alias="SKU")]
    description: Text
    type: Text
    cost: Money
    billing_frequency: BillingFrequency
    sub_type: Text | None = None


class ProductUpdate(RequestModel):
    """New values of a product. Only given fields change."""

    product_id: Text
    sku: Annotated[Text | None, Field(alias="SKU")] = None
    description: Text | None = None
    type: Text | None = None
    cost: Money | None = None
    billing_frequency: BillingFrequency | None = None
    sub_type: Text | None = None


class Product(ResponseModel):
    """A product."""

    product_id: Id
    sku: str | None = None
    description: str | None = None
    aggregator_id: str | None = None
    distributor_id: str | None = None
    type: str | None = None
    sub_type: str | None = None
    cost: Decimal | None = None
    billing_frequency: str | None = None
    active: bool | None = None


class Products(Resource):
    """Create, read, update and delete products."""

    async def create(self, request: ProductCreate) -> Product:
        """Create a product."""
        return await self._requester.post(_PATH, Product, request)

    async def get(self, product_id: str) -> Product:
        """Read one product."""
        return await self._requester.get(_PATH, Product, {"ProductId": product_id})

    async def update(self, request: ProductUpdate) -> Product:
        """Update a product."""
        return await self._requester.post(f"{_PATH}/update", Product, request)

    async def delete(self, product_id: str) -> None:
        """Delete a product permanently; rejected while an active package contains it."""
        await self._requester.delete(f"{_PATH}/delete", {"ProductId": product_id})

    async def list(self, filter: ActiveFilter = "All") -> ListOf[Product]:
        """List the account's products."""
        return await self._requester.get_list("/v1.0/account/products", Product, {"Filter": filter})
