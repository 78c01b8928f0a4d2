"""Reads what exists of a request, with the lookups by which a create finds its resource."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.onboarding.catalogue import (
    CatalogueActivities,
    CreatePackage,
    CreateProduct,
    PackagePrice,
)
from activities.onboarding.given_ids import GivenIdActivities
from activities.onboarding.guardian import (
    CreateCallFilter,
    CreateMessageFilter,
    GuardianActivities,
    GuardianLink,
)
from activities.onboarding.number_records import NumberRecord
from activities.onboarding.numbers import NumberActivities
from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.onboarding.webhooks import CreateWebhook, WebhookActivities
from activities.plan import KnownOnboarding
from activities.port_in.orders import PortInActivities
from activities.support.outcomes import Outcome, classify_failure, failure_message
from activities.support.write_activity import Lookup, Wanted, create_spec_of
from telegent_orchestrator.lines import EPOCH, LineInput, LineRequest, PortInNumber
from telegent_orchestrator.onboarding import (
    ExistingAccount,
    ExistingMessageRoute,
    ExistingPackage,
    ExistingProduct,
    ExistingSubscriber,
    ExistingVoiceRoute,
    NewPackage,
    NewProduct,
    OnboardingRequest,
)
from telegent_orchestrator.plan import PlanAction, ResourceKind
from workflows.onboarding.line_supervisor import is_sole_new_number
from workflows.onboarding.plan_resources import Resource, resources_of
from workflows.onboarding.resources import marked_name, number_to_buy
from workflows.support.activity_calls import BULK_PRIORITY, READ_OPTIONS, Activity, prepare_call
from workflows.support.cancellation import run_all

T = TypeVar("T")
W = TypeVar("W", bound=Wanted)
Kind = ResourceKind
MAX_CONCURRENT_READS = 5
"""How many requests of one plan may be queued at once."""
READ_TIMEOUT = timedelta(hours=1)
"""How long a plan reads. What has no response by then is reported as unknown."""
NEW_ACCOUNT = "the account to be created"
OF_FAILURE = {Outcome.REJECTED: PlanAction.REFUSE, Outcome.AMBIGUOUS: PlanAction.ESCALATE}


@dataclass(frozen=True)
class Found:
    """What a lookup found: an id, or why there is none.

    Attributes:
        id: None: it does not exist, as far as Telegent shows.
        trouble: What a start would do if the lookup fails for it, too.
        detail: Why.
    """

    id: str | None = None
    trouble: PlanAction | None = None
    detail: str = ""


@dataclass
class Findings:
    """What is known of the resources of a request, by kind and key; and of packages' prices."""

    found: dict[tuple[ResourceKind, str], Found] = field(default_factory=dict)
    prices: dict[str, PackagePrice] = field(default_factory=dict)

    def id_of(self, kind: ResourceKind, key: str = "") -> str | None:
        """The id of what exists."""
        return self.found.get((kind, key), Found()).id


class PlanReader:
    """Reads at the lowest priority, and no more at once than a plan may.

    `known`: the earlier run, if there was one. Without it, the resources that a create does not
    look up first are read too: a start would not see them, and that is what the plan says.
    """

    def __init__(
        self, request: OnboardingRequest, known: KnownOnboarding | None, *, order_webhook: bool
    ) -> None:
        self.findings = Findings()
        self.responses = 0
        self._request = request
        self._known = known
        self._order_webhook = order_webhook
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_READS)
        self._ends_at = workflow.now() + READ_TIMEOUT

    async def read(self) -> None:
        """Reads everything that the request names."""
        await run_all(self._read_account(), *self._given_ids())
        await run_all(*self._subscribers(), *self._routes(), *self._catalogue(), self._webhook())
        await run_all(*self._relations(), *(self._line(line) for line in self._request.lines))

    @property
    def _account_id(self) -> str | None:
        """The account that a start would use; None if it would create one, or there is none."""
        account, found = self._request.account, self.findings.found.get((Kind.ACCOUNT, ""), Found())
        if isinstance(account, ExistingAccount):
            return None if found.trouble else account.account_id
        return found.id if self._known else None

    def _given_ids(self) -> list[Awaitable[None]]:
        """Reads what the request names by id, except for packages, whose prices are read."""
        return [
            self._given_id(each)
            for each in resources_of(self._request, order_webhook=False)
            if each.given_id and each.kind is not Kind.PACKAGE
        ]

    async def _given_id(self, resource: Resource) -> None:
        given, item = resource.given_id or "", (resource.kind, resource.key)
        summary = f"Read {resource.kind} {resource.key}".rstrip()
        exists = await self._read(GivenIdActivities.check_given_id, summary, resource.kind, given)
        if isinstance(exists, Found):
            self.findings.found[item] = exists
        elif not exists:
            self.findings.found[item] = _unknown_id(resource.kind, given)

    async def _read_account(self) -> None:
        account = self._request.account
        if not isinstance(account, ExistingAccount):
            name = marked_name(account.name, self._request.reference)
            wanted = CreateAccount(marked_name=name, account=account)
            await self._look_up(Kind.ACCOUNT, "", AccountActivities.create_account, wanted)

    def _subscribers(self) -> list[Awaitable[None]]:
        return [
            self._look_up(
                Kind.SUBSCRIBER,
                each.key,
                SubscriberActivities.create_subscriber,
                CreateSubscriber(account_id=self._account_id or NEW_ACCOUNT, subscriber=each),
            )
            for each in self._request.subscribers
            if not isinstance(each, ExistingSubscriber)
        ]

    def _routes(self) -> list[Awaitable[None]]:
        account_id, reads = self._account_id, list[Awaitable[None]]()
        message, voice = self._request.routes.message, self._request.routes.voice
        if account_id and not isinstance(message, ExistingMessageRoute):
            name = marked_name(message.name, self._request.reference)
            reads.append(
                self._look_up(
                    Kind.MESSAGE_ROUTE,
                    "",
                    RouteActivities.create_message_route,
                    CreateMessageRoute(account_id=account_id, marked_name=name, route=message),
                )
            )
        if account_id and voice and not isinstance(voice, ExistingVoiceRoute):
            name = marked_name(voice.name, self._request.reference)
            reads.append(
                self._look_up(
                    Kind.VOICE_ROUTE,
                    "",
                    RouteActivities.create_voice_route,
                    CreateVoiceRoute(account_id=account_id, marked_name=name, route=voice),
                )
            )
        return reads

    def _catalogue(self) -> list[Awaitable[None]]:
        products, packages = self._request.products, self._request.packages
        return [
            self._products([each for each in products if not isinstance(each, ExistingProduct)]),
            self._packages([each for each in packages if not isinstance(each, ExistingPackage)]),
            *(
                self._price(each.key, each.package_id)
                for each in packages
                if isinstance(each, ExistingPackage)
            ),
        ]

    async def _products(self, wanted: list[NewProduct]) -> None:
        if wanted:
            listed = await self._read(CatalogueActivities.list_products, "List products", wanted)
            items = {(each.key, each.sku): CreateProduct(product=each) for each in wanted}
            await self._listed(Kind.PRODUCT, CatalogueActivities.create_product, items, listed)

    async def _packages(self, wanted: list[NewPackage]) -> None:
        if wanted:
            listed = await self._read(CatalogueActivities.list_packages, "List packages", wanted)
            items = {
                (each.key, each.name): CreatePackage(package=each, product_ids={})
                for each in wanted
            }
            await self._listed(Kind.PACKAGE, CatalogueActivities.create_package, items, listed)

    async def _listed(
        self,
        kind: ResourceKind,
        create: Activity[[W], str],
        wanted: dict[tuple[str, str], W],
        listed: dict[str, str | None] | Found,
    ) -> None:
        """Takes items, by key and name, from one list; looks up what needs an operator, and why."""
        for (key, name), item in wanted.items():
            if isinstance(listed, Found):
                self.findings.found[kind, key] = listed
            elif (found := listed.get(name)) or name not in listed:
                self.findings.found[kind, key] = Found(found)
            else:
                await self._look_up(kind, key, create, item)

    async def _price(self, key: str, package_id: str) -> None:
        price = await self._read(
            CatalogueActivities.read_package_price, f"Read package {key}", package_id
        )
        if isinstance(price, Found):
            self.findings.found[Kind.PACKAGE, key] = price
        elif price is None:
            self.findings.found[Kind.PACKAGE, key] = _unknown_id(Kind.PACKAGE, package_id)
        else:
            self.findings.prices[key] = price

    async def _webhook(self) -> None:
        if self._order_webhook and (account_id := self._account_id):
            create, wanted = WebhookActivities.create_webhook, CreateWebhook(account_id=account_id)
            await self._look_up(Kind.ORDER_WEBHOOK, "", create, wanted)

    def _subscriber_id(self, key: str) -> str | None:
        given = {
            each.key: each.subscriber_id
            for each in self._request.subscribers
            if isinstance(each, ExistingSubscriber)
        }
        return given.get(key) or self.findings.id_of(Kind.SUBSCRIBER, key)

    def _relations(self) -> list[Awaitable[None]]:
        reads = list[Awaitable[None]]()
        for each in self._request.relations:
            parent_id, child_id = map(self._subscriber_id, (each.parent, each.child))
            if parent_id and child_id:
                wanted = GuardianLink(**each.model_dump(), parent_id=parent_id, child_id=child_id)
                key = f"{each.parent}:{each.child}"
                create = GuardianActivities.link_guardian
                reads.append(self._look_up(Kind.RELATION, key, create, wanted))
        return reads

    async def _line(self, line: LineRequest) -> None:
        subscriber_id = self._subscriber_id(line.subscriber)
        if isinstance(line.number, PortInNumber):
            number = await self._read_ported(line, line.number, subscriber_id)
        else:
            number = await self._read_bought(line, subscriber_id)
        if number and subscriber_id:
            await run_all(*self._parts(line, number, subscriber_id))

    async def _read_ported(
        self, line: LineRequest, number: PortInNumber, subscriber_id: str | None
    ) -> NumberRecord | None:
        """Reads whether the number has arrived in an earlier run, or can be ported in."""
        item, phone_number = (Kind.PORT_IN, line.key), number.phone_number
        if self._known:
            summary = "Check whether the number has already arrived"
            record = await self._read(NumberActivities.read_number, summary, phone_number)
            if isinstance(record, Found):
                self.findings.found[item] = record
                return None
            if record and record.may_belong_to(subscriber_id):
                self.findings.found[item] = Found(phone_number)
                return record
        eligibility = await self._read(
            PortInActivities.check_port_eligibility,
            "Check whether the number can be ported in",
            phone_number,
            number.classification,
            number.port_in_date is not None,
        )
        if isinstance(eligibility, Found):
            self.findings.found[item] = eligibility
        elif not eligibility.eligible:
            self.findings.found[item] = Found(
                trouble=PlanAction.REFUSE, detail=eligibility.vendor_message
            )
        return None

    async def _read_bought(
        self, line: LineRequest, subscriber_id: str | None
    ) -> NumberRecord | None:
        """Reads the number that an earlier run has bought, and what the SIM carries."""
        number, known = line.number, self._known
        assert not isinstance(number, PortInNumber)
        if number.iccid is None and not (known and subscriber_id):
            return None
        numbers = {key: each.phone_number for key, each in known.lines.items()} if known else {}
        recorded = numbers.pop(line.key, None)
        wanted = LineInput(
            reference=self._request.reference,
            line=line,
            account_id=self._account_id or "",
            subscriber_id=subscriber_id or "",
            package_id="",
            recorded_number=recorded,
            sole_new_number=is_sole_new_number(self._request, line),
        )
        began = known.started_at if known else workflow.now()
        purchase = number_to_buy(wanted, number, [*filter(None, numbers.values())], began)
        found = await self._find(NumberActivities.buy_number, purchase)
        record = None if isinstance(found, Found) else found
        self.findings.found[Kind.NUMBER, line.key] = (
            found if isinstance(found, Found) else Found(record.phone_number if record else None)
        )
        return record

    def _parts(
        self, line: LineRequest, number: NumberRecord, subscriber_id: str
    ) -> list[Awaitable[None]]:
        """The subscription and the filters of a number."""
        phone_number, reads = number.phone_number or "", list[Awaitable[None]]()
        if package_id := self._package_id(line.package):
            subscription = StartSubscription(
                subscriber_id=subscriber_id,
                package_id=package_id,
                number_id=number.number_id or "",
                iccid=number.iccid,
                classification=line.number.classification,
            )
            create = SubscriptionActivities.start_subscription
            reads.append(self._look_up(Kind.SUBSCRIPTION, line.key, create, subscription))
        ids = {"subscriber_id": subscriber_id, "phone_number": phone_number}
        if line.call_filter:
            call_filter = CreateCallFilter(**ids, filter=line.call_filter)
            create_call = GuardianActivities.create_call_filter
            reads.append(self._look_up(Kind.CALL_FILTER, line.key, create_call, call_filter))
        if line.message_filter:
            message_filter = CreateMessageFilter(**ids, filter=line.message_filter)
            create_message = GuardianActivities.create_message_filter
            reads.append(
                self._look_up(Kind.MESSAGE_FILTER, line.key, create_message, message_filter)
            )
        return reads

    def _package_id(self, key: str) -> str | None:
        given = {
            each.key: each.package_id
            for each in self._request.packages
            if isinstance(each, ExistingPackage)
        }
        return given.get(key) or self.findings.id_of(Kind.PACKAGE, key)

    async def _look_up(
        self, kind: ResourceKind, key: str, create: Activity[[W], str], wanted: W
    ) -> None:
        found = await self._find(create, wanted)
        self.findings.found[kind, key] = found if isinstance(found, Found) else Found(found)

    async def _find(self, create: Activity[[W], T], wanted: W) -> T | Found | None:
        """What the lookup of a create finds now: an absence does not have to outlast the lag."""
        lookup = Lookup[Any](wanted=wanted, created_before=EPOCH if self._known else None)
        find = create_spec_of(create).find
        return await self._read(find, f"Look up {wanted.description}", lookup)

    async def _read(self, activity: Activity[..., T], summary: str, *args: object) -> T | Found:
        """The response, or why there is none."""
        async with self._slots:
            options = READ_OPTIONS.copy()
            options["priority"] = BULK_PRIORITY
            remaining = self._ends_at - workflow.now()
            if remaining <= timedelta(0):
                return Found(trouble=PlanAction.UNKNOWN, detail="no response within an hour")
            options["schedule_to_close_timeout"] = remaining
            try:
                response = await prepare_call(options, activity, summary, *args)()
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                trouble = OF_FAILURE.get(classify_failure(error), PlanAction.UNKNOWN)
                return Found(trouble=trouble, detail=failure_message(error))
            self.responses += 1
            return response


def _unknown_id(kind: ResourceKind, given_id: str) -> Found:
    return Found(trouble=PlanAction.REFUSE, detail=f"Telegent knows no {kind} {given_id}")
