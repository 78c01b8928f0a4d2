"""The verdict on an onboarding: what it says, against what really happened at the vendor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from resilience.oracle.checks import Place, Weighing
from resilience.oracle.ledger import Books
from resilience.oracle.lines import Owner, weigh_line
from resilience.oracle.reported_state import Said
from simulator import LedgerRow
from telegent_orchestrator.client import Progress
from telegent_orchestrator.onboarding import (
    ExistingAccount,
    ExistingPackage,
    ExistingProduct,
    ExistingSubscriber,
    NewMessageRoute,
    NewVoiceRoute,
    OnboardingRequest,
)
from workflows.onboarding.catalogue import PACKAGES, PRODUCTS
from workflows.onboarding.routes import MESSAGE_ROUTE, VOICE_ROUTE
from workflows.onboarding.subscribers import GUARDIAN, subscriber_step
from workflows.onboarding.workflow import ACCOUNT_STEP

Ids = dict[str, str | None]
"""The ledger's ids by the request's keys; None: not there."""


@dataclass(frozen=True)
class Verdict:
    """`wrong`: what is doubled, lost, wrong, or told to nobody. `waits`: what a person is asked."""

    wrong: Sequence[str]
    waits: Sequence[str]

    @property
    def state(self) -> Literal["ok", "person", "breach"]:
        """ok: each thing is there exactly once, and the onboarding says so. person: what is not
        there waits for a person, with evidence. breach: something is wrong.
        """
        return "breach" if self.wrong else "person" if self.waits else "ok"


def judge(
    request: OnboardingRequest,
    rows: Iterable[LedgerRow],
    progress: Progress,
    rejections: Mapping[str, Sequence[str]] | None = None,
) -> Verdict:
    """Judges one onboarding that was alone with its simulator.

    Take `progress` first and `rows` after it, so that nothing is said that is not written.
    `rejections`: the carrier's texts that have to be, by ported number, each with one correction.
    """
    books = Books(rows)
    verdict = judge_among_others(request, books, progress, rejections)
    return Verdict([*verdict.wrong, *books.strangers], verdict.waits)


def judge_among_others(
    request: OnboardingRequest,
    books: Books,
    progress: Progress,
    rejections: Mapping[str, Sequence[str]] | None = None,
) -> Verdict:
    """As `judge`, for a ledger of many: takes this onboarding's rows out of `books`.

    When all have been judged, `books.strangers` are what nobody asked for.
    """
    said = Said(progress)
    scales = Weighing(books, said, [*said.failures, *said.faults_of_asking])
    if not said.complete and not said.waits:
        scales.wrong.append("not complete, and nobody is asked: stuck or silent")
    account_id = _account(scales, request)
    people = _people(scales, request, account_id)
    message_route_id, voice_route_id = _routes(scales, request, account_id)
    packages = _packages(scales, request, _products(scales, request))
    # A line that names its number, or its SIM, before those that take what is left.
    for line in sorted(request.lines, key=lambda line: not said.line(line.key).phone_number):
        owner = Owner(
            account_id,
            people[line.subscriber],
            packages[line.package],
            message_route_id,
            voice_route_id,
        )
        weigh_line(scales, line, owner, rejections or {})
    for key, subscriber_id in people.items():
        for row in books.take("number.provisioned", {"subscriber_id": subscriber_id}):
            if row.data["number"] not in said.evidence:
                scales.wrong.append(f"doubled: {key} has {row.data['number']}, which is no line's")
    return Verdict(scales.wrong, said.waits)


def _account(scales: Weighing, request: OnboardingRequest) -> str | None:
    account = request.account
    if isinstance(account, ExistingAccount):
        return account.account_id
    name = {"name": f"{account.name} ({request.reference})"}
    place, said = Place(ACCOUNT_STEP), scales.said.result.account_id or None
    return scales.thing("account", "account.created", place, name, {}, said)


def _people(scales: Weighing, request: OnboardingRequest, account_id: str | None) -> Ids:
    people: Ids = {}
    for person in request.subscribers:
        if isinstance(person, ExistingSubscriber):
            people[person.key] = person.subscriber_id
        else:
            people[person.key] = scales.thing(
                f"subscriber {person.key}",
                "subscriber.created",
                Place(subscriber_step(person.key)),
                {"email": person.email},
                {"account_id": account_id, "role": person.role},
                scales.said.result.subscriber_ids.get(person.key),
            )
        if person.guardian:
            scales.last_set(
                f"AI Guardian of {person.key}",
                "guardian.features_set",
                Place(GUARDIAN),
                {"subscriber_id": people[person.key]},
                {"calls": True, "messages": True},
            )
    for relation in request.relations:
        scales.nameless(
            f"relation of {relation.parent} and {relation.child}",
            "guardian.related",
            Place(GUARDIAN),
            {
                "parent_id": people[relation.parent],
                "child_id": people[relation.child],
                "relation": relation.relation,
            },
            "child_id",
        )
    return people


def _routes(
    scales: Weighing, request: OnboardingRequest, account_id: str | None
) -> tuple[str | None, str | None]:
    message, voice, result = request.routes.message, request.routes.voice, scales.said.result
    owner = {"account_id": account_id}
    if isinstance(message, NewMessageRoute):
        name = {"name": f"{message.name} ({request.reference})"}
        place, said = Place(MESSAGE_ROUTE), result.message_route_id
        message_id = scales.thing(
            "message route", "message_route.created", place, name, owner, said
        )
    else:
        message_id = message.message_route_id
    if isinstance(voice, NewVoiceRoute):
        name = {"name": f"{voice.name} ({request.reference})"}
        place, said = Place(VOICE_ROUTE), result.voice_route_id
        voice_id = scales.thing("voice route", "voice_route.created", place, name, owner, said)
    else:
        voice_id = voice.voice_route_id if voice else None
    return message_id, voice_id


def _products(scales: Weighing, request: OnboardingRequest) -> Ids:
    products: Ids = {}
    for product in request.products:
        if isinstance(product, ExistingProduct):
            products[product.key] = product.product_id
        else:
            products[product.key] = scales.thing(
                f"product {product.key}",
                "product.created",
                Place(PRODUCTS),
                {"sku": product.sku},
                {},
                scales.said.result.product_ids.get(product.key),
            )
    return products


def _packages(scales: Weighing, request: OnboardingRequest, products: Ids) -> Ids:
    packages: Ids = {}
    for package in request.packages:
        if isinstance(package, ExistingPackage):
            packages[package.key] = package.package_id
            continue
        items = [products[item.product] for item in package.items]
        packages[package.key] = scales.thing(
            f"package {package.key}",
            "package.created",
            Place(PACKAGES),
            {"name": package.name},
            {"price": float(package.price), "product_ids": items},
            scales.said.result.package_ids.get(package.key),
        )
        for product_id in items:
            scales.nameless(
                f"product in package {package.key}",
                "package_item.created",
                Place(PACKAGES),
                {"package_id": packages[package.key], "product_id": product_id},
                "package_item_id",
            )
    return packages
