"""A write that starts long after it was decided on reads again what it relies on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import ActivitySettings
from activities.line_numbers import LineNumberActivities, SwapNumber
from activities.line_sims import LineSimActivities, SwapSim
from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.onboarding.catalogue import CatalogueActivities, CreatePackage, CreateProduct
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
from activities.onboarding.webhooks import CreateWebhook, WebhookActivities
from activities.port_in.orders import OrderSnapshot, PortInActivities, UpdatePort
from activities.settings import OrderWebhook
from activities.support.outcomes import Outcome
from activities.support.shared_list import SharedList
from activities.support.write_specs import WRITE_SPECS, WriteKind, write_spec_of
from simulator import CarrierRecord, Simulator, SimulatorOptions
from telegent import RateLimiter, Telegent
from telegent_orchestrator.lines import CallFilter, MessageFilter, ProductType
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInDetails
from tests.harness.payloads import new_subscriber, port_in, single
from tests.harness.waiting import TEST_TIMEOUT

SETTINGS = ActivitySettings(
    read_lag=timedelta(0),
    purchase_lag=timedelta(0),
    order_webhook=OrderWebhook("https://mvno.example.com/order-update", token="a-long-token"),
)


@pytest_asyncio.fixture
async def simulator() -> Simulator:
    return Simulator(SimulatorOptions())


@pytest_asyncio.fixture
async def api(simulator: Simulator) -> AsyncIterator[Telegent]:
    options = simulator.options
    async with (
        simulator.serve() as url,
        Telegent(
            options.account_key,
            options.account_secret,
            base_url=url,
            rate_limiter=RateLimiter(per_minute=60_000),
        ) as harness_without_workers,
    ):
        yield harness_without_workers


async def run(activity: Any, *args: object, waited: timedelta = timedelta(0)) -> Any:
    """Runs an activity that has waited so long for a worker."""
    environment = ActivityEnvironment()
    info = environment.info
    environment.info = replace(info, current_attempt_scheduled_time=info.started_time - waited)
    return await environment.run(activity, *args)


LONG = SETTINGS.max_schedule_to_start_delay + timedelta(seconds=1)


async def test_create_queued_for_long_does_not_repeat_what_exists(
    api: Telegent, simulator: Simulator
) -> None:
    request: OnboardingRequest = single(
        subscribers=[
            new_subscriber("mother", guardian=True),
            new_subscriber("child", guardian=True),
        ],
        lines=[],
    )
    creates: list[str] = []

    async def twice(activity: Any, wanted: object) -> str:
        created = await run(activity, wanted)
        rows = len(simulator.ledger.rows)
        creates.append(write_spec_of(activity).activity)
        with pytest.raises(ApplicationError, match="already exists") as caught:
            await run(activity, wanted, waited=LONG)
        assert caught.value.type == Outcome.UNKNOWN, "the workflow looks what it is"
        assert len(simulator.ledger.rows) == rows, f"{creates[-1]} was created twice"
        return created if isinstance(created, str) else getattr(created, "number_id", "")

    account = await twice(
        AccountActivities(api, SETTINGS).create_account,
        CreateAccount.model_validate(
            {
                "marked_name": "Example (r-1)",
                "account": request.account,
            }
        ),
    )
    subscribers = [
        await twice(
            SubscriberActivities(
                api, SETTINGS, SharedList("subscribers", api.subscribers.all)
            ).create_subscriber,
            CreateSubscriber.model_validate(
                {
                    "account_id": account,
                    "subscriber": one,
                }
            ),
        )
        for one in request.subscribers
    ]
    routes = RouteActivities(api, SETTINGS)
    message = await twice(
        routes.create_message_route,
        CreateMessageRoute.model_validate(
            {"account_id": account, "marked_name": "M", "route": request.routes.message}
        ),
    )
    voice = await twice(
        routes.create_voice_route,
        CreateVoiceRoute.model_validate(
            {"account_id": account, "marked_name": "V", "route": request.routes.voice}
        ),
    )
    catalogue = CatalogueActivities(api, SETTINGS)
    product = await twice(
        catalogue.create_product,
        CreateProduct.model_validate(
            {
                "product": request.products[0],
            }
        ),
    )
    package = await twice(
        catalogue.create_package,
        CreatePackage.model_validate(
            {"package": request.packages[0], "product_ids": {"talk": product}}
        ),
    )
    await twice(WebhookActivities(api, SETTINGS).create_webhook, CreateWebhook(account_id=account))
    guardian = GuardianActivities(api, SETTINGS)
    for subscriber in subscribers:
        await guardian.enable_guardian(subscriber)
    await twice(
        guardian.link_guardian,
        GuardianLink(
            parent="mother",
            child="child",
            parent_id=subscribers[0],
            child_id=subscribers[1],
            relation="Parent",
        ),
    )
    numbers = NumberActivities(api, SETTINGS, SharedList("numbers", api.numbers.inventory))
    number_id = await twice(
        numbers.buy_number,
        BuyNumber(
            account_id=account,
            subscriber_id=subscribers[1],
            product_type=ProductType.SMS_DATA_VOICE,
            message_type="p2p",
            message_route_id=message,
            voice_route_id=voice,
            own_line_id_prefix="",
            bought_after=datetime.now(UTC),
        ),
    )
    await twice(
        SubscriptionActivities(api, SETTINGS).start_subscription,
        StartSubscription(subscriber_id=subscribers[1], package_id=package, number_id=number_id),
    )
    (number,) = await run(numbers.list_subscriber_numbers, subscribers[1])
    whose = {"subscriber_id": subscribers[1], "phone_number": number}
    await twice(
        guardian.create_call_filter, CreateCallFilter(**whose, filter=CallFilter(mode="CHILD"))
    )
    await twice(
        guardian.create_message_filter, CreateMessageFilter(**whose, filter=MessageFilter())
    )
    bought = simulator.state.numbers[number]
    await twice(
        LineSimActivities(api, SETTINGS).swap_sim,
        SwapSim(
            phone_number=number,
            iccid_before=bought.iccid,
            swaps_before=bought.swaps_remaining,
        ),
    )
    inventory = SharedList("numbers", api.numbers.inventory)
    await twice(
        LineNumberActivities(api, SETTINGS, inventory).swap_number,
        SwapNumber(
            method="swap",
            phone_number=number,
            iccid=bought.iccid,
            swaps_before=bought.swaps_remaining,
        ),
    )

    assert Counter(creates).keys() == {
        row.activity
        for row in WRITE_SPECS.values()
        if row.kind in (WriteKind.CREATE, WriteKind.PURCHASE)
    }


async def test_create_after_an_ambiguous_lookup_is_not_sent(
    api: Telegent, simulator: Simulator
) -> None:
    accounts = AccountActivities(api, SETTINGS)
    wanted = CreateAccount.model_validate(
        {"marked_name": "Example (r-1)", "account": single().account}
    )
    await run(accounts.create_account, wanted)
    await run(accounts.create_account, wanted)

    with pytest.raises(ApplicationError, match=r"not sent.*2 accounts match") as caught:
        await run(accounts.create_account, wanted, waited=LONG)

    assert caught.value.type == Outcome.UNKNOWN
    assert simulator.ledger.count("account.created") == 2


async def test_port_in_is_not_submitted_when_it_is_no_longer_eligible(
    api: Telegent, simulator: Simulator
) -> None:
    details = PortInDetails.model_validate(port_in())
    simulator.carrier.set_record(details.phone_number, CarrierRecord(eligible=False))

    with pytest.raises(ApplicationError, match="not sent: the number cannot be ported any more"):
        await run(PortInActivities(api, SETTINGS).submit_port, details, waited=LONG)

    assert simulator.ledger.count("portin.submitted") == 0


async def test_correction_is_not_sent_to_an_order_whose_status_has_changed(
    api: Telegent, simulator: Simulator
) -> None:
    ports = PortInActivities(api, SETTINGS)
    details = PortInDetails.model_validate(port_in())
    order = (await run(ports.submit_port, details, waited=LONG)).order
    decided_on = OrderSnapshot(order_id=order.order_id, status="ResolutionRequired", message="8A")

    with pytest.raises(ApplicationError, match="not sent: the order was") as caught:
        await run(
            ports.update_port, UpdatePort(last_snapshot=decided_on, details=details), waited=LONG
        )

    assert caught.value.type == Outcome.STALE
    assert simulator.ledger.count("portin.updated") == 0
    async with asyncio.timeout(TEST_TIMEOUT):
        now = await ports.read_port_order(order.order_id)
    await run(ports.update_port, UpdatePort(last_snapshot=now, details=details), waited=LONG)
    assert simulator.ledger.count("portin.updated") == 1
