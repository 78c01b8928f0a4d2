"""An onboarding on DBOS, as its tutorials lead to: each vendor call is a step that is retried.

Client and order of the calls are those of `bench.baseline.flow`. Only products and packages, which
customers share, are looked up before they are created.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID, StepOptions

import telegent
from bench.dbos_flow import vendor_requests
from bench.dbos_flow.vendor_requests import Owner, PurchasedNumber
from telegent import Telegent
from telegent_orchestrator.lines import LineRequest, LineResult, PortInNumber
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
from telegent_orchestrator.port_in import PortInCorrection, PortInDetails

P = ParamSpec("P")
T = TypeVar("T")

POLL_SECONDS = 0.3
CORRECTIONS = "corrections"
"""Topic of the messages that correct a rejected port-in."""


def line_workflow_id(reference: str, line: str) -> str:
    """The id of a line's workflow, which corrections are sent to."""
    return f"{reference}/{line}"


@dataclass(frozen=True)
class LineJob:
    """What a line's workflow is started with."""

    line: LineRequest
    owner: Owner


@DBOS.dbos_class()
class DbosOnboarding(DBOSConfiguredInstance):
    """Runs one step after the other, and the lines side by side, each as a child workflow.

    Accepts only requests for new resources.

    Args:
        name: Identifies this instance when DBOS recovers its workflows.
        api: The vendor.
        max_attempts: How often each step is tried; the default is that of DBOS.
    """

    def __init__(self, name: str, api: Telegent, max_attempts: int = 3) -> None:
        super().__init__(name)
        self._api = api
        self._options: StepOptions = {"retries_allowed": True, "max_attempts": max_attempts}

    @DBOS.workflow()
    async def onboard(self, request: OnboardingRequest) -> OnboardingResult:
        """Run the onboarding. Returns the complete result."""
        result = await self._account(request)
        for subscriber in request.subscribers:
            assert isinstance(subscriber, NewSubscriber)
            created = await self._step(
                self._api.subscribers.create,
                vendor_requests.subscriber(subscriber, result.account_id),
            )
            result.subscriber_ids[subscriber.key] = created.subscriber_id
            await self._step(
                self._api.guardian.set_features,
                vendor_requests.guardian_features(created.subscriber_id),
            )
        for relation in request.relations:
            await self._step(
                self._api.guardian.create_relation,
                telegent.GuardianRelation(
                    parent_subscriber_id=result.subscriber_ids[relation.parent],
                    child_subscriber_id=result.subscriber_ids[relation.child],
                    relation=relation.relation,
                ),
            )
        await self._products(request, result.product_ids)
        await self._packages(request, result)
        result.lines = await self._lines(request, result)
        result.complete = True
        return result

    async def _account(self, request: OnboardingRequest) -> OnboardingResult:
        account, message, voice = request.account, request.routes.message, request.routes.voice
        assert isinstance(account, NewAccount)
        assert isinstance(message, NewMessageRoute)
        assert isinstance(voice, NewVoiceRoute)
        reference, api = request.reference, self._api
        owner = await self._step(api.accounts.create, vendor_requests.account(account, reference))
        message_route = await self._step(
            api.message_routes.create,
            vendor_requests.message_route(message, reference, owner.account_id),
        )
        voice_route = await self._step(
            api.voice_routes.create,
            vendor_requests.voice_route(voice, reference, owner.account_id),
        )
        return OnboardingResult(
            reference=reference,
            complete=False,
            account_id=owner.account_id,
            message_route_id=message_route.message_route_id,
            voice_route_id=voice_route.call_route_id,
        )

    async def _products(self, request: OnboardingRequest, ids: dict[str, str]) -> None:
        listed = await self._step(self._api.products.list)
        existing = {product.sku: product.product_id for product in listed}
        for product in request.products:
            assert isinstance(product, NewProduct)
            if product.sku in existing:
                ids[product.key] = existing[product.sku]
            else:
                created = await self._step(
                    self._api.products.create, vendor_requests.product(product)
                )
                ids[product.key] = created.product_id

    async def _packages(self, request: OnboardingRequest, result: OnboardingResult) -> None:
        listed = await self._step(self._api.packages.list)
        existing = {package.package_name: package.package_id for package in listed}
        for package in request.packages:
            assert isinstance(package, NewPackage)
            if package.name in existing:
                result.package_ids[package.key] = existing[package.name]
            else:
                created = await self._step(
                    self._api.packages.create,
                    vendor_requests.package(package, result.product_ids),
                )
                result.package_ids[package.key] = created.package_id

    async def _lines(
        self, request: OnboardingRequest, result: OnboardingResult
    ) -> list[LineResult]:
        handles = []
        for line in request.lines:
            owner = Owner(
                account_id=result.account_id,
                subscriber_id=result.subscriber_ids[line.subscriber],
                package_id=result.package_ids[line.package],
                message_route_id=result.message_route_id,
                voice_route_id=result.voice_route_id,
            )
            with SetWorkflowID(line_workflow_id(request.reference, line.key)):
                handles.append(
                    await DBOS.start_workflow_async(self.onboard_line, LineJob(line, owner))
                )
        return [await handle.get_result() for handle in handles]

    @DBOS.workflow()
    async def onboard_line(self, job: LineJob) -> LineResult:
        """Bring one line into service."""
        line, owner = job.line, job.owner
        result = LineResult(key=line.key)
        if isinstance(line.number, PortInNumber):
            number = await self._port_in(line, line.number, owner, result)
        else:
            number = vendor_requests.purchased_number(
                await self._step(
                    self._api.numbers.provision,
                    vendor_requests.purchase(line, line.number, owner),
                )
            )
        result.phone_number, result.number_id, result.iccid = (
            number.phone_number,
            number.number_id,
            number.iccid,
        )
        started = await self._step(
            self._api.subscriptions.create, vendor_requests.subscription(number, owner)
        )
        result.subscription_id = started.subscription_id
        await self._settings(line, number.phone_number, owner)
        if settings := line.call_filter:
            call_filter = await self._step(
                self._api.guardian.call_filters.create,
                vendor_requests.call_filter(settings, number.phone_number, owner),
            )
            result.call_filter_id = call_filter.filter_id
        if line.message_filter:
            message_filter = await self._step(
                self._api.guardian.message_filters.create,
                vendor_requests.message_filter(line.message_filter, number.phone_number, owner),
            )
            result.message_filter_id = message_filter.filter_id
        return result

    async def _settings(self, line: LineRequest, number: str, owner: Owner) -> None:
        if address := line.e911_address:
            await self._step(
                self._api.numbers.set_e911_address,
                telegent.E911AddressUpdate(
                    phone_number=number, **address.model_dump(), account_id=owner.account_id
                ),
            )
        if line.data_limits:
            await self._step(
                self._api.data_usage.set_limits,
                vendor_requests.data_limits(line.data_limits, number),
            )
        if line.renewal:
            await self._step(
                self._api.data_usage.set_renewal, vendor_requests.renewal(line.renewal, number)
            )

    async def _port_in(
        self, line: LineRequest, requested: PortInNumber, owner: Owner, result: LineResult
    ) -> PurchasedNumber:
        number, api = requested.phone_number, self._api
        details = PortInDetails(**requested.model_dump(exclude={"kind"}))
        await self._step(
            api.ports.eligibility,
            telegent.PortEligibilityQuery(phone_number=number, kind="wireless"),
        )
        submitted = await self._step(api.ports.submit, vendor_requests.port_in(details))
        result.order_id = submitted.order_id
        status = submitted.status
        while status != "Complete":
            await DBOS.sleep_async(POLL_SECONDS)
            status = (await self._step(api.numbers.order, submitted.order_id)).order_status
            if status == "ResolutionRequired":
                details = await self._correct(submitted.order_id, details)
        await self._step(api.numbers.update, vendor_requests.binding(number, line, owner))
        ported = await self._step(api.numbers.details, phone_number=number)
        return PurchasedNumber(number, ported.number_id, ported.iccid)

    async def _correct(self, order_id: str, details: PortInDetails) -> PortInDetails:
        correction: PortInCorrection | None = None
        while correction is None:
            correction = await DBOS.recv_async(CORRECTIONS)
        corrected = details.model_copy(update=dict(correction.changes(details)))
        await self._step(
            self._api.ports.update, vendor_requests.port_in_update(order_id, corrected)
        )
        return corrected

    async def _step(
        self, call: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a call as a step of the workflow: it is retried, and its result is stored."""
        result: T = await DBOS.run_step_async(self._options, call, *args, **kwargs)
        return result
