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
            ids[product.key] = existing.get(product.sku) or await _create_product(creator, product)
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
            ids[package.key] = existing.get(package.name) or await _create_package(
                creator, package, product_ids
            )
        return ids


async def _create_product(creator: ResourceCreator, product: NewProduct) -> str:
    wanted = CreateProduct(product=product)
    return await creator.ensure(CatalogueActivities.create_product, wanted, lookup_first=False)


async def _create_package(
    creator: ResourceCreator, package: NewPackage, product_ids: dict[str, str]
) -> str:
    missing = [item.product for item in package.items if item.product not in product_ids]
    if missing:
        raise ApplicationError(
            f"package {package.key} lacks product {', '.join(missing)}", type="MissingProduct"
        )
    wanted = CreatePackage(package=package, product_ids=product_ids)
    return await creator.ensure(CatalogueActivities.create_package, wanted, lookup_first=False)


async def _find_products(skus: list[str]) -> dict[str, str]:
    return await execute_read(CatalogueActivities.list_products, "Find existing products", skus)


async def _find_packages(names: list[str]) -> dict[str, str]:
    return await execute_read(CatalogueActivities.list_packages, "Find existing packages", names)
