"""The resources of an onboarding, each ensured in its step.

First what the lines share: subscribers, routes, catalogue, order webhook. Then what each line has
of its own: number and AI Guardian filters.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from activities.onboarding.catalogue import CatalogueActivities, CreatePackage, CreateProduct
from activities.onboarding.guardian import (
    CreateCallFilter,
    CreateMessageFilter,
    GuardianActivities,
    GuardianLink,
)
from activities.onboarding.number_records import BuyNumber, NumberRecord
from activities.onboarding.numbers import NumberActivities
from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.onboarding.webhooks import CreateWebhook, WebhookActivities
from activities.support.write_activity import Lookup, Wanted
from activities.support.write_specs import write_spec_of
from telegent_orchestrator.lines import CallFilter, LineInput, MessageFilter, NewNumber
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import (
    ExistingMessageRoute,
    ExistingPackage,
    ExistingProduct,
    ExistingSubscriber,
    ExistingVoiceRoute,
    GuardianRelation,
    NewMessageRoute,
    NewPackage,
    NewProduct,
    NewSubscriber,
    NewVoiceRoute,
)
from workflows.onboarding.catalogue_item import CatalogueItem, create_alone
from workflows.sims.claim_workflow import claim_sim_for_line
from workflows.support.activity_calls import Activity, execute_idempotent_write, execute_read
from workflows.support.cancellation import run_all
from workflows.support.exactly_once import ResourceCreator

W = TypeVar("W", bound=Wanted)

GUARDIAN_STEP = "AI Guardian"
MESSAGE_ROUTE_STEP, VOICE_ROUTE_STEP = "Message route", "Voice route"
PRODUCTS_STEP, PACKAGES_STEP = "Products", "Packages"
ORDER_WEBHOOK_STEP = "Order webhook"
NUMBER_STEP = "Number"
CALL_FILTER_STEP, MESSAGE_FILTER_STEP = "Call filter", "Message filter"


def subscriber_step(key: str) -> str:
    """The name of the step that ensures the subscriber with this key."""
    return f"Subscriber {key}"


def marked_name(name: str, reference: str) -> str:
    """A name that holds our reference, so that a lookup finds the resource by it."""
    return f"{name} ({reference})"


PRODUCT_VALUES = {"cost", "billing_frequency", "type", "sub_type"}
PACKAGE_VALUES = {"price", "monthly", "type"}
"""What onboardings that share a product or package must agree on."""


async def ensure_subscriber(
    creator: ResourceCreator, subscriber: NewSubscriber | ExistingSubscriber, account_id: str
) -> str:
    """Ensures the subscriber, and returns its id."""
    step = subscriber_step(subscriber.key)
    async with creator.progress.step(step):
        if isinstance(subscriber, ExistingSubscriber):
            return subscriber.subscriber_id
        wanted = CreateSubscriber(account_id=account_id, subscriber=subscriber)
        return await creator.ensure(SubscriberActivities.create_subscriber, wanted)


async def set_up_guardian(
    creator: ResourceCreator,
    guarded: Sequence[str],
    relations: Sequence[GuardianRelation],
    subscriber_ids: dict[str, str],
) -> None:
    """Turns Guardian on, then relates subscribers: the vendor relates only those who have it.

    Args:
        creator: Creates the relations.
        guarded: Keys of the subscribers with Guardian.
        relations: The relations; one whose subscriber failed is left out.
        subscriber_ids: Ids by key.
    """
    async with creator.progress.step(GUARDIAN_STEP):
        await run_all(*(_enable(creator, key, subscriber_ids[key]) for key in guarded))
        for relation in relations:
            if relation.parent in subscriber_ids and relation.child in subscriber_ids:
                await _link(creator, relation, subscriber_ids)


async def _enable(creator: ResourceCreator, key: str, subscriber_id: str) -> None:
    enable = GuardianActivities.enable_guardian
    await execute_idempotent_write(enable, f"Turn AI Guardian on for {key}", subscriber_id)
    creator.compensation.retain(f"AI Guardian of {key}", write_spec_of(enable))


async def _link(
    creator: ResourceCreator, relation: GuardianRelation, subscriber_ids: dict[str, str]
) -> None:
    parent_id, child_id = subscriber_ids[relation.parent], subscriber_ids[relation.child]
    # A relation of two subscribers that existed before may exist too. A cancel must not end it, and
    # whether the vendor rejects a second one is not documented.
    either_is_new = bool({parent_id, child_id} & creator.created_ids)
    await creator.ensure(
        GuardianActivities.link_guardian,
        GuardianLink(
            parent=relation.parent,
            child=relation.child,
            parent_id=parent_id,
            child_id=child_id,
            relation=relation.relation,
        ),
        lookup_first=not either_is_new,
    )


async def ensure_message_route(
    creator: ResourceCreator,
    route: NewMessageRoute | ExistingMessageRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """Ensures the message route, a new one under the name `marked_name`, and returns its id."""
    async with creator.progress.step(MESSAGE_ROUTE_STEP):
        if isinstance(route, ExistingMessageRoute):
            return route.message_route_id
        wanted = CreateMessageRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure(RouteActivities.create_message_route, wanted)


async def ensure_voice_route(
    creator: ResourceCreator,
    route: NewVoiceRoute | ExistingVoiceRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """Ensures the voice route, a new one under the name `marked_name`, and returns its id."""
    async with creator.progress.step(VOICE_ROUTE_STEP):
        if isinstance(route, ExistingVoiceRoute):
            return route.voice_route_id
        wanted = CreateVoiceRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure(RouteActivities.create_voice_route, wanted)


async def ensure_products(
    creator: ResourceCreator, products: Sequence[NewProduct | ExistingProduct]
) -> dict[str, str]:
    """Ensures the products, and returns their ids by key."""
    async with creator.progress.step(PRODUCTS_STEP):
        ids = {p.key: p.product_id for p in products if isinstance(p, ExistingProduct)}
        wanted = [p for p in products if isinstance(p, NewProduct)]
        existing = await _find_products(wanted) if wanted else {}
        for product in wanted:
            ids[product.key] = existing.get(product.sku) or await _create_alone(
                creator,
                _item(
                    "product",
                    product.sku,
                    product,
                    PRODUCT_VALUES,
                ),
                CatalogueActivities.create_product,
                CreateProduct(product=product),
                listed=product.sku in existing,
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
        existing = await _find_packages(wanted) if wanted else {}
        for package in wanted:
            ids[package.key] = existing.get(package.name) or await _create_alone(
                creator,
                _item("package", package.name, package, PACKAGE_VALUES),
                CatalogueActivities.create_package,
                _with_product_ids(package, product_ids),
                listed=package.name in existing,
            )
        return ids


async def _create_alone(
    creator: ResourceCreator,
    item: CatalogueItem,
    create: Activity[[W], str],
    wanted: W,
    *,
    listed: bool,
) -> str:
    """Creates an item while no other onboarding does.

    `listed`: lists show it, but not which one to use: a lookup shows why, and an operator decides.
    """
    return await create_alone(
        item,
        creator.scope,
        # If it is not listed, the list has just shown that it does not exist.
        lambda created_before: creator.ensure(
            create,
            wanted,
            lookup_first=listed or created_before is not None,
            created_before=created_before,
        ),
        listed=listed,
    )


def _item(
    kind: str, key: str, wanted: NewProduct | NewPackage, compared: set[str]
) -> CatalogueItem:
    """The item, with the values that the lookup of an existing one compares too."""
    values = wanted.model_dump(mode="json", include=compared)
    return CatalogueItem(kind=kind, key=key, values=json.dumps(values, sort_keys=True))


def _with_product_ids(package: NewPackage, product_ids: dict[str, str]) -> CreatePackage:
    missing = [item.product for item in package.items if item.product not in product_ids]
    if missing:
        raise ApplicationError(
            f"package {package.key} lacks product {', '.join(missing)}", type="MissingProduct"
        )
    return CreatePackage(package=package, product_ids=product_ids)


async def _find_products(wanted: list[NewProduct]) -> dict[str, str | None]:
    return await execute_read(CatalogueActivities.list_products, "Find existing products", wanted)


async def _find_packages(wanted: list[NewPackage]) -> dict[str, str | None]:
    return await execute_read(CatalogueActivities.list_packages, "Find existing packages", wanted)


async def ensure_order_webhook(creator: ResourceCreator, account_id: str) -> str | None:
    """Ensures the webhook; when that fails, the step says why, and nothing else fails.

    Port-ins also poll their orders without it; it only makes them faster.

    Returns:
        The webhook's id; None when it failed.
    """
    try:
        async with creator.progress.step(ORDER_WEBHOOK_STEP):
            return await _ensure_webhook(creator, CreateWebhook(account_id=account_id))
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        return None


async def _ensure_webhook(creator: ResourceCreator, wanted: CreateWebhook) -> str:
    create = WebhookActivities.create_webhook
    if wanted.account_id in creator.created_ids:
        return await creator.ensure(create, wanted)
    # Other onboardings of this account may be about to create it, too.
    lookup = Lookup[CreateWebhook](wanted=wanted)
    existing = await execute_read(
        WebhookActivities.find_webhook, f"Look up {wanted.description}", lookup
    )
    item = CatalogueItem(kind="webhook", key=wanted.account_id)
    return existing or await _create_alone(creator, item, create, wanted, listed=False)


async def buy_number(
    creator: ResourceCreator, wanted: LineInput, number: NewNumber
) -> NumberRecord:
    """Ensures the line's number, and returns it when its order is complete."""
    sim_used_until = await claim_sim_for_line(number.iccid) if number.iccid else None
    unseen_runs = creator.unseen_runs
    bought_after = unseen_runs.started_at if unseen_runs else workflow.info().workflow_start_time
    known_numbers = list(wanted.other_lines_numbers)
    had_no_number = wanted.subscriber_created and wanted.sole_new_number
    if not (had_no_number or unseen_runs):
        # In a second run this would prove nothing: the first may have bought this line's number.
        known_numbers += await execute_read(
            NumberActivities.list_subscriber_numbers,
            "List the subscriber's numbers before the purchase",
            wanted.subscriber_id,
        )
    purchase = number_to_buy(wanted, number, known_numbers, bought_after)
    purchase.sim_used_until = sim_used_until
    purchase.unambiguous = wanted.sole_new_number or not unseen_runs
    # A SIM may already carry a number, also one that another onboarding has bought.
    lookup_first = number.iccid is not None
    return await creator.ensure(NumberActivities.buy_number, purchase, lookup_first=lookup_first)


def number_to_buy(
    wanted: LineInput, number: NewNumber, known_numbers: list[str], bought_after: datetime
) -> BuyNumber:
    """The purchase of a line's number, which is also how it is looked up."""
    line = wanted.line
    return BuyNumber(
        account_id=wanted.account_id,
        subscriber_id=wanted.subscriber_id,
        classification=number.classification,
        product_type=line.product_type,
        message_type=line.message_type,
        message_route_id=wanted.message_route_id,
        voice_route_id=wanted.voice_route_id,
        area_code=number.area_code,
        zip_code=number.zip_code,
        iccid=number.iccid,
        recorded_number=wanted.recorded_number,
        known_numbers=known_numbers,
        unambiguous=wanted.sole_new_number,
        own_line_id_prefix=line_id(wanted.reference, ""),
        bought_after=bought_after,
    )


async def ensure_call_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: CallFilter
) -> str:
    """Ensures the number's call filter, and returns its id."""
    async with creator.progress.step(CALL_FILTER_STEP):
        return await creator.ensure(
            GuardianActivities.create_call_filter,
            CreateCallFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
        )


async def ensure_message_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: MessageFilter
) -> str:
    """Ensures the number's message filter, and returns its id."""
    async with creator.progress.step(MESSAGE_FILTER_STEP):
        return await creator.ensure(
            GuardianActivities.create_message_filter,
            CreateMessageFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
        )
