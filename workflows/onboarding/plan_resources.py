"""The resources that a request describes, in the order in which they are created."""

from collections.abc import Iterator
from dataclasses import dataclass

from activities.support import write_specs
from activities.support.write_spec import WriteSpec
from telegent_orchestrator.lines import LineRequest, NewNumber
from telegent_orchestrator.onboarding import (
    ExistingAccount,
    ExistingMessageRoute,
    ExistingPackage,
    ExistingProduct,
    ExistingSubscriber,
    ExistingVoiceRoute,
    OnboardingRequest,
)
from telegent_orchestrator.plan import ResourceKind
from workflows.onboarding.resources import marked_name

Kind = ResourceKind
PORT_IN_REQUESTS = 5
"""Eligibility, submit, binding, and two reads of the number: docs/reference/api-budget.md."""


@dataclass(frozen=True)
class Resource:
    """A resource of a request.

    Attributes:
        kind: What it is.
        key: Its key in the request; of a line's resource, the key of the line. Empty for what a
            request has once.
        name: As Telegent will show it, or the key.
        field: The field of the request, as differences name it.
        write: How it is written.
        given_id: Telegent's id, if the request names an existing one.
        line: The key of its line.
        requests: Requests that create it.
    """

    kind: ResourceKind
    key: str
    name: str
    field: str
    write: WriteSpec
    given_id: str | None = None
    line: str = ""
    requests: int = 1


def resources_of(request: OnboardingRequest, *, order_webhook: bool) -> list[Resource]:
    """All resources of a request.

    Args:
        request: The request.
        order_webhook: The worker registers its webhook for order updates.
    """
    found = [_account(request), *_subscribers(request), *_routes(request), *_catalogue(request)]
    if order_webhook:
        found.append(
            Resource(Kind.ORDER_WEBHOOK, "", "order updates", "", write_specs.CREATE_WEBHOOK)
        )
    return [*found, *(part for line in request.lines for part in line_resources(line))]


def _account(request: OnboardingRequest) -> Resource:
    account, write = request.account, write_specs.CREATE_ACCOUNT
    if isinstance(account, ExistingAccount):
        given = account.account_id
        return Resource(Kind.ACCOUNT, "", given, "account", write, given)
    return Resource(
        Kind.ACCOUNT, "", marked_name(account.name, request.reference), "account", write
    )


def _subscribers(request: OnboardingRequest) -> Iterator[Resource]:
    for each in request.subscribers:
        given = each.subscriber_id if isinstance(each, ExistingSubscriber) else None
        field, write = f"subscribers.{each.key}", write_specs.CREATE_SUBSCRIBER
        yield Resource(Kind.SUBSCRIBER, each.key, each.key, field, write, given)
    for each in request.subscribers:
        if each.guardian:
            field, write = f"subscribers.{each.key}", write_specs.ENABLE_GUARDIAN
            yield Resource(Kind.GUARDIAN, each.key, each.key, field, write)
    for at, relation in enumerate(request.relations):
        yield Resource(
            Kind.RELATION,
            f"{relation.parent}:{relation.child}",
            f"{relation.parent} of {relation.child}",
            f"relations.{at}",
            write_specs.LINK_GUARDIAN,
        )


def _routes(request: OnboardingRequest) -> Iterator[Resource]:
    message, voice = request.routes.message, request.routes.voice
    field, write = "routes.message", write_specs.CREATE_MESSAGE_ROUTE
    if isinstance(message, ExistingMessageRoute):
        given = message.message_route_id
        yield Resource(Kind.MESSAGE_ROUTE, "", given, field, write, given)
    else:
        name = marked_name(message.name, request.reference)
        yield Resource(Kind.MESSAGE_ROUTE, "", name, field, write)
    field, write = "routes.voice", write_specs.CREATE_VOICE_ROUTE
    if isinstance(voice, ExistingVoiceRoute):
        given = voice.voice_route_id
        yield Resource(Kind.VOICE_ROUTE, "", given, field, write, given)
    elif voice:
        name = marked_name(voice.name, request.reference)
        yield Resource(Kind.VOICE_ROUTE, "", name, field, write)


def _catalogue(request: OnboardingRequest) -> Iterator[Resource]:
    for product in request.products:
        field, write = f"products.{product.key}", write_specs.CREATE_PRODUCT
        if isinstance(product, ExistingProduct):
            given = product.product_id
            yield Resource(Kind.PRODUCT, product.key, given, field, write, given)
        else:
            yield Resource(Kind.PRODUCT, product.key, product.sku, field, write)
    for package in request.packages:
        field, write = f"packages.{package.key}", write_specs.CREATE_PACKAGE
        if isinstance(package, ExistingPackage):
            given = package.package_id
            yield Resource(Kind.PACKAGE, package.key, given, field, write, given)
        else:
            yield Resource(Kind.PACKAGE, package.key, package.name, field, write)


def line_resources(line: LineRequest) -> list[Resource]:
    """The resources of one line."""
    if isinstance(line.number, NewNumber):
        number = (Kind.NUMBER, write_specs.BUY_NUMBER, 1)
    else:
        number = (Kind.PORT_IN, write_specs.SUBMIT_PORT, PORT_IN_REQUESTS)
    optional = (
        (line.e911_address, Kind.E911_ADDRESS, write_specs.SET_E911_ADDRESS),
        (line.data_limits, Kind.DATA_LIMITS, write_specs.SET_DATA_LIMITS),
        (line.renewal, Kind.RENEWAL, write_specs.SET_RENEWAL),
        (line.call_filter, Kind.CALL_FILTER, write_specs.CREATE_CALL_FILTER),
        (line.message_filter, Kind.MESSAGE_FILTER, write_specs.CREATE_MESSAGE_FILTER),
    )
    parts = [
        number,
        (Kind.SUBSCRIPTION, write_specs.START_SUBSCRIPTION, 1),
        *((kind, write, 1) for setting, kind, write in optional if setting),
    ]
    return [
        Resource(
            kind, line.key, line.key, f"lines.{line.key}", write, line=line.key, requests=requests
        )
        for kind, write, requests in parts
    ]
