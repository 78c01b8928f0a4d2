"""The whole onboarding of a customer: account, people, routes, catalogue, lines."""

import asyncio
from collections.abc import Awaitable

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.accounts import AccountActivities, CreateAccount, FindAccount
from activities.house import HouseActivities
from telegent_orchestrator import guides
from telegent_orchestrator.events import EventType
from telegent_orchestrator.lines import LineInput, LineRequest, LineResult, NewNumber
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    ONBOARDING_WORKFLOW,
    RESOLVE_UPDATE,
    STATUS_QUERY,
    line_id,
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
from telegent_orchestrator.progress import LineBrief, Resolution, StepState
from workflows.board import Board, in_words, table, words_of
from workflows.calls import ask_house, creating, read
from workflows.catalogue import PACKAGES, PRODUCTS, ensure_packages, ensure_products
from workflows.ensure import Maker
from workflows.event_delivery import Publisher
from workflows.line import LineWorkflow
from workflows.order_events import ensure_order_events
from workflows.people import GUARDIAN, ensure_subscriber, guard, subscriber_step
from workflows.reporting import CHILD_CHANGED_SIGNAL, heard
from workflows.routes import (
    MESSAGE_ROUTE,
    VOICE_ROUTE,
    ensure_message_route,
    ensure_voice_route,
)
from workflows.shared_usage import SharedUsage

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
ACCOUNT_STEP, LINES = "Account", "Lines"


@workflow.defn(name=ONBOARDING_WORKFLOW)
class OnboardingWorkflow:
    """Makes true what the request describes; fails, with what exists, when a part of it cannot be.

    One failing part stops only what builds on it: the other lines go live.
    """

    @workflow.init
    def __init__(self, request: OnboardingRequest) -> None:
        self._request = request
        self._result = OnboardingResult(reference=request.reference, complete=False, account_id="")
        self._lines = {
            line.key: LineBrief(key=line.key, workflow_id=line_id(request.reference, line.key))
            for line in request.lines
        }
        steps = [ACCOUNT_STEP, *(subscriber_step(person.key) for person in request.subscribers)]
        steps += [MESSAGE_ROUTE, *([VOICE_ROUTE] if request.routes.voice else [])]
        steps += [*([PRODUCTS] if request.products else []), PACKAGES]
        steps += [GUARDIAN] if any(person.guardian for person in request.subscribers) else []
        self._publisher = Publisher(request.reference)
        self._board = Board([*steps, *([LINES] if request.lines else [])], self._asked)
        self._maker = Maker(self._board)
        self._shared = SharedUsage(self._board, request.lines)

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingResult:
        """Account first; people, routes and catalogue side by side; then every line."""
        try:
            await self._refuse_what_cannot_be_done()
            await self._learn_of_earlier_runs()
            await self._account()
        except FailureError as error:
            if not is_cancelled_exception(error):
                await self._publisher.publish(EventType.ONBOARDING_FAILED, StepState.FAILED.value)
            raise
        await asyncio.gather(
            self._people(), self._routes(), self._catalogue(), self._order_events()
        )
        await self._bring_lines_live()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return await self._end()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> OnboardingStatus:
        """How far the onboarding is."""
        return OnboardingStatus(
            reference=self._request.reference,
            steps=self._board.steps,
            lines=list(self._lines.values()),
            questions=self._board.questions,
            result=self._result,
        )

    @workflow.update(name=RESOLVE_UPDATE)
    async def resolve(self, answer: Resolution) -> None:
        """A person's answer to a step that waits for one."""
        self._board.answer(answer)

    @resolve.validator
    def _only_when_asked(self, answer: Resolution) -> None:
        self._board.refuse_unasked(answer)

    @workflow.signal(name=CHILD_CHANGED_SIGNAL)
    def child_changed(self, raw: JsonValue = None, *more: JsonValue) -> None:
        """News of a line. Anything else is not ours, and is ignored."""
        news = heard(raw)
        if news is None or news.key not in self._lines:
            return
        if news.phone_number:
            self._shared.has_number(news.key, news.phone_number)
        self._show_line(news.key, news.state, news.detail)

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
        ran = await ask_house(
            HouseActivities.ran_before,
            "Has an earlier run made anything?",
            info.workflow_id,
            info.run_id,
        )
        self._maker = Maker(self._board, look_first=ran)

    async def _account(self) -> None:
        account = self._request.account
        async with self._board.step(ACCOUNT_STEP):
            if isinstance(account, ExistingAccount):
                self._result.account_id = account.account_id
            else:
                marked = self._marked(account.name)
                self._result.account_id = await self._maker.ensure_id(
                    ACCOUNT_STEP,
                    creating(
                        AccountActivities.create,
                        "Create the account",
                        CreateAccount(marked_name=marked, account=account),
                    ),
                    lambda settle: read(
                        AccountActivities.find,
                        "Look for the account",
                        FindAccount(marked_name=marked, settle=settle),
                    ),
                )
        self._board.attributes[ACCOUNT] = self._result.account_id

    async def _people(self) -> None:
        people, ids = self._request.subscribers, self._result.subscriber_ids
        await asyncio.gather(*(self._part(self._subscriber(person)) for person in people))
        guarded = [person.key for person in people if person.guardian and person.key in ids]
        if guarded:
            await self._part(guard(self._maker, guarded, self._request.relations, ids))

    async def _subscriber(self, person: NewSubscriber | ExistingSubscriber) -> None:
        account_id = self._result.account_id
        subscriber_id = await ensure_subscriber(self._maker, person, account_id)
        self._result.subscriber_ids[person.key] = subscriber_id

    async def _routes(self) -> None:
        await asyncio.gather(self._part(self._message_route()), self._part(self._voice_route()))

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

    async def _bring_lines_live(self) -> None:
        """All at once, but the new numbers of one subscriber one after the other.

        Only then does a purchase whose answer was lost show in inventory as the one number of
        the subscriber that is nobody else's.
        """
        if not self._request.lines:
            return
        one_by_one: dict[str, list[LineRequest]] = {}
        for line in self._request.lines:
            new = isinstance(line.number, NewNumber)
            one_by_one.setdefault(line.subscriber if new else f"port-in {line.key}", []).append(
                line
            )
        async with self._board.step(LINES):
            await asyncio.gather(
                *(self._in_turn(lines) for lines in one_by_one.values()),
                self._part(self._shared.set_all()),
            )

    async def _in_turn(self, lines: list[LineRequest]) -> None:
        for line in lines:
            result = await self._line(line)
            self._result.lines.append(result)
            self._shared.has_ended(line.key)
            self._show_line(line.key, result.state, result.detail or result.phone_number or "")

    async def _line(self, line: LineRequest) -> LineResult:
        ids = self._result
        subscriber_id = ids.subscriber_ids.get(line.subscriber)
        package_id = ids.package_ids.get(line.package)
        missing = [
            what
            for what, there in (
                (f"subscriber {line.subscriber}", subscriber_id),
                (f"package {line.package}", package_id),
                ("message route", ids.message_route_id),
                ("voice route", ids.voice_route_id or not line.product_type.voice),
            )
            if not there
        ]
        if subscriber_id is None or package_id is None or missing:
            return _failed(line, f"not started: there is no {' and no '.join(missing)}")
        start = LineInput(
            reference=ids.reference,
            line=self._shared.without_shared(line),
            account_id=ids.account_id,
            subscriber_id=subscriber_id,
            package_id=package_id,
            message_route_id=ids.message_route_id,
            voice_route_id=ids.voice_route_id,
            look_first=self._maker.look_first,
            numbers_elsewhere=self._numbers_elsewhere(line),
            only_number=self._only_number(line),
        )
        try:
            return await workflow.execute_child_workflow(
                LineWorkflow.run,
                start,
                id=self._lines[line.key].workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                static_summary=f"Line {line.key}",
                static_details=guides.LINE,
            )
        except WorkflowAlreadyStartedError:
            return _failed(line, "an earlier run of this line is still open: end it, start again")
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                raise
            return _result_of(line, error)

    def _numbers_elsewhere(self, line: LineRequest) -> list[str]:
        """The subscriber's numbers that are known to be other lines'."""
        others = {
            other.key: other
            for other in self._request.lines
            if other.subscriber == line.subscriber and other.key != line.key
        }
        ported = [
            other.number.phone_number
            for other in others.values()
            if not isinstance(other.number, NewNumber)
        ]
        bought = [
            done.phone_number
            for done in self._result.lines
            if done.key in others and done.phone_number
        ]
        return ported + bought

    def _only_number(self, line: LineRequest) -> bool:
        person = next(p for p in self._request.subscribers if p.key == line.subscriber)
        bought = [
            other
            for other in self._request.lines
            if other.subscriber == line.subscriber and isinstance(other.number, NewNumber)
        ]
        return isinstance(person, NewSubscriber) and len(bought) == 1

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

    def _show_line(self, key: str, state: StepState, detail: str) -> None:
        brief = self._lines[key]
        brief.state, brief.detail = state, detail
        self._board.preface = [
            f"Onboarding **{self._request.reference}**",
            "",
            *table(
                ("line", "state", "detail"),
                ((row.key, in_words(row.state), row.detail) for row in self._lines.values()),
            ),
        ]
        self._board.show()

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
            await self._publisher.publish(EventType.ONBOARDING_FAILED, StepState.FAILED.value)
            raise ApplicationError(
                "not everything could be done: " + "; ".join(result.faults),
                result,
                type="Incomplete",
                non_retryable=True,
            )
        await self._publisher.publish(EventType.ONBOARDING_COMPLETED, StepState.DONE.value)
        return result


def _failed(line: LineRequest, why: str) -> LineResult:
    return LineResult(key=line.key, state=StepState.FAILED, detail=why)


def _result_of(line: LineRequest, error: ChildWorkflowError) -> LineResult:
    """What a failed line left behind: its failure carries it."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
        return LineResult.model_validate(cause.details[0])
    return _failed(line, words_of(error))
