"""What can be sold: products, packages of products, and the items inside a package."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import Answer, Body, Json, ListFilter, Money, Query, Text
from simulator.engine.state import World, changed

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
    """An item inside packages; its Price is a string, though a package's is a number."""

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


def create_product(world: World, body: CreateProduct) -> Answer:
    """A new product each time; a SKU may repeat."""
    product = {
        "ProductId": world.new_id("PRID"),
        **body.model_dump(),
        "AggregatorId": world.aggregator_id,
        "DistributorId": None,
        "Active": True,
    }
    world.products[product["ProductId"]] = product
    world.commit("product.created", {"product_id": product["ProductId"], "sku": body.SKU})
    return product


def get_product(world: World, query: ProductQuery) -> Answer:
    """One product by id."""
    return world.find(world.products, query.ProductId, "ProductId")


def update_product(world: World, body: UpdateProduct) -> Answer:
    """Changes what was sent; the answer has no Active and no owner ids."""
    product = world.find(world.products, body.ProductId, "ProductId")
    product.update(body.given())
    sent = changed(body.sent(), "ProductId")
    world.commit("product.updated", {"product_id": body.ProductId, "fields": sent})
    hidden = ("Active", "AggregatorId", "DistributorId")
    return {key: value for key, value in product.items() if key not in hidden}


def delete_product(world: World, body: DeleteProduct) -> Answer:
    """Refused while a package contains the product."""
    product = world.find(world.products, body.ProductId, "ProductId")
    if any(item["ProductId"] == body.ProductId for item in world.package_items.values()):
        raise invalid("ProductId", "This product is part of an active package")
    del world.products[body.ProductId]
    world.commit("product.deleted", {"product_id": body.ProductId, "sku": product["SKU"]})
    return {"ProductId": body.ProductId, "ProductStatus": "Deleted"}


def create_package(world: World, body: CreatePackage) -> Answer:
    """A new package each time; the answer shows neither its items nor its description."""
    if body.SubscriberId:
        world.find(world.subscribers, body.SubscriberId, "SubscriberId")
    items = body.PackageItems or []
    for item in items:
        world.find(world.products, item.ProductId, "ProductId")
    package_id = world.new_id("PID")
    world.packages[package_id] = {
        "PackageId": package_id,
        "PackageName": body.PackageName,
        "DistributorId": world.options.account_key,
        "AggregatorId": world.aggregator_id,
        "SubscriberId": body.SubscriberId,
        "Type": body.Type,
        "Price": body.Price,
        "Monthly": body.Monthly,
        "Active": True,
    }
    world.commit(
        "package.created",
        {
            "package_id": package_id,
            "name": body.PackageName,
            "price": body.Price,
            "product_ids": [item.ProductId for item in items],
        },
    )
    for item in items:
        _new_item(world, package_id, item)
    return world.packages[package_id]


def get_package(world: World, query: PackageQuery) -> Answer:
    """One package by id."""
    return world.find(world.packages, query.PackageId, "PackageId")


def update_package(world: World, body: UpdatePackage) -> Answer:
    """Changes what was sent."""
    package = world.find(world.packages, body.PackageId, "PackageId")
    if body.SubscriberId:
        world.find(world.subscribers, body.SubscriberId, "SubscriberId")
    package.update({key: value for key, value in body.given().items() if key != "Description"})
    sent = changed(body.sent(), "PackageId")
    world.commit("package.updated", {"package_id": body.PackageId, "fields": sent})
    return package


def delete_package(world: World, body: DeletePackage) -> Answer:
    """Refused while a subscription uses the package."""
    world.find(world.packages, body.PackageId, "PackageId")
    if any(s["PackageId"] == body.PackageId for s in world.subscriptions.values()):
        raise invalid("PackageId", "This package has active subscriptions; cancel them first")
    del world.packages[body.PackageId]
    for item in _items(world, body.PackageId):
        del world.package_items[item["PackageItemId"]]
    world.commit("package.deleted", {"package_id": body.PackageId})
    return {"PackageId": body.PackageId, "PackageStatus": "Deleted"}


def list_items(world: World, query: PackageQuery) -> Answer:
    """The items of a package, as a bare array."""
    world.find(world.packages, query.PackageId, "PackageId")
    return _items(world, query.PackageId)


def add_item(world: World, body: AddItem) -> Answer:
    """A new item each time; a product may be in a package twice."""
    world.find(world.packages, body.PackageId, "PackageId")
    world.find(world.products, body.ProductId, "ProductId")
    return _new_item(world, body.PackageId, body)


def update_item(world: World, body: UpdateItem) -> Answer:
    """Changes what was sent; the product of an item cannot be changed."""
    item = _item(world, body.PackageId, body.PackageItemId)
    item.update(body.given())
    item["Price"] = float(item["Price"])
    world.commit("package_item.updated", _item_facts(item))
    return item


def delete_item(world: World, body: DeleteItem) -> Answer:
    """Takes an item out of a package."""
    item = _item(world, body.PackageId, body.PackageItemId)
    del world.package_items[body.PackageItemId]
    world.commit("package_item.deleted", _item_facts(item))
    return {
        "PackageItemId": body.PackageItemId,
        "PackageId": body.PackageId,
        "PackageItemStatus": "Deleted",
    }


def list_package_subscriptions(world: World, query: PackageQuery) -> Answer:
    """A package together with its subscriptions."""
    package = world.find(world.packages, query.PackageId, "PackageId")
    found = [s for s in world.subscriptions.values() if s["PackageId"] == query.PackageId]
    return {**package, "Subscriptions": found}


def list_products(world: World, query: CatalogueQuery) -> Answer:
    """GET account/products and distributor/products."""
    return _listed(world, "TotalProducts", query, list(world.products.values()))


def list_packages(world: World, query: CatalogueQuery) -> Answer:
    """GET account/packages and distributor/packages."""
    return _listed(world, "TotalPackages", query, list(world.packages.values()))


def list_subscriptions(world: World, query: CatalogueQuery) -> Answer:
    """GET account/subscriptions and distributor/subscriptions."""
    return _listed(world, "TotalSubscriptions", query, list(world.subscriptions.values()))


def _listed(world: World, total: str, query: CatalogueQuery, rows: list[Json]) -> Json:
    if query.Filter != "All":
        rows = [row for row in rows if row["Active"] is (query.Filter == "Active")]
    return {
        "DistributorId": world.options.account_key,
        total: len(rows),
        "Filter": query.Filter,
        "Results": rows,
    }


def _items(world: World, package_id: str | None) -> list[Json]:
    return [item for item in world.package_items.values() if item["PackageId"] == package_id]


def _item(world: World, package_id: str, item_id: str) -> Json:
    item = world.find(world.package_items, item_id, "PackageItemId")
    if item["PackageId"] != package_id:
        raise invalid("PackageItemId", "This item belongs to another package")
    return item


def _new_item(world: World, package_id: str, item: PackageItem) -> Json:
    new: Json = {
        "PackageItemId": world.new_id("PIID"),
        "PackageId": package_id,
        "ProductId": item.ProductId,
        "AggregatorId": world.aggregator_id,
        "DistributorId": world.options.account_key,
        "Type": item.Type,
        "Price": float(item.Price or 0),
        "Monthly": bool(item.Monthly),
        "Active": True,
    }
    world.package_items[new["PackageItemId"]] = new
    world.commit("package_item.created", _item_facts(new))
    return new


def _item_facts(item: Json) -> Json:
    return {
        "package_item_id": item["PackageItemId"],
        "package_id": item["PackageId"],
        "product_id": item["ProductId"],
    }
