"""The onboarding of a customer: account, subscribers, routes, catalogue and lines."""

import asyncio
from collections.abc import Awaitable

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

from activities.internal_activities import InternalActivities
from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.support.outcomes import failure_message
from telegent_orchestrator._validation import MAX_ERRORS, truncate
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import (
    ACCOUNT_KEY,
    ONBOARDING_WORKFLOW,
    STATUS_QUERY,
    onboarding_id,
)
from telegent_orchestrator.onboarding import (
    ExistingAccount,
    ExistingSubscriber,
    NewMessageRoute,
    NewSubscriber,
    NewVoiceRoute,
    OnboardingRequest,
    OnboardingResult,
    OnboardingStatus,
)
from telegent_orchestrator.progress import StepState
from workflows.events.delivery_workflow import EventPublisher
from workflows.onboarding.line_supervisor import LINES_STEP, LineSupervisor
from workflows.onboarding.resources import (
    GUARDIAN_STEP,
    MESSAGE_ROUTE_STEP,
    PACKAGES_STEP,
    PRODUCTS_STEP,
    VOICE_ROUTE_STEP,
    ensure_message_route,
    ensure_order_webhook,
    ensure_packages,
    ensure_products,
    ensure_subscriber,
    ensure_voice_route,
    marked_name,
    set_up_guardian,
    subscriber_step,
)
from workflows.onboarding.shared_data_limits import SharedDataLimits
from workflows.support.activity_calls import execute_internal
from workflows.support.cancellation import run_all
from workflows.support.compensation import ROLLING_BACK, CompensationLog
from workflows.support.exactly_once import ResourceCreator
from workflows.support.messages import CHILD_UPDATED_SIGNAL, parse_child_update, require_own_id
from workflows.support.progress import ProgressTracker, ResolvesEscalations

ACCOUNT_STEP = "Account"
LONG_STEPS = [ACCOUNT_STEP, LINES_STEP, ROLLING_BACK]
MAX_ERROR_CHARS = 1000
"""Of one error in the result. Temporal stores at most 2 MB in one result, failed lines included;
the full message is in the failure of the activity."""


@workflow.defn(name=ONBOARDING_WORKFLOW)
class OnboardingWorkflow(ResolvesEscalations):
    """Creates what the request describes, unless it exists already.

    A failing step stops only what depends on it: the other lines continue. The workflow then fails
    with what exists and what went wrong.
    """

    @workflow.init
    def __init__(self, request: OnboardingRequest) -> None:
        self._request = request
        self._result = OnboardingResult(reference=request.reference, complete=False, account_id="")
        self._publisher = EventPublisher(request.reference)
        self._progress = ProgressTracker(
            _step_names(request), self._on_escalation, long_steps=LONG_STEPS
        )
        self._compensation = CompensationLog(self._progress)
        self._creator = ResourceCreator(self._progress, self._compensation)
        self._shared = SharedDataLimits(self._progress, request.lines)
        self._created_subscribers: set[str] = set()
        self._registers_webhook = False
        self._lines = LineSupervisor(self._progress, request, self._result, self._shared)

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingResult:
        """Creates the account, then subscribers, routes and catalogue in parallel, then lines."""
        require_own_id(onboarding_id(request.reference))
        try:
            await self._prepare()
            await self._ensure_account()
            await run_all(
                self._ensure_subscribers(),
                self._ensure_routes(),
                self._ensure_catalogue(),
                self._ensure_order_webhook(),
            )
            if request.lines:
                await run_all(
                    self._supervise_lines(), self._isolate_failure(self._shared.apply_all())
                )
            await workflow.wait_condition(workflow.all_handlers_finished)
            return await self._finish()
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                await self._roll_back()
            else:
                await self._publisher.publish(EventType.ONBOARDING_FAILED, StepState.FAILED.value)
            raise

    async def _supervise_lines(self) -> None:
        await self._lines.run(
            previous_runs=self._creator.unseen_runs,
            created_subscribers=self._created_subscribers,
            event_receivers=self._publisher.receivers,
            lags=self._creator.lags,
        )

    async def _roll_back(self) -> None:
        """Rolls back the shared part. Lines have rolled back theirs; what lines use must stay."""
        holders = self._lines.holding_numbers
        await self._compensation.run(
            keep_reason=f"used by line {', '.join(holders)}" if holders else ""
        )
        await self._publisher.publish(EventType.ONBOARDING_CANCELLED, "cancelled")

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> OnboardingStatus:
        """Returns the state of each step and line, and what exists so far."""
        return OnboardingStatus(
            reference=self._request.reference,
            steps=self._progress.steps,
            lines=self._lines.summaries,
            escalations=self._progress.escalations,
            compensation=self._compensation.report,
            result=self._result,
        )

    @workflow.signal(name=CHILD_UPDATED_SIGNAL, description="sent by lines, not by operators")
    def child_updated(self, *sent: JsonValue) -> None:
        """Applies the update of a line; anything else is ignored."""
        update = parse_child_update(sent)
        if update is not None:
            self._lines.on_line_update(update)

    async def _prepare(self) -> None:
        preparation = await execute_internal(
            InternalActivities.prepare_onboarding,
            "Validate the request and find previous runs",
            self._request,
        )
        validation = preparation.validation
        self._creator.previous_runs = preparation.previous_runs
        self._registers_webhook = validation.order_webhook
        self._publisher.receivers = validation.event_receivers
        self._creator.scope = validation.id_key_fingerprint
        self._creator.lags = validation.lags
        if errors := validation.errors:
            raise ApplicationError(
                "the request was rejected before any call to Telegent: " + "; ".join(errors),
                type="RequestRejected",
                non_retryable=True,
            )

    async def _ensure_account(self) -> None:
        account = self._request.account
        async with self._progress.step(ACCOUNT_STEP):
            if isinstance(account, ExistingAccount):
                self._result.account_id = account.account_id
            else:
                self._result.account_id = await self._creator.ensure(
                    AccountActivities.create_account,
                    CreateAccount(
                        marked_name=marked_name(account.name, self._request.reference),
                        account=account,
                    ),
                )
        self._progress.search_attributes[ACCOUNT_KEY] = self._result.account_id

    async def _ensure_subscribers(self) -> None:
        subscribers, ids = self._request.subscribers, self._result.subscriber_ids
        await run_all(
            *(
                self._isolate_failure(self._ensure_subscriber(subscriber))
                for subscriber in subscribers
            )
        )
        guarded = [
            subscriber.key
            for subscriber in subscribers
            if subscriber.guardian and subscriber.key in ids
        ]
        if guarded:
            await self._isolate_failure(
                set_up_guardian(self._creator, guarded, self._request.relations, ids)
            )

    async def _ensure_subscriber(self, subscriber: NewSubscriber | ExistingSubscriber) -> None:
        account_id = self._result.account_id
        subscriber_id = await ensure_subscriber(self._creator, subscriber, account_id)
        self._result.subscriber_ids[subscriber.key] = subscriber_id
        if subscriber_id in self._creator.created_ids:
            self._created_subscribers.add(subscriber.key)

    async def _ensure_routes(self) -> None:
        await run_all(
            self._isolate_failure(self._ensure_message_route()),
            self._isolate_failure(self._ensure_voice_route()),
        )

    async def _ensure_order_webhook(self) -> None:
        """Registers our webhook for order updates, if one is configured."""
        if self._registers_webhook:
            await ensure_order_webhook(self._creator, self._result.account_id)

    async def _ensure_message_route(self) -> None:
        route = self._request.routes.message
        reference = self._request.reference
        name = marked_name(route.name, reference) if isinstance(route, NewMessageRoute) else ""
        self._result.message_route_id = await ensure_message_route(
            self._creator, route, self._result.account_id, name
        )

    async def _ensure_voice_route(self) -> None:
        if route := self._request.routes.voice:
            reference = self._request.reference
            name = marked_name(route.name, reference) if isinstance(route, NewVoiceRoute) else ""
            self._result.voice_route_id = await ensure_voice_route(
                self._creator, route, self._result.account_id, name
            )

    async def _ensure_catalogue(self) -> None:
        if self._request.products:
            await self._isolate_failure(self._ensure_products())
        await self._isolate_failure(self._ensure_packages())

    async def _ensure_products(self) -> None:
        self._result.product_ids = await ensure_products(self._creator, self._request.products)

    async def _ensure_packages(self) -> None:
        self._result.package_ids = await ensure_packages(
            self._creator, self._request.packages, self._result.product_ids
        )

    async def _isolate_failure(self, work: Awaitable[None]) -> None:
        """Records a failure, so that what does not depend on this work continues."""
        try:
            await work
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            self._result.errors.append(truncate(failure_message(error), MAX_ERROR_CHARS))

    async def _on_escalation(self, state: StepState, message: str) -> None:
        await self._publisher.publish(
            EventType.ONBOARDING_ATTENTION_REQUIRED,
            state.value,
            step=self._progress.escalations[-1].step,
        )

    async def _finish(self) -> OnboardingResult:
        result = self._result
        order = {line.key: at for at, line in enumerate(self._request.lines)}
        result.lines.sort(key=lambda line: order[line.key])
        result.errors += [
            f"line {line.key}: {line.detail}"
            for line in result.lines
            if line.state is not StepState.DONE
        ]
        result.complete = not result.errors
        if (more := len(result.errors) - MAX_ERRORS) > 0:
            result.errors[MAX_ERRORS:] = [f"and {more} more errors: see `lines`"]
        if not result.complete:
            raise ApplicationError(
                "onboarding incomplete: " + "; ".join(result.errors),
                result,
                type="Incomplete",
                non_retryable=True,
            )
        await self._publisher.publish(EventType.ONBOARDING_COMPLETED, StepState.DONE.value)
        return result


def _step_names(request: OnboardingRequest) -> list[str]:
    guardian = any(subscriber.guardian for subscriber in request.subscribers)
    needed = {
        ACCOUNT_STEP: True,
        **{subscriber_step(subscriber.key): True for subscriber in request.subscribers},
        MESSAGE_ROUTE_STEP: True,
        VOICE_ROUTE_STEP: request.routes.voice,
        PRODUCTS_STEP: request.products,
        PACKAGES_STEP: True,
        GUARDIAN_STEP: guardian,
        LINES_STEP: request.lines,
    }
    return [name for name, wanted in needed.items() if wanted]
