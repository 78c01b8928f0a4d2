"""The account's webhook at the simulator: created once, found again, made by a whole workflow."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import telegent
from activities.onboarding.webhooks import CreateWebhook, WebhookActivities
from activities.settings import ActivitySettings, OrderWebhook
from activities.support.outcomes import ErrorTranslationInterceptor
from activities.support.write_activity import Lookup
from simulator import Simulator, SimulatorOptions
from simulator.engine.faults import Fault
from telegent import RateLimiter, Telegent
from telegent_orchestrator.names import API_TASK_QUEUE
from workflows.onboarding.resources import ORDER_WEBHOOK_STEP, ensure_order_webhook
from workflows.support.compensation import CompensationLog
from workflows.support.exactly_once import ResourceCreator
from workflows.support.progress import ProgressTracker

URL = "https://mvno.example.com/telegent/order-update"
TOKEN = OrderWebhook(url=URL, token="a-long-token")


@workflow.defn
class EnsuresWebhook:
    """What an onboarding does about the webhook; its result is the webhook's id and the step."""

    @workflow.run
    async def run(self, account_id: str) -> tuple[str | None, str]:
        progress = ProgressTracker([ORDER_WEBHOOK_STEP])
        creator = ResourceCreator(progress, CompensationLog(progress), created_ids={account_id})
        webhook_id = await ensure_order_webhook(creator, account_id)
        return webhook_id, progress.steps[0].state.value


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(SimulatorOptions())


@pytest_asyncio.fixture(loop_scope="session")
async def api(simulator: Simulator) -> AsyncIterator[Telegent]:
    async with (
        simulator.serve() as url,
        Telegent(
            simulator.options.account_key,
            simulator.options.account_secret,
            base_url=url,
            rate_limiter=RateLimiter(per_minute=60_000),
        ) as client,
    ):
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def account(api: Telegent) -> str:
    address = telegent.Address(
        street1="1 Main Street", city="Lehi", state="Utah", zip="84043", country="USA"
    )
    created = await api.accounts.create(
        telegent.AccountCreate(account_name="Example", billing_address=address)
    )
    return created.account_id


def activities(api: Telegent, ours: OrderWebhook | None = TOKEN) -> WebhookActivities:
    return WebhookActivities(api, ActivitySettings(order_webhook=ours, read_lag=timedelta(0)))


async def find(webhooks: WebhookActivities, account_id: str) -> str | None:
    environment = ActivityEnvironment()
    found = await environment.run(
        webhooks.find_webhook, Lookup(wanted=CreateWebhook(account_id=account_id))
    )
    assert found is None or isinstance(found, str)
    return found


async def test_created_webhook_is_found(api: Telegent, account: str) -> None:
    webhooks = activities(api)
    assert await find(webhooks, account) is None

    created = await _create(webhooks, account)

    assert await find(webhooks, account) == created
    hook = await api.webhooks.get(created, account)
    assert (hook.webhook_url, hook.subscribed_events) == (URL, "Order_Update")
    assert (hook.authentication_type, hook.authentication_token) == ("Token", "a-long-token")
    assert hook.authentication_username is None


async def test_user_name_and_password_are_registered_as_basic(api: Telegent, account: str) -> None:
    webhooks = activities(api, OrderWebhook(url=URL, username="telegent", password="horse"))
    hook = await api.webhooks.get(await _create(webhooks, account), account)
    assert (hook.authentication_type, hook.authentication_token) == ("Basic", None)
    assert (hook.authentication_username, hook.authentication_password) == ("telegent", "horse")


@pytest.mark.parametrize(
    ("url", "events", "counts"),
    [
        (URL, ["New_Sms", "Order_Update"], True),
        (URL, ["New_Sms"], False),
        (URL + "/other", ["Order_Update"], False),
    ],
)
async def test_only_order_updates_to_our_url_count(
    api: Telegent, account: str, url: str, events: list[telegent.Event], counts: bool
) -> None:
    await api.webhooks.create(
        telegent.WebhookCreate(account_id=account, webhook_url=url, subscribed_events=events)
    )
    assert bool(await find(activities(api), account)) is counts


async def test_disabled_webhook_does_not_count(
    api: Telegent, account: str, simulator: Simulator
) -> None:
    webhooks = activities(api)
    simulator.state.webhooks[await _create(webhooks, account)]["Active"] = False
    assert await find(webhooks, account) is None


async def test_two_webhooks_of_ours_are_accepted(api: Telegent, account: str) -> None:
    webhooks = activities(api)
    both = {
        await _create(webhooks, account),
        await _create(webhooks, account),
    }
    assert await find(webhooks, account) in both


async def test_worker_without_url_rejects_the_request(api: Telegent, account: str) -> None:
    with pytest.raises(ApplicationError, match="TELEGENT_WEBHOOK_URL"):
        await _create(activities(api, None), account)


class TestAsAnOnboardingDoesIt:
    async def ensured(
        self, temporal: Client, api: Telegent, account_id: str
    ) -> tuple[str | None, str]:
        webhooks = activities(api)
        async with (
            Worker(
                temporal,
                task_queue=API_TASK_QUEUE,
                activities=[webhooks.create_webhook, webhooks.find_webhook],
                interceptors=[ErrorTranslationInterceptor(timedelta(0))],
            ),
            Worker(
                temporal,
                task_queue="onboardings",
                workflows=[EnsuresWebhook],
                # The sandbox would load this module, and with it the simulator.
                workflow_runner=UnsandboxedWorkflowRunner(),
            ),
        ):
            return await temporal.execute_workflow(
                EnsuresWebhook.run, account_id, id=uuid4().hex, task_queue="onboardings"
            )

    async def test_second_onboarding_creates_no_second_webhook(
        self, temporal: Client, api: Telegent, account: str
    ) -> None:
        first = await self.ensured(temporal, api, account)
        assert await self.ensured(temporal, api, account) == first
        assert first[1] == "done"
        assert len(await api.webhooks.list(account)) == 1

    async def test_lost_response_creates_no_second_webhook(
        self, temporal: Client, api: Telegent, account: str, simulator: Simulator
    ) -> None:
        simulator.faults.add(Fault(match="POST /v1.0/webhook/create", kind="drop_response"))
        webhook_id, state = await self.ensured(temporal, api, account)
        assert state == "done"
        assert [hook.webhook_id for hook in await api.webhooks.list(account)] == [webhook_id]

    async def test_create_with_unknown_outcome_does_not_fail_the_onboarding(
        self, temporal: Client, api: Telegent, account: str, simulator: Simulator
    ) -> None:
        fault = Fault(match="POST /v1.0/webhook/create", kind="error_before", status=502)
        simulator.faults.add(fault)
        assert await self.ensured(temporal, api, account) == (None, "failed")
        assert simulator.ledger.count("webhook.created") == 0

    async def test_rejection_is_shown_in_the_step_and_does_not_fail_the_onboarding(
        self, temporal: Client, api: Telegent
    ) -> None:
        assert await self.ensured(temporal, api, "AID-nobody") == (None, "failed")


async def _create(webhooks: WebhookActivities, account: str) -> str:
    wanted = CreateWebhook(account_id=account)
    return await ActivityEnvironment().run(webhooks.create_webhook, wanted)
