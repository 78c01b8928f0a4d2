"""Products and packages: what the distributor sells, shared by all its customers."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, at_most_one, found_or_pending
from activities.support.write_activity import create_activity
from telegent import Telegent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.onboarding import NewPackage, NewProduct


class FindProducts(Lookup):
    """Look for these SKUs, with one call for all."""

    skus: list[str]


class FindPackages(Lookup):
    """Look for packages with these names, with one call for all."""

    names: list[str]


class CreateProduct(WireModel):
    """A product that the distributor will sell."""

    product: NewProduct

    def lookup(self, *, created_before: datetime | None = None) -> FindProducts:
        """Look for this product."""
        return FindProducts(skus=[self.product.sku], created_before=created_before)


class CreatePackage(WireModel):
    """A package with its items' products resolved: `product_ids` by product key."""

    package: NewPackage
    product_ids: dict[str, str]

    def lookup(self, *, created_before: datetime | None = None) -> FindPackages:
        """Look for this package."""
        return FindPackages(names=[self.package.name], created_before=created_before)


@dataclass(frozen=True)
class CatalogueActivities:
    """Calls about products and packages."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_products(self, lookup: FindProducts) -> dict[str, str]:
        """Product ids by SKU, for those SKUs that exist."""
        listed = await self.api.products.list()
        ids = {
            sku: at_most_one(
                [p.product_id for p in listed if p.sku == sku], f"products with SKU {sku}"
            )
            for sku in lookup.skus
        }
        found = {sku: product_id for sku, product_id in ids.items() if product_id}
        return found_or_pending(found or None, lookup, self.settings.read_lag) or {}

    @activity.defn
    async def find_product(self, lookup: FindProducts) -> str | None:
        """The product's id, if there is one with this SKU."""
        return (await self.find_products(lookup)).get(lookup.skus[0])

    @create_activity(write_specs.CREATE_PRODUCT, find_product)
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
    async def find_packages(self, lookup: FindPackages) -> dict[str, str]:
        """Package ids by name, for those names that exist."""
        listed = await self.api.packages.list()
        ids = {
            name: at_most_one(
                [p.package_id for p in listed if p.package_name == name], f"packages '{name}'"
            )
            for name in lookup.names
        }
        found = {name: package_id for name, package_id in ids.items() if package_id}
        return found_or_pending(found or None, lookup, self.settings.read_lag) or {}

    @activity.defn
    async def find_package(self, lookup: FindPackages) -> str | None:
        """The package's id, if there is one with this name."""
        return (await self.find_packages(lookup)).get(lookup.names[0])

    @create_activity(write_specs.CREATE_PACKAGE, find_package)
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
