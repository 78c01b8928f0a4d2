"""Products and packages: what the distributor sells, shared by all its customers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.outcomes import ambiguous, is_not_found
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    at_most_one,
    create_activity,
    found_or_pending,
)
from telegent import RequestRejectedError, Telegent
from telegent_orchestrator._models import WireModel
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


class PackagePrice(WireModel):
    """What a package costs, as far as Telegent shows it."""

    price: Decimal | None = None
    monthly: bool | None = None


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
    async def list_products(self, products: list[NewProduct]) -> dict[str, str | None]:
        """The ids of products by SKU, of those SKUs that exist, with one request for all.

        None stands for several products, an inactive one, or one with other values than the
        request: an operator names the one to use.
        """
        listed = await self.api.products.list("All")
        return _unambiguous({wanted.sku: _same_products(wanted, listed) for wanted in products})

    @activity.defn
    async def find_product(self, lookup: Lookup[CreateProduct]) -> str | None:
        """The id of the product with this SKU, if it exists."""
        wanted = lookup.wanted.product
        matches = _same_products(wanted, await self.api.products.list("All"))
        found = _only_usable(matches, f"products with SKU {wanted.sku}")
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
    async def list_packages(self, packages: list[NewPackage]) -> dict[str, str | None]:
        """The ids of packages by name; see `list_products`. Their items are not compared."""
        listed = await self.api.packages.list("All")
        return _unambiguous({wanted.name: _same_packages(wanted, listed) for wanted in packages})

    @activity.defn
    async def read_package_price(self, package_id: str) -> PackagePrice | None:
        """The price of a package, if it exists."""
        try:
            package = await self.api.packages.get(package_id)
        except RequestRejectedError as error:
            if is_not_found(error):
                return None
            raise
        return PackagePrice(price=package.price, monthly=package.monthly)

    @activity.defn
    async def find_package(self, lookup: Lookup[CreatePackage]) -> str | None:
        """The id of the package with this name, if it exists."""
        wanted = lookup.wanted.package
        matches = _same_packages(wanted, await self.api.packages.list("All"))
        found = _only_usable(matches, f"packages '{wanted.name}'")
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


_Matches = dict[str, str]
"""Ids of the resources with one key, and why an operator must decide about each; empty if not."""


def _same_products(wanted: NewProduct, listed: Sequence[telegent.Product]) -> _Matches:
    return {
        found.product_id: _doubt(
            found.active,
            ("cost", found.cost, wanted.cost),
            ("billing_frequency", found.billing_frequency, wanted.billing_frequency),
            ("type", found.type, wanted.type),
            ("sub_type", found.sub_type, wanted.sub_type),
        )
        for found in listed
        if telegent.same_text(found.sku, wanted.sku)
    }


def _same_packages(wanted: NewPackage, listed: Sequence[telegent.Package]) -> _Matches:
    return {
        found.package_id: _doubt(
            found.active,
            ("price", found.price, wanted.price),
            ("monthly", found.monthly, wanted.monthly),
            ("type", found.type, wanted.type),
        )
        for found in listed
        if telegent.same_text(found.package_name, wanted.name)
    }


def _doubt(active: bool | None, *values: tuple[str, object, object]) -> str:
    """Why what exists may not be what is wanted: the values are its own and the wanted ones.

    A value that the list does not show, or the request does not name, is not compared.
    """
    if active is False:
        return "is inactive: activate it, or adopt one"
    differences = [
        f"{name} {theirs}, not {ours}"
        for name, theirs, ours in values
        if theirs is not None and ours is not None and _comparable(theirs) != _comparable(ours)
    ]
    return f"has {', '.join(differences)}: adopt it, or abandon the step" if differences else ""


def _comparable(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _only_usable(matches: _Matches, what: str) -> str | None:
    """The id of the one match, or None.

    Raises:
        ApplicationError: `Ambiguous` when several match, or one about which there is a doubt.
    """
    match = at_most_one(list(matches), what)
    if match and matches[match]:
        raise ambiguous(f"of {what} there is {match}, which {matches[match]}")
    return match


def _unambiguous(by_key: dict[str, _Matches]) -> dict[str, str | None]:
    return {
        key: next(iter(matches)) if list(matches.values()) == [""] else None
        for key, matches in by_key.items()
        if matches
    }
