"""Products, packages, and the items of packages."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import Body, Json, ListFilter, Money, Query, ResponseBody, Text
from simulator.engine.state import SimulatorState, changed_fields

Frequency = Literal["MRC", "NRC"]


class CreateProduct(Body):
    """POST products."""

    SKU: Text
    Description: Text
    Type: Text
    Cost: float = Field(ge=0)
    BillingFrequency: Frequency
    SubType: str | None = None


class ProductQuery(Query):
    """GET products."""

    ProductId: str | None = None


class UpdateProduct(Body):
    """POST products/update."""

    ProductId: Text
    SKU: Text | None = None
    Description: Text | None = None
    Type: Text | None = None
    SubType: str | None = None
    Cost: float | None = Field(default=None, ge=0)
    BillingFrequency: Frequency | None = None


class DeleteProduct(Body):
    """POST products/delete."""

    ProductId: Text


class PackageItem(Body):
    """An item of a package. Its Price is a string, unlike that of a package."""

    ProductId: Text | None = None
    Price: Money | None = None
    Monthly: bool | None = None
    Type: str | None = None


class CreatePackage(Body):
    """POST packages."""

    PackageName: Text
    Type: Text
    Price: float = Field(ge=0)
    Monthly: bool
    Description: str | None = None
    SubscriberId: str | None = None
    PackageItems: list[PackageItem] | None = None


class PackageQuery(Query):
    """GET packages, packages/items and packages/subscriptions."""

    PackageId: str | None = None


class UpdatePackage(Body):
    """POST packages/update."""

    PackageId: Text
    PackageName: Text | None = None
    Description: str | None = None
    SubscriberId: str | None = None
    Type: Text | None = None
    Price: float | None = Field(default=None, ge=0)
    Monthly: bool | None = None


class DeletePackage(Body):
    """POST packages/delete."""

    PackageId: Text


class AddItem(PackageItem):
    """POST packages/items/add."""

    PackageId: Text
    ProductId: Text


class UpdateItem(Body):
    """POST packages/items/update."""

    PackageId: Text
    PackageItemId: Text
    Price: Money | None = None
    Monthly: bool | None = None
    Type: str | None = None


class DeleteItem(Body):
    """POST packages/items/delete."""

    PackageId: Text
    PackageItemId: Text


class CatalogueQuery(Query):
    """GET account/products, account/packages, account/subscriptions and distributor/... ."""

    Filter: ListFilter = "All"


def create_product(state: SimulatorState, body: CreateProduct) -> ResponseBody:
    """Create a product. SKUs need not be unique."""
    product = new_product(state, state.new_id("PRID"), body)
    state.products[product["ProductId"]] = product
    state.commit("product.created", {"product_id": product["ProductId"], "sku": body.SKU})
    return product


def get_product(state: SimulatorState, query: ProductQuery) -> ResponseBody:
    """Return a product."""
    return state.find(state.products, query.ProductId, "ProductId")


def update_product(state: SimulatorState, body: UpdateProduct) -> ResponseBody:
    """Update a product. The response contains neither Active nor the owner's ids."""
    product = state.find(state.products, body.ProductId, "ProductId")
    product.update(body.non_null_fields())
    sent = changed_fields(body.sent_fields(), "ProductId")
    state.commit("product.updated", {"product_id": body.ProductId, "fields": sent})
    hidden = ("Active", "AggregatorId", "DistributorId")
    return {key: value for key, value in product.items() if key not in hidden}


def delete_product(state: SimulatorState, body: DeleteProduct) -> ResponseBody:
    """Delete a product, unless a package contains it."""
    product = state.find(state.products, body.ProductId, "ProductId")
    if any(item["ProductId"] == body.ProductId for item in state.package_items.values()):
        raise invalid("ProductId", "This product is part of an active package")
    del state.products[body.ProductId]
    state.commit("product.deleted", {"product_id": body.ProductId, "sku": product["SKU"]})
    return {"ProductId": body.ProductId, "ProductStatus": "Deleted"}


def create_package(state: SimulatorState, body: CreatePackage) -> ResponseBody:
    """Create a package. The response contains neither its items nor its description."""
    if body.SubscriberId:
        state.find(state.subscribers, body.SubscriberId, "SubscriberId")
    items = body.PackageItems or []
    for item in items:
        state.find(state.products, item.ProductId, "ProductId")
    package_id = state.new_id("PID")
    state.packages[package_id] = new_package(state, package_id, body)
    state.commit(
        "package.created",
        {
            "package_id": package_id,
            "name": body.PackageName,
            "price": body.Price,
            "product_ids": [item.ProductId for item in items],
        },
    )
    for item in items:
        _new_item(state, package_id, item)
    return state.packages[package_id]


def get_package(state: SimulatorState, query: PackageQuery) -> ResponseBody:
    """Return a package."""
    return state.find(state.packages, query.PackageId, "PackageId")


def update_package(state: SimulatorState, body: UpdatePackage) -> ResponseBody:
    """Update a package."""
    package = state.find(state.packages, body.PackageId, "PackageId")
    if body.SubscriberId:
        state.find(state.subscribers, body.SubscriberId, "SubscriberId")
    package.update(
        {key: value for key, value in body.non_null_fields().items() if key != "Description"}
    )
    sent = changed_fields(body.sent_fields(), "PackageId")
    state.commit("package.updated", {"package_id": body.PackageId, "fields": sent})
    return package


def delete_package(state: SimulatorState, body: DeletePackage) -> ResponseBody:
    """Delete a package, unless a subscription uses it."""
    state.find(state.packages, body.PackageId, "PackageId")
    if any(s["PackageId"] == body.PackageId for s in state.subscriptions.values()):
        raise invalid("PackageId", "This package has active subscriptions; cancel them first")
    del state.packages[body.PackageId]
    for item in _items(state, body.PackageId):
        del state.package_items[item["PackageItemId"]]
    state.commit("package.deleted", {"package_id": body.PackageId})
    return {"PackageId": body.PackageId, "PackageStatus": "Deleted"}


def list_items(state: SimulatorState, query: PackageQuery) -> ResponseBody:
    """List the items of a package, as a bare array."""
    state.find(state.packages, query.PackageId, "PackageId")
    return _items(state, query.PackageId)


def add_item(state: SimulatorState, body: AddItem) -> ResponseBody:
    """Add an item. A package may contain a product twice."""
    state.find(state.packages, body.PackageId, "PackageId")
    state.find(state.products, body.ProductId, "ProductId")
    return _new_item(state, body.PackageId, body)


def update_item(state: SimulatorState, body: UpdateItem) -> ResponseBody:
    """Update an item; its product cannot change."""
    item = _item(state, body.PackageId, body.PackageItemId)
    item.update(body.non_null_fields())
    item["Price"] = float(item["Price"])
    state.commit("package_item.updated", _item_ledger_data(item))
    return item


def delete_item(state: SimulatorState, body: DeleteItem) -> ResponseBody:
    """Delete an item."""
    item = _item(state, body.PackageId, body.PackageItemId)
    del state.package_items[body.PackageItemId]
    state.commit("package_item.deleted", _item_ledger_data(item))
    return {
        "PackageItemId": body.PackageItemId,
        "PackageId": body.PackageId,
        "PackageItemStatus": "Deleted",
    }


def list_package_subscriptions(state: SimulatorState, query: PackageQuery) -> ResponseBody:
    """Return a package with its subscriptions."""
    package = state.find(state.packages, query.PackageId, "PackageId")
    found = [s for s in state.subscriptions.values() if s["PackageId"] == query.PackageId]
    return {**package, "Subscriptions": found}


def list_products(state: SimulatorState, query: CatalogueQuery) -> ResponseBody:
    """List the products."""
    return _list_response(state, "TotalProducts", query, list(state.products.values()))


def list_packages(state: SimulatorState, query: CatalogueQuery) -> ResponseBody:
    """List the packages."""
    return _list_response(state, "TotalPackages", query, list(state.packages.values()))


def list_subscriptions(state: SimulatorState, query: CatalogueQuery) -> ResponseBody:
    """List the subscriptions."""
    return _list_response(state, "TotalSubscriptions", query, list(state.subscriptions.values()))


def list_account_subscriptions(state: SimulatorState, query: CatalogueQuery) -> ResponseBody:
    """List the subscriptions in the envelope of an account."""
    rows = list(state.subscriptions.values())
    response = _list_response(state, "TotalSubscriptions", query, rows)
    del response["DistributorId"]
    return {"AccountId": next(iter(state.accounts), None), **response}


def _list_response(
    state: SimulatorState, total: str, query: CatalogueQuery, rows: list[Json]
) -> Json:
    if query.Filter != "All":
        rows = [row for row in rows if row["Active"] is (query.Filter == "Active")]
    return {
        "DistributorId": state.options.account_key,
        total: len(rows),
        "Filter": query.Filter,
        "Results": rows,
    }


def new_product(state: SimulatorState, product_id: str, body: CreateProduct) -> Json:
    """Return the record of a new product."""
    return {
        "ProductId": product_id,
        **body.model_dump(),
        "AggregatorId": state.aggregator_id,
        "DistributorId": None,
        "Active": True,
    }


def new_package(state: SimulatorState, package_id: str, body: CreatePackage) -> Json:
    """Return the record of a new package."""
    return {
        "PackageId": package_id,
        "PackageName": body.PackageName,
        "DistributorId": state.options.account_key,
        "AggregatorId": state.aggregator_id,
        "SubscriberId": body.SubscriberId,
        "Type": body.Type,
        "Price": body.Price,
        "Monthly": body.Monthly,
        "Active": True,
    }


def _items(state: SimulatorState, package_id: str | None) -> list[Json]:
    return [item for item in state.package_items.values() if item["PackageId"] == package_id]


def _item(state: SimulatorState, package_id: str, item_id: str) -> Json:
    item = state.find(state.package_items, item_id, "PackageItemId")
    if item["PackageId"] != package_id:
        raise invalid("PackageItemId", "This item belongs to another package")
    return item


def _new_item(state: SimulatorState, package_id: str, item: PackageItem) -> Json:
    new: Json = {
        "PackageItemId": state.new_id("PIID"),
        "PackageId": package_id,
        "ProductId": item.ProductId,
        "AggregatorId": state.aggregator_id,
        "DistributorId": state.options.account_key,
        "Type": item.Type,
        "Price": float(item.Price or 0),
        "Monthly": bool(item.Monthly),
        "Active": True,
    }
    state.package_items[new["PackageItemId"]] = new
    state.commit("package_item.created", _item_ledger_data(new))
    return new


def _item_ledger_data(item: Json) -> Json:
    return {
        "package_item_id": item["PackageItemId"],
        "package_id": item["PackageId"],
        "product_id": item["ProductId"],
    }
