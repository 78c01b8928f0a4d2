"""The whole onboarding of a customer: account, people, routes, catalogue, lines."""

import asyncio
from collections.abc import Awaitable

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

from activities.local import HouseActivities
from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.support.outcomes import words_of
from telegent_orchestrator.events import EventType
from telegent_orchestrator.lines import EarlierRuns
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    ONBOARDING_WORKFLOW,
    RESOLVE_UPDATE,
    STATUS_QUERY,
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
from telegent_orchestrator.progress import Resolution, StepState
from workflows.events.delivery_workflow import Publisher
from workflows.onboarding.catalogue import PACKAGES, PRODUCTS, ensure_packages, ensure_products
from workflows.onboarding.line_supervisor import LINES, Lines
from workflows.onboarding.order_webhook import ensure_order_events
from workflows.onboarding.routes import (
    MESSAGE_ROUTE,
    VOICE_ROUTE,
    ensure_message_route,
    ensure_voice_route,
)
from workflows.onboarding.shared_data_limits import SharedUsage
from workflows.onboarding.subscribers import GUARDIAN, ensure_subscriber, guard, subscriber_step
from workflows.support.activity_calls import ask_house
from workflows.support.cancellation import side_by_side
from workflows.support.compensation import Undo
from workflows.support.exactly_once import Maker
from workflows.support.messages import read_message
from workflows.support.parent_updates import CHILD_CHANGED_SIGNAL, heard
from workflows.support.progress import Board

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
ACCOUNT_STEP = "Account"


@workflow.defn(name=ONBOARDING_WORKFLOW)
class OnboardingWorkflow:
    """Makes true what the request describes; fails, with what exists, when a part of it cannot be.

    One failing part stops only what builds on it: the other lines go live.
    """

    @workflow.init
    def __init__(self, request: OnboardingRequest) -> None:
        self._request = request
        self._result = OnboardingResult(reference=request.reference, complete=False, account_id="")
        steps = [ACCOUNT_STEP, *(subscriber_step(person.key) for person in request.subscribers)]
        steps += [MESSAGE_ROUTE, *([VOICE_ROUTE] if request.routes.voice else [])]
        steps += [*([PRODUCTS] if request.products else []), PACKAGES]
        steps += [GUARDIAN] if any(person.guardian for person in request.subscribers) else []
        self._publisher = Publisher(request.reference)
        self._board = Board([*steps, *([LINES] if request.lines else [])], self._asked)
        self._undo = Undo(self._board)
        self._maker = Maker(self._board, self._undo)
        self._shared = SharedUsage(self._board, request.lines)
        self._new_subscribers: set[str] = set()
        self._lines = Lines(self._board, request, self._result, self._shared)

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingResult:
        """Account first; people, routes and catalogue side by side; then every line."""
        try:
            await self._refuse_what_cannot_be_done()
            await self._learn_of_earlier_runs()
            await self._account()
            await side_by_side(
                self._people(), self._routes(), self._catalogue(), self._order_events()
            )
            if request.lines:
                await side_by_side(self._bring_lines_live(), self._part(self._shared.set_all()))
            await workflow.wait_condition(workflow.all_handlers_finished)
            return await self._end()
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                await self._take_back()
            else:
                await self._publisher.publish(EventType.ONBOARDING_FAILED, StepState.FAILED.value)
            raise

    async def _bring_lines_live(self) -> None:
        await self._lines.bring_live(
            earlier=self._maker.earlier, new_subscribers=self._new_subscribers
        )

    async def _take_back(self) -> None:
        """Lines have taken back their own part; what those use that have a number must stay."""
        users = self._lines.using
        await self._undo.all(keep=f"used by line {', '.join(users)}" if users else "")
        await self._publisher.publish(EventType.ONBOARDING_CANCELLED, "cancelled")

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> OnboardingStatus:
        """How far the onboarding is."""
        return OnboardingStatus(
            reference=self._request.reference,
            steps=self._board.steps,
            lines=self._lines.briefs,
            questions=self._board.questions,
            undone=self._undo.undone,
            result=self._result,
        )

    @workflow.update(name=RESOLVE_UPDATE, description="answer a step that waits for a person")
    async def resolve(self, *sent: JsonValue) -> None:
        """Takes a Resolution: a person's answer to a step that waits for one."""
        self._board.answer(read_message(Resolution, sent))

    @resolve.validator
    def _only_when_asked(self, *sent: JsonValue) -> None:
        self._board.refuse_unasked(read_message(Resolution, sent))

    @workflow.signal(name=CHILD_CHANGED_SIGNAL, description="sent by lines, not by people")
    def child_changed(self, raw: JsonValue = None, *more: JsonValue) -> None:
        """News of a line. Anything else is not ours, and is ignored."""
        news = heard(raw)
        if news is not None:
            self._lines.heard(news)

    async def _refuse_what_cannot_be_done(self) -> None:
        refusals = await ask_house(
            HouseActivities.refusals, "Can this worker do all that is asked for?", self._request
        )
        if refusals:
            raise ApplicationError(
                "the request was refused before any call: " + "; ".join(refusals),
                type="RequestRefused",
                non_retryable=True,
            )

    async def _learn_of_earlier_runs(self) -> None:
        info = workflow.info()
        earlier = await ask_house(
            HouseActivities.earlier_runs,
            "Has an earlier run made anything?",
            info.workflow_id,
            info.run_id,
        )
        if earlier is True:
            earlier = EarlierRuns()
        self._maker = Maker(self._board, self._undo, earlier or None)

    async def _account(self) -> None:
        account = self._request.account
        async with self._board.step(ACCOUNT_STEP):
            if isinstance(account, ExistingAccount):
                self._result.account_id = account.account_id
            else:
                self._result.account_id = await self._maker.ensure_id(
                    ACCOUNT_STEP,
                    "the account",
                    AccountActivities.create,
                    AccountActivities.find,
                    CreateAccount(marked_name=self._marked(account.name), account=account),
                )
        self._board.attributes[ACCOUNT] = self._result.account_id

    async def _people(self) -> None:
        people, ids = self._request.subscribers, self._result.subscriber_ids
        await side_by_side(*(self._part(self._subscriber(person)) for person in people))
        guarded = [person.key for person in people if person.guardian and person.key in ids]
        if guarded:
            await self._part(guard(self._maker, guarded, self._request.relations, ids))

    async def _subscriber(self, person: NewSubscriber | ExistingSubscriber) -> None:
        account_id = self._result.account_id
        subscriber_id = await ensure_subscriber(self._maker, person, account_id)
        self._result.subscriber_ids[person.key] = subscriber_id
        if subscriber_step(person.key) in self._maker.created:
            self._new_subscribers.add(person.key)

    async def _routes(self) -> None:
        await side_by_side(self._part(self._message_route()), self._part(self._voice_route()))

    async def _order_events(self) -> None:
        """The vendor's hints on orders, when this house has a webhook for them."""
        wanted = await ask_house(
            HouseActivities.order_events_wanted, "Are order updates to be sent to us?"
        )
        if wanted:
            await ensure_order_events(self._board, self._result.account_id)

    async def _message_route(self) -> None:
        route = self._request.routes.message
        marked = self._marked(route.name) if isinstance(route, NewMessageRoute) else ""
        self._result.message_route_id = await ensure_message_route(
            self._maker, route, self._result.account_id, marked
        )

    async def _voice_route(self) -> None:
        if route := self._request.routes.voice:
            marked = self._marked(route.name) if isinstance(route, NewVoiceRoute) else ""
            self._result.voice_route_id = await ensure_voice_route(
                self._maker, route, self._result.account_id, marked
            )

    async def _catalogue(self) -> None:
        if self._request.products:
            await self._part(self._products())
        await self._part(self._packages())

    async def _products(self) -> None:
        self._result.product_ids = await ensure_products(self._maker, self._request.products)

    async def _packages(self) -> None:
        self._result.package_ids = await ensure_packages(
            self._maker, self._request.packages, self._result.product_ids
        )

    async def _part(self, work: Awaitable[None]) -> None:
        """One part of the whole: its failure is kept, and what does not need it goes on."""
        try:
            await work
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            self._result.faults.append(words_of(error))

    def _marked(self, name: str) -> str:
        """A name at the vendor that tells whose it is, so that it can be found again."""
        return f"{name} ({self._request.reference})"

    async def _asked(self, state: StepState, question: str) -> None:
        await self._publisher.publish(
            EventType.ONBOARDING_ATTENTION_REQUIRED,
            state.value,
            step=self._board.questions[-1].step,
        )

    async def _end(self) -> OnboardingResult:
        result = self._result
        order = {line.key: at for at, line in enumerate(self._request.lines)}
        result.lines.sort(key=lambda line: order[line.key])
        result.faults += [
            f"line {line.key}: {line.detail}"
            for line in result.lines
            if line.state is not StepState.DONE
        ]
        result.complete = not result.faults
        if not result.complete:
            raise ApplicationError(
                "not everything could be done: " + "; ".join(result.faults),
                result,
                type="Incomplete",
                non_retryable=True,
            )
        await self._publisher.publish(EventType.ONBOARDING_COMPLETED, StepState.DONE.value)
        return result
