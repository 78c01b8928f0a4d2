"""Products and packages: shared by all customers, so one that exists is used."""

from collections.abc import Sequence

from temporalio.exceptions import ApplicationError

from activities.onboarding.catalogue import (
    CatalogueActivities,
    CreatePackage,
    CreateProduct,
)
from telegent_orchestrator.onboarding import (
    ExistingPackage,
    ExistingProduct,
    NewPackage,
    NewProduct,
)
from workflows.support.activity_calls import execute_read
from workflows.support.exactly_once import ResourceCreator

PRODUCTS_STEP, PACKAGES_STEP = "Products", "Packages"


async def ensure_products(
    creator: ResourceCreator, products: Sequence[NewProduct | ExistingProduct]
) -> dict[str, str]:
    """Ensures the products, and returns their ids by key."""
    async with creator.progress.step(PRODUCTS_STEP):
        ids = {p.key: p.product_id for p in products if isinstance(p, ExistingProduct)}
        wanted = [p for p in products if isinstance(p, NewProduct)]
        existing = await _find_products([p.sku for p in wanted]) if wanted else {}
        for product in wanted:
            known = existing.get(product.sku)
            ids[product.key] = (
                known
                if known
                else await creator.ensure(
                    CatalogueActivities.create_product,
                    CreateProduct(product=product),
                    # The list above has just shown whether it exists.
                    lookup_first=product.sku in existing,
                )
            )
        return ids


async def ensure_packages(
    creator: ResourceCreator,
    packages: Sequence[NewPackage | ExistingPackage],
    product_ids: dict[str, str],
) -> dict[str, str]:
    """Ensures the packages, and returns their ids by key."""
    async with creator.progress.step(PACKAGES_STEP):
        ids = {p.key: p.package_id for p in packages if isinstance(p, ExistingPackage)}
        wanted = [p for p in packages if isinstance(p, NewPackage)]
        existing = await _find_packages([p.name for p in wanted]) if wanted else {}
        for package in wanted:
            known = existing.get(package.name)
            ids[package.key] = (
                known
                if known
                else await creator.ensure(
                    CatalogueActivities.create_package,
                    _with_product_ids(package, product_ids),
                    lookup_first=package.name in existing,
                )
            )
        return ids


def _with_product_ids(package: NewPackage, product_ids: dict[str, str]) -> CreatePackage:
    missing = [item.product for item in package.items if item.product not in product_ids]
    if missing:
        raise ApplicationError(
            f"package {package.key} lacks product {', '.join(missing)}", type="MissingProduct"
        )
    return CreatePackage(package=package, product_ids=product_ids)


async def _find_products(skus: list[str]) -> dict[str, str | None]:
    return await execute_read(CatalogueActivities.list_products, "Find existing products", skus)


async def _find_packages(names: list[str]) -> dict[str, str | None]:
    return await execute_read(CatalogueActivities.list_packages, "Find existing packages", names)
