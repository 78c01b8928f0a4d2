"""Products and packages: what the distributor sells, shared by all its customers."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, at_most_one, found_or_pending
from activities.support.outcomes import ambiguous
from activities.support.write_activity import CreateSpec, Wanted, create_activity
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


@dataclass(frozen=True)
class CatalogueActivities:
    """Calls about products and packages."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def list_products(self, skus: list[str]) -> dict[str, str]:
        """The ids of products by SKU, of those SKUs that exist, with one request for all."""
        listed = await self.api.products.list("All")
        found = {sku: _product_with(sku, listed) for sku in skus}
        return {sku: product_id for sku, product_id in found.items() if product_id}

    @activity.defn
    async def find_product(self, lookup: Lookup[CreateProduct]) -> str | None:
        """The id of the product with this SKU, if it exists."""
        found = _product_with(lookup.wanted.product.sku, await self.api.products.list("All"))
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
    async def list_packages(self, names: list[str]) -> dict[str, str]:
        """The ids of packages by name, of those names that exist, with one request for all."""
        listed = await self.api.packages.list("All")
        found = {name: _package_named(name, listed) for name in names}
        return {name: package_id for name, package_id in found.items() if package_id}

    @activity.defn
    async def find_package(self, lookup: Lookup[CreatePackage]) -> str | None:
        """The id of the package with this name, if it exists."""
        found = _package_named(lookup.wanted.package.name, await self.api.packages.list("All"))
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


def _product_with(sku: str, listed: Sequence[telegent.Product]) -> str | None:
    found = [product for product in listed if telegent.same_text(product.sku, sku)]
    return _active([(p.product_id, p.active) for p in found], f"products with SKU {sku}")


def _package_named(name: str, listed: Sequence[telegent.Package]) -> str | None:
    found = [package for package in listed if telegent.same_text(package.package_name, name)]
    return _active([(p.package_id, p.active) for p in found], f"packages '{name}'")


def _active(found: list[tuple[str, bool | None]], what: str) -> str | None:
    """The id of the one match.

    Raises:
        ApplicationError: `Ambiguous` when several match, or one that is inactive.
    """
    ids = dict(found)
    match = at_most_one(list(ids), what)
    if match and ids[match] is False:
        raise ambiguous(f"of {what} there is {match}, which is inactive: activate it, or adopt one")
    return match
