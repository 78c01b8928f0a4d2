"""Products and packages: everybody's, so what is there under the same name is used, not made."""

from collections.abc import Sequence

from temporalio.exceptions import ApplicationError

from activities.onboarding.catalogue import (
    CatalogueActivities,
    CreatePackage,
    CreateProduct,
    FindPackages,
    FindProducts,
)
from telegent_orchestrator.onboarding import (
    ExistingPackage,
    ExistingProduct,
    NewPackage,
    NewProduct,
)
from workflows.support.activity_calls import read
from workflows.support.exactly_once import Maker

PRODUCTS, PACKAGES = "Products", "Packages"


async def ensure_products(
    maker: Maker, products: Sequence[NewProduct | ExistingProduct]
) -> dict[str, str]:
    """Product ids by key."""
    async with maker.board.step(PRODUCTS):
        ids = {p.key: p.product_id for p in products if isinstance(p, ExistingProduct)}
        wanted = [p for p in products if isinstance(p, NewProduct)]
        there = await _products([p.sku for p in wanted]) if wanted else {}
        for product in wanted:
            ids[product.key] = there.get(product.sku) or await _make_product(maker, product)
        return ids


async def ensure_packages(
    maker: Maker, packages: Sequence[NewPackage | ExistingPackage], product_ids: dict[str, str]
) -> dict[str, str]:
    """Package ids by key."""
    async with maker.board.step(PACKAGES):
        ids = {p.key: p.package_id for p in packages if isinstance(p, ExistingPackage)}
        wanted = [p for p in packages if isinstance(p, NewPackage)]
        there = await _packages([p.name for p in wanted]) if wanted else {}
        for package in wanted:
            ids[package.key] = there.get(package.name) or await _make_package(
                maker, package, product_ids
            )
        return ids


async def _make_product(maker: Maker, product: NewProduct) -> str:
    return await maker.ensure_id(
        PRODUCTS,
        f"product {product.key}",
        CatalogueActivities.create_product,
        CatalogueActivities.find_product,
        CreateProduct(product=product),
    )


async def _make_package(maker: Maker, package: NewPackage, product_ids: dict[str, str]) -> str:
    missing = [item.product for item in package.items if item.product not in product_ids]
    if missing:
        raise ApplicationError(
            f"package {package.key} lacks product {', '.join(missing)}", type="PartMissing"
        )
    return await maker.ensure_id(
        PACKAGES,
        f"package {package.key}",
        CatalogueActivities.create_package,
        CatalogueActivities.find_package,
        CreatePackage(package=package, product_ids=product_ids),
    )


async def _products(skus: list[str]) -> dict[str, str]:
    return await read(
        CatalogueActivities.find_products,
        "Look which products are in the catalogue",
        FindProducts(skus=skus),
    )


async def _packages(names: list[str]) -> dict[str, str]:
    return await read(
        CatalogueActivities.find_packages,
        "Look which packages are in the catalogue",
        FindPackages(names=names),
    )
