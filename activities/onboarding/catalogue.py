"""Products and packages: what the distributor sells, shared by all its customers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    create_activity,
    found_or_pending,
    only_active,
)
from telegent import Telegent
from telegent_orchestrator.onboarding import NewPackage, NewProduct


class CreateProduct(Wanted):
    """A product that the distributor will sell."""

    product: NewProduct

    @property
    def description(self) -> str:
        """What an operator reads."""
        return f"product {self.product.key}"


class CreatePackage(Wanted):
    """A package with its items' products resolved: `product_ids` by product key."""

    package: NewPackage
    product_ids: dict[str, str]

    @property
    def description(self) -> str:
        """What an operator reads."""
        return f"package {self.package.key}"


def creation_id(kind: str, key: str, scope: str) -> str:
    """The id under which an item is created, the same for all onboardings of a scope."""
    item = f"{scope} {kind} {telegent.canonical(key)}".encode()
    return f"catalogue-{kind}-{hashlib.sha256(item).hexdigest()[:24]}"


@dataclass(frozen=True)
class CatalogueActivities:
    """Calls about products and packages."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def list_products(self, skus: list[str]) -> dict[str, str | None]:
        """The ids of products by SKU, of those SKUs that exist, with one request for all.

        None stands for several products, or an inactive one: an operator names the one to use.
        """
        listed = await self.api.products.list("All")
        return _unambiguous({sku: _products_with(sku, listed) for sku in skus})

    @activity.defn
    async def find_product(self, lookup: Lookup[CreateProduct]) -> str | None:
        """The id of the product with this SKU, if it exists."""
        sku = lookup.wanted.product.sku
        matches = _products_with(sku, await self.api.products.list("All"))
        found = only_active(matches, f"products with SKU {sku}")
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @create_activity(CreateSpec(write_specs.CREATE_PRODUCT, find_product))
    async def create_product(self, request: CreateProduct) -> str:
        """Create the product; returns its id."""
        product = request.product
        created = await self.api.products.create(
            telegent.ProductCreate(
                sku=product.sku,
                description=product.description,
                type=product.type,
                sub_type=product.sub_type,
                cost=product.cost,
                billing_frequency=product.billing_frequency,
            )
        )
        return created.product_id

    @activity.defn
    async def list_packages(self, names: list[str]) -> dict[str, str | None]:
        """The ids of packages by name; see `list_products`."""
        listed = await self.api.packages.list("All")
        return _unambiguous({name: _packages_named(name, listed) for name in names})

    @activity.defn
    async def find_package(self, lookup: Lookup[CreatePackage]) -> str | None:
        """The id of the package with this name, if it exists."""
        name = lookup.wanted.package.name
        matches = _packages_named(name, await self.api.packages.list("All"))
        found = only_active(matches, f"packages '{name}'")
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @create_activity(CreateSpec(write_specs.CREATE_PACKAGE, find_package))
    async def create_package(self, request: CreatePackage) -> str:
        """Create the package with all its items in one call; returns its id."""
        package = request.package
        created = await self.api.packages.create(
            telegent.PackageCreate(
                package_name=package.name,
                description=package.description,
                type=package.type,
                price=package.price,
                monthly=package.monthly,
                package_items=[
                    telegent.PackageItemNew(
                        product_id=request.product_ids[item.product],
                        price=f"{item.price:.2f}",
                        monthly=item.monthly,
                        type=item.type,
                    )
                    for item in package.items
                ],
            )
        )
        return created.package_id


_Matches = dict[str, bool]
"""Ids of equal resources, and whether each is active."""


def _products_with(sku: str, listed: Sequence[telegent.Product]) -> _Matches:
    equal = [product for product in listed if telegent.same_text(product.sku, sku)]
    return {product.product_id: product.active is not False for product in equal}


def _packages_named(name: str, listed: Sequence[telegent.Package]) -> _Matches:
    equal = [package for package in listed if telegent.same_text(package.package_name, name)]
    return {package.package_id: package.active is not False for package in equal}


def _unambiguous(by_key: dict[str, _Matches]) -> dict[str, str | None]:
    return {
        key: next(iter(matches)) if list(matches.values()) == [True] else None
        for key, matches in by_key.items()
        if matches
    }
