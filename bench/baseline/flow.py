"""An onboarding that relies on Temporal's default retries, with the product's activities.

Client, classification of errors and rate limiting are therefore the same, and permanent rejections
are not retried. The difference: each activity is retried until it succeeds. Only products and
packages, which customers share, are looked up before they are created.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow

from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.onboarding.catalogue import CatalogueActivities, CreatePackage, CreateProduct
from activities.onboarding.data_usage import DataUsageActivities
from activities.onboarding.e911 import E911Activities
from activities.onboarding.guardian import (
    CreateCallFilter,
    CreateMessageFilter,
    GuardianActivities,
    GuardianLink,
)
from activities.onboarding.number_records import BuyNumber
from activities.onboarding.numbers import NumberActivities
from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.port_in.orders import PortInActivities, UpdatePort
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
TASK_QUEUE = "baseline"


@workflow.defn
class BaselineOnboarding:
    """Runs one activity after the other. Accepts only requests for new resources."""

    @workflow.init
    def __init__(self, request: OnboardingRequest) -> None:
        self._result = OnboardingResult(reference=request.reference, complete=False, account_id="")
        self._correction: PortInCorrection | None = None

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingResult:
        """Run the onboarding. Returns the complete result."""
        result = self._result
        await self._account(request)
        for subscriber in request.subscribers:
            assert isinstance(subscriber, NewSubscriber)
            requested = CreateSubscriber(account_id=result.account_id, subscriber=subscriber)
            result.subscriber_ids[subscriber.key] = await execute(
                SubscriberActivities.create_subscriber, requested
            )
            await execute(GuardianActivities.enable_guardian, result.subscriber_ids[subscriber.key])
        for relation in request.relations:
            between = GuardianLink(
                parent=relation.parent,
                child=relation.child,
                parent_id=result.subscriber_ids[relation.parent],
                child_id=result.subscriber_ids[relation.child],
                relation=relation.relation,
            )
            await execute(GuardianActivities.link_guardian, between)
        await self._catalogue(request)
        result.lines = list(await asyncio.gather(*(self._line(line) for line in request.lines)))
        result.complete = True
        return result

    @workflow.signal
    def correct(self, correction: PortInCorrection) -> None:
        """Correct the rejected port-in."""
        self._correction = correction

    async def _account(self, request: OnboardingRequest) -> None:
        result, account = self._result, request.account
        message, voice = request.routes.message, request.routes.voice
        assert isinstance(account, NewAccount)
        assert isinstance(message, NewMessageRoute)
        assert isinstance(voice, NewVoiceRoute)
        result.account_id = await execute(
            AccountActivities.create_account,
            CreateAccount(marked_name=self._marked(account.name), account=account),
        )
        result.message_route_id = await execute(
            RouteActivities.create_message_route,
            CreateMessageRoute(
                account_id=result.account_id, marked_name=self._marked(message.name), route=message
            ),
        )
        result.voice_route_id = await execute(
            RouteActivities.create_voice_route,
            CreateVoiceRoute(
                account_id=result.account_id, marked_name=self._marked(voice.name), route=voice
            ),
        )

    async def _catalogue(self, request: OnboardingRequest) -> None:
        result = self._result
        products = [each for each in request.products if isinstance(each, NewProduct)]
        existing = await execute(CatalogueActivities.list_products, products)
        for product in request.products:
            assert isinstance(product, NewProduct)
            create = CreateProduct(product=product)
            product_id = existing.get(product.sku)
            if product_id is None:
                product_id = await execute(CatalogueActivities.create_product, create)
            result.product_ids[product.key] = product_id
        packages = [each for each in request.packages if isinstance(each, NewPackage)]
        existing = await execute(CatalogueActivities.list_packages, packages)
        for package in request.packages:
            assert isinstance(package, NewPackage)
            bundle = CreatePackage(package=package, product_ids=result.product_ids)
            package_id = existing.get(package.name)
            if package_id is None:
                package_id = await execute(CatalogueActivities.create_package, bundle)
            result.package_ids[package.key] = package_id

    async def _line(self, line: LineRequest) -> LineResult:
        result, line_result = self._result, LineResult(key=line.key)
        subscriber_id = result.subscriber_ids[line.subscriber]
        if isinstance(line.number, PortInNumber):
            await self._port_in(line, line.number, line_result)
        else:
            await self._buy(line, line.number, line_result)
        number, number_id = line_result.phone_number or "", line_result.number_id or ""
        line_result.subscription_id = await execute(
            SubscriptionActivities.start_subscription,
            StartSubscription(
                subscriber_id=subscriber_id,
                package_id=result.package_ids[line.package],
                number_id=number_id,
                iccid=line_result.iccid,
            ),
        )
        if address := line.e911_address:
            await execute(E911Activities.set_e911_address, number, address, result.account_id)
        if line.data_limits:
            await execute(DataUsageActivities.set_data_limits, [number], line.data_limits)
        if line.renewal:
            await execute(DataUsageActivities.set_renewal, [number], line.renewal)
        if line.call_filter:
            line_result.call_filter_id = await execute(
                GuardianActivities.create_call_filter,
                CreateCallFilter(
                    subscriber_id=subscriber_id, phone_number=number, filter=line.call_filter
                ),
            )
        if line.message_filter:
            line_result.message_filter_id = await execute(
                GuardianActivities.create_message_filter,
                CreateMessageFilter(
                    subscriber_id=subscriber_id, phone_number=number, filter=line.message_filter
                ),
            )
        return line_result

    async def _buy(self, line: LineRequest, requested: NewNumber, line_result: LineResult) -> None:
        result = self._result
        purchased = await execute(
            NumberActivities.buy_number,
            BuyNumber(
                account_id=result.account_id,
                subscriber_id=result.subscriber_ids[line.subscriber],
                product_type=line.product_type,
                message_type=line.message_type,
                message_route_id=result.message_route_id,
                voice_route_id=result.voice_route_id,
                area_code=requested.area_code,
                own_line_id_prefix="",
                bought_after=workflow.info().start_time,
            ),
        )
        line_result.phone_number, line_result.number_id = (
            purchased.phone_number,
            purchased.number_id,
        )
        line_result.iccid = purchased.iccid

    async def _port_in(
        self, line: LineRequest, requested: PortInNumber, line_result: LineResult
    ) -> None:
        result, number = self._result, requested.phone_number
        details = PortInDetails(**requested.model_dump(exclude={"kind"}))
        await execute(
            PortInActivities.check_port_eligibility, number, details.classification, False
        )
        submitted = await execute(PortInActivities.submit_port, details)
        order = submitted.order
        line_result.order_id = order.order_id
        while order.status != "Complete":
            await workflow.sleep(timedelta(seconds=0.3))
            order = await execute(PortInActivities.read_port_order, order.order_id)
            if order.status == "ResolutionRequired":
                await workflow.wait_condition(lambda: self._correction is not None)
                assert self._correction is not None
                details = details.model_copy(update=self._correction.changes(details))
                self._correction = None
                update = UpdatePort(last_snapshot=order, details=details)
                await execute(PortInActivities.update_port, update)
        binding = NumberBinding(
            account_id=result.account_id,
            subscriber_id=result.subscriber_ids[line.subscriber],
            product_type=line.product_type,
            message_type=line.message_type,
            message_route_id=result.message_route_id,
            voice_route_id=result.voice_route_id,
        )
        await execute(NumberActivities.bind_number, number, binding, None, "mvno")
        ported = await execute(NumberActivities.await_number, number)
        line_result.phone_number, line_result.number_id, line_result.iccid = (
            number,
            ported.number_id,
            ported.iccid,
        )

    def _marked(self, name: str) -> str:
        return f"{name} ({self._result.reference})"


async def execute(
    activity: Callable[Concatenate[Any, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run an activity as the first page of Temporal's documentation does."""
    assert not kwargs, "Temporal passes arguments to activities by position"
    result: T = await workflow.execute_activity_method(
        activity, args=args, task_queue=API_TASK_QUEUE, start_to_close_timeout=timedelta(minutes=1)
    )
    return result
