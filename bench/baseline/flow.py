"""An onboarding that trusts Temporal's default retries. Its activities are the product's own.

So the client, the sorting of answers and the waiting for rate limits are the same, and what the
vendor refuses for good is not repeated. What differs: each activity is retried until it succeeds,
and nothing is looked for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow

from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.onboarding.catalogue import CatalogueActivities, CreatePackage, CreateProduct
from activities.onboarding.data_usage import DataUsageActivities
from activities.onboarding.guardian import (
    CreateCallFilter,
    CreateMessageFilter,
    GuardianActivities,
    Relation,
)
from activities.onboarding.numbers import BuyNumber, NumberActivities
from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.port_in.orders import PortActivities, UpdatePort
from telegent_orchestrator.lines import LineRequest, LineResult, NewNumber, PortInNumber
from telegent_orchestrator.names import API_TASK_QUEUE
from telegent_orchestrator.onboarding import (
    NewAccount,
    NewMessageRoute,
    NewPackage,
    NewProduct,
    NewSubscriber,
    NewVoiceRoute,
    OnboardingRequest,
    OnboardingResult,
)
from telegent_orchestrator.port_in import NumberBinding, PortInCorrection, PortInDetails

P = ParamSpec("P")
T = TypeVar("T")
TASK_QUEUE = "plain"


@workflow.defn
class PlainOnboarding:
    """Everything of a request, one activity after the other. Takes only what is to be made."""

    @workflow.init
    def __init__(self, request: OnboardingRequest) -> None:
        self._made = OnboardingResult(reference=request.reference, complete=False, account_id="")
        self._correction: PortInCorrection | None = None

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingResult:
        """The result, complete."""
        made = self._made
        await self._account(request)
        for person in request.subscribers:
            assert isinstance(person, NewSubscriber)
            wanted = CreateSubscriber(account_id=made.account_id, subscriber=person)
            made.subscriber_ids[person.key] = await do(SubscriberActivities.create, wanted)
            await do(GuardianActivities.enable_guardian, made.subscriber_ids[person.key])
        for relation in request.relations:
            between = Relation(
                parent_id=made.subscriber_ids[relation.parent],
                child_id=made.subscriber_ids[relation.child],
                relation=relation.relation,
            )
            await do(GuardianActivities.relate, between)
        await self._catalogue(request)
        made.lines = list(await asyncio.gather(*(self._line(line) for line in request.lines)))
        made.complete = True
        return made

    @workflow.signal
    def correct(self, correction: PortInCorrection) -> None:
        """Other data for the rejected port-in."""
        self._correction = correction

    async def _account(self, request: OnboardingRequest) -> None:
        made, account = self._made, request.account
        message, voice = request.routes.message, request.routes.voice
        assert isinstance(account, NewAccount)
        assert isinstance(message, NewMessageRoute)
        assert isinstance(voice, NewVoiceRoute)
        made.account_id = await do(
            AccountActivities.create,
            CreateAccount(marked_name=self._marked(account.name), account=account),
        )
        made.message_route_id = await do(
            RouteActivities.create_message_route,
            CreateMessageRoute(
                account_id=made.account_id, marked_name=self._marked(message.name), route=message
            ),
        )
        made.voice_route_id = await do(
            RouteActivities.create_voice_route,
            CreateVoiceRoute(
                account_id=made.account_id, marked_name=self._marked(voice.name), route=voice
            ),
        )

    async def _catalogue(self, request: OnboardingRequest) -> None:
        made = self._made
        for product in request.products:
            assert isinstance(product, NewProduct)
            made.product_ids[product.key] = await do(
                CatalogueActivities.create_product, CreateProduct(product=product)
            )
        for package in request.packages:
            assert isinstance(package, NewPackage)
            made.package_ids[package.key] = await do(
                CatalogueActivities.create_package,
                CreatePackage(package=package, product_ids=made.product_ids),
            )

    async def _line(self, line: LineRequest) -> LineResult:
        made, done = self._made, LineResult(key=line.key)
        subscriber_id = made.subscriber_ids[line.subscriber]
        if isinstance(line.number, PortInNumber):
            await self._port_in(line, line.number, done)
        else:
            await self._buy(line, line.number, done)
        number, number_id = done.phone_number or "", done.number_id or ""
        done.subscription_id = await do(
            SubscriptionActivities.start_subscription,
            StartSubscription(
                subscriber_id=subscriber_id,
                package_id=made.package_ids[line.package],
                number_id=number_id,
                iccid=done.iccid,
            ),
        )
        if line.data_limits:
            await do(DataUsageActivities.set_data_limits, [number], line.data_limits)
        if line.renewal:
            await do(DataUsageActivities.set_renewal, [number], line.renewal)
        if line.call_filter:
            done.call_filter_id = await do(
                GuardianActivities.create_call_filter,
                CreateCallFilter(
                    subscriber_id=subscriber_id, phone_number=number, filter=line.call_filter
                ),
            )
        if line.message_filter:
            done.message_filter_id = await do(
                GuardianActivities.create_message_filter,
                CreateMessageFilter(
                    subscriber_id=subscriber_id, phone_number=number, filter=line.message_filter
                ),
            )
        return done

    async def _buy(self, line: LineRequest, wanted: NewNumber, done: LineResult) -> None:
        made = self._made
        bought = await do(
            NumberActivities.buy_number,
            BuyNumber(
                account_id=made.account_id,
                subscriber_id=made.subscriber_ids[line.subscriber],
                product_type=line.product_type,
                message_type=line.message_type,
                message_route_id=made.message_route_id,
                voice_route_id=made.voice_route_id,
                area_code=wanted.area_code,
                lines="",
                begun=workflow.info().start_time,
            ),
        )
        done.phone_number, done.number_id = bought.phone_number, bought.number_id
        done.iccid = bought.iccid

    async def _port_in(self, line: LineRequest, wanted: PortInNumber, done: LineResult) -> None:
        made, number = self._made, wanted.phone_number
        details = PortInDetails(**wanted.model_dump(exclude={"kind"}))
        await do(PortActivities.check_port_eligibility, number, details.classification)
        order = await do(PortActivities.submit_port, details)
        done.order_id = order.order_id
        while order.status != "Complete":
            await workflow.sleep(timedelta(seconds=0.3))
            order = await do(PortActivities.read_port_order, order.order_id)
            if order.status == "ResolutionRequired":
                await workflow.wait_condition(lambda: self._correction is not None)
                assert self._correction is not None
                details = details.model_copy(update=self._correction.changes())
                self._correction = None
                update = UpdatePort(seen=order, details=details)
                await do(PortActivities.update_port, update)
        binding = NumberBinding(
            account_id=made.account_id,
            subscriber_id=made.subscriber_ids[line.subscriber],
            product_type=line.product_type,
            message_type=line.message_type,
            message_route_id=made.message_route_id,
            voice_route_id=made.voice_route_id,
        )
        await do(NumberActivities.bind_number, number, binding, None)
        arrived = await do(NumberActivities.await_number, number)
        done.phone_number, done.number_id, done.iccid = number, arrived.number_id, arrived.iccid

    def _marked(self, name: str) -> str:
        return f"{name} ({self._made.reference})"


async def do(
    activity: Callable[Concatenate[Any, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Runs an activity as the first page of the documentation does it."""
    assert not kwargs, "Temporal passes arguments to activities by position"
    answer: T = await workflow.execute_activity_method(
        activity, args=args, task_queue=API_TASK_QUEUE, start_to_close_timeout=timedelta(minutes=1)
    )
    return answer
