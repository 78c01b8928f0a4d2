"""The lines of an onboarding: what runs beside what, and what each of them left behind."""

from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
)

from activities.support.outcomes import words_of
from telegent_orchestrator import _ui_text
from telegent_orchestrator.lines import (
    EarlierRuns,
    LineInput,
    LineRequest,
    LineResult,
    NewNumber,
)
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import NewSubscriber, OnboardingRequest, OnboardingResult
from telegent_orchestrator.progress import LineBrief, StepState
from workflows.onboarding.line_workflow import LineWorkflow
from workflows.onboarding.shared_data_limits import SharedUsage
from workflows.support.cancellation import side_by_side, stop_when_cancelled
from workflows.support.markdown import link, plain, table
from workflows.support.parent_updates import ChildChanged
from workflows.support.progress import Board, in_words

LINES = "Lines"


class Lines:
    """All lines of a request, each a workflow of its own; `result` gets what exists for them."""

    def __init__(
        self,
        board: Board,
        request: OnboardingRequest,
        result: OnboardingResult,
        shared: SharedUsage,
    ) -> None:
        self._board = board
        self._request = request
        self._result = result
        self._shared = shared
        self._earlier: EarlierRuns | None = None
        self._new_subscribers: set[str] = set()
        self._using: set[str] = set()
        self._briefs = {
            line.key: LineBrief(key=line.key, workflow_id=line_id(request.reference, line.key))
            for line in request.lines
        }

    @property
    def briefs(self) -> list[LineBrief]:
        """How far each line is."""
        return list(self._briefs.values())

    @property
    def using(self) -> list[str]:
        """Keys of the lines that have, or may get, a number: they need routes and relations."""
        return sorted(self._using)

    def heard(self, news: ChildChanged) -> None:
        """Takes in a line's news."""
        brief = self._briefs.get(news.key)
        if brief is None:
            return
        if news.phone_number:
            self._shared.has_number(news.key, news.phone_number)
        if news.released:
            self._using.discard(news.key)
        if brief.state not in (StepState.DONE, StepState.FAILED):
            self._show(news.key, news.state, news.detail)

    async def bring_live(self, *, earlier: EarlierRuns | None, new_subscribers: set[str]) -> None:
        """All at once, but the new numbers of one subscriber one after the other.

        Only then does a purchase whose answer was lost show in inventory as the one number of
        the subscriber that is nobody else's.
        """
        self._earlier, self._new_subscribers = earlier, new_subscribers
        one_by_one: dict[str, list[LineRequest]] = {}
        for line in self._request.lines:
            new = isinstance(line.number, NewNumber)
            one_by_one.setdefault(line.subscriber if new else f"port-in {line.key}", []).append(
                line
            )
        async with self._board.step(LINES):
            await side_by_side(*(self._in_turn(lines) for lines in one_by_one.values()))

    async def _in_turn(self, lines: list[LineRequest]) -> None:
        for line in lines:
            result = await self._line(line)
            self._result.lines.append(result)
            self._shared.has_ended(line.key)
            self._show(line.key, result.state, result.detail or result.phone_number or "")

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
            earlier=self._earlier,
            numbers_elsewhere=self._numbers_elsewhere(line),
            only_number=self._only_number(line),
            new_subscriber=line.subscriber in self._new_subscribers,
        )
        self._using.add(line.key)
        try:
            return await workflow.execute_child_workflow(
                LineWorkflow.run,
                start,
                id=self._briefs[line.key].workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                static_summary=f"Line {line.key}",
                static_details=_ui_text.LINE,
            )
        except WorkflowAlreadyStartedError:
            return _failed(line, "an earlier run of this line is still open: end it, start again")
        except ChildWorkflowError as error:
            stop_when_cancelled()
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

    def _show(self, key: str, state: StepState, detail: str) -> None:
        brief = self._briefs[key]
        brief.state, brief.detail = state, detail
        self._board.preface = self._page
        self._board.show()

    def _page(self) -> list[str]:
        done = sum(brief.state is StepState.DONE for brief in self.briefs)
        rows = [(brief.key, in_words(brief.state), brief.detail) for brief in self.briefs]
        whose = plain(self._request.reference)
        lines = [f"Onboarding **{whose}**: {done} of {len(rows)} lines done"]
        for brief in self.briefs:
            if brief.state is StepState.NEEDS_PERSON:
                way = link(f"open line {brief.key}", brief.workflow_id)
                lines += ["", f"✋ **{brief.key}** waits for a person: {way}"]
        return [*lines, "", *table(("line", "state", "detail"), rows)]


def _failed(line: LineRequest, why: str) -> LineResult:
    return LineResult(key=line.key, state=StepState.FAILED, detail=why)


def _result_of(line: LineRequest, error: ChildWorkflowError) -> LineResult:
    """What a failed line left behind: its failure carries it."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
        return LineResult.model_validate(cause.details[0])
    return _failed(line, words_of(error))
